//! Keys rotate step by step; a run that breaks off is repeated.

use serde_json::Value;

use crate::{
    aws::START,
    world::{Ran, World, edge, origin},
};

const DAY: u64 = 86_400;

async fn rotate(world: &World, kind: &str, after: u64, more: &[&str]) -> Ran {
    let now = (START + after).to_string();
    world.run(&[&["rotate", kind, "--now", &now], more].concat()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signing_key_verifies_before_it_signs_and_after_it_signed() {
    let world = World::pushed().await;
    let old = world.key_ids("sign-")[0].clone();
    let deploys = world.wrangler_calls().len();

    rotate(&world, "signing", 0, &[]).await.succeeds();
    let both = world.key_ids("sign-");
    let new = both[1].clone();
    assert_eq!(both, [old.clone(), new.clone()]);
    assert_eq!((world.delivered("sign-"), world.published()), (both.clone(), both.clone()));

    let ran = rotate(&world, "signing", 1_199, &[]).await.succeeds();
    assert!(ran.stdout.contains(&format!("next: put the signing key {new} first")), "{ran:#?}");
    assert_eq!(world.key_ids("sign-"), both);

    rotate(&world, "signing", 1_200, &[]).await.succeeds();
    let turned = vec![new.clone(), old.clone()];
    assert_eq!(world.key_ids("sign-"), turned);
    assert_eq!((world.delivered("sign-"), world.published()), (turned.clone(), turned.clone()));

    rotate(&world, "signing", 1_200 + DAY, &[]).await.succeeds();
    assert_eq!(world.key_ids("sign-"), turned, "the last tokens of the old key are still good");
    rotate(&world, "signing", 1_500 + DAY, &[]).await.succeeds();
    assert_eq!((world.key_ids("sign-"), world.published()), (vec![new.clone()], vec![new.clone()]));
    assert_eq!(world.delivered("sign-"), [new]);
    let deployed = world.wrangler_calls()[deploys..].iter().filter(|call| call.starts_with("deploy")).count();
    assert_eq!(deployed, 0, "a rotation deploys no code");
    assert_eq!(world.aws().parameters[&edge("keys")].kind, "SecureString");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_kinds_are_left_alone() {
    let world = World::pushed().await;
    let others = || (world.key_ids("sign-"), world.key_ids("client-"), world.published());
    let before = others();
    rotate(&world, "sealing", 0, &[]).await.succeeds();
    assert_eq!(world.key_ids("seal-").len(), 2);
    assert_eq!(others(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealing_key_is_kept_for_as_long_as_refresh_tokens_live() {
    let world = World::pushed().await;
    rotate(&world, "sealing", 0, &[]).await.succeeds();
    rotate(&world, "sealing", 300, &[]).await.succeeds();
    let turned = world.key_ids("seal-");
    rotate(&world, "sealing", 599 + 45 * DAY, &[]).await.succeeds();
    assert_eq!(world.key_ids("seal-"), turned);
    rotate(&world, "sealing", 600 + 45 * DAY, &[]).await.succeeds();
    assert_eq!(world.key_ids("seal-"), turned[..1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_key_opens_before_it_seals_and_after_it_sealed() {
    let world = World::pushed().await;
    let edge = world.value("edge/keys");
    let calls = world.wrangler_calls();
    let old = world.session_key_ids()[0].clone();
    rotate(&world, "session", 0, &["--dry-run"]).await.succeeds();
    assert_eq!(world.session_key_ids().len(), 1);

    rotate(&world, "session", 0, &[]).await.succeeds();
    let both = world.session_key_ids();
    assert_eq!((both.len(), &both[0]), (2, &old));
    let ran = rotate(&world, "session", 599, &[]).await.succeeds();
    assert!(ran.stdout.contains(&format!("next: put the session key {} first", both[1])), "{ran:#?}");
    rotate(&world, "session", 600, &[]).await.succeeds();
    assert_eq!(world.session_key_ids(), [both[1].clone(), old.clone()]);

    rotate(&world, "session", 1_199 + DAY, &[]).await.succeeds();
    assert_eq!(world.session_key_ids().len(), 2, "its last sessions are still good");
    rotate(&world, "session", 1_200 + DAY, &[]).await.succeeds();
    assert_eq!(world.session_key_ids(), both[1..]);

    assert_eq!(world.aws().parameters[&origin("session-keys")].kind, "SecureString");
    assert_eq!((world.value("edge/keys"), world.wrangler_calls()), (edge, calls), "the edge has nothing to do with it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_key_that_has_leaked_is_gone_at_once() {
    let world = World::pushed().await;
    rotate(&world, "session", 0, &["--force-remove"]).await.fails_with("none to remove");
    rotate(&world, "session", 0, &[]).await.succeeds();
    rotate(&world, "session", 600, &[]).await.succeeds();
    let new = world.session_key_ids()[0].clone();
    rotate(&world, "session", 601, &["--force-remove"]).await.succeeds();
    assert_eq!(world.session_key_ids(), [new]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registration_key_is_removed_only_by_force() {
    let world = World::pushed().await;
    rotate(&world, "registration", 0, &[]).await.succeeds();
    rotate(&world, "registration", 300, &[]).await.succeeds();
    let turned = world.key_ids("client-");
    rotate(&world, "registration", 3_650 * DAY, &[]).await.fails_with("--force-remove");
    assert_eq!(world.key_ids("client-"), turned);
    rotate(&world, "registration", 3_650 * DAY, &["--begin", "--dry-run"]).await.succeeds();
    rotate(&world, "registration", 400, &["--force-remove"]).await.succeeds();
    assert_eq!(world.key_ids("client-"), turned[..1]);
    rotate(&world, "registration", 400, &["--force-remove"]).await.fails_with("none to remove");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_could_not_reach_the_edge_is_repeated() {
    let world = World::pushed().await;
    world.wrangler_fails("secret");
    rotate(&world, "signing", 0, &[]).await.fails_with("`wrangler secret bulk` failed");
    let both = world.key_ids("sign-");
    assert_eq!(both.len(), 2);
    rotate(&world, "signing", 10 * DAY, &[]).await.fails_with("`wrangler secret bulk` failed");
    assert_eq!(world.key_ids("sign-"), both, "nothing is put first that the edge may not have");

    world.wrangler_works_again("secret");
    rotate(&world, "signing", 10 * DAY, &[]).await.succeeds();
    assert_eq!((world.key_ids("sign-"), world.delivered("sign-")), (both.clone(), both.clone()));
    rotate(&world, "signing", 10 * DAY + 1_199, &[]).await.succeeds();
    assert_eq!(world.key_ids("sign-"), both);
    rotate(&world, "signing", 10 * DAY + 1_200, &[]).await.succeeds();
    assert_eq!(world.key_ids("sign-")[0], both[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_says_the_step_and_does_not_take_it() {
    let world = World::pushed().await;
    world.aws().changes.clear();
    let calls = world.wrangler_calls();
    let ran = rotate(&world, "signing", 0, &["--dry-run"]).await.succeeds();
    assert!(ran.stdout.contains("would make a new signing key"), "{ran:#?}");
    assert!(world.aws().changes.is_empty());
    assert_eq!(world.wrangler_calls(), calls);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timer_rotates_only_what_is_old() {
    let world = World::pushed().await;
    let ran = rotate(&world, "signing", 89 * DAY, &["--older-than", "90"]).await.succeeds();
    assert!(ran.stdout.contains("nothing is due"), "{ran:#?}");
    assert_eq!(world.key_ids("sign-").len(), 1);
    rotate(&world, "signing", 90 * DAY, &["--older-than", "90"]).await.succeeds();
    assert_eq!(world.key_ids("sign-").len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_is_told_when_the_next_step_is_due() {
    let world = World::pushed().await;
    let ran = rotate(&world, "signing", 0, &["--json"]).await.succeeds();
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(report["next"]["at"], START + 1_200);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_keys_there_is_nothing_to_rotate() {
    let world = World::new().await;
    rotate(&world, "signing", 0, &[]).await.fails_with("run `edgeward keygen`");
    rotate(&world, "session", 0, &[]).await.fails_with("run `edgeward keygen`");
}
