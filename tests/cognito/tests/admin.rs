//! The switches over HTTP.

use edgeward_cognito::{IdentityProvider, ProviderKind};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::support::{TestPool, assert_granted, assert_refused, claims, get, http, ok_json, redeem, request};

async fn order(pool: &TestPool, method: Method, path: &str, body: &Value) -> Response {
    http().request(method, pool.url(path)).json(body).send().await.unwrap()
}

async fn assert_done(answer: Response) {
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn the_switches_are_off_unless_asked_for() {
    let pool = TestPool::start().await;
    for path in ["/__admin/requests", "/__admin/issued-secrets", "/__admin/mode"] {
        let answer = http().get(pool.url(path)).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn time_faults_mode_and_keys_can_be_switched() {
    let pool = TestPool::start_with(|config| config.admin = true).await;
    let code = pool.code(&request()).await;
    assert_done(order(&pool, Method::POST, "/__admin/advance", &json!({"seconds": 300})).await).await;
    assert_refused(pool.token(&redeem(&code)), "invalid_grant").await;

    let fault = json!({"endpoint": "token", "kind": {"too_many_requests": {"retry_after": 3}}, "times": 1});
    assert_done(order(&pool, Method::POST, "/__admin/faults", &fault).await).await;
    let form = redeem(&pool.code(&request()).await);
    assert_eq!(pool.token(&form).send().await.unwrap().status(), StatusCode::TOO_MANY_REQUESTS);
    assert_granted(pool.token(&form)).await;
    let fault = json!({"endpoint": "token", "kind": "hang"});
    assert_done(order(&pool, Method::POST, "/__admin/faults", &fault).await).await;
    assert_done(order(&pool, Method::DELETE, "/__admin/faults", &Value::Null).await).await;
    let form = redeem(&pool.code(&request()).await);
    assert_granted(pool.token(&form)).await;

    let mode = json!({"answers": "documented", "state": "mangle", "login": "managed", "replay": "forks",
        "revocation": "whole_family", "lambda_errors": "at_callback", "token_trigger": "at_token_endpoint",
        "token_trigger_error": "invalid_grant", "firewall": "off"});
    assert_done(order(&pool, Method::PUT, "/__admin/mode", &mode).await).await;
    let answer = order(&pool, Method::GET, "/__admin/mode", &Value::Null).await;
    assert_eq!(ok_json(answer).await, mode);

    for (step, keys) in [("publish", 4), ("rotate", 4), ("retire", 2)] {
        assert_done(order(&pool, Method::POST, &format!("/__admin/keys/{step}"), &Value::Null).await).await;
        let document = ok_json(get(pool.cognito.jwks_url()).await.unwrap()).await;
        assert_eq!(document["keys"].as_array().unwrap().len(), keys);
    }
}

#[tokio::test]
async fn users_providers_triggers_claims_and_issuers_can_be_switched() {
    let pool = TestPool::start_with(|config| {
        config.admin = true;
        config.identity_providers.push(IdentityProvider::new("Entra", ProviderKind::Oidc));
    })
    .await;
    let change = json!({"groups": ["a", "b"], "attributes": {"locale": "de"}, "email": null});
    assert_done(order(&pool, Method::PATCH, "/__admin/users/demo", &change).await).await;
    let users = ok_json(order(&pool, Method::GET, "/__admin/users", &Value::Null).await).await;
    assert_eq!(users[0]["groups"], json!(["a", "b"]));
    assert_eq!(users[0]["attributes"], json!({"locale": "de", "name": "Demo User"}));
    assert_eq!(users[0]["email"], Value::Null);
    let too_many: Vec<String> = (0..101).map(|number| format!("group-{number}")).collect();
    for (path, change, status) in [
        ("/__admin/users/demo", json!({ "groups": too_many }), StatusCode::UNPROCESSABLE_ENTITY),
        ("/__admin/users/demo", json!({ "groups": 1 }), StatusCode::UNPROCESSABLE_ENTITY),
        ("/__admin/users/nobody", json!({}), StatusCode::NOT_FOUND),
        ("/__admin/identity-providers/Nobody", json!({}), StatusCode::NOT_FOUND),
        ("/__admin/identity-providers/Entra", json!({"kind": "google"}), StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        assert_eq!(order(&pool, Method::PATCH, path, &change).await.status(), status, "{path} {change}");
    }
    let change = json!({"users": [{"id": "ada"}], "signs_in": "ada"});
    assert_done(order(&pool, Method::PATCH, "/__admin/identity-providers/Entra", &change).await).await;
    assert!(pool.sign_in(&request().with("identity_provider", "Entra")).await.as_str().contains("code="));

    let refuses = json!({"refuses": "No"});
    let path = "/__admin/triggers/pre_token_generation";
    assert_done(order(&pool, Method::PUT, path, &refuses).await).await;
    assert!(pool.sign_in(&request()).await.as_str().contains("error=invalid_request"));
    assert_done(order(&pool, Method::DELETE, path, &Value::Null).await).await;

    let claims = json!({"access_token": {"custom": 1}});
    assert_done(order(&pool, Method::PUT, "/__admin/custom-claims", &claims).await).await;
    let issuers = json!({"tokens": "updated"});
    assert_done(order(&pool, Method::PUT, "/__admin/issuers", &issuers).await).await;
    let tokens = pool.tokens(&request()).await;
    assert_eq!(tokens.access()["custom"], 1);
    assert_eq!(tokens.access()["iss"], pool.cognito.updated_issuer_url());

    assert_done(order(&pool, Method::DELETE, "/__admin/users/demo", &Value::Null).await).await;
    assert!(pool.cognito.user("demo").is_none());
}

#[tokio::test]
async fn requests_and_secrets_can_be_read_and_tokens_made() {
    let pool = TestPool::start_with(|config| config.admin = true).await;
    pool.tokens(&request()).await;
    let requests = ok_json(order(&pool, Method::GET, "/__admin/requests", &Value::Null).await).await;
    assert_eq!(requests.as_array().unwrap().len(), pool.cognito.requests().len());
    assert_eq!(requests[0]["path"], "/oauth2/authorize");
    assert_done(order(&pool, Method::DELETE, "/__admin/requests", &Value::Null).await).await;
    assert!(pool.cognito.requests().is_empty());

    let forgery = json!({"claims": {"exp": 1}, "without": ["username"], "signature": "foreign_key"});
    let answer = ok_json(order(&pool, Method::POST, "/__admin/mint/access-token", &forgery).await).await;
    let token = answer["token"].as_str().unwrap();
    assert_eq!((&claims(token)["exp"], claims(token).get("username")), (&json!(1), None));
    let answer = ok_json(order(&pool, Method::POST, "/__admin/mint/id-token", &json!({})).await).await;
    assert_eq!(claims(answer["token"].as_str().unwrap())["token_use"], "id");

    let secrets = ok_json(order(&pool, Method::GET, "/__admin/issued-secrets", &Value::Null).await).await;
    assert!(secrets.as_array().unwrap().contains(&json!({"kind": "id_token", "value": answer["token"]})));
}
