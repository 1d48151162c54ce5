//! Revocation: what dies, what does not, and its statuses.

use edgeward_cognito::{DEV_CLIENT_ID, DEV_CLIENT_SECRET, Mode, Replay, Revocation, Rotation};
use reqwest::{RequestBuilder, StatusCode};

use crate::support::{
    PUBLIC_CLIENT, Parameters, TestPool, Tokens, assert_granted, assert_refused, header, http, refresh, request,
};

fn revoke(pool: &TestPool, form: &[(&str, &str)]) -> RequestBuilder {
    http().post(pool.url("/oauth2/revoke")).form(form)
}

fn own(pool: &TestPool, token: &str) -> RequestBuilder {
    revoke(pool, &[("token", token)]).basic_auth(DEV_CLIENT_ID, Some(DEV_CLIENT_SECRET))
}

async fn assert_answer(request: RequestBuilder, status: StatusCode, body: &str) {
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), status);
    assert_eq!(header(&answer, "access-control-allow-origin"), "*");
    assert_eq!(answer.text().await.unwrap(), body);
}

async fn userinfo(pool: &TestPool, token: &str) -> StatusCode {
    http().get(pool.url("/oauth2/userInfo")).bearer_auth(token).send().await.unwrap().status()
}

#[tokio::test]
async fn revoking_kills_the_refresh_token_and_its_access_tokens_but_no_other_session() {
    let pool = TestPool::start().await;
    let tokens = pool.tokens(&request()).await;
    let other = pool.tokens(&request()).await;
    assert_eq!(userinfo(&pool, tokens.text("access_token")).await, StatusCode::OK);
    assert_answer(own(&pool, tokens.text("refresh_token")), StatusCode::OK, "").await;
    assert_refused(pool.token(&refresh(tokens.text("refresh_token"))), "invalid_grant").await;
    assert_eq!(userinfo(&pool, tokens.text("access_token")).await, StatusCode::UNAUTHORIZED);
    assert_granted(pool.token(&refresh(other.text("refresh_token")))).await;
    assert_eq!(userinfo(&pool, other.text("access_token")).await, StatusCode::OK);
}

#[tokio::test]
async fn revoking_twice_or_nonsense_is_fine() {
    let pool = TestPool::start().await;
    let tokens = pool.tokens(&request()).await;
    assert_answer(own(&pool, tokens.text("refresh_token")), StatusCode::OK, "").await;
    assert_answer(own(&pool, tokens.text("refresh_token")), StatusCode::OK, "").await;
    assert_answer(own(&pool, "garbage"), StatusCode::OK, "").await;
}

async fn rotating(grace: u64, mode: Mode) -> TestPool {
    let pool = TestPool::start_with(|config| {
        config.app_clients[0].rotation = Some(Rotation { retry_grace_period_seconds: grace });
    })
    .await;
    pool.cognito.set_mode(mode);
    pool
}

/// The original refresh token of a family and its two successors.
async fn family(pool: &TestPool) -> [Tokens; 3] {
    let original = pool.tokens(&request()).await;
    let middle = assert_granted(pool.token(&refresh(original.text("refresh_token")))).await;
    let newest = assert_granted(pool.token(&refresh(middle.text("refresh_token")))).await;
    [original, middle, newest]
}

#[tokio::test]
async fn the_original_and_the_newest_token_end_their_family() {
    let pool = rotating(0, Mode::default()).await;
    for index in [0, 2] {
        let family = family(&pool).await;
        assert_answer(own(&pool, family[index].text("refresh_token")), StatusCode::OK, "").await;
        assert_refused(pool.token(&refresh(family[2].text("refresh_token"))), "invalid_grant").await;
        for tokens in &family {
            assert_eq!(userinfo(&pool, tokens.text("access_token")).await, StatusCode::UNAUTHORIZED);
        }
    }
}

#[tokio::test]
async fn a_replaced_token_in_between_ends_nothing_and_the_call_succeeds() {
    let pool = rotating(60, Mode::default()).await;
    let [_, middle, newest] = family(&pool).await;
    assert_answer(own(&pool, middle.text("refresh_token")), StatusCode::OK, "").await;
    assert_eq!(userinfo(&pool, newest.text("access_token")).await, StatusCode::OK);
    assert_granted(pool.token(&refresh(newest.text("refresh_token")))).await;
}

