//! Refreshing, with and without rotation.

use edgeward_cognito::{Mode, Replay, Rotation};

use crate::support::{PUBLIC_CLIENT, TestPool, Tokens, assert_granted, assert_refused, redeem, refresh, request};

const DAY: u64 = 24 * 60 * 60;

async fn rotating(grace: u64) -> TestPool {
    TestPool::start_with(|config| {
        config.app_clients[0].rotation = Some(Rotation { retry_grace_period_seconds: grace });
    })
    .await
}

async fn refreshed(pool: &TestPool, token: &str) -> Tokens {
    assert_granted(pool.token(&refresh(token))).await
}

#[tokio::test]
async fn without_rotation_the_answer_has_no_refresh_token_and_the_old_one_goes_on() {
    let pool = TestPool::start().await;
    let tokens = pool.tokens(&request()).await;
    let first = refreshed(&pool, tokens.text("refresh_token")).await;
    assert_eq!(first.names(), ["access_token", "expires_in", "id_token", "token_type"]);
    refreshed(&pool, tokens.text("refresh_token")).await;
}

#[tokio::test]
async fn a_refresh_repeats_who_what_and_since_when() {
    let pool = TestPool::start().await;
    let tokens = pool.tokens(&request()).await;
    pool.cognito.advance(3600);
    let later = refreshed(&pool, tokens.text("refresh_token")).await;
    for same in ["sub", "scope", "auth_time", "origin_jti", "client_id", "username"] {
        assert_eq!(later.access()[same], tokens.access()[same], "{same}");
    }
    for other in ["jti", "iat", "exp"] {
        assert_ne!(later.access()[other], tokens.access()[other], "{other}");
    }
    assert!(!later.id().contains_key("nonce"));
}

#[tokio::test]
async fn a_refresh_token_lives_thirty_days() {
    let pool = TestPool::start().await;
    let tokens = pool.tokens(&request()).await;
    pool.cognito.advance(30 * DAY - 60);
    refreshed(&pool, tokens.text("refresh_token")).await;
    pool.cognito.advance(60);
    assert_refused(pool.token(&refresh(tokens.text("refresh_token"))), "invalid_grant").await;
}

#[tokio::test]
async fn a_refresh_token_is_bound_to_its_client_and_unknown_ones_are_refused() {
    let pool = TestPool::start().await;
    let tokens = pool.tokens(&request()).await;
    let form = refresh(tokens.text("refresh_token"));
    let as_public = form.clone().with("client_id", PUBLIC_CLIENT).without("client_secret");
    assert_refused(pool.token(&as_public), "invalid_grant").await;
    assert_refused(pool.token(&refresh("garbage")), "invalid_grant").await;
    assert_refused(pool.token(&refresh(tokens.text("access_token"))), "invalid_grant").await;
    assert_granted(pool.token(&form)).await;
}

#[tokio::test]
async fn with_rotation_each_refresh_brings_a_successor_that_works() {
    let pool = rotating(0).await;
    let mut tokens = pool.tokens(&request()).await;
    for _ in 0..3 {
        let next = refreshed(&pool, tokens.text("refresh_token")).await;
        assert_ne!(next.text("refresh_token"), tokens.text("refresh_token"));
        tokens = next;
    }
}

#[tokio::test]
async fn without_grace_a_replaced_token_dies_at_once_and_takes_nothing_with_it() {
    let pool = rotating(0).await;
    let tokens = pool.tokens(&request()).await;
    let next = refreshed(&pool, tokens.text("refresh_token")).await;
    assert_refused(pool.token(&refresh(tokens.text("refresh_token"))), "invalid_grant").await;
    // Family revocation on reuse is not documented.
    refreshed(&pool, next.text("refresh_token")).await;
}

#[tokio::test]
async fn within_the_grace_period_a_replaced_token_works_but_does_not_prolong_it() {
    let pool = rotating(60).await;
    let tokens = pool.tokens(&request()).await;
    let first = refreshed(&pool, tokens.text("refresh_token")).await;
    pool.cognito.advance(50);
    let second = refreshed(&pool, tokens.text("refresh_token")).await;
    assert_ne!(first.text("refresh_token"), second.text("refresh_token"));
    pool.cognito.advance(10);
    assert_refused(pool.token(&refresh(tokens.text("refresh_token"))), "invalid_grant").await;
    refreshed(&pool, second.text("refresh_token")).await;
}

#[tokio::test]
async fn in_the_kind_form_all_successors_go_on() {
    let pool = rotating(60).await;
    pool.cognito.set_mode(Mode { replay: Replay::Forks, ..Mode::default() });
    let tokens = pool.tokens(&request()).await;
    let first = refreshed(&pool, tokens.text("refresh_token")).await;
    let second = refreshed(&pool, tokens.text("refresh_token")).await;
    refreshed(&pool, second.text("refresh_token")).await;
    refreshed(&pool, first.text("refresh_token")).await;
}

#[tokio::test]
async fn a_replay_leaves_only_its_own_successor() {
    let pool = rotating(60).await;
    let tokens = pool.tokens(&request()).await;
    let first = refreshed(&pool, tokens.text("refresh_token")).await;
    let second = refreshed(&pool, tokens.text("refresh_token")).await;
    assert_refused(pool.token(&refresh(first.text("refresh_token"))), "invalid_grant").await;
    let third = refreshed(&pool, second.text("refresh_token")).await;

    // Now of a token whose successor has been replaced in its turn.
    let fourth = refreshed(&pool, tokens.text("refresh_token")).await;
    assert_refused(pool.token(&refresh(third.text("refresh_token"))), "invalid_grant").await;
    pool.cognito.advance(60);
    assert_refused(pool.token(&refresh(tokens.text("refresh_token"))), "invalid_grant").await;
    refreshed(&pool, fourth.text("refresh_token")).await;

    let other = pool.tokens(&request()).await;
    refreshed(&pool, other.text("refresh_token")).await;
}

#[tokio::test]
async fn rotation_does_not_extend_the_session() {
    let pool = rotating(0).await;
    let tokens = pool.tokens(&request()).await;
    pool.cognito.advance(30 * DAY - 60);
    let next = refreshed(&pool, tokens.text("refresh_token")).await;
    pool.cognito.advance(60);
    assert_refused(pool.token(&refresh(next.text("refresh_token"))), "invalid_grant").await;
}

#[tokio::test]
async fn a_second_sign_in_does_not_disturb_the_first() {
    let pool = rotating(0).await;
    let first = pool.tokens(&request()).await;
    let second = assert_granted(pool.token(&redeem(&pool.code(&request()).await))).await;
    assert_ne!(first.access()["origin_jti"], second.access()["origin_jti"]);
    refreshed(&pool, second.text("refresh_token")).await;
    refreshed(&pool, first.text("refresh_token")).await;
}
