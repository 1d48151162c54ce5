//! Faults on order, each beside the good answer before or after it.

use std::time::{Duration, Instant};

use edgeward_cognito::{DEV_CLIENT_ID, Endpoint, Fault, FaultKind, Forgery, Rotation, Signature};
use reqwest::{Response, StatusCode};

use crate::support::{
    TestPool, Tokens, assert_granted, assert_refused, get, header, http, part, redeem, refresh, request,
};

async fn with_code(pool: &TestPool) -> crate::support::Parameters {
    redeem(&pool.code(&request()).await)
}

/// Orders a fault for one token request and gives its answer; the next request must get tokens.
async fn struck(kind: FaultKind) -> Response {
    let pool = TestPool::start().await;
    pool.cognito.set_fault(Fault::on(Endpoint::Token, kind).times(1));
    let form = with_code(&pool).await;
    let answer = pool.token(&form).send().await.unwrap();
    // The request was not acted on, so the code is still good.
    assert_granted(pool.token(&form)).await;
    answer
}

#[tokio::test]
async fn too_many_requests_with_and_without_retry_after() {
    let answer = struck(FaultKind::TooManyRequests { retry_after: Some(7) }).await;
    assert_eq!((answer.status(), header(&answer, "retry-after")), (StatusCode::TOO_MANY_REQUESTS, "7".to_owned()));
    let answer = struck(FaultKind::TooManyRequests { retry_after: None }).await;
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(!answer.headers().contains_key("retry-after"));
}

#[tokio::test]
async fn server_errors_a_firewall_and_a_page_instead_of_json() {
    let answer = struck(FaultKind::InternalServerError).await;
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let answer = struck(FaultKind::ServiceUnavailable).await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    let answer = struck(FaultKind::WafForbidden).await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    assert!(answer.text().await.unwrap().contains("<html"));
    for (kind, status, action) in [(FaultKind::WafChallenge, 202, "challenge"), (FaultKind::WafCaptcha, 405, "captcha")]
    {
        let answer = struck(kind).await;
        assert_eq!((answer.status().as_u16(), header(&answer, "x-amzn-waf-action")), (status, action.to_owned()));
    }
    let answer = struck(FaultKind::Unreachable { status: 530 }).await;
    assert_eq!((answer.status().as_u16(), header(&answer, "server")), (530, "cloudflare".to_owned()));
    let answer = struck(FaultKind::HtmlInsteadOfJson).await;
    assert_eq!((answer.status(), header(&answer, "content-type").contains("text/html")), (StatusCode::OK, true));
}

