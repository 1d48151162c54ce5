//! What is measured, as a collector gets it: every request and tool call, by how it ended, and no series that a
//! stranger can make.

mod support;

use std::collections::BTreeMap;

use reqwest::{Client, Method};
use rmcp::{
    model::{CallToolRequest, ClientRequest},
    service::PeerRequestOptions,
};
use serde_json::{Value, json};
use support::{
    HEADER, NOWHERE, any_port, assertion_of,
    client::{ERAS, Era, Listener, call, connect, connect_with, modern, params, post},
    collector::{Attributes, Collector, Received, Series},
    foreign_key, identity_of, now,
    process::Process,
    variables,
    weather::{Behaviour, Weather},
};

const REQUESTS: &str = "http.server.request.duration";
const TOOL_CALLS: &str = "mcp.server.operation.duration";

async fn start(collector: &Collector, weather_url: &str) -> Process {
    let mut variables = variables(weather_url);
    variables.insert("OTEL_EXPORTER_OTLP_ENDPOINT".into(), collector.url());
    Process::start(variables).await
}

/// One that does not wait for a minute.
async fn start_hasty(collector: &Collector) -> Process {
    let mut variables = variables(NOWHERE);
    variables.insert("OTEL_EXPORTER_OTLP_ENDPOINT".into(), collector.url());
    variables.insert("OTEL_METRIC_EXPORT_INTERVAL".into(), "20".into());
    Process::start(variables).await
}

/// Ends the process, and gives what it delivered then: everything, as the interval is a minute.
async fn delivered(mut process: Process, collector: &Collector) -> Received {
    process.terminate();
    assert_eq!(process.exit().await.code(), Some(0));
    let mut received = collector.received();
    assert_eq!(received.len(), 1, "delivered at the end, and only then");
    received.remove(0)
}

/// How often which attributes were measured.
fn counts(received: &Received, metric: &str) -> BTreeMap<Attributes, u64> {
    let series = received.series.iter().filter(|series| series.metric == metric);
    series.map(|series| (series.attributes.clone(), series.point.count)).collect()
}

fn expected<const N: usize>(series: [(&[(&str, &str)], u64); N]) -> BTreeMap<Attributes, u64> {
    let attributes =
        |pairs: &[(&str, &str)]| pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    series.into_iter().map(|(pairs, count)| (attributes(pairs), count)).collect()
}

#[tokio::test]
async fn requests_are_counted_by_method_route_and_outcome_and_nobody_can_add_to_these() {
    let collector = Collector::start().await;
    let process = start(&collector, NOWHERE).await;
    let base = format!("http://{}", process.address);
    let client = Client::new();

    for _ in 0..2 {
        assert_eq!(client.get(format!("{base}/healthz")).send().await.unwrap().status(), 200);
    }
    for path in ["a", "b?c=d", "mcp/e", "%2fmcp"] {
        assert_eq!(client.get(format!("{base}/{path}")).send().await.unwrap().status(), 404);
    }
    for method in ["BREW", "WHEN", "get"] {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        assert_eq!(client.request(method, format!("{base}/healthz")).send().await.unwrap().status(), 405);
    }
    for _ in 0..3 {
        assert_eq!(client.post(process.mcp()).send().await.unwrap().status(), 401);
    }
    let twice = client.post(process.mcp()).header(HEADER, "a").header(HEADER, "b");
    assert_eq!(twice.send().await.unwrap().status(), 401);
    let mint = |subject, key, at| edgeward_identity::assertion::mint(&identity_of(subject), key, at, 60).unwrap();
    let long_ago = edgeward_identity::UnixTime::from_secs(now().as_secs() - 3600);
    for refused in [
        "nonsense".to_owned(),
        mint("user-1", &foreign_key("edge-1"), now()),
        mint("user-1", &support::key(), long_ago),
    ] {
        assert_eq!(post(&process.mcp(), &refused, &json!({})).send().await.unwrap().status(), 401);
    }
    for user in ["user-1", "user-2"] {
        let list = modern(&process.mcp(), &assertion_of(user), "tools/list", None, json!({})).send().await.unwrap();
        assert_eq!(list.status(), 200);
        list.text().await.unwrap();
    }

    let received = delivered(process, &collector).await;
    let post = ("http.request.method", "POST");
    let get = ("http.request.method", "GET");
    let http = ("url.scheme", "http");
    let mcp = ("http.route", "/mcp");
    let status = |status| ("http.response.status_code", status);
    let error = |error| ("error.type", error);
    let wanted = expected([
        (&[get, http, ("http.route", "/healthz"), status("200")], 2),
        (&[("http.request.method", "_OTHER"), http, ("http.route", "/healthz"), status("405")], 3),
        (&[get, http, status("404")], 4),
        (&[post, http, mcp, status("200")], 2),
        (&[post, http, mcp, status("401"), error("identity_missing")], 3),
        (&[post, http, mcp, status("401"), error("identity_repeated")], 1),
        (&[post, http, mcp, status("401"), error("identity_invalid")], 2),
        (&[post, http, mcp, status("401"), error("identity_expired")], 1),
    ]);
    assert_eq!(counts(&received, REQUESTS), wanted);
    assert_eq!(counts(&received, TOOL_CALLS), BTreeMap::new());
}

