//! The log has one line per request, in JSON, and holds no assertion, header value or tool argument.

mod support;

use edgeward_origin::pseudonym;
use serde_json::json;
use support::{
    HEADER, any_port, assertion_of,
    client::{ERAS, call, connect, initialize, modern, post},
    foreign_key, identity_of, now,
    process::Process,
    variables,
    weather::Weather,
};

#[tokio::test]
async fn a_request_is_one_line_with_its_trace_id() {
    let process = Process::start(variables(support::NOWHERE)).await;
    let url = format!("{}?query=sesame", process.mcp());
    let response = modern(&url, &assertion_of("user-1"), "tools/list", None, json!({}))
        .header("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    response.text().await.unwrap();
    let line = process.line("request").await;
    assert_eq!(line["method"], "POST");
    assert_eq!(line["route"], "/mcp");
    assert_eq!(line["status"], 200);
    assert!(line["duration_ms"].is_u64());
    assert_eq!(line["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(line["subject"], pseudonym("user-1"));
    assert_eq!(line["ended"], "complete");

    let unknown = reqwest::get(format!("http://{}/secret/path", process.address)).await.unwrap();
    assert_eq!(unknown.status(), 404);
    let line = process.line_where(|line| line["status"] == 404).await;
    assert_eq!(line["route"], "none");
    assert_eq!(line.get("subject"), None);

    reqwest::get(process.mcp()).await.unwrap();
    let line = process.line_where(|line| line["status"] == 401).await;
    assert_eq!(line["refusal"], "no identity assertion");

    let requests = process.lines().into_iter().filter(|line| line["message"] == "request").count();
    assert_eq!(requests, 3);
    assert!(!process.text().contains("sesame") && !process.text().contains("secret"));
}

#[tokio::test]
async fn no_assertion_and_no_argument_is_logged_whatever_the_level() {
    let weather = Weather::start(any_port()).await.unwrap();
    let mut variables = variables(&weather.url());
    variables.insert("RUST_LOG".into(), "trace".into());
    let process = Process::start(variables).await;

    let valid = assertion_of("subject-of-a-secret");
    let forged =
        edgeward_identity::assertion::mint(&identity_of("subject-of-a-forgery"), &foreign_key("edge-1"), now(), 60)
            .unwrap();
    for era in ERAS {
        let client = connect(&process.mcp(), &valid, era).await;
        call(&client, "get_alerts", json!({ "state": "state-of-the-argument" })).await;
        call(&client, "get_alerts", json!({ "state": "NV" })).await;
        // Arguments of the wrong type are quoted in rmcp's own errors.
        let wrong = json!({ "latitude": "latitude-of-the-argument", "longitude": 0 });
        let _ = client.call_tool(support::client::params("get_forecast", wrong)).await;
        client.cancel().await.unwrap();
    }
    assert_eq!(post(&process.mcp(), &forged, &json!({})).send().await.unwrap().status(), 401);
    let two = reqwest::Client::new().post(process.mcp()).header(HEADER, &valid).header(HEADER, &valid);
    assert_eq!(two.send().await.unwrap().status(), 401);
    // A session that goes wrong: a call before `initialized`.
    let opened = initialize(&process.mcp(), &valid).send().await.unwrap();
    let session = opened.headers()["mcp-session-id"].to_str().unwrap().to_owned();
    let early = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call",
        "params": { "name": "get_alerts", "arguments": { "state": "state-of-the-argument" } } });
    let early = post(&process.mcp(), &valid, &early).header("Mcp-Session-Id", &session);
    let _ = tokio::time::timeout(std::time::Duration::from_secs(1), early.send()).await;
    // A host that is not allowed.
    let elsewhere = modern(&process.mcp(), &valid, "tools/list", None, json!({})).header("Host", "host.of.the.header");
    assert_eq!(elsewhere.send().await.unwrap().status(), 403);
    process.line_where(|line| line["status"] == 403).await;

    let text = process.text();
    let parts = |token: &str| token.split('.').map(str::to_owned).collect::<Vec<_>>();
    let mut secrets = vec![
        "subject-of-a-secret".to_owned(),
        "subject-of-a-forgery".to_owned(),
        "state-of-the-argument".to_owned(),
        "latitude-of-the-argument".to_owned(),
        "host.of.the.header".to_owned(),
        "demo@example.com".to_owned(),
        session,
    ];
    // The first part says only which kind of token it is.
    secrets.extend(parts(&valid).into_iter().skip(1).chain(parts(&forged).into_iter().skip(1)));
    for secret in secrets {
        assert!(!text.contains(&secret), "{secret} in {text}");
    }
    assert!(text.contains(&pseudonym("subject-of-a-secret")), "it logs at all");
}
