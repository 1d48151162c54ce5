//! The running edge is compared with the parameters.

use serde_json::{Value, json};

use crate::{
    aws::START,
    edge::{Instead, JWKS},
    world::{Ran, TOKEN, World, end},
};

#[tokio::test(flavor = "multi_thread")]
async fn an_edge_that_runs_with_its_parameters_has_not_drifted() {
    let world = World::deployed().await;
    let ran = world.run(&["drift"]).await.succeeds();
    assert!(ran.stdout.contains("is what the parameters of the deployment prod say"), "{ran:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_metadata_is_drift() {
    let world = World::deployed().await;
    world.put("edge/registration", "off");
    world.put("edge/resources", r#"[{"path": "/mcp", "scopes": {"read": "Read"}}]"#);
    let ran = world.run(&["drift"]).await.fails_with("run `edgeward push`");
    for expected in ["says registration_endpoint is", "says scopes_supported is"] {
        assert!(ran.stdout.contains(expected), "{expected:?} is not in {ran:#?}");
    }
    world.deploy_edge();
    world.run(&["drift"]).await.succeeds();
}

#[tokio::test(flavor = "multi_thread")]
async fn other_keys_or_another_order_of_keys_is_drift() {
    let world = World::deployed().await;
    let output = world.folder.join("local");
    let target = ["--target", "local", "--output", output.to_str().unwrap()];
    for after in [0, 1_200] {
        let now = (START + after).to_string();
        world.run(&[&["rotate", "signing", "--now", &now], &target[..]].concat()).await.succeeds();
        let ran = world.run(&["drift"]).await.fails_with("has the keys sign-");
        assert!(ran.stdout.contains("in this order"), "{ran:#?}");
        world.deploy_edge();
        world.run(&["drift"]).await.succeeds();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edge_that_is_not_there_is_drift() {
    let world = World::deployed().await;
    world.run(&["drift", "--edge-url", "http://127.0.0.1:9"]).await.fails_with("cannot be read: no answer");
    assert!(world.edge().asked.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_does_not_resolve_is_said() {
    let world = World::complete().await;
    world.put("edge/public-url", "https://edge.invalid");
    let ran = world.run(&["drift"]).await.fails_with("cannot be read: the name edge.invalid cannot be resolved; ");
    assert!(ran.stdout.contains("`dig edge.invalid @1.1.1.1`"), "{ran:#?}");
    assert_eq!(ran.stdout.matches("problem:").count(), 1, "{ran:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edge_asked_elsewhere_is_asked_for_its_public_host() {
    let world = World::deployed_with_https().await;
    world.drift_with_https(&[]).await.succeeds();
    for asked in world.edge().asked.iter().filter(|asked| !asked.path.starts_with("/plain")) {
        assert_eq!(asked.host, "mcp.example.com", "{asked:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_without_strict_transport_security_are_drift() {
    let world = World::deployed_with_https().await;
    world.edge().sends_hsts = false;
    let ran = world.drift_with_https(&[]).await.fails_with("is answered without Strict-Transport-Security");
    assert_eq!(ran.stdout.matches("Strict-Transport-Security").count(), 3, "{ran:#?}");
    // A local edge has no TLS.
    let local = World::deployed().await;
    assert!(!local.edge().sends_hsts);
    local.run(&["drift"]).await.succeeds();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_json_is_drift() {
    let world = World::deployed().await;
    world.edge().before.push_back(Instead::new(200, "<!doctype html>"));
    world.run(&["drift"]).await.fails_with(&format!("{JWKS}: cannot be read: status 200, and no JSON"));
}

async fn drift_with_cloudflare(world: &World, token: &str) -> Ran {
    let mut command = world.command();
    command
        .args(["drift", "--deployment", "prod"])
        .env("CLOUDFLARE_API_BASE_URL", format!("{}/client/v4", world.url))
        .env("CLOUDFLARE_ACCOUNT_ID", "account-1")
        .env("CLOUDFLARE_API_TOKEN", token);
    let ran = end(command).await;
    assert!(!ran.all().contains(token));
    ran
}

#[tokio::test(flavor = "multi_thread")]
async fn variables_and_names_of_secrets_are_compared_at_cloudflare() {
    let world = World::deployed().await;
    let plain =
        |name: &str, parameter: &str| json!({ "type": "plain_text", "name": name, "text": world.value(parameter) });
    let good = vec![
        plain("EDGEWARD_PUBLIC_URL", "edge/public-url"),
        plain("EDGEWARD_ORIGIN_URL", "edge/origin-url"),
        plain("EDGEWARD_ORIGIN_AUDIENCE", "edge/origin-audience"),
        plain("COGNITO_USER_POOL_ID", "edge/cognito-user-pool-id"),
        plain("COGNITO_CLIENT_ID", "edge/cognito-client-id"),
        plain("COGNITO_DOMAIN", "edge/cognito-domain"),
        plain("EDGEWARD_COGNITO_JWKS_URL", "edge/cognito-jwks-url"),
        json!({ "type": "secret_text", "name": "EDGEWARD_KEYS" }),
        json!({ "type": "secret_text", "name": "COGNITO_CLIENT_SECRET" }),
        json!({ "type": "version_metadata", "name": "SOMETHING_ELSE" }),
    ];
    let serve = |bindings: &[Value]| {
        let path = "/client/v4/accounts/account-1/workers/scripts/edgeward-prod/settings";
        world.serve(path, json!({ "success": true, "result": { "bindings": bindings } }));
    };
    serve(&good);
    drift_with_cloudflare(&world, TOKEN).await.succeeds();

    let without = |index: usize| [&good[..index], &good[index + 1..]].concat();
    serve(&without(0));
    drift_with_cloudflare(&world, TOKEN).await.fails_with("lacks the variable EDGEWARD_PUBLIC_URL");
    serve(&without(7));
    drift_with_cloudflare(&world, TOKEN).await.fails_with("lacks the secret EDGEWARD_KEYS");
    let mut changed = good.clone();
    changed[5]["text"] = "old.example".into();
    serve(&changed);
    drift_with_cloudflare(&world, TOKEN).await.fails_with("has COGNITO_DOMAIN = \"old.example\"");
    serve(&[&good[..], &[json!({ "type": "plain_text", "name": "EDGEWARD_REGISTRATION", "text": "off" })]].concat());
    drift_with_cloudflare(&world, TOKEN).await.fails_with("has the variable EDGEWARD_REGISTRATION");
    serve(&[&good[..], &[json!({ "type": "secret_text", "name": "EDGEWARD_CLIENTS" })]].concat());
    drift_with_cloudflare(&world, TOKEN).await.fails_with("has the secret EDGEWARD_CLIENTS");
    drift_with_cloudflare(&world, "a-token-of-no-use").await.fails_with("cannot be read from Cloudflare: status 403");
}
