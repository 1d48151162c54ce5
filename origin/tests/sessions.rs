//! A legacy session belongs to the user who opened it, and is good at every origin that has the key.

mod support;

use reqwest::{Method, Response};
use serde_json::json;
use support::{
    NOWHERE, Origin, assertion_of,
    client::{initialize, modern, post},
    variables, with_session_keys,
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

/// Origins that share the keys with these ids.
async fn origins<const COUNT: usize>(key_ids: [&[&str]; COUNT]) -> [Origin; COUNT] {
    let mut started = Vec::new();
    for key_ids in key_ids {
        started.push(Origin::start(with_session_keys(variables(NOWHERE), key_ids)).await);
    }
    started.try_into().unwrap_or_else(|_| unreachable!("as many as there are keys"))
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
    assert_eq!(without_body(&origin, Method::DELETE, "alice", &session).await, 405);
    assert_eq!(whoami(&origin, "alice", &session).await.status(), 200, "nothing has ended");
}

#[tokio::test]
async fn another_user_finds_no_such_session() {
    let origin = Origin::start(variables(NOWHERE)).await;
    let session = open(&origin, "alice").await;
    open(&origin, "mallory").await;
    assert_eq!(whoami(&origin, "mallory", &session).await.status(), 404);
    assert_eq!(without_body(&origin, Method::GET, "mallory", &session).await, 404);
    assert_eq!(without_body(&origin, Method::DELETE, "mallory", &session).await, 405);
    assert_eq!(whoami(&origin, "alice", &session).await.status(), 200, "it is still there");
}

#[tokio::test]
async fn a_bare_or_changed_session_id_is_unknown() {
    let origin = Origin::start(variables(NOWHERE)).await;
    let session = open(&origin, "alice").await;
    let (key_id, _) = session.split_once('.').unwrap();
    for changed in [key_id.to_owned(), format!("{key_id}."), format!("{session}A"), "no-such-session".to_owned()] {
        assert_eq!(whoami(&origin, "alice", &changed).await.status(), 404, "{changed}");
    }
    let twice = post(&origin.mcp(), &assertion_of("alice"), &json!({ "jsonrpc": "2.0", "id": 2, "method": "ping" }))
        .header("Mcp-Session-Id", &session)
        .header("Mcp-Session-Id", &session);
    assert_eq!(twice.send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn a_session_is_good_at_every_origin_with_the_key_and_for_its_user_only() {
    let [a, b] = origins([&["one"], &["one"]]).await;
    let session = open(&a, "alice").await;
    for origin in [&b, &a, &b] {
        let response = whoami(origin, "alice", &session).await;
        assert_eq!(response.status(), 200);
        assert!(response.text().await.unwrap().contains("alice"));
        assert_eq!(whoami(origin, "mallory", &session).await.status(), 404);
        assert_eq!(without_body(origin, Method::GET, "mallory", &session).await, 404);
    }
    assert_eq!(without_body(&b, Method::GET, "alice", &session).await, 200);
    drop(a);
    assert_eq!(whoami(&b, "alice", &session).await.status(), 200, "its first origin is gone");
}

#[tokio::test]
async fn a_session_is_unknown_at_an_origin_with_another_key() {
    // The process's own key has the same id everywhere, and another value.
    let [a, b] = origins([&["one"], &["two"]]).await;
    let (c, d) = (Origin::start(variables(NOWHERE)).await, Origin::start(variables(NOWHERE)).await);
    for (opened_at, others) in [(&a, [&b, &c, &d]), (&c, [&a, &b, &d])] {
        let session = open(opened_at, "alice").await;
        for other in others {
            assert_eq!(whoami(other, "alice", &session).await.status(), 404);
        }
        assert_eq!(whoami(opened_at, "alice", &session).await.status(), 200);
    }
}

#[tokio::test]
async fn the_first_key_seals_and_all_open() {
    let [old, both, turned, new] = origins([&["one"], &["one", "two"], &["two", "one"], &["two"]]).await;
    let session = open(&both, "alice").await;
    assert!(session.starts_with("one."));
    for (origin, status) in [(&old, 200), (&turned, 200), (&new, 404)] {
        assert_eq!(whoami(origin, "alice", &session).await.status(), status);
    }
    let session = open(&turned, "alice").await;
    assert!(session.starts_with("two."));
    for (origin, status) in [(&old, 404), (&both, 200), (&new, 200)] {
        assert_eq!(whoami(origin, "alice", &session).await.status(), status);
    }
}

// Threads, so that requests do meet in the middle of each other.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_requests_at_once_restore_a_session_once() {
    let [a, b] = origins([&["one"], &["one"]]).await;
    for _ in 0..100 {
        let session = open(&a, "alice").await;
        let calls = (2..18).map(async |id: u32| {
            let params = json!({ "name": "whoami" });
            let call = json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params });
            legacy(&b, "alice", &session, &call).await
        });
        for response in futures_util::future::join_all(calls).await {
            assert_eq!(response.status(), 200);
            assert!(response.text().await.unwrap().contains("alice"));
        }
    }
}

#[tokio::test]
async fn a_client_that_initializes_with_too_much_is_told_so() {
    let origin = Origin::start(variables(NOWHERE)).await;
    let initialize = |name: &str, description: &str| {
        let info = json!({ "name": name, "version": "0", "description": description });
        let params = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": info });
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params });
        post(&origin.mcp(), &assertion_of("alice"), &message).send()
    };
    let opened = initialize("a client", &"d".repeat(10_000)).await.unwrap();
    assert_eq!(opened.status(), 200, "what only describes the client does not travel");
    assert!(opened.headers()["mcp-session-id"].len() < 300);

    let refused = initialize(&"n".repeat(2_000), "").await.unwrap();
    assert_eq!(refused.status(), 400);
    assert!(!refused.headers().contains_key("mcp-session-id"));
    let text = refused.text().await.unwrap();
    assert!(text.contains("capabilities, name and version make a session id of more than 2048 bytes"), "{text}");
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