#[tokio::test]
async fn an_outage_of_the_edges_keys_is_a_failure() {
    let collector = Collector::start().await;
    let mut variables = variables(NOWHERE);
    variables.remove("EDGEWARD_JWKS");
    variables.insert("EDGEWARD_JWKS_URL".into(), format!("{NOWHERE}/jwks.json"));
    variables.insert("OTEL_EXPORTER_OTLP_ENDPOINT".into(), collector.url());
    let process = Process::start(variables).await;
    assert_eq!(post(&process.mcp(), &assertion_of("user-1"), &json!({})).send().await.unwrap().status(), 503);
    let received = delivered(process, &collector).await;
    let errors: Vec<_> = received.series.iter().map(|series| series.attributes["error.type"].as_str()).collect();
    assert_eq!(errors, ["identity_keys_unavailable"]);
}

#[tokio::test]
async fn a_client_that_goes_away_aborts_its_request_and_cancels_its_call() {
    let mut collector = Collector::start().await;
    let process = start_hasty(&collector).await;
    let arguments = json!({ "name": "count_slowly", "arguments": { "steps": 1000, "interval_ms": 50 } });
    let mut response = modern(&process.mcp(), &assertion_of("user-1"), "tools/call", Some("count_slowly"), arguments)
        .send()
        .await
        .unwrap();
    assert!(response.chunk().await.unwrap().is_some());
    drop(response);
    let received = collector.wait(|received| received.last().is_some_and(|last| last.series.len() == 2)).await;
    let errors = received.last().unwrap().series.iter();
    let errors: BTreeMap<_, _> =
        errors.map(|series| (series.metric.as_str(), series.attributes["error.type"].as_str())).collect();
    assert_eq!(errors, BTreeMap::from([(REQUESTS, "aborted"), (TOOL_CALLS, "cancelled")]));
}

#[tokio::test]
async fn tool_calls_are_counted_by_tool_and_outcome_and_nobody_can_add_to_these() {
    for era in ERAS {
        let collector = Collector::start().await;
        let weather = Weather::start(any_port()).await.unwrap();
        let process = start(&collector, &weather.url()).await;
        let client = connect(&process.mcp(), &assertion_of("user-1"), era).await;
        for state in ["CA", "NV", "no-state"] {
            call(&client, "get_alerts", json!({ "state": state })).await;
        }
        weather.behave(Behaviour::Failing);
        call(&client, "get_alerts", json!({ "state": "CA" })).await;
        call(&client, "whoami", json!({})).await;
        for name in ["get_secrets", "whoami2"] {
            client.call_tool(params(name, json!({}))).await.unwrap_err();
        }
        call(&client, "get_forecast", json!({ "latitude": "north" })).await;
        client.cancel().await.unwrap();

        let received = delivered(process, &collector).await;
        let method = ("mcp.method.name", "tools/call");
        let tool = |name| ("gen_ai.tool.name", name);
        let error = |error| ("error.type", error);
        let wanted = expected([
            (&[method, tool("get_alerts")], 2),
            (&[method, tool("get_alerts"), error("tool_error")], 2),
            (&[method, tool("whoami")], 1),
            (&[method, tool("_OTHER"), error("-32602")], 2),
            (&[method, tool("get_forecast"), error("tool_error")], 1),
        ]);
        assert_eq!(counts(&received, TOOL_CALLS), wanted, "{era:?}");
    }
}

