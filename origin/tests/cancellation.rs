//! The long-running tool reports progress as it happens, and stops when it is cancelled or nobody listens any more.

mod support;

use std::time::Duration;

use edgeward_origin::pseudonym;
use futures_util::StreamExt as _;
use rmcp::{
    model::{CallToolRequest, ClientRequest},
    service::PeerRequestOptions,
};
use serde_json::json;
use support::{
    NOWHERE, assertion_of,
    client::{ERAS, Listener, connect_with, modern, params},
    process::Process,
    variables,
};

#[tokio::test]
async fn progress_arrives_step_by_step() {
    let process = Process::start(variables(NOWHERE)).await;
    for era in ERAS {
        let listener = Listener::default();
        let client = connect_with(listener.clone(), &process.mcp(), &assertion_of("user-1"), era).await;
        let result = client.call_tool(params("count_slowly", json!({ "steps": 4, "interval_ms": 150 }))).await.unwrap();
        assert_eq!(result.is_error, Some(false));
        let heard = listener.heard();
        assert_eq!(heard.iter().map(|(progress, _)| *progress).collect::<Vec<_>>(), [1.0, 2.0, 3.0, 4.0], "{era:?}");
        let spread = heard[3].1.duration_since(heard[0].1);
        assert!(spread >= Duration::from_millis(300), "they came in one piece: {spread:?}");
    }
    assert!(!process.text().contains("tool cancelled"));
}

#[tokio::test]
async fn a_call_that_the_client_cancels_stops() {
    for era in ERAS {
        let process = Process::start(variables(NOWHERE)).await;
        let listener = Listener::default();
        let client = connect_with(listener.clone(), &process.mcp(), &assertion_of("user-1"), era).await;
        let request = CallToolRequest::new(params("count_slowly", json!({ "steps": 1000, "interval_ms": 50 })));
        let call = client
            .send_cancellable_request(ClientRequest::CallToolRequest(request), PeerRequestOptions::default())
            .await
            .unwrap();
        listener.first().await;
        call.cancel(Some("enough".to_owned())).await.unwrap();
        let line = process.line("tool cancelled").await;
        assert_eq!(line["tool"], "count_slowly", "{era:?}");
        assert_eq!(line["subject"], pseudonym("user-1"));
        assert!(line["counted"].as_u64().unwrap() < 1000);
    }
}

#[tokio::test]
async fn a_modern_call_stops_when_the_client_disconnects() {
    let process = Process::start(variables(NOWHERE)).await;
    let arguments = json!({ "name": "count_slowly", "arguments": { "steps": 1000, "interval_ms": 50 } });
    let response = modern(&process.mcp(), &assertion_of("user-1"), "tools/call", Some("count_slowly"), arguments)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    let mut stream = response.bytes_stream();
    let first = stream.next().await.unwrap().unwrap();
    assert!(String::from_utf8_lossy(&first).contains("notifications/progress"));
    drop(stream);

    let line = process.line("tool cancelled").await;
    assert!(line["counted"].as_u64().unwrap() < 100, "it was noticed at once: {line}");
    let trace_id = line["trace_id"].clone();
    let request = process.line_where(|line| line["message"] == "request" && line["trace_id"] == trace_id).await;
    assert_eq!(request["ended"], "aborted");
}

#[tokio::test]
async fn a_silent_modern_call_stops_when_the_client_disconnects() {
    let process = Process::start(variables(NOWHERE)).await;
    // No step for a minute, hence nothing to write, at which the loss could be noticed.
    let arguments = json!({ "name": "count_slowly", "arguments": { "steps": 1, "interval_ms": 60_000 } });
    let sent = modern(&process.mcp(), &assertion_of("user-1"), "tools/call", Some("count_slowly"), arguments).send();
    assert!(tokio::time::timeout(Duration::from_millis(500), sent).await.is_err(), "it counts");
    process.line("tool cancelled").await;
}
