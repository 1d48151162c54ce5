//! A legacy session belongs to the user who opened it.

mod support;

use reqwest::{Method, Response};
use serde_json::json;
use support::{
    NOWHERE, Origin, assertion_of,
    client::{initialize, modern, post},
    variables,
};

async fn open(origin: &Origin, subject: &str) -> String {
    let response = initialize(&origin.mcp(), &assertion_of(subject)).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let id = response.headers()["mcp-session-id"].to_str().unwrap().to_owned();
    let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    assert_eq!(legacy(origin, subject, &id, &initialized).await.status(), 202);
    id
}

async fn legacy(origin: &Origin, subject: &str, session: &str, message: &serde_json::Value) -> Response {
    post(&origin.mcp(), &assertion_of(subject), message)
        .header("Mcp-Session-Id", session)
        .header("MCP-Protocol-Version", "2025-11-25")
        .send()
        .await
        .unwrap()
}

async fn whoami(origin: &Origin, subject: &str, session: &str) -> Response {
    let call = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": { "name": "whoami" } });
    legacy(origin, subject, session, &call).await
}

async fn without_body(origin: &Origin, method: Method, subject: &str, session: &str) -> u16 {
    let request = reqwest::Client::new()
        .request(method, origin.mcp())
        .header(support::HEADER, assertion_of(subject))
        .header("Accept", "text/event-stream")
        .header("Mcp-Session-Id", session);
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn the_user_who_opened_a_session_can_use_it() {
    let origin = Origin::start(variables(NOWHERE)).await;
    let session = open(&origin, "alice").await;
    let response = whoami(&origin, "alice", &session).await;
    assert_eq!(response.status(), 200);
    assert!(response.text().await.unwrap().contains("alice"));
    assert_eq!(without_body(&origin, Method::GET, "alice", &session).await, 200);
    assert_eq!(without_body(&origin, Method::DELETE, "alice", &session).await, 202);
    assert_eq!(whoami(&origin, "alice", &session).await.status(), 404, "it has ended");
}

#[tokio::test]
async fn another_user_finds_no_such_session() {
    let origin = Origin::start(variables(NOWHERE)).await;
    let session = open(&origin, "alice").await;
    open(&origin, "mallory").await;
    assert_eq!(whoami(&origin, "mallory", &session).await.status(), 404);
    assert_eq!(without_body(&origin, Method::GET, "mallory", &session).await, 404);
    assert_eq!(without_body(&origin, Method::DELETE, "mallory", &session).await, 404);
    assert_eq!(whoami(&origin, "alice", &session).await.status(), 200, "it is still there");
}

#[tokio::test]
async fn a_bare_or_changed_session_id_is_unknown() {
    let origin = Origin::start(variables(NOWHERE)).await;
    let session = open(&origin, "alice").await;
    let (bare, _) = session.rsplit_once('.').unwrap();
    for changed in [bare.to_owned(), format!("{bare}."), format!("{session}A"), "no-such-session".to_owned()] {
        assert_eq!(whoami(&origin, "alice", &changed).await.status(), 404, "{changed}");
    }
}

#[tokio::test]
async fn a_modern_request_ignores_the_session_id() {
    let origin = Origin::start(variables(NOWHERE)).await;
    let session = open(&origin, "alice").await;
    let arguments = json!({ "name": "whoami", "arguments": {} });
    let request = modern(&origin.mcp(), &assertion_of("mallory"), "tools/call", Some("whoami"), arguments);
    let response = request.header("Mcp-Session-Id", &session).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let text = response.text().await.unwrap();
    assert!(text.contains("mallory") && !text.contains("alice"), "{text}");
}

#[tokio::test]
async fn a_modern_header_on_a_legacy_body_does_not_open_a_foreign_session() {
    let origin = Origin::start(variables(NOWHERE)).await;
    let session = open(&origin, "alice").await;
    let call = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": { "name": "whoami" } });
    let response = post(&origin.mcp(), &assertion_of("mallory"), &call)
        .header("Mcp-Session-Id", &session)
        .header("MCP-Protocol-Version", "2026-07-28")
        .send()
        .await
        .unwrap();
    assert!(!response.text().await.unwrap().contains("alice"));
}

#[tokio::test]
async fn within_a_session_each_request_needs_its_own_assertion() {
    let origin = Origin::start(variables(NOWHERE)).await;
    let session = open(&origin, "alice").await;
    let call = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": { "name": "whoami" } });
    let response =
        reqwest::Client::new().post(origin.mcp()).header("Mcp-Session-Id", &session).json(&call).send().await.unwrap();
    assert_eq!(response.status(), 401);
}
