//! What stands in front of the pool.

use edgeward_cognito::{Firewall, Mode};
use reqwest::{Client, StatusCode};

use crate::support::{TestPool, header, http, redeem, refresh, request};

/// Both listeners, endpoints of browsers and of machines.
fn urls(pool: &TestPool) -> Vec<String> {
    let discovery = format!("{}/.well-known/openid-configuration", pool.cognito.issuer_url());
    let paths = ["/oauth2/authorize", "/login", "/logout", "/oauth2/userInfo", "/oauth2/token", "/oauth2/revoke"];
    [vec![pool.cognito.jwks_url(), discovery], paths.map(|path| pool.url(path)).to_vec()].concat()
}

#[tokio::test]
async fn a_request_without_user_agent_gets_a_403_at_every_endpoint_and_is_not_acted_on() {
    let pool = TestPool::start().await;
    for url in urls(&pool) {
        for request in [Client::new().get(&url), Client::new().post(&url).header("user-agent", "")] {
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{url}");
            assert!(header(&answer, "content-type").starts_with("text/html"), "{url}");
        }
        assert_ne!(http().get(&url).send().await.unwrap().status(), StatusCode::FORBIDDEN, "{url}");
    }
    let form = redeem(&pool.code(&request()).await);
    let (named, unnamed) = (pool.token(&form), pool.token(&form).header("user-agent", ""));
    assert_eq!(unnamed.send().await.unwrap().status(), StatusCode::FORBIDDEN);
    assert_eq!(named.send().await.unwrap().status(), StatusCode::OK, "the code is as good as before");
}

#[tokio::test]
async fn a_pool_without_firewall_answers_everyone() {
    let pool = TestPool::start_with(|config| config.mode.firewall = Firewall::Off).await;
    let tokens = pool.tokens(&request()).await;
    let unnamed = || pool.token(&refresh(tokens.text("refresh_token"))).header("user-agent", "");
    assert_eq!(unnamed().send().await.unwrap().status(), StatusCode::OK);
    pool.cognito.set_mode(Mode::default());
    assert_eq!(unnamed().send().await.unwrap().status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn requests_are_recorded_with_their_user_agent() {
    let pool = TestPool::start().await;
    http().get(pool.cognito.jwks_url()).send().await.unwrap();
    Client::new().get(pool.cognito.jwks_url()).send().await.unwrap();
    let named: Vec<_> = pool.cognito.requests().into_iter().map(|request| request.user_agent).collect();
    assert_eq!(named, [Some("edgeward-cognito-tests".to_owned()), None]);
}
