//! The process stops in good order: it takes nothing new, lets open requests end, and waits for none of them too long.

mod support;

use std::time::{Duration, Instant};

use serde_json::json;
use support::{
    HEADER, NOWHERE, assertion_of,
    client::{ERAS, Listener, connect_with, initialize, modern, params},
    process::Process,
    variables,
};

async fn start(shutdown_seconds: &str) -> Process {
    let mut variables = variables(NOWHERE);
    variables.insert("EDGEWARD_SHUTDOWN_SECONDS".into(), shutdown_seconds.into());
    Process::start(variables).await
}

#[tokio::test]
async fn an_idle_server_stops_at_once() {
    let mut process = start("20").await;
    let asked = Instant::now();
    process.terminate();
    assert_eq!(process.exit().await.code(), Some(0));
    assert!(asked.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn an_open_request_ends_before_the_server_does() {
    for era in ERAS {
        let mut process = start("20").await;
        let listener = Listener::default();
        let client = connect_with(listener.clone(), &process.mcp(), &assertion_of("user-1"), era).await;
        let call = tokio::spawn(async move {
            client.call_tool(params("count_slowly", json!({ "steps": 30, "interval_ms": 100 }))).await
        });
        listener.first().await;
        process.terminate();
        process.line("stopping").await;
        // Nothing new is taken, as soon as the listener is gone.
        while reqwest::get(format!("http://{}/healthz", process.address)).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(process.is_running());
        let result = call.await.unwrap().unwrap();
        assert_eq!(result.is_error, Some(false), "{era:?}");
        assert_eq!(process.exit().await.code(), Some(0));
    }
}

#[tokio::test]
async fn a_request_that_does_not_end_is_cut_off_at_the_deadline() {
    let mut process = start("1").await;
    let arguments = json!({ "name": "count_slowly", "arguments": { "steps": 1000, "interval_ms": 100 } });
    let mut response = modern(&process.mcp(), &assertion_of("user-1"), "tools/call", Some("count_slowly"), arguments)
        .send()
        .await
        .unwrap();
    assert!(response.chunk().await.unwrap().is_some());
    let asked = Instant::now();
    process.terminate();
    assert_eq!(process.exit().await.code(), Some(0));
    let waited = asked.elapsed();
    assert!(waited >= Duration::from_secs(1) && waited < Duration::from_secs(5), "{waited:?}");
}

#[tokio::test]
async fn a_stream_that_waits_for_nothing_does_not_hold_up_the_server() {
    let mut process = start("20").await;
    let opened = initialize(&process.mcp(), &assertion_of("user-1")).send().await.unwrap();
    let session = opened.headers()["mcp-session-id"].clone();
    let mut standing = reqwest::Client::new()
        .get(process.mcp())
        .header(HEADER, assertion_of("user-1"))
        .header("Accept", "text/event-stream")
        .header("Mcp-Session-Id", session)
        .send()
        .await
        .unwrap();
    assert_eq!(standing.status(), 200);
    let asked = Instant::now();
    process.terminate();
    while let Some(_event) = standing.chunk().await.expect("it ends in good order") {}
    assert_eq!(process.exit().await.code(), Some(0));
    assert!(asked.elapsed() < Duration::from_secs(5));
}
