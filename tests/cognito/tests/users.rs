//! Users of a running pool: changed, disabled, deleted.

use edgeward_cognito::{DEV_PASSWORD, DEV_USERNAME};
use reqwest::StatusCode;

use crate::support::{LoginForm, TestPool, assert_granted, assert_refused, http, location, redeem, refresh, request};

async fn userinfo(pool: &TestPool, token: &str) -> StatusCode {
    http().get(pool.url("/oauth2/userInfo")).bearer_auth(token).send().await.unwrap().status()
}

/// What the login page says to the demo user.
async fn refusal(pool: &TestPool) -> String {
    let login = location(&pool.authorize(&request()).await);
    assert!(login.starts_with(&pool.url("/login?")), "{login}");
    let form = LoginForm::fetch(&pool.browser, &login).await;
    let answer = form.submit(&pool.browser, DEV_USERNAME, DEV_PASSWORD).await;
    assert_eq!(answer.status(), StatusCode::OK);
    answer.text().await.unwrap()
}

#[tokio::test]
async fn changes_show_in_the_next_tokens_and_at_userinfo() {
    let pool = TestPool::start().await;
    let tokens = pool.tokens(&request()).await;
    assert!(pool.cognito.update_user(DEV_USERNAME, |user| {
        user.email = Some("new@example.com".to_owned());
        user.email_verified = false;
        user.username = "renamed".to_owned();
    }));
    let later = assert_granted(pool.token(&refresh(tokens.text("refresh_token")))).await;
    assert_eq!(later.id()["email"], "new@example.com");
    assert_eq!(later.id()["email_verified"], false);
    assert_eq!(later.id()["cognito:username"], DEV_USERNAME);
    assert!(!pool.cognito.update_user("nobody", |_| {}));
}

#[tokio::test]
async fn a_disabled_user_cannot_sign_in_refresh_or_redeem_and_stays_signed_out() {
    let pool = TestPool::start().await;
    let tokens = pool.tokens(&request()).await;
    let code = pool.code(&request()).await;
    assert!(pool.cognito.update_user(DEV_USERNAME, |user| user.enabled = false));
    assert!(refusal(&pool).await.contains("User is disabled."));
    assert_refused(pool.token(&refresh(tokens.text("refresh_token"))), "invalid_grant").await;
    assert_refused(pool.token(&redeem(&code)), "invalid_grant").await;
    assert_eq!(userinfo(&pool, tokens.text("access_token")).await, StatusCode::UNAUTHORIZED);
    assert!(pool.cognito.update_user(DEV_USERNAME, |user| user.enabled = true));
    assert_refused(pool.token(&refresh(tokens.text("refresh_token"))), "invalid_grant").await;
    assert_eq!(userinfo(&pool, tokens.text("access_token")).await, StatusCode::UNAUTHORIZED);
    pool.tokens(&request()).await;
}

#[tokio::test]
async fn a_user_who_is_signed_out_globally_can_still_sign_in_with_the_session_of_the_login_pages() {
    let pool = TestPool::start().await;
    let tokens = pool.tokens(&request()).await;
    pool.cognito.sign_out_globally(DEV_USERNAME);
    assert_refused(pool.token(&refresh(tokens.text("refresh_token"))), "invalid_grant").await;
    assert_eq!(userinfo(&pool, tokens.text("access_token")).await, StatusCode::UNAUTHORIZED);
    let silent = location(&pool.authorize(&request()).await);
    assert!(silent.contains("code="), "{silent}");
}

#[tokio::test]
async fn an_app_client_is_known_by_the_secrets_that_it_has_now() {
    let pool = TestPool::start().await;
    let tokens = pool.tokens(&request()).await;
    let client = pool.cognito.config().app_clients[0].clone();
    pool.cognito.set_client_secrets(&client.id, vec!["another0secret0of0this0app0client".to_owned()]);
    assert_refused(pool.token(&refresh(tokens.text("refresh_token"))), "invalid_client").await;
    pool.cognito.set_client_secrets(&client.id, client.secrets);
    assert_granted(pool.token(&refresh(tokens.text("refresh_token")))).await;
}

#[tokio::test]
async fn a_deleted_user_is_as_unknown_as_any() {
    let pool = TestPool::start().await;
    let tokens = pool.tokens(&request()).await;
    assert!(pool.cognito.delete_user(DEV_USERNAME));
    assert!(refusal(&pool).await.contains("Incorrect username or password."));
    assert_refused(pool.token(&refresh(tokens.text("refresh_token"))), "invalid_grant").await;
    assert_eq!(userinfo(&pool, tokens.text("access_token")).await, StatusCode::UNAUTHORIZED);
    assert!(!pool.cognito.delete_user(DEV_USERNAME));
}

#[tokio::test]
async fn an_unconfirmed_user_is_told_so() {
    let pool = TestPool::start().await;
    assert!(pool.cognito.update_user(DEV_USERNAME, |user| user.confirmed = false));
    assert!(refusal(&pool).await.contains("User is not confirmed."));
}

#[tokio::test]
async fn usernames_are_compared_without_case_unless_the_pool_says_otherwise() {
    for (case_sensitive, status) in [(false, StatusCode::FOUND), (true, StatusCode::OK)] {
        let pool = TestPool::start_with(|config| config.case_sensitive_usernames = case_sensitive).await;
        let form = LoginForm::fetch(&pool.browser, &location(&pool.authorize(&request()).await)).await;
        assert_eq!(form.submit(&pool.browser, "DEMO", DEV_PASSWORD).await.status(), status);
    }
}
