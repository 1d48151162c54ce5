//! What tests can ask the pool afterwards: requests and secrets.

use edgeward_cognito::{Forgery, SecretKind};

use crate::support::{TestPool, VERIFIER, request};

#[tokio::test]
async fn every_kind_of_secret_is_noted() {
    let pool = TestPool::start().await;
    let tokens = pool.tokens(&request()).await;
    let secrets = pool.cognito.issued_secrets();
    for kind in [
        SecretKind::AccessToken,
        SecretKind::IdToken,
        SecretKind::RefreshToken,
        SecretKind::AuthorizationCode,
        SecretKind::SessionCookie,
        SecretKind::CsrfToken,
        SecretKind::ClientSecret,
        SecretKind::Password,
    ] {
        assert!(secrets.iter().any(|secret| secret.kind == kind), "{kind:?}");
    }
    for name in ["access_token", "id_token", "refresh_token"] {
        assert!(secrets.iter().any(|secret| secret.value == tokens.text(name)), "{name}");
    }
    let forged = pool.cognito.mint_access_token(&Forgery::new()).unwrap();
    assert!(pool.cognito.issued_secrets().iter().any(|secret| secret.value == forged));
}

#[tokio::test]
async fn requests_are_recorded_with_parameters_and_header_names() {
    let pool = TestPool::start().await;
    pool.tokens(&request().with("login_hint", "someone")).await;
    let requests = pool.cognito.requests();
    let seen: Vec<(&str, &str)> = requests.iter().map(|r| (r.method.as_str(), r.path.as_str())).collect();
    let expected = [("GET", "/oauth2/authorize"), ("GET", "/login"), ("POST", "/login"), ("POST", "/oauth2/token")];
    assert_eq!(seen, expected);
    assert_eq!(requests[0].query("login_hint"), Some("someone"));
    assert_eq!(requests[0].query("resource"), None);
    assert_eq!(requests[3].form("code_verifier"), Some(VERIFIER));
    assert!(requests[3].has_header("Content-Type") && !requests[3].has_header("authorization"));
    pool.cognito.clear_requests();
    assert!(pool.cognito.requests().is_empty());
}
