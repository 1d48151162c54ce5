//! A user pool and an MCP server that exist: `init`, `up`, and every other command with the file that `init` writes.

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf, process::Stdio};

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

use crate::{
    aws::{CLIENT, POOL, SECRET, START},
    world::{Ran, World, end},
};

/// A pool and a client as they should be, an MCP server, and a folder to work in.
struct Scene {
    world: World,
    folder: PathBuf,
}

impl Scene {
    async fn new() -> Self {
        let world = World::new().await;
        let url = world.url.clone();
        world.start_cognito(|_| {}).await;
        world.serve("/pool/.well-known/jwks.json", json!({ "keys": [{ "kid": "cognito-1" }] }));
        world.aws().app_client["CallbackURLs"] = json!([format!("{url}/callback")]);
        world.aws().app_client["LogoutURLs"] = json!([format!("{url}/signed-out")]);
        // Nothing of this deployment is a parameter.
        world.aws().parameters.clear();
        world.wrangler_bundles(0);
        let folder = world.folder.join("work");
        fs::create_dir(&folder).unwrap();
        Self { world, folder }
    }

    /// One whose `init` is done, with these options besides.
    async fn begun(options: &[&str]) -> Self {
        let scene = Self::new().await;
        scene.init(options).await.succeeds();
        scene
    }

    async fn run(&self, arguments: &[&str]) -> Ran {
        self.run_in(arguments, |_| {}).await
    }

    async fn run_in(&self, arguments: &[&str], change: impl FnOnce(&mut tokio::process::Command)) -> Ran {
        let mut command = self.world.command();
        let edge = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../edge/cloudflare");
        command.args(arguments).current_dir(&self.folder);
        if ["up", "push", "rotate", "leaked", "remove"].contains(&arguments[0]) {
            command.arg("--edge-folder").arg(edge);
        }
        change(&mut command);
        let ran = end(command).await;
        for secret in self.secrets() {
            assert!(!ran.all().contains(&secret), "a secret is shown: {ran:#?}");
        }
        ran
    }

    /// The options that answer every question.
    fn answers(&self) -> Vec<String> {
        let url = &self.world.url;
        let domain = self.world.cognito().domain_url().to_owned();
        [
            ("--user-pool", POOL.to_owned()),
            ("--client", CLIENT.to_owned()),
            ("--public-url", url.clone()),
            ("--server-url", format!("{url}/origin")),
            ("--domain", domain),
            ("--set", format!("cognito-jwks-url={url}/pool/.well-known/jwks.json")),
        ]
        .into_iter()
        .flat_map(|(option, value)| [option.to_owned(), value])
        .collect()
    }

