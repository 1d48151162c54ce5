//! Keys are made once, and never overwritten.

use std::{fs, os::unix::fs::PermissionsExt as _};

use edgeward_core::keys::Keys;
use edgeward_identity::SealingKeys;
use serde_json::Value;

use crate::{
    aws::START,
    world::{World, edge, end, origin},
};

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_stored_encrypted_and_are_what_the_edge_wants() {
    let world = World::new().await;
    let ran = world.run(&["keygen", "--now", &START.to_string()]).await.succeeds();
    let stored = world.aws().parameters[&edge("keys")].clone();
    assert_eq!(stored.kind, "SecureString");
    Keys::parse(&stored.value).unwrap();
    let keys: Value = serde_json::from_str(&stored.value).unwrap();
    for key in keys["keys"].as_array().unwrap() {
        assert_eq!((&key["iat"], &key["nbf"]), (&START.into(), &START.into()));
        assert!(ran.stdout.contains(key["kid"].as_str().unwrap()), "{ran:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_origin_gets_a_key_of_sessions_of_its_own() {
    let world = World::new().await;
    world.run(&["keygen", "--now", &START.to_string()]).await.succeeds();
    let stored = world.aws().parameters[&origin("session-keys")].clone();
    assert_eq!(stored.kind, "SecureString");
    assert_eq!(SealingKeys::from_jwks(stored.value.as_bytes()).unwrap().iter().count(), 1);
    assert!(world.key_ids("session-").is_empty(), "it is not among the edge's");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_missing_is_made() {
    for (kept, missing) in [("edge/keys", "origin/session-keys"), ("origin/session-keys", "edge/keys")] {
        let world = World::new().await;
        world.run(&["keygen"]).await.succeeds();
        let before = world.value(kept);
        world.remove(missing);
        let ran = world.run(&["keygen"]).await.succeeds();
        assert!(ran.stdout.contains(missing) && !ran.stdout.contains(kept), "{ran:#?}");
        assert_eq!(world.value(kept), before);
        world.value(missing);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_are_there_are_not_overwritten() {
    let world = World::new().await;
    world.run(&["keygen"]).await.succeeds();
    let before = world.value("edge/keys");
    world.run(&["keygen"]).await.fails_with("are there already");
    world.run(&["keygen", "--dry-run"]).await.fails_with("are there already");
    assert_eq!(world.value("edge/keys"), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_stores_nothing() {
    let world = World::new().await;
    world.run(&["keygen", "--dry-run"]).await.succeeds();
    assert!(world.aws().changes.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_can_be_made_without_aws() {
    let world = World::new().await;
    let mut command = world.command();
    command.args(["keygen", "--stdout"]).env_remove("AWS_REGION").env_remove("AWS_ACCESS_KEY_ID");
    let ran = end(command).await.succeeds();
    Keys::parse(ran.stdout.trim()).unwrap();
    let mut command = world.command();
    command.args(["keygen", "--session", "--stdout"]);
    let ran = end(command).await.succeeds();
    SealingKeys::from_jwks(ran.stdout.trim().as_bytes()).unwrap();
    assert!(world.aws().changes.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_keys_is_its_owners_alone_and_not_overwritten() {
    let world = World::new().await;
    let path = world.folder.join("keys.json");
    let write = || {
        let mut command = world.command();
        command.args(["keygen", "--output"]).arg(&path);
        end(command)
    };
    write().await.succeeds();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let before = fs::read_to_string(&path).unwrap();
    Keys::parse(&before).unwrap();
    write().await.fails_with("cannot write");
    assert_eq!(fs::read_to_string(&path).unwrap(), before);
}
