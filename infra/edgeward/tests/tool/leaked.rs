//! What has leaked is replaced in one run, and is nowhere afterwards.

use crate::{
    aws::{SECRET, START},
    world::{Ran, World, edge, origin},
};

const DAY: u64 = 86_400;
/// Kinds of the edge's keys, and how their ids begin.
const KINDS: [(&str, &str); 3] = [("signing", "sign-"), ("sealing", "seal-"), ("registration", "client-")];

async fn at(world: &World, after: u64, arguments: &[&str]) -> Ran {
    let now = (START + after).to_string();
    world.run(&[arguments, &["--now", &now]].concat()).await
}

async fn leaked(world: &World, arguments: &[&str]) -> Ran {
    at(world, 10, &[&["leaked"], arguments].concat()).await
}

/// In the middle of a rotation, with its signing keys: the one in use, one that retires, and one that is pending.
async fn rotating() -> (World, [String; 3]) {
    let world = World::pushed().await;
    at(&world, 0, &["rotate", "signing"]).await.succeeds();
    at(&world, 1_200, &["rotate", "signing"]).await.succeeds();
    at(&world, 1_200, &["rotate", "signing", "--begin"]).await.succeeds();
    let keys = world.key_ids("sign-").try_into().unwrap();
    (world, keys)
}

