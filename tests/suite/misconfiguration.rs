//! An edge whose settings are wrong serves nothing, and tells only its log why.

use std::{collections::BTreeSet, sync::Arc};

use anyhow::Result;
use edgeward_identity::names::edge as names;
use edgeward_tests::by_hand::http;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    faulty::until,
    world::{World, tests},
};

tests![wrong_settings_are_named_in_the_log_and_nowhere_else];

const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
/// In every value that may be a secret.
const MARK: &str = "a-secret-that-is-malformed";

async fn wrong_settings_are_named_in_the_log_and_nowhere_else(world: Arc<World>) -> Result<()> {
    let malformed = [
        (names::PUBLIC_URL, "http://edge.example/with/a/path".to_owned()),
        (names::COGNITO_USER_POOL_ID, "nounderscore".to_owned()),
        (names::COGNITO_CLIENT_SECRET, format!("{MARK}-1 {MARK}-2 {MARK}-3")),
        (names::COGNITO_SCOPES, "email".to_owned()),
        (names::KEYS, json!({ "keys": [{ "kty": "oct", "kid": "seal", "alg": "XC20P", "k": MARK }] }).to_string()),
        (names::CLIENTS, json!([{ "client_id": "client", "client_secret": MARK }]).to_string()),
        (names::RESOURCES, json!([{ "path": "/token", "scopes": { "mcp": "Use it" } }]).to_string()),
        (names::REGISTRATION, "perhaps".to_owned()),
        (names::REGISTRATION_TOKEN, MARK.to_owned()),
        (names::CLIENT_METADATA_DOCUMENTS, "perhaps".to_owned()),
        (names::CLIENT_METADATA_HOSTS, "https://client.example".to_owned()),
        (names::CLIENT_METADATA_DENIED_HOSTS, "*".to_owned()),
        (names::REDIRECT_HOSTS, "127.0.0.1".to_owned()),
        (names::PRIVATE_USE_SCHEMES, "javascript".to_owned()),
        (names::ALLOWED_ORIGINS, "everyone".to_owned()),
        (names::ACCESS_TOKEN_SECONDS, "1".to_owned()),
        (names::COGNITO_JWKS_URL, "/jwks.json".to_owned()),
    ];
    let missing = [names::COGNITO_CLIENT_ID, names::COGNITO_DOMAIN, names::ORIGIN_URL];
    let wrong = || malformed.iter().map(|(name, _)| *name).chain(missing);
    let variables = malformed.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    let edge = world.stack.start_misconfigured_edge("misconfigured-edge", &variables).await?;

    let http = http()?;
    for (method, path) in [
        (Method::GET, "/.well-known/oauth-protected-resource"),
        (Method::GET, "/.well-known/oauth-authorization-server"),
        (Method::GET, "/.well-known/jwks.json"),
        (Method::POST, "/register"),
        (Method::GET, "/authorize"),
        (Method::POST, "/authorize"),
        (Method::GET, "/callback"),
        (Method::POST, "/token"),
        (Method::OPTIONS, "/token"),
        (Method::GET, "/healthz"),
        (Method::POST, "/mcp"),
        (Method::GET, "/nothing-is-here"),
    ] {
        let answer = http.request(method.clone(), format!("{}{path}", edge.url())).send().await?;
        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR, "{method} {path}");
        assert_eq!(answer.headers()["cache-control"], "no-store, no-transform", "{method} {path}");
        assert_eq!(answer.json::<Value>().await?, json!({ "error": "server_error" }), "{method} {path}");
    }
    let told = http.get(format!("{}/healthz", edge.url())).header("traceparent", TRACEPARENT).send().await?;
    assert_eq!(told.status(), StatusCode::INTERNAL_SERVER_ERROR);
    until("its refusal is logged", || edge.log().contains(TRACE)).await?;
    edge.stop();

    let log = edge.log();
    let refusals: Vec<_> = edge.records().into_iter().filter(|record| record["event"] == "settings refused").collect();
    assert!(!refusals.is_empty(), "nothing is logged");
    let traces: BTreeSet<_> = refusals.iter().filter_map(|record| record["trace"].as_str()).collect();
    assert!(traces.len() == refusals.len() && traces.iter().all(|trace| trace.len() == 32), "{traces:?}");
    assert!(traces.contains(TRACE), "{traces:?}");
    for record in &refusals {
        assert_eq!((&record["v"], &record["status"]), (&json!(1), &json!(500)), "{record}");
        assert_eq!(record["level"], "alert", "{record}");
        let reason = record["reason"].as_str().unwrap_or_default();
        for name in wrong() {
            assert!(reason.contains(name), "{name} is not named in: {reason}");
        }
    }
    assert!(!log.contains(MARK), "a value is in the log");
    Ok(())
}
