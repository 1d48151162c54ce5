//! Signing out.

use edgeward_cognito::DEV_CLIENT_ID;
use reqwest::Url;

use crate::support::{CALLBACK, TestPool, header, location, query, request};

const LOGOUT_URL: &str = "http://localhost:8787/signed-out";

async fn log_out(pool: &TestPool, query: &[(&str, &str)]) -> reqwest::Response {
    pool.browser.get(pool.url("/logout")).query(query).send().await.unwrap()
}

async fn assert_signed_in(pool: &TestPool) {
    assert!(location(&pool.authorize(&request()).await).starts_with(CALLBACK));
}

async fn assert_signed_out(pool: &TestPool) {
    assert!(location(&pool.authorize(&request()).await).starts_with(&pool.url("/login?")));
}

#[tokio::test]
async fn a_registered_logout_uri_ends_the_session_and_is_where_the_browser_goes() {
    let pool = TestPool::start().await;
    pool.code(&request()).await;
    assert_signed_in(&pool).await;
    let answer = log_out(&pool, &[("client_id", DEV_CLIENT_ID), ("logout_uri", LOGOUT_URL)]).await;
    assert_eq!(location(&answer), LOGOUT_URL);
    let cookie = header(&answer, "set-cookie");
    assert!(cookie.starts_with("cognito=;") && cookie.contains("Max-Age=0"), "{cookie}");
    assert_signed_out(&pool).await;
}

#[tokio::test]
async fn the_session_is_gone_also_for_a_browser_that_kept_the_cookie() {
    let pool = TestPool::start().await;
    let answer = pool.log_in(&location(&pool.authorize(&request()).await)).await;
    let cookie = header(&answer, "set-cookie").split(';').next().unwrap().to_owned();
    let url = pool.authorize(&request()).await.url().clone();
    let keeper = reqwest::Client::builder()
        .user_agent("Mozilla/5.0")
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let ask = || keeper.get(url.clone()).header("cookie", &cookie).send();
    assert!(location(&ask().await.unwrap()).starts_with(CALLBACK));
    log_out(&pool, &[("client_id", DEV_CLIENT_ID), ("logout_uri", LOGOUT_URL)]).await;
    assert!(location(&ask().await.unwrap()).starts_with(&pool.url("/login?")));
}

#[tokio::test]
async fn a_logout_uri_that_does_not_match_is_a_complaint_about_redirect_uri() {
    let pool = TestPool::start().await;
    pool.code(&request()).await;
    for other in ["http://localhost:8787", "https://evil.example/"] {
        let answer = log_out(&pool, &[("client_id", DEV_CLIENT_ID), ("logout_uri", other)]).await;
        let url = Url::parse(&location(&answer)).unwrap();
        assert!(url.as_str().starts_with(&pool.url("/error?")));
        let error = query(&url, "error").unwrap();
        assert_eq!(error, "Required String parameter 'redirect_uri' is not present");
    }
    assert_signed_in(&pool).await;
}

#[tokio::test]
async fn client_id_is_required_and_openid_connects_own_parameters_are_ignored() {
    let pool = TestPool::start().await;
    let answer = log_out(&pool, &[("logout_uri", LOGOUT_URL), ("id_token_hint", "x")]).await;
    let url = Url::parse(&location(&answer)).unwrap();
    assert_eq!(query(&url, "error").unwrap(), "Required String parameter 'client_id' is not present");
    let answer = log_out(&pool, &[("client_id", DEV_CLIENT_ID), ("post_logout_redirect_uri", LOGOUT_URL)]).await;
    assert!(location(&answer).starts_with(&pool.url("/error?")));
}

#[tokio::test]
async fn with_a_redirect_uri_the_browser_goes_on_to_the_login_page() {
    let pool = TestPool::start().await;
    pool.code(&request()).await;
    let parameters = [
        ("client_id", DEV_CLIENT_ID),
        ("redirect_uri", CALLBACK),
        ("response_type", "code"),
        ("state", "again"),
        ("x", "y"),
    ];
    let login = location(&log_out(&pool, &parameters).await);
    assert!(login.starts_with(&pool.url("/login?")) && login.contains("state=again") && !login.contains("x=y"));
    let callback = location(&pool.log_in(&login).await).parse().unwrap();
    assert_eq!(query(&callback, "state").as_deref(), Some("again"));

    let mismatch = [("client_id", DEV_CLIENT_ID), ("redirect_uri", "https://evil.example/"), ("response_type", "code")];
    assert!(location(&log_out(&pool, &mismatch).await).contains("error=redirect_mismatch"));
}
