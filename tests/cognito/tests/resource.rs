//! `resource` (RFC 8707): what it binds, and the code that can never be redeemed.

use edgeward_cognito::{Answers, Mode};
use reqwest::Url;

use crate::support::{
    CALLBACK, MCP, OTHER, Parameters, TestPool, assert_granted, assert_refused, location, query, redeem, refresh,
    request,
};

async fn error(pool: &TestPool, parameters: &Parameters) -> (Option<String>, Option<String>) {
    let url = Url::parse(&location(&pool.authorize(parameters).await)).unwrap();
    assert!(url.as_str().starts_with(CALLBACK), "{url}");
    (query(&url, "error"), query(&url, "error_description"))
}

#[tokio::test]
async fn without_a_resource_the_access_token_has_no_audience() {
    let pool = TestPool::start().await;
    assert!(!pool.tokens(&request()).await.access().contains_key("aud"));
}

#[tokio::test]
async fn a_registered_resource_becomes_the_audience_of_access_tokens_only() {
    let pool = TestPool::start().await;
    let tokens = pool.tokens(&request().with("resource", MCP).with("scope", &format!("openid {MCP}/read"))).await;
    assert_eq!(tokens.access()["aud"], MCP);
    assert_eq!(tokens.id()["aud"], edgeward_cognito::DEV_CLIENT_ID);
}

#[tokio::test]
async fn refreshing_keeps_audience_and_scope() {
    let pool = TestPool::start().await;
    let scope = format!("openid {MCP}/read");
    let tokens = pool.tokens(&request().with("resource", MCP).with("scope", &scope)).await;
    let narrower = refresh(tokens.text("refresh_token")).with("scope", "openid").with("resource", OTHER);
    let refreshed = assert_granted(pool.token(&narrower)).await;
    assert_eq!((&refreshed.access()["aud"], &refreshed.access()["scope"]), (&MCP.into(), &scope.into()));
}

#[tokio::test]
async fn an_unregistered_resource_gives_a_code_that_is_refused_later() {
    let pool = TestPool::start().await;
    for resource in ["https://mcp.example.com/mcp/", "https://mcp.example.com", "http://localhost:8787/mcp"] {
        let code = pool.code(&request().with("resource", resource)).await;
        assert_refused(pool.token(&redeem(&code)), "invalid_grant").await;
        let code = pool.code(&request().with("resource", resource)).await;
        assert_refused(pool.token(&redeem(&code).with("resource", resource)), "invalid_grant").await;
    }
    let code = pool.code(&request().with("resource", MCP)).await;
    assert_granted(pool.token(&redeem(&code).with("resource", "https://ignored.example"))).await;
}

#[tokio::test]
async fn as_documented_any_url_becomes_the_audience() {
    let pool = TestPool::start().await;
    pool.cognito.set_mode(Mode { answers: Answers::Documented, ..Mode::default() });
    let tokens = pool.tokens(&request().with("resource", "https://any.example/path")).await;
    assert_eq!(tokens.access()["aud"], "https://any.example/path");
}

#[tokio::test]
async fn custom_scopes_must_belong_to_the_resource() {
    let pool = TestPool::start().await;
    let mixed = request().with("resource", MCP).with("scope", &format!("openid {MCP}/read {OTHER}/read"));
    let (code, description) = error(&pool, &mixed).await;
    assert_eq!(code.as_deref(), Some("invalid_request"));
    assert!(description.unwrap().contains("must be assigned to the requested resource"));
    let own = mixed.with("scope", &format!("openid {MCP}/read {MCP}/write"));
    assert!(location(&pool.authorize(&own).await).starts_with(&pool.url("/login?")));
}

#[tokio::test]
async fn a_resource_must_have_an_allowed_form_and_come_alone() {
    let pool = TestPool::start().await;
    let invalid_request = (Some("invalid_request".to_owned()), None);
    for resource in ["http://mcp.example.com/mcp", "mcp", "mailto:mcp@example.com"] {
        assert_eq!(error(&pool, &request().with("resource", resource)).await, invalid_request, "{resource}");
    }
    let two = request().with("resource", MCP).and("resource", OTHER);
    assert_eq!(error(&pool, &two).await, invalid_request);
    for resource in [MCP, "http://localhost:1/x", "my-app://mcp"] {
        let answer = pool.authorize(&request().with("resource", resource)).await;
        assert!(location(&answer).starts_with(&pool.url("/login?")), "{resource}");
    }
}

#[tokio::test]
async fn a_scope_whose_resource_server_is_gone_is_left_out_in_silence() {
    let pool = TestPool::start_with(|config| config.resource_servers.retain(|server| server.identifier != OTHER)).await;
    let tokens = pool.tokens(&request().with("scope", &format!("openid {OTHER}/read {MCP}/read"))).await;
    assert_eq!(tokens.access()["scope"], format!("openid {MCP}/read"));
}

#[tokio::test]
async fn left_out_scopes_are_all_the_client_has() {
    let pool = TestPool::start().await;
    let tokens = pool.tokens(&request().without("scope")).await;
    let scope = format!("openid email profile {MCP}/read {MCP}/write {OTHER}/read");
    assert_eq!(tokens.access()["scope"], scope);
}