#[tokio::test]
async fn revocation_of_the_whole_family_takes_any_token_of_it() {
    let pool = rotating(0, Mode { revocation: Revocation::WholeFamily, ..Mode::default() }).await;
    let [_, middle, newest] = family(&pool).await;
    assert_answer(own(&pool, middle.text("refresh_token")), StatusCode::OK, "").await;
    assert_refused(pool.token(&refresh(newest.text("refresh_token"))), "invalid_grant").await;
}

#[tokio::test]
async fn of_a_fork_the_last_one_issued_is_the_newest() {
    for replay in [Replay::Supersedes, Replay::Forks] {
        let pool = rotating(60, Mode { replay, ..Mode::default() }).await;
        let [_, middle, first] = family(&pool).await;
        let second = assert_granted(pool.token(&refresh(middle.text("refresh_token")))).await;
        assert_answer(own(&pool, first.text("refresh_token")), StatusCode::OK, "").await;
        assert_refused(pool.token(&refresh(first.text("refresh_token"))), "invalid_grant").await;
        assert_eq!(userinfo(&pool, second.text("access_token")).await, StatusCode::OK);
        assert_answer(own(&pool, second.text("refresh_token")), StatusCode::OK, "").await;
        assert_refused(pool.token(&refresh(second.text("refresh_token"))), "invalid_grant").await;
        assert_eq!(userinfo(&pool, first.text("access_token")).await, StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn only_refresh_tokens_can_be_revoked() {
    let pool = TestPool::start().await;
    let tokens = pool.tokens(&request()).await;
    for name in ["access_token", "id_token"] {
        let refused = r#"{"error":"unsupported_token_type"}"#;
        assert_answer(own(&pool, tokens.text(name)), StatusCode::BAD_REQUEST, refused).await;
    }
    assert_answer(own(&pool, tokens.text("refresh_token")), StatusCode::OK, "").await;
}

#[tokio::test]
async fn a_stranger_gets_401_here_and_leaves_the_token_alone() {
    let pool = TestPool::start().await;
    let tokens = pool.tokens(&request()).await;
    let token = tokens.text("refresh_token");
    let invalid_client = r#"{"error":"invalid_client"}"#;
    for stranger in [
        revoke(&pool, &[("token", token)]).basic_auth(DEV_CLIENT_ID, Some("wrong")),
        revoke(&pool, &[("token", token), ("client_id", DEV_CLIENT_ID)]),
        revoke(&pool, &[("token", token), ("client_id", "nobody")]),
    ] {
        assert_answer(stranger, StatusCode::UNAUTHORIZED, invalid_client).await;
    }
    let invalid_request = r#"{"error":"invalid_request"}"#;
    let another_client = revoke(&pool, &[("token", token), ("client_id", PUBLIC_CLIENT)]);
    assert_answer(another_client, StatusCode::BAD_REQUEST, invalid_request).await;
    assert_granted(pool.token(&refresh(token))).await;
}

#[tokio::test]
async fn a_public_client_revokes_with_its_id_alone() {
    let pool = TestPool::start().await;
    let code = pool.code(&request().with("client_id", PUBLIC_CLIENT)).await;
    let form = crate::support::redeem(&code).with("client_id", PUBLIC_CLIENT).without("client_secret");
    let tokens = assert_granted(pool.token(&form)).await;
    let form = [("token", tokens.text("refresh_token")), ("client_id", PUBLIC_CLIENT)];
    assert_answer(revoke(&pool, &form), StatusCode::OK, "").await;
}

#[tokio::test]
async fn a_missing_token_or_a_client_without_revocation_is_an_invalid_request() {
    let pool = TestPool::start().await;
    let invalid_request = r#"{"error":"invalid_request"}"#;
    let nothing = revoke(&pool, &[]).basic_auth(DEV_CLIENT_ID, Some(DEV_CLIENT_SECRET));
    assert_answer(nothing, StatusCode::BAD_REQUEST, invalid_request).await;
    let pool = TestPool::start_with(|config| config.app_clients[0].token_revocation = false).await;
    let token = pool.tokens(&request()).await;
    assert_answer(own(&pool, token.text("refresh_token")), StatusCode::BAD_REQUEST, invalid_request).await;
    let form: Parameters = refresh(token.text("refresh_token"));
    assert_granted(pool.token(&form)).await;
}