/// A key is at none of the places where keys are.
#[track_caller]
fn is_nowhere(world: &World, id: &str) {
    for name in ["edge/keys", "origin/jwks", "origin/session-keys"] {
        assert!(!world.value(name).contains(id), "{id} is in {name}");
    }
    assert!(!world.wrangler_secrets().to_string().contains(id), "{id} is at the edge");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_replaced_promoted_and_removed_in_one_run() {
    for (what, prefix) in KINDS {
        let world = World::pushed().await;
        let [old] = &world.key_ids(prefix)[..] else { panic!("not one key") };
        let others =
            || KINDS.map(|(_, kind)| world.key_ids(kind)).into_iter().flatten().filter(|id| !id.starts_with(prefix));
        let before: Vec<_> = others().collect();
        let calls = world.wrangler_calls().len();
        let ran = leaked(&world, &[what, "--yes"]).await.succeeds();
        is_nowhere(&world, old);
        let new = world.key_ids(prefix);
        assert_eq!((new.len(), &world.delivered(prefix)), (1, &new), "{what}");
        assert_eq!(world.published(), world.key_ids("sign-"));
        assert_eq!(others().collect::<Vec<_>>(), before, "other kinds are left alone");
        assert_eq!(world.wrangler_calls()[calls..], ["secret bulk --name edgeward-prod --env="], "no code is deployed");
        assert_eq!(world.aws().parameters[&edge("keys")].kind, "SecureString");
        assert!(ran.stdout.contains(&format!("the {what} key {old} is gone")), "{ran:#?}");
        assert!(ran.stdout.contains("by the edge within 5 minutes"), "{ran:#?}");

        // The new key is one like any other: nothing stands still, and it rotates.
        at(&world, 20, &["rotate", what]).await.succeeds();
        assert_eq!(world.key_ids(prefix).len(), 2, "{what}");
        assert_eq!(world.key_ids(prefix)[0], new[0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_to_sign_in_again_is_said_before_anything_happens() {
    for (what, who) in [
        ("signing", "nobody whose client has a refresh token has to sign in again for the signing key"),
        ("sealing", "everybody has to sign in again for the sealing key"),
        ("registration", "users of clients that have registered themselves have to sign in again"),
        ("session", "nobody has to sign in again for the session key"),
        ("client-secret", "nobody has to sign in again for the client secret"),
        ("keys", "everybody has to sign in again for the sealing key"),
    ] {
        let world = World::pushed().await;
        world.aws().changes.clear();
        let calls = world.wrangler_calls();
        let ran = leaked(&world, &[what]).await.fails_with("nothing was changed: if that is meant, add --yes");
        assert!(ran.stdout.contains(who), "{ran:#?}");
        let dry = leaked(&world, &[what, "--yes", "--dry-run"]).await.succeeds();
        assert_eq!(dry.stdout, ran.stdout, "{what}");
        assert!(world.aws().changes.is_empty(), "{what}");
        assert_eq!(world.wrangler_calls(), calls, "{what}");
        let done = leaked(&world, &[what, "--yes"]).await.succeeds();
        assert!(done.stdout.starts_with(&ran.stdout), "{done:#?} does not begin with {ran:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_of_the_keys_is_replaced_with_one_command() {
    let world = World::pushed().await;
    // In the middle of two rotations, so that there are more than three.
    at(&world, 0, &["rotate", "signing"]).await.succeeds();
    at(&world, 0, &["rotate", "sealing"]).await.succeeds();
    at(&world, 300, &["rotate", "sealing"]).await.succeeds();
    let old: Vec<_> = KINDS.into_iter().flat_map(|(_, prefix)| world.key_ids(prefix)).collect();
    assert_eq!(old.len(), 5);
    leaked(&world, &["keys", "--yes"]).await.succeeds();
    for id in &old {
        is_nowhere(&world, id);
    }
    for (_, prefix) in KINDS {
        assert_eq!((world.key_ids(prefix).len(), world.key_ids(prefix)), (1, world.delivered(prefix)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn in_the_middle_of_a_rotation_the_key_in_use_goes_and_the_others_stay() {
    let (world, [in_use, retiring, pending]) = &rotating().await;
    let ran = at(world, 1_300, &["leaked", "signing"]).await.fails_with("add --yes");
    for other in [retiring, pending] {
        assert!(
            ran.stdout
                .contains(&format!("the signing key {other} stays: if it may have leaked too, add --key {other}"))
        );
    }
    at(world, 1_300, &["leaked", "signing", "--yes"]).await.succeeds();
    is_nowhere(world, in_use);
    let now = world.key_ids("sign-");
    assert_eq!(now[1..], [retiring.clone(), pending.clone()]);
    assert_eq!((&world.delivered("sign-"), &world.published()), (&now, &now));

    // The rotation goes on: the pending key is put first when it is due, and the retiring one goes.
    at(world, 2_400, &["rotate", "signing"]).await.succeeds();
    assert_eq!(world.key_ids("sign-"), [pending.clone(), now[0].clone(), retiring.clone()]);
    at(world, 1_500 + DAY, &["rotate", "signing"]).await.succeeds();
    assert_eq!(world.key_ids("sign-"), [pending.clone(), now[0].clone()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_are_not_in_use_go_without_a_new_one() {
    let (world, [in_use, retiring, pending]) = &rotating().await;
    leaked(world, &["signing", "--key", retiring, "--key", pending, "--yes"]).await.succeeds();
    for id in [retiring, pending] {
        is_nowhere(world, id);
    }
    let alone = vec![in_use.clone()];
    assert_eq!(
        (world.key_ids("sign-"), world.delivered("sign-"), world.published()),
        (alone.clone(), alone.clone(), alone)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_not_stored_is_refused_and_nothing_changes() {
    let world = World::pushed().await;
    let before = world.value("edge/keys");
    let sealing = world.key_ids("seal-")[0].clone();
    for id in ["sign-misspelt", &sealing] {
        let ran = leaked(&world, &["signing", "--key", id, "--yes"]).await.fails_with("nothing was changed");
        assert!(ran.stderr.contains(&world.key_ids("sign-")[0]), "the keys that there are: {ran:#?}");
    }
    assert_eq!(world.value("edge/keys"), before);
    leaked(&world, &["session", "--key", "session-misspelt", "--yes"]).await.fails_with("nothing was changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_breaks_off_is_finished_by_the_next_and_replaces_nothing_twice() {
    for named in [false, true] {
        let world = World::pushed().await;
        let old = world.key_ids("seal-")[0].clone();
        let command = if named { vec!["sealing", "--yes", "--key", &old] } else { vec!["sealing", "--yes"] };
        world.wrangler_fails("secret");
        leaked(&world, &command).await.fails_with("run the same command again");
        let [new] = &world.key_ids("seal-")[..] else { panic!("not one key") };
        assert_ne!(*new, old, "no other command delivers the old one any more");
        assert_eq!(world.delivered("seal-"), std::slice::from_ref(&old), "the first push");

        world.wrangler_works_again("secret");
        // That run does not make an id known that was never stored.
        let misspelt = ["sealing", "--yes", "--key", "seal-misspelt"];
        leaked(&world, &misspelt).await.fails_with("no key seal-misspelt is stored, and nothing was changed");
        assert_eq!(world.delivered("seal-"), std::slice::from_ref(&old));
        let ran = leaked(&world, &command).await.succeeds();
        assert!(ran.stdout.contains("this one finishes it"), "{ran:#?}");
        assert_eq!((world.key_ids("seal-"), world.delivered("seal-")), (vec![new.clone()], vec![new.clone()]));
        is_nowhere(&world, &old);
        // Now it is done: without a name the next run would replace the new key.
        let ran = leaked(&world, &["sealing"]).await.fails_with("add --yes");
        assert!(ran.stdout.contains(&format!("a new sealing key takes the place of {new}")), "{ran:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removal_that_breaks_off_is_repeated() {
    let world = World::pushed().await;
    at(&world, 0, &["rotate", "signing"]).await.succeeds();
    let pending = world.key_ids("sign-")[1].clone();
    world.wrangler_fails("secret");
    let command = ["signing", "--key", &pending, "--yes"];
    leaked(&world, &command).await.fails_with("run the same command again");
    world.wrangler_works_again("secret");
    leaked(&world, &command).await.succeeds();
    is_nowhere(&world, &pending);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_of_sessions_is_replaced_without_the_edge() {
    let world = World::pushed().await;
    let calls = world.wrangler_calls();
    let old = world.session_key_ids()[0].clone();
    let ran = leaked(&world, &["session", "--yes"]).await.succeeds();
    is_nowhere(&world, &old);
    assert_eq!((world.session_key_ids().len(), world.wrangler_calls()), (1, calls));
    assert_eq!(world.aws().parameters[&origin("session-keys")].kind, "SecureString");
    assert!(ran.stdout.contains("within 10 minutes"), "{ran:#?}");
}

fn client_secrets(world: &World) -> [Vec<String>; 3] {
    let stored = world.value("edge/cognito-client-secret");
    let secrets = world.wrangler_secrets();
    let at_the_edge = secrets["COGNITO_CLIENT_SECRET"].as_str().unwrap();
    let words = |text: &str| text.split(' ').map(str::to_owned).collect();
    [world.aws().secrets.iter().map(|(_, value, _)| value.clone()).collect(), words(&stored), words(at_the_edge)]
}

#[tokio::test(flavor = "multi_thread")]
async fn the_client_secret_is_replaced_and_deleted_in_one_run() {
    let world = World::pushed().await;
    leaked(&world, &["client-secret", "--yes"]).await.succeeds();
    let [at_cognito, stored, at_the_edge] = client_secrets(&world);
    assert_eq!(at_cognito.len(), 1);
    assert_ne!(at_cognito[0], SECRET);
    assert_eq!((&stored, &at_the_edge), (&at_cognito, &at_cognito));
}

#[tokio::test(flavor = "multi_thread")]
async fn both_secrets_of_a_rotation_under_way_are_replaced() {
    let world = World::pushed().await;
    at(&world, 0, &["rotate", "client-secret"]).await.succeeds();
    let [before, ..] = client_secrets(&world);
    assert_eq!(before.len(), 2);
    world.aws().now = START + 100;
    leaked(&world, &["client-secret", "--yes"]).await.succeeds();
    let [at_cognito, stored, at_the_edge] = client_secrets(&world);
    assert!(at_cognito.len() == 1 && !before.contains(&at_cognito[0]), "{at_cognito:?}");
    assert_eq!((&stored, &at_the_edge), (&at_cognito, &at_cognito));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_somebody_else_made_goes_too() {
    let world = World::pushed().await;
    let foreign = ("exampleclientid--foreign".to_owned(), "made0by0the0thief".to_owned(), START + 5);
    world.aws().secrets.push(foreign);
    let ran = leaked(&world, &["client-secret", "--yes"]).await.succeeds();
    assert!(ran.stdout.contains("exampleclientid--foreign"), "{ran:#?}");
    let [at_cognito, stored, at_the_edge] = client_secrets(&world);
    assert!(at_cognito.len() == 1 && at_cognito[0] != SECRET && at_cognito[0] != "made0by0the0thief");
    assert_eq!((&stored, &at_the_edge), (&at_cognito, &at_cognito));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replacement_of_the_client_secret_that_breaks_off_leaves_an_edge_that_works() {
    let world = World::pushed().await;
    world.wrangler_fails("secret");
    leaked(&world, &["client-secret", "--yes"]).await.fails_with("`wrangler secret bulk` failed");
    let [at_cognito, stored, _] = client_secrets(&world);
    assert_eq!((at_cognito, stored), (vec![SECRET.to_owned()], vec![SECRET.to_owned()]), "as before");
    world.wrangler_works_again("secret");
    leaked(&world, &["client-secret", "--yes"]).await.succeeds();
    let [at_cognito, stored, at_the_edge] = client_secrets(&world);
    assert_eq!((&stored, &at_the_edge), (&at_cognito, &at_cognito));
    assert!(!at_cognito.contains(&SECRET.to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_origins_secret_is_the_stacks_and_the_command_for_it_is_named() {
    let world = World::pushed().await;
    world.aws().changes.clear();
    let ran = leaked(&world, &["origin-secret", "--yes"]).await;
    let ran = ran.fails_with("run `make deploy DEPLOYMENT=prod LEAKED=origin-secret`");
    assert!(ran.stdout.contains("nobody has to sign in again"), "{ran:#?}");
    assert!(world.aws().changes.is_empty());
}

/// `rotate` never removes the key in use, and does not look as if it had.
#[tokio::test(flavor = "multi_thread")]
async fn rotate_says_which_key_it_leaves_in_use_and_what_to_run_after_a_leak() {
    let world = World::pushed().await;
    for what in ["signing", "sealing", "registration", "session"] {
        let run = format!("run `edgeward leaked {what}`");
        at(&world, 0, &["rotate", what, "--force-remove"]).await.fails_with(&run);
        at(&world, 0, &["rotate", what]).await.succeeds();
        at(&world, 2_000, &["rotate", what]).await.succeeds();
        let ran = at(&world, 2_000, &["rotate", what, "--force-remove"]).await.succeeds();
        assert!(
            ran.stdout.contains("is still in use; if that one has leaked") && ran.stdout.contains(&run),
            "{ran:#?}"
        );
    }
}
