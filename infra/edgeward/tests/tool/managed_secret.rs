//! The app client's secret in Secrets Manager, where Cognito replaces it every week.

use std::fs;

use serde_json::json;

use crate::{
    aws::{CLIENT, POOL, SECRET},
    world::{Ran, World, edge},
};

const ARN: &str = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:exampleclientid-AbCdEf";
const NEXT: &str = "the0secret0of0the0next0week";

/// A complete deployment whose app client's secret moved to Secrets Manager, and whose parameter holds its ARN.
async fn managed() -> World {
    let world = World::complete().await;
    world.aws().secret_arn = Some(ARN);
    world.aws().put(&edge("cognito-client-secret"), ARN, "SecureString");
    world
}

async fn push(world: &World, more: &[&str]) -> Ran {
    let output = world.folder.join("local");
    world.run(&[&["push", "--target", "local", "--output", output.to_str().unwrap()], more].concat()).await
}

fn at_the_edge(world: &World) -> String {
    let secrets = fs::read_to_string(world.folder.join("local/.dev.vars")).unwrap();
    let line = secrets.lines().find_map(|line| line.strip_prefix("COGNITO_CLIENT_SECRET='"));
    line.unwrap().trim_end_matches('\'').to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn check_says_what_to_do_about_it() {
    let world = World::complete().await;
    world.aws().secret_arn = Some(ARN);
    let off = "take the secret out of AWS Secrets Manager (PublishSecretsInAWSSecretsManager: false)";
    let daily = "run `edgeward push --secrets-only` on a schedule, at least daily";
    let words = ["keeps its secret in AWS Secrets Manager", ARN, "stops working", off, "write that ARN into", daily];
    world.finds("problems", &words).await;

    // The stacks write it as a String: an ARN is no secret.
    for kind in ["SecureString", "String"] {
        world.aws().put(&edge("cognito-client-secret"), ARN, kind);
        world.finds("notes", &["after the next push only", daily, off]).await;
    }
    for other in [None, Some("arn:aws:secretsmanager:eu-west-1:111122223333:secret:another-AbCdEf")] {
        world.aws().secret_arn = other;
        let found = world.found("problems").await;
        assert_eq!(found.len(), 1, "{found:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_secret_may_be_named_in_other_ways() {
    let world = managed().await;
    let partial = ARN.strip_suffix("-AbCdEf").unwrap();
    for named in [partial.to_owned(), format!("{ARN}:clientSecretValue::"), format!("{partial}::AWSCURRENT:")] {
        world.aws().put(&edge("cognito-client-secret"), &named, "SecureString");
        world.finds("notes", &["after the next push only"]).await;
        assert_eq!(world.found("problems").await, [] as [String; 0], "{named}");
        push(&world, &[]).await.succeeds();
        assert_eq!(at_the_edge(&world), SECRET, "{named}");
    }
    for version in ["::AWSPREVIOUS:", ":::example-version-id-of-32-characters"] {
        let named = format!("{ARN}{version}");
        world.aws().put(&edge("cognito-client-secret"), &named, "SecureString");
        world.finds("problems", &[&named, "names one version of it", "run `edgeward push --secrets-only`"]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_secret_is_stored_none_is_taken_that_stops_working() {
    let world = World::complete().await;
    world.aws().secret_arn = Some(ARN);
    world.remove("edge/cognito-client-secret");
    push(&world, &[]).await.fails_with("is in Secrets Manager (arn:aws:secretsmanager:");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_push_reads_the_secret_that_is_there_then() {
    let world = managed().await;
    push(&world, &[]).await.succeeds();
    assert_eq!(at_the_edge(&world), SECRET);
    world.aws().managed_secret["clientSecretValue"] = NEXT.into();
    world.aws().changes.clear();
    push(&world, &["--dry-run"]).await.succeeds();
    assert_eq!(at_the_edge(&world), SECRET);
    let ran = push(&world, &["--secrets-only"]).await.succeeds();
    assert!(!ran.all().contains(NEXT));
    assert_eq!(at_the_edge(&world), NEXT);
    assert_eq!(world.value("edge/cognito-client-secret"), ARN);
    assert!(world.aws().changes.is_empty(), "{:?}", world.aws().changes);
}

/// On this machine all secrets are written with each change; at Cloudflare a rotation writes its own alone.
#[tokio::test(flavor = "multi_thread")]
async fn keys_rotate_and_are_replaced_beside_it() {
    let world = managed().await;
    let output = world.folder.join("local");
    let local = ["--target", "local", "--output", output.to_str().unwrap()];
    for command in [&["rotate", "sealing"][..], &["leaked", "signing", "--yes"]] {
        world.run(&[command, &local].concat()).await.succeeds();
        assert_eq!(at_the_edge(&world), SECRET, "{command:?}");
    }
    world.run(&["rotate", "client-secret"]).await.fails_with("Secrets Manager rotates this secret by itself");
    let rotate = format!("run `aws secretsmanager rotate-secret --secret-id {ARN}`");
    world.run(&["leaked", "client-secret", "--yes"]).await.fails_with(&rotate);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_not_this_app_clients_reaches_no_edge() {
    let world = managed().await;
    push(&world, &[]).await.succeeds();
    for (found, words) in [
        (
            json!({ "userPoolId": POOL, "userPoolClientId": "another", "clientSecretValue": NEXT }),
            "of the app client another",
        ),
        (
            json!({ "userPoolId": "eu-west-1_Other", "userPoolClientId": CLIENT, "clientSecretValue": NEXT }),
            "eu-west-1_Other",
        ),
        (json!({ "username": "u", "password": NEXT }), "is no secret of an app client"),
        (json!(NEXT), "is no secret of an app client"),
    ] {
        world.aws().managed_secret = found;
        let ran = push(&world, &[]).await.fails_with(words);
        assert!(!ran.all().contains(NEXT), "{ran:#?}");
    }
    world.aws().denied = Some("GetSecretValue");
    push(&world, &[]).await.fails_with("the signed-in principal lacks the permission");
    world.aws().denied = None;
    world.aws().secret_arn = None;
    push(&world, &[]).await.fails_with("ResourceNotFoundException");
    world.put("edge/cognito-client-secret", "arn:aws:ssm:eu-west-1:111122223333:parameter/x");
    push(&world, &[]).await.fails_with("which is no ARN of a secret in Secrets Manager");
    assert_eq!(at_the_edge(&world), SECRET);
}
