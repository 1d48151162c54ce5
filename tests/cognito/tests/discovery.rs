//! The two documents of the issuer, and what is not there.

use base64ct::{Base64, Encoding};
use edgeward_cognito::{DEV_POOL_ID, Listener};
use reqwest::StatusCode;
use serde_json::json;

use crate::support::{TestPool, get, names, ok_json};

#[tokio::test]
async fn the_document_has_the_members_seen_on_real_pools_and_no_others() {
    let pool = TestPool::start().await;
    let (domain, issuer) = (pool.cognito.domain_url(), pool.cognito.issuer_url());
    let document = ok_json(get(format!("{issuer}/.well-known/openid-configuration")).await.unwrap()).await;
    assert_eq!(
        document,
        json!({
            "authorization_endpoint": format!("{domain}/oauth2/authorize"),
            "end_session_endpoint": format!("{domain}/logout"),
            "id_token_signing_alg_values_supported": ["RS256"],
            "issuer": issuer,
            "jwks_uri": pool.cognito.jwks_url(),
            "response_types_supported": ["code", "token"],
            "revocation_endpoint": format!("{domain}/oauth2/revoke"),
            "scopes_supported": ["openid", "email", "phone", "profile"],
            "subject_types_supported": ["public"],
            "token_endpoint": format!("{domain}/oauth2/token"),
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "userinfo_endpoint": format!("{domain}/oauth2/userInfo"),
        })
    );
}

#[tokio::test]
async fn issuer_and_domain_are_two_origins_and_neither_serves_the_others_paths() {
    let pool = TestPool::start().await;
    let (domain, issuer) = (pool.cognito.domain_url(), pool.cognito.issuer_url());
    assert!(issuer.ends_with(&format!("/{DEV_POOL_ID}")));
    assert!(!issuer.starts_with(domain));
    for url in [
        format!("{domain}/{DEV_POOL_ID}/.well-known/openid-configuration"),
        format!("{domain}/.well-known/openid-configuration"),
        format!("{domain}/.well-known/oauth-authorization-server"),
        format!("{issuer}/.well-known/oauth-authorization-server"),
        issuer.replace(&format!("/{DEV_POOL_ID}"), "/oauth2/token"),
    ] {
        assert_eq!(get(&url).await.unwrap().status(), StatusCode::NOT_FOUND, "{url}");
    }
    assert_eq!(get(pool.cognito.jwks_url()).await.unwrap().status(), StatusCode::OK);
    let last = pool.cognito.requests().pop().unwrap();
    assert_eq!((last.listener, last.method.as_str()), (Listener::Issuer, "GET"));
}

#[tokio::test]
async fn another_pools_documents_are_not_here() {
    let pool = TestPool::start().await;
    let elsewhere = pool.cognito.jwks_url().replace(DEV_POOL_ID, "us-east-1_Nobody");
    assert_eq!(get(elsewhere).await.unwrap().status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn the_key_set_has_two_rsa_keys_named_in_standard_base64() {
    let pool = TestPool::start().await;
    let document = ok_json(get(pool.cognito.jwks_url()).await.unwrap()).await;
    let keys = document["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 2);
    for key in keys {
        assert_eq!(names(key.as_object().unwrap()), ["alg", "e", "kid", "kty", "n", "use"]);
        assert_eq!((&key["alg"], &key["kty"], &key["use"]), (&json!("RS256"), &json!("RSA"), &json!("sig")));
        assert_eq!(key["e"], "AQAB");
        assert_eq!(Base64::decode_vec(key["kid"].as_str().unwrap()).unwrap().len(), 32);
    }
}

#[tokio::test]
async fn public_urls_and_a_token_issuer_can_differ_from_what_is_listened_on() {
    let pool = TestPool::start_with(|config| {
        config.public_domain_url = Some("https://auth.example.com".parse().unwrap());
        config.public_issuer_url = Some("https://idp.example.com/".parse().unwrap());
        config.token_issuer = Some("https://issuer-idp.example.com/us-east-1_EdgewardDev".to_owned());
    })
    .await;
    assert_eq!(pool.cognito.domain_url(), "https://auth.example.com");
    assert_eq!(pool.cognito.issuer_url(), format!("https://idp.example.com/{DEV_POOL_ID}"));
    let token = pool.cognito.mint_access_token(&edgeward_cognito::Forgery::new()).unwrap();
    assert_eq!(crate::support::claims(&token)["iss"], "https://issuer-idp.example.com/us-east-1_EdgewardDev");
}
