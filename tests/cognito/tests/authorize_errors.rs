//! Who sees which error at the authorization endpoint, and in which order the checks come.

use edgeward_cognito::{Answers, DEV_CLIENT_ID, Flow, LoginPages, Mode};
use reqwest::{StatusCode, Url};

use crate::support::{CALLBACK, MACHINE_CLIENT, Parameters, TestPool, location, query, request};

/// The request ends on the domain's error page.
async fn assert_error_page(pool: &TestPool, parameters: &Parameters, error: &str, client_id: Option<&str>) {
    let url = Url::parse(&location(&pool.authorize(parameters).await)).unwrap();
    assert!(url.as_str().starts_with(&pool.url("/error?")), "{url}");
    assert_eq!(query(&url, "error").as_deref(), Some(error));
    assert_eq!(query(&url, "client_id").as_deref(), client_id);
    let page = pool.browser.get(url).send().await.unwrap();
    assert_eq!(page.status(), StatusCode::BAD_REQUEST);
    assert!(page.text().await.unwrap().contains("An error was encountered with the requested page."));
}

/// The request goes back to the client with an error and the state.
async fn assert_sent_back(pool: &TestPool, parameters: &Parameters, error: &str, description: Option<&str>) {
    let url = Url::parse(&location(&pool.authorize(parameters).await)).unwrap();
    assert!(url.as_str().starts_with(&format!("{CALLBACK}?")), "{url}");
    assert_eq!(query(&url, "error").as_deref(), Some(error));
    assert_eq!(query(&url, "error_description").as_deref(), description);
    assert_eq!(query(&url, "state").as_deref(), Some("a-state_1"));
    assert_eq!(query(&url, "code"), None);
}

async fn assert_shows_login(pool: &TestPool, parameters: &Parameters) {
    let location = location(&pool.authorize(parameters).await);
    assert!(location.starts_with(&pool.url("/login?")), "{location}");
}

#[tokio::test]
async fn a_good_request_without_a_session_goes_to_the_login_page_with_the_same_query() {
    let pool = TestPool::start().await;
    let answer = pool.authorize(&request()).await;
    let asked = answer.url().query().unwrap().to_owned();
    assert_eq!(location(&answer), format!("{}/login?{asked}", pool.cognito.domain_url()));
}

#[tokio::test]
async fn unknown_parameters_are_tolerated() {
    let pool = TestPool::start().await;
    assert_shows_login(&pool, &request().with("audience", "x").with("access_type", "offline")).await;
}

#[tokio::test]
async fn an_unknown_client_ends_on_the_error_page() {
    let pool = TestPool::start().await;
    assert_error_page(&pool, &request().with("client_id", "nobody"), "invalid_request", Some("nobody")).await;
    assert_error_page(&pool, &request().without("client_id"), "invalid_request", None).await;
    assert_shows_login(&pool, &request()).await;
}

#[tokio::test]
async fn a_redirect_uri_must_match_to_the_character() {
    let pool = TestPool::start().await;
    for close in [
        "http://localhost:8787/callback/",
        "http://localhost:8787/Callback",
        "http://localhost:8788/callback",
        "http://127.0.0.1:8787/callback",
        "https://localhost:8787/callback",
        "http://localhost:8787/callback?x=1",
        "http://localhost:8787/callback#x",
        "http://LOCALHOST:8787/callback",
    ] {
        let parameters = request().with("redirect_uri", close);
        assert_error_page(&pool, &parameters, "redirect_mismatch", Some(DEV_CLIENT_ID)).await;
    }
    assert_shows_login(&pool, &request()).await;
}

#[tokio::test]
async fn a_left_out_redirect_uri_is_the_only_callback_or_a_mismatch() {
    let pool = TestPool::start().await;
    assert_shows_login(&pool, &request().without("redirect_uri")).await;
    let pool = TestPool::start_with(|config| {
        config.app_clients[0].callback_urls.push("https://example.com/callback".to_owned());
    })
    .await;
    let parameters = request().without("redirect_uri");
    assert_error_page(&pool, &parameters, "redirect_mismatch", Some(DEV_CLIENT_ID)).await;
}

#[tokio::test]
async fn a_machine_client_is_a_redirect_mismatch_not_an_unauthorized_client() {
    let pool = TestPool::start().await;
    let parameters = request().with("client_id", MACHINE_CLIENT);
    assert_error_page(&pool, &parameters, "redirect_mismatch", Some(MACHINE_CLIENT)).await;
}

