//! What the edge is told, and how.

use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt as _};

use edgeward_core::Config;
use serde_json::{Value, json};

use crate::{
    aws::{CLIENT, SECRET, START},
    world::{TOKEN, World, edge, end, origin},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_first_push_deploys_and_stores_what_only_it_can() {
    let world = World::new().await;
    world.run(&["keygen"]).await.succeeds();
    world.run(&["push"]).await.succeeds();

    let secret = world.aws().parameters[&edge("cognito-client-secret")].clone();
    assert_eq!((secret.value.as_str(), secret.kind.as_str()), (SECRET, "SecureString"));
    assert_eq!(world.aws().parameters[&origin("jwks")].kind, "String");
    assert_eq!(world.published(), world.key_ids("sign-"));
    assert!(!world.value("origin/jwks").contains("\"d\""));

    let calls = world.wrangler_calls();
    let [file] = &world.wrangler_files()[..] else { panic!("not one file: {calls:?}") };
    assert!(file.starts_with(".wrangler-edgeward-prod-") && file.ends_with(".json"), ".gitignore knows no {file}");
    assert_eq!(
        calls[0].replace(file, "FILE").rsplit_once(" --tag ").unwrap().0,
        "deploy --env prod --name edgeward-prod --config FILE --secrets-file /dev/stdin \
         --var EDGEWARD_PUBLIC_URL:https://mcp.example.com --var EDGEWARD_ORIGIN_URL:https://origin.example.com \
         --var EDGEWARD_ORIGIN_AUDIENCE:https://origin.example.com --var COGNITO_USER_POOL_ID:eu-west-1_Example \
         --var COGNITO_CLIENT_ID:exampleclientid --var COGNITO_DOMAIN:login.example.com"
    );
    assert_eq!(calls.len(), 1, "code, variables and secrets go together");
    let secrets = world.wrangler_secrets();
    assert_eq!(secrets["COGNITO_CLIENT_SECRET"], SECRET);
    assert_eq!(secrets["EDGEWARD_KEYS"], world.value("edge/keys"));
    assert_eq!(secrets.as_object().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_beyond_its_budget_is_not_deployed() {
    let world = World::new().await;
    world.run(&["keygen"]).await.succeeds();
    world.wrangler_bundles(300_000);
    world.run(&["push"]).await.fails_with("and the budget is 300000 (edge/cloudflare/weigh). Run `make size`");
    world.wrangler_fails_with("bundle", "no such file: index_bg.wasm");
    let ran = world.run(&["push"]).await.fails_with("`wrangler deploy --dry-run` failed, and nothing was deployed");
    assert!(ran.all().contains("no such file: index_bg.wasm"), "{ran:#?}");
    assert!(world.wrangler_calls().is_empty(), "{:?}", world.wrangler_calls());

    world.wrangler_works_again("bundle");
    world.wrangler_bundles(250_000);
    world.run(&["push"]).await.succeeds();
    assert_eq!(world.wrangler_calls().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_in_wranglers_arguments_or_environment() {
    let world = World::new().await;
    world.run(&["keygen"]).await.succeeds();
    world.run(&["push"]).await.succeeds();
    let seen = ["calls", "environment"].map(|file| fs::read_to_string(world.folder.join(file)).unwrap()).concat();
    let told = fs::read_to_string(world.folder.join("stdin")).unwrap();
    assert_eq!((world.secrets().len(), world.edge_secrets().len()), (5, 4));
    for secret in world.secrets() {
        assert!(!seen.contains(&secret));
        assert_eq!(told.contains(&secret), world.edge_secrets().contains(&secret), "the edge's go another way");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_push_changes_no_parameter() {
    let world = World::new().await;
    world.run(&["keygen"]).await.succeeds();
    world.run(&["push"]).await.succeeds();
    world.aws().changes.clear();
    world.run(&["push"]).await.succeeds();
    assert!(world.aws().changes.is_empty(), "{:?}", world.aws().changes);
    assert_eq!(world.wrangler_calls().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_edge_would_refuse_is_named_and_nothing_is_written() {
    let world = World::new().await;
    world.put("edge/public-url", "mcp.example.com");
    world.put("edge/access-token-seconds", "soon");
    world.remove("edge/origin-url");
    let ran = world.run(&["push"]).await.fails_with("nothing was written");
    for expected in [
        "/edgeward/prod/edge/public-url (EDGEWARD_PUBLIC_URL): is not an absolute URL",
        "/edgeward/prod/edge/access-token-seconds (EDGEWARD_ACCESS_TOKEN_SECONDS): is not a number",
        "/edgeward/prod/edge/origin-url (EDGEWARD_ORIGIN_URL): is missing",
        "/edgeward/prod/edge/keys (EDGEWARD_KEYS): is missing\n  do: `edgeward keygen`",
    ] {
        assert!(ran.stdout.contains(expected), "{expected:?} is not in {ran:#?}");
    }
    assert!(world.aws().changes.is_empty() && world.wrangler_calls().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_says_all_and_does_nothing() {
    let world = World::new().await;
    world.run(&["keygen"]).await.succeeds();
    world.aws().changes.clear();
    let ran = world.run(&["push", "--dry-run"]).await.succeeds();
    for expected in [
        "would store the app client's secret",
        "would write the public keys",
        "would deploy the Worker edgeward-prod at mcp.example.com",
        "and the secrets COGNITO_CLIENT_SECRET, EDGEWARD_KEYS",
        "would remove the secrets EDGEWARD_ORIGIN_CREDENTIALS, EDGEWARD_CLIENTS, EDGEWARD_REGISTRATION_TOKEN, if the Worker has them",
    ] {
        assert!(ran.stdout.contains(expected), "{expected:?} is not in {ran:#?}");
    }
    assert!(world.aws().changes.is_empty() && world.wrangler_calls().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_for_cloudflare_is_refused_before_anything_is_written() {
    let world = World::new().await;
    world.run(&["keygen"]).await.succeeds();
    let client =
        |id: usize| json!({ "client_id": format!("client-{id}"), "redirect_uris": ["https://client.example/back"] });
    let clients = |count| json!((0..count).map(client).collect::<Vec<_>>()).to_string();
    world.aws().put(&edge("clients"), &clients(80), "SecureString");
    let scopes: serde_json::Map<_, _> = (0..60).map(|n| (format!("scope-{n}"), "x".repeat(90).into())).collect();
    world.put("edge/resources", &json!([{ "path": "/mcp", "scopes": scopes }]).to_string());
    world.aws().changes.clear();
    for arguments in [&["push"][..], &["push", "--dry-run"], &["push", "--secrets-only"]] {
        let ran = world.run(arguments).await.fails_with("Cloudflare would refuse these settings; nothing was written");
        for expected in [
            format!(
                "/edgeward/prod/edge/clients (EDGEWARD_CLIENTS): has {} bytes, and Cloudflare takes 5120",
                clients(80).len()
            ),
            "list fewer pre-registered clients".to_owned(),
            "/edgeward/prod/edge/resources (EDGEWARD_RESOURCES): has".to_owned(),
        ] {
            assert!(ran.stdout.contains(&expected), "{expected:?} is not in {ran:#?}");
        }
        assert!(!ran.all().contains("client-79"), "a secret is shown");
        assert!(world.aws().changes.is_empty() && world.wrangler_calls().is_empty());
    }
    let output = world.folder.join("local");
    world.run(&["push", "--target", "local", "--output", output.to_str().unwrap()]).await.succeeds();

    world.aws().put(&edge("clients"), &clients(60), "SecureString");
    world.remove("edge/resources");
    world.run(&["push"]).await.succeeds();
}

#[tokio::test(flavor = "multi_thread")]
async fn domains_can_be_left_to_wranglers_own_configuration() {
    let world = World::new().await;
    world.run(&["keygen"]).await.succeeds();
    world.run(&["push"]).await.succeeds();
    let domain = json!([{ "pattern": "mcp.example.com", "custom_domain": true, "previews_enabled": false }]);
    assert_eq!(world.wrangler_config()["env"]["prod"]["routes"], domain);
    world.run(&["push", "--no-domain"]).await.succeeds();
    let own = &world.wrangler_config()["env"]["prod"];
    assert_eq!(own["routes"], Value::Null);
    assert_eq!((&own["workers_dev"], &own["preview_urls"]), (&json!(false), &json!(false)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_local_edge_gets_the_same_settings_as_files() {
    let world = World::new().await;
    world.run(&["keygen"]).await.succeeds();
    world.put("edge/resources", r#"[{"path": "/mcp", "scopes": {"mcp": "Use this server's tools: $HOME"}}]"#);
    let clients = format!(
        r#"[{{"client_id": "it's $one", "client_secret": "{}", "redirect_uris": ["https://client.example/back"]}}]"#,
        "s".repeat(40)
    );
    world.aws().put(&edge("clients"), &clients, "SecureString");
    let output = world.folder.join("local");
    let arguments = ["push", "--target", "local", "--output", output.to_str().unwrap()];
    world.run(&arguments).await.succeeds();
    world.run(&arguments).await.succeeds();

    let config: Value = serde_json::from_str(&fs::read_to_string(output.join("wrangler.json")).unwrap()).unwrap();
    assert!(fs::exists(config["main"].as_str().unwrap()).unwrap());
    assert_eq!(config["compatibility_date"], "2026-11-01");
    let path = output.join(".dev.vars");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let lines = fs::read_to_string(&path).unwrap();
    let secrets: BTreeMap<_, _> =
        lines.lines().map(|line| line.strip_suffix('\'').unwrap().split_once("='").unwrap()).collect();
    assert_eq!(
        secrets.keys().copied().collect::<Vec<_>>(),
        ["COGNITO_CLIENT_SECRET", "EDGEWARD_CLIENTS", "EDGEWARD_KEYS"]
    );
    for (name, value) in &secrets {
        assert!(!value.contains('\''), "{name} would end early");
        assert!(!config.to_string().contains(value));
    }
    let read = Config::parse(|name| {
        let plain = config["vars"][name].as_str();
        plain.or(secrets.get(name).copied()).map(str::to_owned)
    });
    assert_eq!(read.unwrap().clients[0].client_id, "it's $one");
    assert!(world.wrangler_calls().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_of_another_name_says_which_environment_it_belongs_to() {
    let world = World::new().await;
    let parameters = world.aws().parameters.clone();
    for (name, parameter) in parameters {
        world.aws().put(&name.replace("/prod/", "/team-2/"), &parameter.value, &parameter.kind);
    }
    let run = |arguments: &'static [&'static str]| {
        let mut command = world.command();
        command.args(arguments).args(["--deployment", "team-2"]);
        end(command)
    };
    run(&["keygen"]).await.succeeds();
    run(&["push"]).await.fails_with("add --env dev, staging or prod");
    assert!(world.wrangler_calls().is_empty());
    run(&["push", "--env", "staging"]).await.succeeds();
    assert!(world.wrangler_calls()[0].starts_with("deploy --env staging --name edgeward-team-2 "));
    world.run(&["push", "--env", "dev"]).await.fails_with("belongs to the environment prod");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_wrangler_or_an_account_nothing_is_written() {
    let world = World::new().await;
    world.run(&["keygen"]).await.succeeds();
    world.aws().changes.clear();
    world.run(&["push", "--wrangler", "/nowhere/wrangler"]).await.fails_with("run `.ci/setup edge`");
    world.wrangler_fails("whoami");
    world.run(&["push"]).await.fails_with("set CLOUDFLARE_API_TOKEN");
    assert!(world.aws().changes.is_empty() && world.wrangler_calls().is_empty());

    let mut command = world.command();
    command
        .args(["push", "--deployment", "prod"])
        .env("CLOUDFLARE_API_TOKEN", TOKEN)
        .env("CLOUDFLARE_ACCOUNT_ID", "account-1");
    let ran = end(command).await.succeeds();
    assert!(!ran.all().contains(TOKEN));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deploy_that_fails_says_what_was_done() {
    let world = World::new().await;
    world.run(&["keygen"]).await.succeeds();
    world.wrangler_fails("deploy");
    let ran = world.run(&["push"]).await.fails_with("the Worker edgeward-prod is either the previous version");
    assert!(ran.stdout.contains("stored the app client's secret"), "{ran:#?}");
    assert_eq!(world.wrangler_files().len(), 1);
    world.wrangler_works_again("deploy");
    world.wrangler_fails_with("list", "  Authentication error [code: 10000]");
    let ran = world.run(&["push"]).await.fails_with("The Worker edgeward-prod was not changed");
    assert!(ran.stderr.contains("Authentication error") && ran.stderr.contains("does not allow this"), "{ran:#?}");
    assert_eq!(world.wrangler_calls().len(), 1);
    world.wrangler_works_again("list");
    world.run(&["push"]).await.succeeds();
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_of_cloudflare_that_operators_meet_are_explained() {
    let world = World::new().await;
    world.run(&["keygen"]).await.succeeds();
    for (words, meaning) in [
        ("You need to enable Analytics Engine. [code: 10089]", "which this account has not enabled"),
        ("or register a workers.dev subdomain here:", "has no workers.dev subdomain yet"),
        ("You need a workers.dev subdomain in order to proceed. [code: 10063]", "has no workers.dev subdomain yet"),
        ("Authentication error [code: 10000]", "the API token does not allow this"),
        (
            "workers.api.error.zone_not_found for \"mcp.example.com\" [code: 10083]",
            "in no zone of this Cloudflare account",
        ),
    ] {
        world.wrangler_fails_with("deploy", words);
        let ran = world.run(&["push"]).await.fails_with(meaning);
        assert!(ran.stderr.contains(words), "wrangler's own message is lost: {ran:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_of_logs_that_cloudflare_does_not_take_are_a_problem() {
    let world = World::new().await;
    world.run(&["keygen"]).await.succeeds();
    world.wrangler_warns("Could not apply service and environment tags. This Worker will not appear grouped.");
    // A first version has them in itself.
    world.run(&["push"]).await.succeeds();
    let ran = world.run(&["push"]).await.fails_with("the settings of its logs");
    assert!(ran.stdout.contains("deployed the Worker edgeward-prod"), "{ran:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrangler_is_heard_and_logs_no_secret_whatever_the_operator_has_set() {
    for level in ["none", "error", "debug"] {
        let world = World::new().await;
        world.run(&["keygen"]).await.succeeds();
        let push = || {
            let mut command = world.command();
            command
                .args(["push", "--deployment", "prod"])
                .env("WRANGLER_LOG", level)
                .env("WRANGLER_LOG_SANITIZE", "false");
            end(command)
        };
        world.wrangler_fails_with("deploy", "Authentication error [code: 10000]");
        push().await.fails_with("the API token does not allow this");
        world.wrangler_works_again("deploy");
        world.wrangler_warns("Could not apply service and environment tags.");
        push().await.succeeds();
        push().await.fails_with("the settings of its logs");
        let seen = fs::read_to_string(world.folder.join("environment")).unwrap();
        let mut logs: Vec<_> = seen.lines().filter(|line| line.starts_with("WRANGLER_LOG")).collect();
        logs.sort_unstable();
        logs.dedup();
        assert_eq!(logs, ["WRANGLER_LOG=log", "WRANGLER_LOG_SANITIZE=true"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pushes_from_one_checkout_do_not_disturb_each_other() {
    let world = World::new().await;
    world.run(&["keygen"]).await.succeeds();
    let other = format!("'{}' push --no-domain --deployment prod", env!("CARGO_BIN_EXE_edgeward"));
    world.while_wrangler_deploys(&other);
    world.run(&["push"]).await.succeeds();
    let [first, second] = &world.wrangler_files()[..] else { panic!("not two files") };
    assert_ne!(first, second);
    // The first has ended last, with its own configuration.
    assert_eq!(world.wrangler_config()["env"]["prod"]["routes"][0]["pattern"], "mcp.example.com");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_client_without_a_secret_is_refused() {
    let world = World::new().await;
    world.run(&["keygen"]).await.succeeds();
    world.aws().secrets.clear();
    world.run(&["push"]).await.fails_with("has no secret");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_may_be_deleted_is_not_taken_for_the_app_clients() {
    let world = World::new().await;
    world.run(&["keygen"]).await.succeeds();
    // It was rotated, and the parameter is lost since.
    let later = START + 86_400;
    world.aws().secrets = vec![(format!("{CLIENT}--{later}"), "not0to0be0taken".to_owned(), later)];
    let ran = world.run(&["push"]).await.fails_with("has been given other secrets");
    assert!(!format!("{ran:?}").contains("not0to0be0taken"));
    assert!(!world.aws().parameters.contains_key(&edge("cognito-client-secret")));
}

#[tokio::test(flavor = "multi_thread")]
async fn public_keys_can_be_published_alone() {
    let world = World::new().await;
    world.run(&["publish-jwks"]).await.fails_with("run `edgeward keygen`");
    world.run(&["keygen"]).await.succeeds();
    world.run(&["publish-jwks", "--dry-run"]).await.succeeds();
    assert!(!world.aws().parameters.contains_key(&origin("jwks")));
    world.run(&["publish-jwks"]).await.succeeds();
    assert_eq!(world.published(), world.key_ids("sign-"));
    assert!(world.wrangler_calls().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_can_be_made_and_published_before_the_stacks_are_deployed() {
    let world = World::new().await;
    let stacks = std::mem::take(&mut world.aws().parameters);
    world.run(&["keygen"]).await.succeeds();
    world.run(&["publish-jwks"]).await.succeeds();
    assert_eq!(
        world.aws().parameters.keys().cloned().collect::<Vec<_>>(),
        [edge("keys"), origin("jwks"), origin("session-keys")]
    );
    let keys = world.value("edge/keys");
    assert_eq!(world.published(), world.key_ids("sign-"));

    world.aws().parameters.extend(stacks);
    let ran = world.run(&["push"]).await.succeeds();
    assert!(ran.stdout.contains("has the public keys already"), "{ran:#?}");
    assert_eq!(world.wrangler_secrets()["EDGEWARD_KEYS"], keys);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_may_have_limits_and_metrics_of_its_own() {
    let world = World::new().await;
    world.run(&["keygen"]).await.succeeds();
    world.put("edge/rate-limits", "calls:44 grant:55 client:77 address:99");
    world.put("edge/metrics-dataset", "edgeward_prod");
    world.run(&["push"]).await.succeeds();
    let told = world.wrangler_config();
    let limits = |bindings: &Value| {
        let bindings = bindings.as_array().unwrap().iter();
        bindings.map(|binding| binding["simple"]["limit"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(limits(&told["env"]["prod"]["ratelimits"]), [44, 55, 77, 2400, 99]);
    assert_eq!(limits(&told["env"]["dev"]["ratelimits"]), [600, 60, 1200, 2400, 6000]);
    assert_eq!(told["main"], "entry.mjs");
    assert_eq!(told["observability"]["logs"]["invocation_logs"], false, "they would show the URLs of requests");
    let dataset = json!([{ "binding": "METRICS", "dataset": "edgeward_prod" }]);
    assert_eq!(told["env"]["prod"]["analytics_engine_datasets"], dataset);

    let output = world.folder.join("local");
    world.run(&["push", "--target", "local", "--output", output.to_str().unwrap()]).await.succeeds();
    let config: Value = serde_json::from_str(&fs::read_to_string(output.join("wrangler.json")).unwrap()).unwrap();
    assert_eq!(limits(&config["ratelimits"]), [44, 55, 77, 2400, 99]);
    assert_eq!(config["analytics_engine_datasets"], dataset);
    assert_eq!(
        config["durable_objects"]["bindings"][0]["class_name"],
        config["migrations"][0]["new_sqlite_classes"][0]
    );

    world.put("edge/rate-limits", "client:0");
    world
        .run(&["push"])
        .await
        .fails_with("/edgeward/prod/edge/rate-limits (EDGEWARD_RATE_LIMITS): is not a list of limits");
}
