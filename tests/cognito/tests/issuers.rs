//! The two forms of the issuer.

use edgeward_cognito::{IssuerForm, Issuers};
use reqwest::StatusCode;

use crate::support::{TestPool, get, http, ok_json, request};

#[tokio::test]
async fn both_forms_serve_the_same_documents() {
    let pool = TestPool::start().await;
    assert_ne!(pool.cognito.issuer_url(), pool.cognito.updated_issuer_url());
    for path in ["openid-configuration", "jwks.json"] {
        let mut documents = Vec::new();
        for issuer in [pool.cognito.issuer_url(), pool.cognito.updated_issuer_url()] {
            documents.push(ok_json(get(format!("{issuer}/.well-known/{path}")).await.unwrap()).await);
        }
        assert_eq!(documents[0], documents[1]);
    }
}

#[tokio::test]
async fn tokens_can_switch_before_discovery_and_old_ones_stay_good() {
    let pool = TestPool::start().await;
    let (original, updated) = (pool.cognito.issuer_url(), pool.cognito.updated_issuer_url());
    let before = pool.tokens(&request()).await;
    pool.cognito.set_issuers(Issuers { tokens: IssuerForm::Updated, discovery: IssuerForm::Original });
    let after = pool.tokens(&request()).await;
    assert_eq!((before.access()["iss"].as_str(), after.access()["iss"].as_str()), (Some(original), Some(updated)));
    assert_eq!(after.id()["iss"].as_str(), Some(updated));
    for tokens in [&before, &after] {
        let request = http().get(pool.url("/oauth2/userInfo")).bearer_auth(tokens.text("access_token"));
        assert_eq!(request.send().await.unwrap().status(), StatusCode::OK);
    }
    let discovery = format!("{original}/.well-known/openid-configuration");
    assert_eq!(ok_json(get(&discovery).await.unwrap()).await["issuer"], original);
    pool.cognito.set_issuers(Issuers { tokens: IssuerForm::Updated, discovery: IssuerForm::Updated });
    let document = ok_json(get(&discovery).await.unwrap()).await;
    assert_eq!(document["issuer"], updated);
    assert_eq!(document["jwks_uri"], format!("{updated}/.well-known/jwks.json"));
}