#[tokio::test]
async fn a_client_without_oauth_is_told_so_on_the_error_page() {
    let pool = TestPool::start_with(|config| config.app_clients[0].oauth_enabled = false).await;
    let error = "Client is not enabled for OAuth2.0 flows.";
    assert_error_page(&pool, &request(), error, Some(DEV_CLIENT_ID)).await;
}

#[tokio::test]
async fn response_type_is_required_and_must_be_allowed() {
    let pool = TestPool::start().await;
    assert_sent_back(&pool, &request().without("response_type"), "invalid_request", None).await;
    assert_sent_back(&pool, &request().with("response_type", "token"), "unauthorized_client", None).await;
    let pool = TestPool::start_with(|config| config.app_clients[0].flows.push(Flow::Implicit)).await;
    assert_shows_login(&pool, &request().with("response_type", "token")).await;
}

#[tokio::test]
async fn pkce_is_optional_but_never_plain() {
    let pool = TestPool::start().await;
    let without_method = request().without("code_challenge_method");
    assert_sent_back(&pool, &without_method, "invalid_request", None).await;
    assert_sent_back(&pool, &request().with("code_challenge_method", "plain"), "invalid_request", None).await;
    assert_sent_back(&pool, &request().with("code_challenge_method", "s256"), "invalid_request", None).await;
    assert_shows_login(&pool, &without_method.without("code_challenge")).await;
}

#[tokio::test]
async fn one_scope_too_many_fails_the_request_as_observed() {
    let pool = TestPool::start().await;
    for scope in ["openid offline_access", "openid phone", "openid,email", "email", "openid https://nobody.test/read"] {
        let parameters = request().with("scope", scope);
        assert_sent_back(&pool, &parameters, "invalid_request", Some("invalid_scope")).await;
    }
    assert_shows_login(&pool, &request().with("scope", "openid email profile")).await;
}

#[tokio::test]
async fn one_scope_too_many_is_an_invalid_scope_as_documented() {
    let pool = TestPool::start().await;
    pool.cognito.set_mode(Mode { answers: Answers::Documented, ..Mode::default() });
    assert_sent_back(&pool, &request().with("scope", "openid offline_access"), "invalid_scope", None).await;
    assert_shows_login(&pool, &request()).await;
}

#[tokio::test]
async fn checks_come_in_the_observed_order() {
    let pool = TestPool::start().await;
    pool.cognito.set_mode(Mode { login: LoginPages::Managed, ..Mode::default() });
    // Wrong in every way there is; each step repairs what the one before was refused for.
    let request = request()
        .with("client_id", "nobody")
        .with("redirect_uri", "https://evil.example/")
        .without("response_type")
        .with("code_challenge_method", "plain")
        .with("scope", "offline_access")
        .with("resource", "not a url")
        .with("prompt", "none");
    assert_error_page(&pool, &request, "invalid_request", Some("nobody")).await;
    let request = request.with("client_id", DEV_CLIENT_ID);
    assert_error_page(&pool, &request, "redirect_mismatch", Some(DEV_CLIENT_ID)).await;
    let request = request.with("redirect_uri", CALLBACK).with("response_type", "token");
    assert_sent_back(&pool, &request, "unauthorized_client", None).await;
    let request = request.with("response_type", "code");
    assert_sent_back(&pool, &request, "invalid_request", None).await;
    let request = request.with("code_challenge_method", "S256");
    assert_sent_back(&pool, &request, "invalid_request", Some("invalid_scope")).await;
    let request = request.with("scope", "openid");
    assert_sent_back(&pool, &request, "invalid_request", None).await;
    let request = request.without("resource");
    assert_sent_back(&pool, &request, "login_required", None).await;
    assert_shows_login(&pool, &request.without("prompt")).await;
}

#[tokio::test]
async fn an_identity_provider_that_the_pool_does_not_have_is_refused() {
    let pool = TestPool::start().await;
    assert_sent_back(&pool, &request().with("identity_provider", "Google"), "invalid_request", None).await;
    assert_shows_login(&pool, &request().with("identity_provider", "COGNITO")).await;
}

#[tokio::test]
async fn managed_login_has_no_page_for_a_client_without_branding() {
    let pool = TestPool::start_with(|config| config.app_clients[0].branded = false).await;
    assert_shows_login(&pool, &request()).await;
    pool.cognito.set_mode(Mode { login: LoginPages::Managed, ..Mode::default() });
    let answer = pool.authorize(&request()).await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    let page = answer.text().await.unwrap();
    assert!(page.contains("Login pages unavailable. Please contact an administrator."));
}

#[tokio::test]
async fn authorize_answers_get_only() {
    let pool = TestPool::start().await;
    let answer = pool.browser.post(pool.url("/oauth2/authorize")).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
}
