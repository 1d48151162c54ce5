//! Everything that is missing or inconsistent is named, with what to do.

use serde_json::{Value, json};

use crate::{
    aws::START,
    world::{World, edge, origin},
};

async fn check(world: &World, words: &str) {
    let now = START.to_string();
    world.run(&["check", "--now", &now]).await.fails_with(words);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_deployment_has_no_problems() {
    let world = World::complete().await;
    let now = START.to_string();
    let ran = world.run(&["check", "--now", &now]).await.succeeds();
    assert!(ran.stdout.contains("complete and consistent"), "{ran:#?}");
    let ran = world.run(&["check", "--json", "--now", &now]).await.succeeds();
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((&report["problems"], &report["notes"]), (&json!([]), &json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn notes_come_after_the_problems_and_fail_nothing() {
    let world = World::complete().await;
    world.aws().app_client["RefreshTokenRotation"] = Value::Null;
    let ran = world.run(&["check", "--now", &START.to_string()]).await.succeeds();
    let lines: Vec<_> = ran.stdout.lines().collect();
    let note = lines.iter().position(|line| line.starts_with("note: the app client exampleclientid: does not rotate"));
    let end = lines.iter().position(|line| *line == "the deployment prod is complete and consistent; 1 note");
    assert!(note.is_some() && note < end, "{ran:#?}");

    world.aws().put(&edge("old-name"), "x", "String");
    world.put(
        "edge/resources",
        r#"[{"path": "/mcp", "scopes": {"write": {"words": "Write", "cognito_scope": "files/write"}}}]"#,
    );
    let ran = world.run(&["check", "--now", &START.to_string()]).await.fails_with("the deployment prod has problems");
    let findings = ran.stdout.lines().filter(|line| !line.starts_with("  do: "));
    let kinds: Vec<_> = findings.filter_map(|line| line.split_once(": ")).map(|(kind, _)| kind).collect();
    let first_note = kinds.iter().position(|kind| *kind == "note").unwrap();
    assert!(kinds[first_note..].iter().all(|kind| *kind == "note"), "{ran:#?}");
    assert!(kinds[..first_note].iter().filter(|kind| **kind == "problem").count() > 1, "{ran:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_that_are_missing_malformed_or_misplaced_are_named() {
    let world = World::complete().await;
    let before = world.aws().parameters.clone();
    let restore = || world.aws().parameters.clone_from(&before);
    let large = vec!["https://abc.example"; 300].join(" ");
    for (name, value, words) in [
        (
            "edge/cognito-client-id",
            None,
            "edge/cognito-client-id (COGNITO_CLIENT_ID): is missing; set it in the stacks",
        ),
        ("edge/keys", None, "edge/keys (EDGEWARD_KEYS): is missing; `edgeward keygen`"),
        (
            "edge/cognito-client-secret",
            None,
            "edge/cognito-client-secret (COGNITO_CLIENT_SECRET): is missing; `edgeward push`",
        ),
        ("edge/registration", Some("perhaps"), "edge/registration (EDGEWARD_REGISTRATION): is neither"),
        (
            "edge/allowed-origins",
            Some(&large),
            "edge/allowed-origins (EDGEWARD_ALLOWED_ORIGINS): has 5999 bytes, and Cloudflare",
        ),
        ("edge/public-uri", Some("x"), "edge/public-uri: no setting of the edge is called so"),
        (
            "origin/issuer",
            Some("https://other.example"),
            "origin/issuer: is \"https://other.example\", but the edge's public-url is",
        ),
        ("origin/issuer", None, "origin/issuer: is missing; deploy the stacks again"),
        ("origin/audience", Some("https://other.example"), "origin/audience: is \"https://other.example\", but"),
        ("origin/jwks", None, "origin/jwks: is missing; run `edgeward publish-jwks`"),
        ("origin/jwks", Some("{}"), "origin/jwks: is not a JWKS"),
        ("origin/jwks", Some(r#"{"keys":[]}"#), "origin/jwks: is not the public part of the edge's keys"),
        (
            "origin/session-keys",
            None,
            "origin/session-keys: is missing: no task of the origin would start; run `edgeward",
        ),
        ("origin/session-keys", Some("{}"), "origin/session-keys: is not what the origin wants: not a JWKS"),
    ] {
        match value {
            Some(value) => world.put(name, value),
            None => world.remove(name),
        }
        check(&world, words).await;
        restore();
    }
    let keys = world.value("edge/keys");
    world.put("edge/keys", &keys);
    check(&world, "edge/keys: holds a secret and is not encrypted").await;
    restore();
    let sessions = world.value("origin/session-keys");
    world.put("origin/session-keys", &sessions);
    check(&world, "origin/session-keys: holds a secret and is not encrypted").await;
    restore();
    world.put("origin/jwks", &keys);
    check(&world, "origin/jwks: holds a private key").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_audience_of_its_own_the_origin_is_called_by_its_url() {
    let world = World::complete().await;
    world.remove("edge/origin-audience");
    world.run(&["check", "--now", &START.to_string()]).await.succeeds();
    world.put("edge/origin-url", "https://moved.example.com");
    check(&world, "origin/audience: is").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_are_too_old_or_in_the_wrong_state_are_named() {
    let world = World::complete().await;
    let at = |days: u64| (START + days * 86_400).to_string();
    world.run(&["check", "--now", &at(180)]).await.succeeds();
    let ran = world.run(&["check", "--now", &at(181)]).await.fails_with("is in use for more than 180 days");
    assert!(ran.stdout.contains("run `edgeward rotate signing`"), "{ran:#?}");
    let ran = world.run(&["check", "--now", &at(366)]).await.fails_with("run `edgeward rotate sealing`");
    assert!(ran.stdout.contains("run `edgeward rotate session`"), "{ran:#?}");

    let too_early = (START - 60).to_string();
    world.run(&["check", "--now", &too_early]).await.fails_with("is in use before everybody knows it");

    let output = world.folder.join("local");
    let target = ["--target", "local", "--output", output.to_str().unwrap()];
    world.run(&[&["rotate", "signing", "--now", &START.to_string()], &target[..]].concat()).await.succeeds();
    world.run(&["check", "--now", &at(6)]).await.succeeds();
    world.run(&["check", "--now", &at(8)]).await.fails_with("stands still since");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cognito_says_of_itself_is_compared() {
    let world = World::complete().await;
    let path = "/pool/.well-known/openid-configuration";
    let good = world.served().documents[path].clone();
    for (member, words) in [
        ("issuer", "says issuer \"https://wrong.example\""),
        ("token_endpoint", "correct the parameter cognito-domain"),
        ("jwks_uri", "correct the parameter cognito-jwks-url"),
    ] {
        let mut wrong = good.clone();
        wrong[member] = "https://wrong.example".into();
        world.serve(path, wrong);
        check(&world, words).await;
    }
    world.served().documents.remove(path);
    check(&world, "cannot be read: status 404; compare cognito-user-pool-id").await;
    world.serve(path, good);
    world.serve("/pool/.well-known/jwks.json", json!({ "keys": [] }));
    check(&world, "holds no keys").await;
    world.put("edge/cognito-domain", "http://127.0.0.1:9");
    check(&world, "http://127.0.0.1:9/oauth2/authorize: does not answer").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_app_client_is_as_the_edge_needs_it() {
    let world = World::complete().await;
    let good = world.aws().app_client.clone();
    for (member, value, words) in [
        ("AllowedOAuthFlowsUserPoolClient", json!(false), "does not allow the authorization code flow"),
        ("AllowedOAuthFlows", json!(["implicit"]), "allows other flows"),
        ("AllowedOAuthScopes", json!(["openid"]), "does not allow the scope email"),
        ("EnableTokenRevocation", json!(false), "does not allow tokens to be revoked"),
        ("CallbackURLs", json!(["https://other.example/callback"]), "does not have the callback URL"),
        ("LogoutURLs", json!([]), "does not have the sign-out URL"),
    ] {
        world.aws().app_client[member] = value;
        check(&world, words).await;
        world.aws().app_client = good.clone();
    }
    world.aws().secrets.clear();
    check(&world, "has no secret").await;
    world.put("edge/cognito-client-id", "another");
    check(&world, "ResourceNotFoundException").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn custom_scopes_belong_to_a_resource_server() {
    let world = World::complete().await;
    world.put("edge/cognito-scopes", "openid https://origin.example.com/mcp/read");
    world
        .start_cognito(|config| {
            config.app_clients[0].allowed_scopes =
                ["openid", "https://origin.example.com/mcp/read"].map(str::to_owned).to_vec();
        })
        .await;
    world.aws().app_client["AllowedOAuthScopes"] = json!(["openid", "https://origin.example.com/mcp/read"]);
    check(&world, "no resource server of the user pool has the scope https://origin.example.com/mcp/read").await;
    world.aws().resource_servers = json!([{
        "UserPoolId": "eu-west-1_Example", "Identifier": "https://origin.example.com/mcp", "Name": "mcp",
        "Scopes": [{ "ScopeName": "read", "ScopeDescription": "Read" }],
    }]);
    world.run(&["check", "--now", &START.to_string()]).await.succeeds();
}

#[tokio::test(flavor = "multi_thread")]
async fn scopes_that_resources_are_mapped_to_belong_to_one_too() {
    let world = World::complete().await;
    let scopes = json!({ "write": { "words": "Write", "cognito_scope": "files/write" } });
    world.put("edge/resources", &json!([{ "path": "/mcp", "scopes": scopes }]).to_string());
    check(&world, "does not allow the scope files/write").await;
    world.aws().app_client["AllowedOAuthScopes"] = json!(["openid", "email", "files/write"]);
    check(&world, "no resource server of the user pool has the scope files/write").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_gets_each_problem_in_parts() {
    let world = World::complete().await;
    world.aws().parameters.remove(&origin("jwks"));
    world.aws().put(&edge("old-name"), "x", "String");
    let ran = world.run(&["check", "--json", "--now", &START.to_string()]).await.fails_with("problems");
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let places: Vec<_> = report["problems"].as_array().unwrap().iter().map(|problem| &problem["where"]).collect();
    assert_eq!(places, [&json!(edge("old-name")), &json!(origin("jwks"))]);
    world
        .run(&["check", "--env", "dev", "--now", &START.to_string()])
        .await
        .fails_with("belongs to the environment prod");
}
