//! The longest body of an MCP request: as long is answered, one byte more is refused and told why, announced or not.

mod support;

use axum::body::Bytes;
use edgeward_identity::limits::MAX_BODY_BYTES;
use futures_util::stream;
use reqwest::{Body, Response, StatusCode};
use serde_json::{Value, json};
use support::{HEADER, NOWHERE, Origin, assertion_of, variables};

/// An `initialize` of this many bytes.
fn message(length: usize) -> String {
    let client = json!({ "name": "test", "version": "0" });
    let params = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client });
    let mut text = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params }).to_string();
    text.push_str(&" ".repeat(length - text.len()));
    text
}

/// In chunks, so that nothing announces its length.
fn chunked(text: &str) -> Body {
    let chunks: Vec<_> = text.as_bytes().chunks(64 * 1024).map(Bytes::copy_from_slice).collect();
    Body::wrap_stream(stream::iter(chunks.into_iter().map(Ok::<_, std::io::Error>)))
}

async fn post(origin: &Origin, body: Body) -> Response {
    reqwest::Client::new()
        .post(origin.mcp())
        .header(HEADER, assertion_of("user"))
        .header("Accept", "application/json, text/event-stream")
        .header("Content-Type", "application/json")
        .body(body)
        .send()
        .await
        .expect("an answer")
}

async fn assert_too_long(answer: Response) {
    assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let body: Value = answer.json().await.expect("JSON");
    assert_eq!(body["error"], "body_too_long");
    assert!(body["error_description"].as_str().is_some_and(|text| text.contains("4194304 bytes")), "{body}");
}

#[tokio::test]
async fn a_body_at_the_limit_is_answered_and_one_byte_more_is_refused() {
    let origin = Origin::start(variables(NOWHERE)).await;
    let (at, over) = (message(MAX_BODY_BYTES), message(MAX_BODY_BYTES + 1));
    assert_eq!(post(&origin, at.clone().into()).await.status(), StatusCode::OK);
    assert_eq!(post(&origin, chunked(&at)).await.status(), StatusCode::OK);
    assert_too_long(post(&origin, over.clone().into()).await).await;
    assert_too_long(post(&origin, chunked(&over)).await).await;
}

/// It writes all before it reads: an answer that closes the connection early would be lost to it.
#[tokio::test]
async fn whoever_sends_much_more_gets_the_answer_too() {
    let origin = Origin::start(variables(NOWHERE)).await;
    let twice = message(2 * MAX_BODY_BYTES);
    assert_too_long(post(&origin, twice.clone().into()).await).await;
    assert_too_long(post(&origin, chunked(&twice)).await).await;
}