    async fn init(&self, options: &[&str]) -> Ran {
        let answers = self.answers();
        let all: Vec<_> = ["init", "--yes"].into_iter().chain(answers.iter().map(String::as_str)).collect();
        self.run(&[&all, options].concat()).await
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn has_file(&self) -> bool {
        self.path("edgeward.toml").exists()
    }

    fn secrets(&self) -> Vec<String> {
        let stored = fs::read_to_string(self.path(".edgeward/prod.json")).unwrap_or_default();
        let stored: Value = serde_json::from_str(&stored).unwrap_or_default();
        let keys: Value = serde_json::from_str(stored["keys"]["value"].as_str().unwrap_or("{}")).unwrap();
        let keys = keys["keys"].as_array().into_iter().flatten().flat_map(|key| [&key["d"], &key["k"]]);
        let keys = keys.filter_map(|member| member.as_str().map(str::to_owned));
        keys.chain([SECRET.to_owned()]).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn init_writes_a_file_without_secrets_and_keeps_those_at_aws() {
    let scene = Scene::begun(&[]).await;
    let file = fs::read_to_string(scene.path("edgeward.toml")).unwrap();
    for expected in [
        "name = \"prod\"",
        "platform = \"cloudflare\"",
        "store = \"ssm\"",
        &format!("cognito-user-pool-id = \"{POOL}\""),
        &format!("cognito-client-id = \"{CLIENT}\""),
        &format!("origin-url = \"{}\"", scene.world.url),
        "origin_path = \"/origin\"",
    ] {
        assert!(file.contains(expected), "{expected} is not in {file}");
    }
    assert!(!file.contains(SECRET));
    let stored = scene.world.aws().parameters["/edgeward/prod/edge/cognito-client-secret"].clone();
    assert_eq!((stored.value.as_str(), stored.kind.as_str()), (SECRET, "SecureString"));
    assert_eq!(scene.world.aws().parameters.len(), 1, "nothing else is a parameter");
    assert!(!scene.world.aws().changes.iter().any(|change| change.contains("UserPool")), "the pool is left alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_with_secrets_is_the_owners_alone() {
    let scene = Scene::begun(&["--secrets", "file"]).await;
    let path = scene.path(".edgeward/prod.json");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_to_string(scene.path(".edgeward/.gitignore")).unwrap(), "*\n");
    assert!(scene.world.aws().parameters.is_empty(), "nothing is stored at AWS");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    scene.run(&["check"]).await.fails_with("others can read");
}

#[tokio::test(flavor = "multi_thread")]
async fn init_makes_a_client_with_the_right_settings() {
    let scene = Scene::new().await;
    scene.world.aws().app_client = Value::Null;
    let ran = scene.init(&["--client", "new"]).await;
    assert_eq!(ran.status, 2, "given twice: {ran:#?}");
    let answers: Vec<_> =
        scene.answers().into_iter().map(|answer| if answer == CLIENT { "new".into() } else { answer }).collect();
    let all: Vec<_> = ["init", "--yes"].into_iter().chain(answers.iter().map(String::as_str)).collect();
    let ran = scene.run(&all).await.succeeds();
    assert!(ran.all().contains("confidential, authorization code grant alone, callback URL"), "{ran:#?}");
    let client = scene.world.aws().app_client.clone();
    assert_eq!(client["AllowedOAuthFlows"], json!(["code"]));
    assert_eq!(client["RefreshTokenRotation"], json!({ "Feature": "ENABLED", "RetryGracePeriodSeconds": 60 }));
    assert_eq!(client["EnableTokenRevocation"], true);
    assert_eq!(client["ExplicitAuthFlows"], json!(["ALLOW_USER_AUTH"]));
    let file = fs::read_to_string(scene.path("edgeward.toml")).unwrap();
    assert!(file.contains(&format!("cognito-client-id = \"{CLIENT}\"")));
}

#[tokio::test(flavor = "multi_thread")]
async fn init_asks_for_what_is_not_given() {
    let scene = Scene::new().await;
    let mut command = scene.world.command();
    let domain = scene.world.cognito().domain_url().to_owned();
    let jwks = format!("cognito-jwks-url={}/pool/.well-known/jwks.json", scene.world.url);
    command.args(["init", "--domain", &domain, "--set", &jwks]).current_dir(&scene.folder);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let url = &scene.world.url;
    // Pool and client by their numbers, then URLs, then the default name.
    let lines = format!("1\n1\n{url}\n\n{url}/origin\n\n");
    child.stdin.take().unwrap().write_all(lines.as_bytes()).await.unwrap();
    let output = child.wait_with_output().await.unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    for expected in [
        POOL,
        "people",
        CLIENT,
        "the app",
        "new",
        "Public URL",
        "URL of the MCP server",
        "Name of the deployment [prod]",
    ] {
        assert!(said.contains(expected), "{expected} is not in {said}");
    }
    assert!(scene.has_file());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_init_leaves_no_file() {
    for (options, words) in [
        (&["--name", "Not A Name"][..], "a name is 1 to 32"),
        (&["--set", "keys=x"], "settings.keys: is a secret"),
        (&["--set", "access-token-seconds=soon"], "is not a number"),
        (&["--set", "nothing"], "is not NAME=VALUE"),
        (&["--config", "no/such/folder/edgeward.toml"], "cannot write no/such/folder/edgeward.toml"),
    ] {
        let scene = Scene::new().await;
        let ran = scene.init(options).await;
        assert_ne!(ran.status, 0, "{ran:#?}");
        assert!(ran.all().contains(words), "{words:?} is not in {ran:#?}");
        assert!(!scene.has_file() && !scene.path(".edgeward").exists());
    }
    let scene = Scene::new().await;
    scene.run(&["init", "--yes", "--user-pool", POOL]).await.fails_with("--client is missing");
    assert!(!scene.has_file());
}

#[tokio::test(flavor = "multi_thread")]
async fn init_overwrites_nothing() {
    let scene = Scene::begun(&[]).await;
    scene.init(&[]).await.fails_with("edgeward.toml is there already");
    fs::remove_file(scene.path("edgeward.toml")).unwrap();
    scene.init(&[]).await.succeeds();
    fs::remove_file(scene.path("edgeward.toml")).unwrap();
    scene.world.aws().put("/edgeward/prod/edge/cognito-client-secret", "anothers", "SecureString");
    scene.init(&[]).await.fails_with("holds the secret of another app client");
    assert!(!scene.has_file());
}

/// Each defect of a client: what breaks it, the words that name it, and whether the API can mend it.
#[tokio::test(flavor = "multi_thread")]
async fn every_defect_of_a_client_is_named_and_mended() {
    type Break = fn(&mut Value);
    let defects: [(&str, Break, &str); 10] = [
        (
            "callback",
            |client| client["CallbackURLs"] = json!(["https://other.example/cb"]),
            "does not have the callback URL",
        ),
        ("sign-out", |client| client["LogoutURLs"] = json!([]), "does not have the sign-out URL"),
        ("implicit", |client| client["AllowedOAuthFlows"] = json!(["code", "implicit"]), "allows other flows"),
        (
            "code",
            |client| client["AllowedOAuthFlows"] = json!(["implicit"]),
            "does not allow the authorization code flow",
        ),
        ("scopes", |client| client["AllowedOAuthScopes"] = json!(["openid"]), "does not allow the scope email"),
        ("revocation", |client| client["EnableTokenRevocation"] = json!(false), "does not allow tokens to be revoked"),
        ("provider", |client| client["SupportedIdentityProviders"] = json!([]), "has no identity provider"),
        ("rotation", |client| client["RefreshTokenRotation"] = Value::Null, "does not rotate refresh tokens"),
        (
            "grace",
            |client| client["RefreshTokenRotation"]["RetryGracePeriodSeconds"] = json!(0),
            "with a grace period of 0 seconds",
        ),
        (
            "access tokens",
            |client| {
                client["AccessTokenValidity"] = json!(5);
                client["TokenValidityUnits"]["AccessToken"] = json!("minutes");
            },
            "has access tokens that are good for 300 seconds",
        ),
    ];
    let scene = Scene::begun(&[]).await;
    scene.run(&["keygen", "--now", &START.to_string()]).await.succeeds();
    let good = scene.world.aws().app_client.clone();
    for (name, break_it, words) in defects {
        let mut client = good.clone();
        // A member that no release of the SDK knows stays as well.
        client["SomethingOfNextYear"] = json!({ "Enabled": true });
        client["WriteAttributes"] = json!(["name"]);
        break_it(&mut client);
        scene.world.aws().app_client = client.clone();
        let ran = scene.run(&["check"]).await;
        assert!(ran.all().contains(words), "{name}: {words:?} is not in {ran:#?}");
        assert!(ran.all().contains("edgeward check --fix"), "{name}: {ran:#?}");
        let ran = scene.run(&["check", "--fix", "--dry-run"]).await;
        assert!(ran.all().contains("would give the app client"), "{name}: {ran:#?}");
        assert_eq!(scene.world.aws().app_client, client, "{name}: nothing was changed");
        let ran = scene.run(&["check", "--fix"]).await;
        assert!(!ran.all().contains(words), "{name}: {ran:#?}");
        let fixed = scene.world.aws().app_client.clone();
        assert_eq!(fixed["SomethingOfNextYear"], client["SomethingOfNextYear"], "{name}");
        assert_eq!(fixed["WriteAttributes"], client["WriteAttributes"], "{name}");
        for url in client["CallbackURLs"].as_array().unwrap() {
            assert!(fixed["CallbackURLs"].as_array().unwrap().contains(url), "{name}: {url} is lost");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn init_mends_with_fix_and_without_it_says_how() {
    let scene = Scene::new().await;
    scene.world.aws().app_client["CallbackURLs"] = json!([]);
    let ran = scene.init(&[]).await.fails_with("does not have the callback URL");
    assert!(ran.all().contains("edgeward.toml was not written") && !scene.has_file(), "{ran:#?}");
    assert!(scene.world.aws().parameters.is_empty(), "no secret was stored");
    scene.init(&["--fix"]).await.succeeds();
    assert!(scene.has_file());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_without_a_domain_is_named_with_the_command_that_makes_one() {
    let scene = Scene::new().await;
    scene.world.aws().user_pool.as_object_mut().unwrap().remove("Domain");
    let ran = scene.run(&["init", "--yes", "--user-pool", POOL, "--client", CLIENT]).await;
    let ran = ran.fails_with("has no domain, so it has no login pages");
    assert!(ran.all().contains(&format!("create-user-pool-domain --user-pool-id {POOL} --domain PREFIX")), "{ran:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stacks_app_client_is_not_mended_by_hand() {
    let world = World::complete().await;
    world.run(&["check", "--fix"]).await.fails_with("the stacks own this one");
    assert!(!world.aws().changes.iter().any(|change| change.starts_with("Update")));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_aws_credentials_everything_is_said_by_hand() {
    let scene = Scene::new().await;
    fs::write(scene.path("secret"), format!("{SECRET}\n")).unwrap();
    let answers = scene.answers();
    let all: Vec<_> = ["init", "--yes"].into_iter().chain(answers.iter().map(String::as_str)).collect();
    let without = |command: &mut tokio::process::Command| {
        command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
    };
    let ran = scene.run_in(&all, without).await.fails_with("--client-secret-file is missing");
    assert!(!scene.has_file(), "{ran:#?}");
    let ran = scene.run_in(&[&all[..], &["--client-secret-file", "secret"]].concat(), without).await.succeeds();
    assert!(ran.all().contains("was looked at from outside only"), "{ran:#?}");
    assert!(fs::read_to_string(scene.path("edgeward.toml")).unwrap().contains("store = \"file\""));
    let stored = fs::read_to_string(scene.path(".edgeward/prod.json")).unwrap();
    assert!(stored.contains(SECRET));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_works_with_the_file() {
    for store in ["file", "ssm"] {
        let scene = Scene::begun(&["--secrets", store]).await;
        let now = START.to_string();
        scene.run(&["keygen", "--now", &now]).await.succeeds();
        scene.run(&["keygen", "--now", &now]).await.fails_with("is there already");
        scene.run(&["push", "--target", "local", "--output", "local"]).await.succeeds();
        let rotate = ["rotate", "signing", "--target", "local", "--output", "local"];
        let ran = scene.run(&[&rotate[..], &["--now", &now]].concat()).await.succeeds();
        assert!(ran.all().contains("put the signing key"), "{store}: {ran:#?}");
        let later = (START + 3_600).to_string();
        let ran = scene.run(&[&rotate[..], &["--now", &later]].concat()).await.succeeds();
        assert!(ran.all().contains("is in use"), "{store}: {ran:#?}");
        let leaked = ["leaked", "registration", "--yes", "--target", "local", "--output", "local"];
        scene.run(&leaked).await.succeeds();
        scene.run(&["rotate", "session"]).await.fails_with("is not made by Edgeward's stacks");
        scene.run(&["publish-jwks"]).await.fails_with("is not made by Edgeward's stacks");
        let ran = scene.run(&["remove", "--yes", "--target", "local", "--output", "local"]).await.succeeds();
        assert!(ran.all().contains("keys"), "{store}: {ran:#?}");
        assert!(!scene.path(".edgeward/prod.json").exists());
        assert!(scene.world.aws().parameters.is_empty(), "{store}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_stored_checked_and_removed() {
    let scene = Scene::begun(&["--secrets", "file"]).await;
    let clients = r#"[{"client_id": "ci", "redirect_uris": ["https://ci.example/cb"]}]"#;
    fs::write(scene.path("clients.json"), clients).unwrap();
    fs::write(scene.path("bad.json"), "[{}]").unwrap();
    let set = |file: &'static str| ["secret", "set", "clients", "--file", file];
    scene.run(&set("bad.json")).await.fails_with("clients");
    assert!(!fs::read_to_string(scene.path(".edgeward/prod.json")).unwrap().contains("clients"));
    scene.run(&set("clients.json")).await.succeeds();
    assert!(fs::read_to_string(scene.path(".edgeward/prod.json")).unwrap().contains("ci.example"));
    scene.run(&["secret", "remove", "clients"]).await.succeeds();
    scene.run(&["secret", "remove", "clients"]).await.fails_with("there is no");
    scene.run(&["secret", "set", "public-url", "--file", "clients.json"]).await.fails_with("is no secret of the edge");
    scene.run(&["secret", "remove", "keys"]).await.fails_with("nobody stays signed in");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_missing_or_wrong_is_named() {
    let scene = Scene::new().await;
    scene.run(&["check"]).await.fails_with("`edgeward init` writes it");
    scene.run(&["check", "--config", "other.toml"]).await.fails_with("cannot read other.toml");
    fs::write(
        scene.path("edgeward.toml"),
        "name = \"prod\"\nplatform = \"cloudflare\"\n[settings]\npublic-uri = \"x\"\n",
    )
    .unwrap();
    scene.run(&["check"]).await.fails_with("edgeward.toml: settings.public-uri: no setting of the edge is called so");
}

/// `up` with an edge that runs with what is in the file, as wrangler would have made it.
mod up {
    use edgeward_core::Config;
    use edgeward_identity::names::edge::SETTINGS;

    use super::*;
    use crate::world::Origin;

    /// The settings that the file and the file of secrets say.
    fn config(scene: &Scene) -> Config {
        let file: toml::Table = fs::read_to_string(scene.path("edgeward.toml")).unwrap().parse().unwrap();
        let secrets: Value =
            serde_json::from_str(&fs::read_to_string(scene.path(".edgeward/prod.json")).unwrap()).unwrap();
        let text = |name: &str| {
            let setting = SETTINGS.into_iter().find(|setting| setting.variable == name)?;
            let secret = secrets[setting.parameter]["value"].as_str().map(str::to_owned);
            let plain = file["settings"].get(setting.parameter);
            let plain =
                plain.map(|value| value.as_str().map_or_else(|| serde_json::to_string(value).unwrap(), str::to_owned));
            secret.or(plain)
        };
        Config::parse(text).unwrap()
    }

    async fn begun() -> Scene {
        let scene = Scene::begun(&["--secrets", "file"]).await;
        scene.run(&["keygen", "--now", &START.to_string()]).await.succeeds();
        let config = config(&scene);
        scene.world.edge().run_with(&config);
        scene
    }

    async fn up(scene: &Scene, more: &[&str]) -> Ran {
        let now = START.to_string();
        scene.run(&[&["up", "--env", "prod", "--wait", "0", "--now", &now], more].concat()).await
    }

    /// The address of the tests is none that Cloudflare serves, so this deployment goes to this machine.
    async fn up_here(scene: &Scene, more: &[&str]) -> Ran {
        up(scene, &[&["--target", "local", "--output", "out"], more].concat()).await
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn tries_the_edge_from_outside_and_says_how_to_connect() {
        let scene = begun().await;
        let ran = up_here(&scene, &[]).await.succeeds();
        for expected in [
            "registers a client",
            "shows the consent page for /mcp",
            "accepts an identity assertion of the edge's, and refuses requests without one or with a stranger's",
            &format!("MCP server: {}/mcp", scene.world.url),
            "claude mcp add --transport http",
        ] {
            assert!(ran.stdout.contains(expected), "{expected:?} is not in {ran:#?}");
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn makes_keys_once() {
        let scene = Scene::begun(&["--secrets", "file"]).await;
        let ran = up_here(&scene, &[]).await;
        assert!(ran.all().contains("made keys and stored them as .edgeward/prod.json#keys"), "{ran:#?}");
        let ran = up_here(&scene, &[]).await;
        assert!(!ran.all().contains("made keys"), "{ran:#?}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_server_that_anybody_can_call_is_a_problem() {
        for (origin, words) in [
            (Origin::BelievesEverybody, "everybody who knows this address can go around the edge"),
            (Origin::BelievesNobody, "refuses the edge's own identity assertion"),
            (Origin::Fails, "answers with status 500"),
        ] {
            let scene = begun().await;
            scene.world.served().origin = origin;
            up_here(&scene, &[]).await.fails_with(words);
            scene.run(&["check", "--now", &START.to_string()]).await.fails_with(words);
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_edge_where_nobody_can_register_is_a_problem() {
        let scene = begun().await;
        scene.world.edge().registers = false;
        up_here(&scene, &[]).await.fails_with("does not register a client");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn problems_stop_the_deployment_unless_it_is_forced() {
        let scene = begun().await;
        scene.world.aws().app_client["CallbackURLs"] = json!([]);
        up_here(&scene, &[]).await.fails_with("nothing was deployed: mend the problems above");
        assert!(!scene.path("out").exists());
        let ran = up_here(&scene, &["--force"]).await;
        assert!(scene.path("out/wrangler.json").exists(), "{ran:#?}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_dry_run_changes_nothing() {
        let scene = Scene::begun(&["--secrets", "file"]).await;
        let before = fs::read(scene.path(".edgeward/prod.json")).unwrap();
        let ran = up_here(&scene, &["--dry-run"]).await.succeeds();
        assert!(ran.all().contains("would make keys"), "{ran:#?}");
        assert_eq!(fs::read(scene.path(".edgeward/prod.json")).unwrap(), before);
        assert!(!scene.path("out").exists());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn deployments_with_parameters_are_pushed() {
        let world = World::complete().await;
        world.run(&["up"]).await.fails_with("parameters describe prod: run `edgeward push`");
    }

    /// As [`begun`], with a public URL that Cloudflare could serve, asked here.
    async fn at_cloudflare() -> (Scene, String) {
        let scene = begun().await;
        let file = scene.path("edgeward.toml");
        let text = fs::read_to_string(&file).unwrap();
        let here = format!("public-url = \"{}\"", scene.world.url);
        fs::write(&file, text.replace(&here, "public-url = \"https://mcp.example.com\"")).unwrap();
        for (member, path) in [("CallbackURLs", "callback"), ("LogoutURLs", "signed-out")] {
            scene.world.aws().app_client[member] = json!([format!("https://mcp.example.com/{path}")]);
        }
        let config = config(&scene);
        scene.world.edge().run_with(&config);
        let plain = format!("{}{}", scene.world.url, crate::edge::PLAIN);
        (scene, plain)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_second_run_deploys_nothing_until_something_differs() {
        let (scene, plain) = at_cloudflare().await;
        let url = scene.world.url.clone();
        let here = ["--edge-url", &url, "--plain-url", &plain];
        up(&scene, &here).await;
        assert_eq!(scene.world.wrangler_calls().len(), 1);
        let ran = up(&scene, &here).await;
        assert!(ran.all().contains("has this code, these variables and these secrets already"), "{ran:#?}");
        assert_eq!(scene.world.wrangler_calls().len(), 1);
        let file = scene.path("edgeward.toml");
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, text.replace("[settings]", "[settings]\naccess-token-seconds = 600")).unwrap();
        up(&scene, &here).await;
        assert_eq!(scene.world.wrangler_calls().len(), 2);
        scene.run(&["rotate", "signing", "--now", &START.to_string()]).await.succeeds();
        up(&scene, &here).await;
        let deployed = scene.world.wrangler_calls().into_iter().filter(|call| call.starts_with("deploy")).count();
        assert_eq!(deployed, 3, "a rotation makes a version of its own");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_edge_with_keys_gets_no_new_ones() {
        let (scene, plain) = at_cloudflare().await;
        let url = scene.world.url.clone();
        let here = ["--edge-url", &url, "--plain-url", &plain];
        up(&scene, &here).await;
        scene.world.has_worker(&["EDGEWARD_KEYS"], &[]);
        fs::remove_file(scene.path(".edgeward/prod.json")).unwrap();
        up(&scene, &here).await.fails_with("the edge has keys already");
        assert!(!scene.path(".edgeward/prod.json").exists());
    }
}
