//! The userInfo endpoint.

use edgeward_cognito::{Forgery, Signature};
use reqwest::{Response, StatusCode};
use serde_json::json;

use crate::support::{MCP, TestPool, header, http, ok_json, request};

async fn ask(pool: &TestPool, token: &str) -> Response {
    http().get(pool.url("/oauth2/userInfo")).bearer_auth(token).send().await.unwrap()
}

async fn assert_refused(answer: Response, status: StatusCode, challenge: &str) {
    assert_eq!(answer.status(), status);
    let given = header(&answer, "www-authenticate");
    assert!(given.starts_with(challenge), "{given}");
}

#[tokio::test]
async fn attributes_are_strings_and_follow_the_scope() {
    let pool = TestPool::start().await;
    let sub = pool.cognito.config().users[0].sub.clone();
    let email = json!({
        "sub": sub, "username": "demo", "email": "demo@example.com", "email_verified": "true",
    });
    let tokens = pool.tokens(&request()).await;
    assert_eq!(ok_json(ask(&pool, tokens.text("access_token")).await).await, email);
    let tokens = pool.tokens(&request().with("scope", "openid")).await;
    let all = ok_json(ask(&pool, tokens.text("access_token")).await).await;
    assert_eq!((&all["name"], &all["email_verified"]), (&json!("Demo User"), &json!("true")));
}

#[tokio::test]
async fn a_request_without_a_token_is_a_400_and_the_challenge_has_no_scheme() {
    let pool = TestPool::start().await;
    let challenge = r#"error="invalid_request", error_description="Bad OAuth2 request at UserInfo Endpoint""#;
    let url = pool.url("/oauth2/userInfo");
    assert_refused(http().get(&url).send().await.unwrap(), StatusCode::BAD_REQUEST, challenge).await;
    let basic = http().get(&url).basic_auth("a", Some("b")).send().await.unwrap();
    assert_refused(basic, StatusCode::BAD_REQUEST, challenge).await;
}

#[tokio::test]
async fn tokens_that_are_not_good_access_tokens_are_refused() {
    let pool = TestPool::start().await;
    let mint = |forgery: Forgery| pool.cognito.mint_access_token(&forgery).unwrap();
    let bad = [
        "garbage".to_owned(),
        pool.cognito.mint_id_token(&Forgery::new()).unwrap(),
        mint(Forgery::new().claim("exp", 1)),
        mint(Forgery::new().claim("iss", "https://evil.example")),
        mint(Forgery::new().signed(Signature::ForeignKey)),
        mint(Forgery::new().signed(Signature::UnknownKey)),
        mint(Forgery::new().signed(Signature::None)),
        mint(Forgery::new().signed(Signature::HmacWithPublicKey)),
        mint(Forgery::new().signed(Signature::Damaged)),
    ];
    for token in bad {
        assert_refused(ask(&pool, &token).await, StatusCode::UNAUTHORIZED, r#"error="invalid_token""#).await;
    }
    assert_eq!(ask(&pool, &mint(Forgery::new())).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_token_expires_when_the_pools_time_says_so() {
    let pool = TestPool::start().await;
    let tokens = pool.tokens(&request()).await;
    assert_eq!(ask(&pool, tokens.text("access_token")).await.status(), StatusCode::OK);
    pool.cognito.advance(3600);
    assert_eq!(ask(&pool, tokens.text("access_token")).await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn openid_is_needed() {
    let pool = TestPool::start().await;
    let tokens = pool.tokens(&request().with("scope", &format!("{MCP}/read"))).await;
    let challenge = r#"error="invalid_token", error_description="Access token does not contain openid scope""#;
    assert_refused(ask(&pool, tokens.text("access_token")).await, StatusCode::UNAUTHORIZED, challenge).await;
}