#[tokio::test]
async fn any_error_of_oauth_with_and_without_a_description() {
    for (code, description, body) in [
        ("unauthorized_client", None, r#"{"error":"unauthorized_client"}"#),
        ("invalid_request", Some("no"), r#"{"error":"invalid_request","error_description":"no"}"#),
        ("something_new", None, r#"{"error":"something_new"}"#),
    ] {
        let description = description.map(str::to_owned);
        let answer = struck(FaultKind::OAuthError { code: code.to_owned(), description }).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
        assert_eq!(answer.text().await.unwrap(), body);
    }
}

#[tokio::test]
async fn invalid_client_has_the_status_of_its_endpoint() {
    assert_eq!(struck(FaultKind::InvalidClient).await.status(), StatusCode::BAD_REQUEST);
    let pool = TestPool::start().await;
    pool.cognito.set_fault(Fault::on(Endpoint::Revoke, FaultKind::InvalidClient));
    let answer = http().post(pool.url("/oauth2/revoke")).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_late_answer_is_the_right_one() {
    let pool = TestPool::start().await;
    pool.cognito.set_fault(Fault::on(Endpoint::Token, FaultKind::Delay { milliseconds: 200 }));
    let form = with_code(&pool).await;
    let started = Instant::now();
    assert_granted(pool.token(&form)).await;
    assert!(started.elapsed() >= Duration::from_millis(200));
}

#[tokio::test]
async fn a_hanging_request_ends_with_the_pool() {
    let pool = TestPool::start().await;
    pool.cognito.set_fault(Fault::on(Endpoint::Token, FaultKind::Hang));
    let form = with_code(&pool).await;
    let patience = Duration::from_millis(200);
    assert!(tokio::time::timeout(patience, pool.token(&form).send()).await.is_err());
    let hanging = tokio::spawn(pool.token(&form).send());
    tokio::time::sleep(patience).await;
    pool.cognito.stop().await;
    let ended = tokio::time::timeout(Duration::from_secs(5), hanging).await;
    assert!(ended.is_ok(), "the request still hangs");
}

#[tokio::test]
async fn half_a_json_document_after_the_work_was_done() {
    let pool = TestPool::start().await;
    pool.cognito.set_fault(Fault::on(Endpoint::Token, FaultKind::TruncatedJson).times(1));
    let form = with_code(&pool).await;
    let answer = pool.token(&form).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(serde_json::from_slice::<serde_json::Value>(&answer.bytes().await.unwrap()).is_err());
    assert_refused(pool.token(&form), "invalid_grant").await;
}

#[tokio::test]
async fn a_lost_answer_leaves_the_refresh_token_replaced_and_the_grace_period_saves_it() {
    let pool = TestPool::start_with(|config| {
        config.app_clients[0].rotation = Some(Rotation { retry_grace_period_seconds: 30 });
    })
    .await;
    let tokens = pool.tokens(&request()).await;
    let form = refresh(tokens.text("refresh_token"));
    pool.cognito.set_fault(Fault::on(Endpoint::Token, FaultKind::ConnectionReset).times(1));
    let answer = pool.token(&form).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let error = answer.bytes().await.unwrap_err();
    let reset = std::iter::successors(std::error::Error::source(&error), |error| error.source())
        .any(|error| error.to_string().contains("reset"));
    assert!(reset, "{error:?}");
    assert_granted(pool.token(&form)).await;
    pool.cognito.advance(30);
    assert_refused(pool.token(&form), "invalid_grant").await;
}

#[tokio::test]
async fn a_skewed_clock_dates_tokens_wrongly_and_changes_nothing_else() {
    let pool = TestPool::start().await;
    for seconds in [600, -7200] {
        pool.cognito.set_fault(Fault::on(Endpoint::Token, FaultKind::ClockSkew { seconds }).times(1));
        let tokens: Tokens = pool.tokens(&request()).await;
        let issued_at = tokens.access()["iat"].as_i64().unwrap();
        assert!((issued_at - pool.cognito.now() - seconds).abs() < 30);
        assert_granted(pool.token(&refresh(tokens.text("refresh_token")))).await;
    }
}

#[tokio::test]
async fn a_forged_id_token_differs_from_the_right_one_as_ordered() {
    let pool = TestPool::start().await;
    let request = request().with("nonce", "of-this-request");
    let forgery = Forgery::new().claim("aud", "somebody-else").without("at_hash").signed(Signature::None);
    pool.cognito.set_fault(Fault::on(Endpoint::Token, FaultKind::ForgedIdToken(forgery)).times(1));
    let forged = pool.tokens(&request).await;
    assert_eq!(part(forged.text("id_token"), 0)["alg"], "none");
    assert_eq!((&forged.id()["aud"], &forged.id()["nonce"]), (&"somebody-else".into(), &"of-this-request".into()));
    assert!(!forged.id().contains_key("at_hash"));
    assert_eq!(part(forged.text("access_token"), 0)["alg"], "RS256");

    let right = pool.tokens(&request).await;
    assert_eq!((&part(right.text("id_token"), 0)["alg"], &right.id()["aud"]), (&"RS256".into(), &DEV_CLIENT_ID.into()));
    assert!(right.id().contains_key("at_hash"));
}

#[tokio::test]
async fn faults_last_until_cleared_and_strike_one_endpoint() {
    let pool = TestPool::start().await;
    let form = with_code(&pool).await;
    pool.cognito.set_fault(Fault::on(Endpoint::Token, FaultKind::ServiceUnavailable));
    for _ in 0..3 {
        assert_eq!(pool.token(&form).send().await.unwrap().status(), StatusCode::SERVICE_UNAVAILABLE);
    }
    let keys = get(pool.cognito.jwks_url()).await.unwrap();
    assert_eq!(keys.status(), StatusCode::OK);
    pool.cognito.clear_faults();
    assert_granted(pool.token(&form)).await;
}

#[tokio::test]
async fn any_endpoint_can_fail() {
    let pool = TestPool::start().await;
    let (domain, issuer) = (pool.cognito.domain_url(), pool.cognito.issuer_url());
    for (endpoint, url) in [
        (Endpoint::Discovery, format!("{issuer}/.well-known/openid-configuration")),
        (Endpoint::Jwks, pool.cognito.jwks_url()),
        (Endpoint::Authorize, format!("{domain}/oauth2/authorize")),
        (Endpoint::Login, format!("{domain}/login")),
        (Endpoint::ErrorPage, format!("{domain}/error")),
        (Endpoint::Logout, format!("{domain}/logout")),
        (Endpoint::UserInfo, format!("{domain}/oauth2/userInfo")),
        (Endpoint::Revoke, format!("{domain}/oauth2/revoke")),
    ] {
        pool.cognito.set_fault(Fault::on(endpoint, FaultKind::ServiceUnavailable).times(1));
        let first = pool.browser.get(&url).send().await.unwrap().status();
        let second = pool.browser.get(&url).send().await.unwrap().status();
        assert_eq!(first, StatusCode::SERVICE_UNAVAILABLE, "{url}");
        assert_ne!(second, StatusCode::SERVICE_UNAVAILABLE, "{url}");
    }
}

#[tokio::test]
async fn a_dropped_pool_closes_its_ports() {
    let pool = TestPool::start().await;
    let urls = [pool.cognito.domain_url().to_owned(), pool.cognito.issuer_url().to_owned()];
    for url in &urls {
        assert!(http().get(url).send().await.is_ok());
    }
    drop(pool);
    for url in &urls {
        let closed = async {
            while http().get(url).send().await.is_ok() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        assert!(tokio::time::timeout(Duration::from_secs(5), closed).await.is_ok(), "{url} still answers");
    }
}
