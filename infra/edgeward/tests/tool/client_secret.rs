//! The app client's secret rotates with two secrets at once.

use crate::{
    aws::{SECRET, START},
    world::{Ran, World, edge},
};

async fn rotate(world: &World, after: u64, more: &[&str]) -> Ran {
    let now = (START + after).to_string();
    world.run(&[&["rotate", "client-secret", "--now", &now], more].concat()).await
}

async fn world() -> World {
    let world = World::new().await;
    world.run(&["keygen"]).await.succeeds();
    world.run(&["push"]).await.succeeds();
    world
}

fn stored(world: &World) -> Vec<String> {
    assert_eq!(world.aws().parameters[&edge("cognito-client-secret")].kind, "SecureString");
    world.value("edge/cognito-client-secret").split(' ').map(str::to_owned).collect()
}

fn at_cognito(world: &World) -> Vec<String> {
    world.aws().secrets.iter().map(|(_, value, _)| value.clone()).collect()
}

fn at_the_edge(world: &World) -> Vec<String> {
    let secrets = world.wrangler_secrets();
    secrets["COGNITO_CLIENT_SECRET"].as_str().unwrap().split(' ').map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_old_secret_goes_when_the_edge_has_both() {
    let world = world().await;
    rotate(&world, 0, &[]).await.succeeds();
    let [old, new] = at_cognito(&world).try_into().unwrap();
    assert_eq!(old, SECRET);
    assert_eq!(stored(&world), [new.clone(), old.clone()]);
    assert_eq!(at_the_edge(&world), [new.clone(), old.clone()]);

    let ran = rotate(&world, 299, &[]).await.succeeds();
    assert!(ran.stdout.contains("next: delete the old secret"), "{ran:#?}");
    assert_eq!(at_cognito(&world).len(), 2);

    rotate(&world, 300, &[]).await.succeeds();
    let alone = vec![new];
    assert_eq!((at_cognito(&world), stored(&world), at_the_edge(&world)), (alone.clone(), alone.clone(), alone));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_could_not_be_delivered_is_deleted_again() {
    let world = world().await;
    world.wrangler_fails("secret");
    let ran = rotate(&world, 0, &[]).await.fails_with("`wrangler secret bulk` failed");
    assert!(ran.stdout.contains("at Cognito again"), "{ran:#?}");
    assert_eq!((stored(&world), at_cognito(&world)), (vec![SECRET.to_owned()], vec![SECRET.to_owned()]));
    world.wrangler_works_again("secret");
    rotate(&world, 0, &[]).await.succeeds();
    assert_eq!(stored(&world).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_was_cut_short_after_the_deletion_is_finished() {
    let world = world().await;
    rotate(&world, 0, &[]).await.succeeds();
    let new = stored(&world)[0].clone();
    world.wrangler_fails("secret");
    rotate(&world, 300, &[]).await.fails_with("`wrangler secret bulk` failed");
    assert_eq!((at_cognito(&world), stored(&world).len()), (vec![new.clone()], 2));
    world.wrangler_works_again("secret");
    rotate(&world, 300, &[]).await.succeeds();
    assert_eq!((stored(&world), at_the_edge(&world)), (vec![new.clone()], vec![new]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_somebody_else_made_is_deleted_only_by_force() {
    let world = world().await;
    rotate(&world, 0, &["--force-remove"]).await.fails_with("none to remove");
    let foreign = ("exampleclientid--foreign".to_owned(), "made0at0the0console".to_owned(), START + 5);
    world.aws().secrets.push(foreign);
    rotate(&world, 1_000, &[]).await.fails_with("a secret exampleclientid--foreign that is not stored");
    assert_eq!(at_cognito(&world).len(), 2);
    rotate(&world, 1_000, &["--force-remove"]).await.succeeds();
    assert_eq!(at_cognito(&world), [SECRET]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_changes_nothing() {
    let world = world().await;
    world.aws().changes.clear();
    let ran = rotate(&world, 0, &["--dry-run"]).await.succeeds();
    assert!(ran.stdout.contains("would add a secret"), "{ran:#?}");
    assert!(world.aws().changes.is_empty());
}
