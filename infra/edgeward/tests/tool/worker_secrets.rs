//! The secrets of the Worker, beside its variables.

use serde_json::{Value, json};

use crate::{
    aws::{CLIENT, SECRET},
    world::{World, edge},
};

#[tokio::test(flavor = "multi_thread")]
async fn secrets_can_be_written_without_deploying() {
    let world = World::new().await;
    world.run(&["keygen"]).await.succeeds();
    let ran = world.run(&["push", "--secrets-only", "--dry-run"]).await.succeeds();
    assert!(
        ran.stdout.contains("would set the secrets COGNITO_CLIENT_SECRET, EDGEWARD_KEYS of the Worker"),
        "{ran:#?}"
    );
    let removed = "would remove the secrets EDGEWARD_ORIGIN_CREDENTIALS, EDGEWARD_CLIENTS, EDGEWARD_REGISTRATION_TOKEN, if the \
                   Worker has them";
    assert!(ran.stdout.contains(removed), "{ran:#?}");
    world.run(&["push", "--secrets-only"]).await.fails_with("there is no Worker edgeward-prod to write secrets to");
    assert!(world.wrangler_calls().is_empty(), "wrangler would make one that has no code");

    world.has_worker(&["COGNITO_CLIENT_SECRET", "EDGEWARD_CLIENTS", "OF_SOMEBODY_ELSE"], &variables());
    world.run(&["push", "--secrets-only"]).await.succeeds();
    assert_eq!(world.wrangler_calls(), ["secret bulk --name edgeward-prod --env="]);
    let secrets = world.wrangler_secrets();
    assert_eq!(secrets["EDGEWARD_KEYS"], world.value("edge/keys"));
    assert_eq!(secrets["EDGEWARD_CLIENTS"], Value::Null, "an older one is removed");
    assert_eq!(secrets.as_object().unwrap().len(), 3, "{secrets}");
}

/// The variables of a Worker that was pushed before.
fn variables() -> Vec<(&'static str, &'static str)> {
    vec![
        ("EDGEWARD_PUBLIC_URL", "https://mcp.example.com"),
        ("EDGEWARD_ORIGIN_URL", "https://origin.example.com"),
        ("COGNITO_USER_POOL_ID", "eu-west-1_Example"),
        ("COGNITO_CLIENT_ID", CLIENT),
        ("COGNITO_DOMAIN", "login.example.com"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_that_the_variables_at_the_worker_contradict_are_not_written_alone() {
    let world = World::new().await;
    world.run(&["keygen"]).await.succeeds();
    world.put("edge/registration", "token");
    world.aws().put(&edge("registration-token"), &"t".repeat(32), "SecureString");
    world.has_worker(&["COGNITO_CLIENT_SECRET", "EDGEWARD_KEYS"], &variables());
    let ran = world.run(&["push", "--secrets-only"]).await.fails_with("run `edgeward push` without --secrets-only");
    assert!(ran.stderr.contains("EDGEWARD_REGISTRATION_TOKEN is set, but"), "{ran:#?}");
    assert!(world.wrangler_calls().is_empty());
    // A rotation writes its own secret only, so it can go on.
    world.run(&["rotate", "signing"]).await.succeeds();
    assert_eq!(world.wrangler_calls(), ["secret bulk --name edgeward-prod --env="]);
    let secrets = world.wrangler_secrets();
    assert_eq!(secrets.as_object().unwrap().keys().collect::<Vec<_>>(), ["EDGEWARD_KEYS"]);

    let together = [&variables()[..], &[("EDGEWARD_REGISTRATION", "token")]].concat();
    world.has_worker(&["COGNITO_CLIENT_SECRET", "EDGEWARD_KEYS"], &together);
    world.run(&["push", "--secrets-only"]).await.succeeds();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_makes_no_worker_of_secrets_alone() {
    let world = World::new().await;
    world.run(&["keygen"]).await.succeeds();
    world.aws().put(&edge("cognito-client-secret"), SECRET, "SecureString");
    world.run(&["rotate", "signing"]).await.fails_with("there is no Worker edgeward-prod to write secrets to");
    assert!(world.wrangler_calls().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_unset_is_removed_after_the_deploy_that_needs_it_no_more() {
    let world = World::new().await;
    world.run(&["keygen"]).await.succeeds();
    world.has_worker(&["COGNITO_CLIENT_SECRET", "EDGEWARD_REGISTRATION_TOKEN", "OF_SOMEBODY_ELSE"], &[]);
    world.wrangler_fails("secret");
    let ran = world.run(&["push"]).await.fails_with("The secrets EDGEWARD_REGISTRATION_TOKEN are still there");
    assert!(ran.stdout.contains("deployed the Worker edgeward-prod"), "{ran:#?}");
    let uploaded = world.wrangler_secrets();
    assert_eq!(uploaded["EDGEWARD_REGISTRATION_TOKEN"], " ", "the edge takes that for unset");
    assert_eq!(uploaded.as_object().unwrap().len(), 3);

    world.wrangler_works_again("secret");
    let ran = world.run(&["push"]).await.succeeds();
    assert!(ran.stdout.contains("removed the secrets EDGEWARD_REGISTRATION_TOKEN of the Worker"), "{ran:#?}");
    assert_eq!(world.wrangler_secrets(), json!({ "EDGEWARD_REGISTRATION_TOKEN": null }));
    let calls = world.wrangler_calls();
    assert!(calls[2].starts_with("deploy ") && calls[3] == "secret bulk --name edgeward-prod --env=", "{calls:?}");
}
