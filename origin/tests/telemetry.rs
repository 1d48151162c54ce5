//! Metrics are delivered where the variables of OpenTelemetry say, and nowhere without them; a collector that fails
//! harms nobody.

mod support;

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use edgeward_origin::server::settings::Values;
use support::{
    NOWHERE,
    collector::{Answer, Collector},
    process::{Process, run},
    variables,
};

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const INTERVAL: &str = "OTEL_METRIC_EXPORT_INTERVAL";

fn with(entries: &[(&str, &str)]) -> Values {
    let mut variables = variables(NOWHERE);
    variables.extend(entries.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    variables
}

async fn ask(process: &Process) {
    let response = reqwest::get(format!("http://{}/healthz", process.address)).await.unwrap();
    assert_eq!(response.status(), 200);
}

async fn stop(mut process: Process) {
    let asked = Instant::now();
    process.terminate();
    assert_eq!(process.exit().await.code(), Some(0));
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
}

/// Whether the SDK's thread runs, which only Linux tells.
fn delivers(process: &Process) -> Option<bool> {
    if !cfg!(target_os = "linux") {
        println!("skipped: only Linux tells the names of a process's threads, in /proc");
        return None;
    }
    let threads = std::fs::read_dir(format!("/proc/{}/task", process.id())).unwrap();
    let mut names = threads.filter_map(|thread| std::fs::read_to_string(thread.unwrap().path().join("comm")).ok());
    // The kernel cuts names off.
    Some(names.any(|name| name.starts_with("OpenTelemetry.")))
}

#[tokio::test]
async fn nothing_is_delivered_unless_an_endpoint_is_given() {
    let mut collector = Collector::start().await;
    let url = collector.url();
    let off: [&[(&str, &str)]; 4] = [
        &[(INTERVAL, "1"), ("OTEL_SERVICE_NAME", "name"), ("OTEL_EXPORTER_OTLP_HEADERS", "a=b")],
        &[(ENDPOINT, "")],
        &[(ENDPOINT, &url), ("OTEL_SDK_DISABLED", "true")],
        &[(ENDPOINT, &url), ("OTEL_METRICS_EXPORTER", "none")],
    ];
    for entries in off {
        let process = Process::start(with(entries)).await;
        ask(&process).await;
        assert_ne!(delivers(&process), Some(true), "{entries:?}");
        stop(process).await;
    }
    assert!(collector.received().is_empty());

    let process = Process::start(with(&[(ENDPOINT, &url), (INTERVAL, "20")])).await;
    ask(&process).await;
    collector.wait(|received| !received.is_empty()).await;
    assert_ne!(delivers(&process), Some(false));
    stop(process).await;
}

#[tokio::test]
async fn metrics_are_delivered_again_and_again_to_the_path_of_metrics() {
    let mut collector = Collector::start().await;
    let url = collector.url();
    let given: [(&[(&str, &str)], &str); 3] = [
        (&[(ENDPOINT, &url)], "/v1/metrics"),
        (&[(ENDPOINT, &format!("{url}/base/"))], "/base/v1/metrics"),
        (&[(ENDPOINT, NOWHERE), ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", &format!("{url}/own"))], "/own"),
    ];
    for (entries, path) in given {
        let mut entries = entries.to_vec();
        entries.push((INTERVAL, "20"));
        let before = collector.received().len();
        let process = Process::start(with(&entries)).await;
        ask(&process).await;
        let received = collector.wait(|received| received.len() >= before + 3).await;
        assert!(received[before..].iter().all(|received| received.path == path), "{path}");
        stop(process).await;
    }
}

#[tokio::test]
async fn each_process_says_who_it_is() {
    let collector = Collector::start().await;
    let url = collector.url();
    let given: [&[(&str, &str)]; 3] = [
        &[],
        &[("OTEL_RESOURCE_ATTRIBUTES", "service.name=weather,deployment.environment.name=prod")],
        &[("OTEL_SERVICE_NAME", "alerts"), ("OTEL_RESOURCE_ATTRIBUTES", "service.name=weather")],
    ];
    for entries in given {
        let mut entries = entries.to_vec();
        entries.push((ENDPOINT, &url));
        let process = Process::start(with(&entries)).await;
        ask(&process).await;
        stop(process).await;
    }
    let resources: Vec<_> = collector.received().into_iter().map(|received| received.resource).collect();
    let names: Vec<_> = resources.iter().map(|resource| resource["service.name"].as_str()).collect();
    assert_eq!(names, ["edgeward-origin", "weather", "alerts"]);
    assert_eq!(resources[1]["deployment.environment.name"], "prod");
    assert_eq!(resources[0]["service.version"], env!("CARGO_PKG_VERSION"));
    assert_ne!(resources[0]["service.instance.id"], resources[1]["service.instance.id"]);
}

#[tokio::test]
async fn headers_are_sent_and_not_logged() {
    let mut collector = Collector::start().await;
    let headers = "authorization=Bearer%20hunter2,x-team=weather";
    let entries = [
        (ENDPOINT, &*collector.url()),
        ("OTEL_EXPORTER_OTLP_HEADERS", headers),
        (INTERVAL, "20"),
        ("RUST_LOG", "trace"),
    ];
    let process = Process::start(with(&entries)).await;
    ask(&process).await;
    let received = collector.wait(|received| !received.is_empty()).await;
    assert_eq!(received[0].headers["authorization"], "Bearer hunter2");
    assert_eq!(received[0].headers["x-team"], "weather");
    assert!(received[0].headers.contains_key("user-agent"));
    assert_eq!(received[0].headers["content-type"], "application/x-protobuf");
    // Nor when it fails.
    collector.answer(Answer::Status(StatusCode::UNAUTHORIZED));
    process.line("metrics could not be exported").await;
    assert!(!process.text().contains("hunter2"), "{}", process.text());
    stop(process).await;
}

#[tokio::test]
async fn a_collector_that_refuses_is_logged_once_and_requests_go_on() {
    let mut collector = Collector::start().await;
    collector.answer(Answer::Status(StatusCode::BAD_REQUEST));
    let process = Process::start(with(&[(ENDPOINT, &collector.url()), (INTERVAL, "20")])).await;
    ask(&process).await;
    collector.wait(|received| received.len() >= 5).await;
    ask(&process).await;
    collector.answer(Answer::Status(StatusCode::OK));
    process.line("metrics are exported again").await;
    let warnings: Vec<_> =
        process.lines().into_iter().filter(|line| line["message"] == "metrics could not be exported").collect();
    assert_eq!(warnings.len(), 1);
    assert_eq!(warnings[0]["level"], "WARN");
    assert_eq!(warnings[0]["reason"], "status 400");
    stop(process).await;
}

#[tokio::test]
async fn a_collector_that_is_down_or_never_answers_holds_up_neither_requests_nor_the_stop() {
    let mut collector = Collector::start().await;
    collector.answer(Answer::Never);
    for (url, timeout, reason) in [
        (NOWHERE, "10000", Some("no connection")),
        (&*collector.url(), "50", Some("no answer in time")),
        (&*collector.url(), "60000", None),
    ] {
        let before = collector.received().len();
        let entries = [(ENDPOINT, url), (INTERVAL, "20"), ("OTEL_EXPORTER_OTLP_TIMEOUT", timeout)];
        let process = Process::start(with(&entries)).await;
        ask(&process).await;
        match reason {
            Some(reason) => assert_eq!(process.line("metrics could not be exported").await["reason"], reason),
            None => drop(collector.wait(|received| received.len() > before).await),
        }
        ask(&process).await;
        stop(process).await;
    }
}

#[tokio::test]
async fn what_is_malformed_refuses_the_start_and_is_not_repeated() {
    let wrong = [
        (ENDPOINT, "hunter2:4318"),
        (ENDPOINT, "grpc://hunter2"),
        (ENDPOINT, "http://user:hunter2@collector:4318"),
        ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "hunter2"),
        ("OTEL_METRICS_EXPORTER", "hunter2"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "hunter2"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "hunter2"),
        ("OTEL_EXPORTER_OTLP_METRICS_HEADERS", "a=b,a key=hunter2"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "hunter2"),
        (INTERVAL, "0"),
    ];
    for (name, value) in wrong {
        let (status, output) = run(&with(&[(ENDPOINT, "http://127.0.0.1:9"), (name, value)]), &[]).await;
        assert_eq!(status.code(), Some(1), "{name}={value}");
        assert!(output.contains("refused to start") && output.contains(&format!("\"{name}: ")), "{output}");
        assert!(!output.contains("hunter2"), "{output}");
    }
}