#[tokio::test]
async fn a_call_that_the_client_cancels_is_cancelled_and_not_failed() {
    for era in ERAS {
        let mut collector = Collector::start().await;
        let process = start_hasty(&collector).await;
        let listener = Listener::default();
        let client = connect_with(listener.clone(), &process.mcp(), &assertion_of("user-1"), era).await;
        let slow = CallToolRequest::new(params("count_slowly", json!({ "steps": 1000, "interval_ms": 50 })));
        let request = ClientRequest::CallToolRequest(slow);
        let call = client.send_cancellable_request(request, PeerRequestOptions::default()).await.unwrap();
        listener.first().await;
        call.cancel(None).await.unwrap();
        let of_calls = |received: &Received| counts(received, TOOL_CALLS);
        let received = collector.wait(|received| received.last().is_some_and(|last| !of_calls(last).is_empty())).await;
        let tool =
            [("mcp.method.name", "tools/call"), ("gen_ai.tool.name", "count_slowly"), ("error.type", "cancelled")];
        assert_eq!(of_calls(received.last().unwrap()), expected([(&tool, 1)]), "{era:?}");
    }
}

#[tokio::test]
async fn durations_are_seconds_to_the_last_byte() {
    let collector = Collector::start().await;
    let process = start(&collector, NOWHERE).await;
    let arguments = json!({ "name": "count_slowly", "arguments": { "steps": 6, "interval_ms": 100 } });
    let answer = modern(&process.mcp(), &assertion_of("user-1"), "tools/call", Some("count_slowly"), arguments);
    answer.send().await.unwrap().text().await.unwrap();
    let received = delivered(process, &collector).await;
    assert_eq!(received.series.len(), 2);
    for Series { metric, unit, point, .. } in &received.series {
        assert_eq!(unit, "s");
        let sum = point.sum.unwrap();
        assert!((0.6..60.0).contains(&sum), "{metric}: {sum}");
        let bucket = point.explicit_bounds.partition_point(|bound| *bound < sum);
        let of_one: Vec<u64> = (0..=point.explicit_bounds.len()).map(|index| u64::from(index == bucket)).collect();
        assert_eq!(point.bucket_counts, of_one, "{metric}");
        assert!(point.explicit_bounds.contains(&0.5) && point.explicit_bounds.contains(&10.0), "{metric}");
    }
}

/// The dashboard has the names that Prometheus gives to what is exported, the README those of OpenTelemetry.
#[tokio::test]
async fn the_dashboard_asks_for_what_there_is_and_the_readme_names_it() {
    let collector = Collector::start().await;
    let process = start(&collector, NOWHERE).await;
    let client = connect(&process.mcp(), &assertion_of("user-1"), Era::Modern).await;
    call(&client, "whoami", json!({})).await;
    call(&client, "get_alerts", json!({ "state": "CA" })).await;
    client.cancel().await.unwrap();
    assert_eq!(reqwest::get(process.mcp()).await.unwrap().status(), 401);
    let received = delivered(process, &collector).await;

    let readme = include_str!("../README.md");
    for Series { metric, attributes, .. } in &received.series {
        for name in attributes.keys().chain([metric]) {
            assert!(readme.contains(&format!("`{name}`")), "{name}");
        }
    }

    let dotless = |name: &str| name.replace('.', "_");
    let mut names = BTreeMap::new();
    for series in &received.series {
        let labels: &mut Vec<String> = names.entry(format!("{}_seconds", dotless(&series.metric))).or_default();
        labels.extend(series.attributes.keys().map(|name| dotless(name)));
        // What Prometheus adds: bucket and service.
        labels.extend(["le".into(), "job".into()]);
    }
    let dashboard: Value = serde_json::from_str(include_str!("../dashboard.json")).unwrap();
    let mut asked = 0;
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().unwrap() {
            asked += 1;
            let query = target["expr"].as_str().unwrap();
            let words = query.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            let metric = words.clone().find(|word| word.contains("_seconds_")).expect(query);
            let (name, part) = metric.rsplit_once('_').unwrap();
            assert!(["bucket", "count", "sum"].contains(&part), "{query}");
            let labels = names.get(name).unwrap_or_else(|| panic!("no such metric: {query}"));
            // Whatever has an underline and is neither the metric nor PromQL's is a label.
            let grafana = ["histogram_quantile", "__rate_interval", "__range", "identity_"];
            for label in words.filter(|word| word.contains('_') && *word != metric && !grafana.contains(word)) {
                assert!(labels.iter().any(|known| known == label), "no label {label}: {query}");
            }
        }
    }
    assert!(asked >= 7);
}
