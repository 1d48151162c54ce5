//! A stand-in for an OpenTelemetry collector: takes metrics as OTLP over HTTP and shows them as Prometheus would know
//! them.

use std::{collections::BTreeMap, net::SocketAddr};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
};
use opentelemetry_proto::tonic::{
    collector::metrics::v1::ExportMetricsServiceRequest,
    common::v1::{KeyValue, any_value::Value},
    metrics::v1::{HistogramDataPoint, Metric, metric::Data},
};
use prost::Message as _;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle, time::timeout};

use super::process::PATIENCE;

pub(crate) struct Collector {
    pub(crate) address: SocketAddr,
    answers: watch::Sender<Answer>,
    received: watch::Receiver<Vec<Received>>,
    serving: JoinHandle<()>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Status(StatusCode),
    /// None at all.
    Never,
}

/// One delivery.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    /// Attributes of the resource.
    pub(crate) resource: Attributes,
    pub(crate) series: Vec<Series>,
}

pub(crate) type Attributes = BTreeMap<String, String>;

/// A histogram with one set of attributes.
#[derive(Debug, Clone)]
pub(crate) struct Series {
    pub(crate) metric: String,
    pub(crate) unit: String,
    pub(crate) attributes: Attributes,
    pub(crate) point: HistogramDataPoint,
}

impl Collector {
    pub(crate) async fn start() -> Self {
        let (answers, answer) = watch::channel(Answer::Status(StatusCode::OK));
        let (sender, received) = watch::channel(Vec::new());
        let router = Router::new().fallback(receive).with_state((answer, sender));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.expect("serves") });
        Self { address, answers, received, serving }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn answer(&self, answer: Answer) {
        self.answers.send_replace(answer);
    }

    /// Everything so far.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.borrow().clone()
    }

    /// Waits until `enough` of what it has received.
    pub(crate) async fn wait(&mut self, enough: impl FnMut(&Vec<Received>) -> bool) -> Vec<Received> {
        let waited = timeout(PATIENCE, self.received.wait_for(enough)).await.expect("enough arrives in time");
        waited.expect("it serves").clone()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn receive(
    State((answer, sender)): State<(watch::Receiver<Answer>, watch::Sender<Vec<Received>>)>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let request = ExportMetricsServiceRequest::decode(body).expect("OTLP metrics in protobuf");
    let mut received = Received { path: uri.path().to_owned(), headers, resource: BTreeMap::new(), series: Vec::new() };
    for of_resource in request.resource_metrics {
        received.resource.extend(attributes(&of_resource.resource.expect("a resource").attributes));
        let metrics = of_resource.scope_metrics.into_iter().flat_map(|of_scope| of_scope.metrics);
        received.series.extend(metrics.flat_map(series));
    }
    sender.send_modify(|all| all.push(received));
    let answer = *answer.borrow();
    match answer {
        Answer::Status(status) => status,
        Answer::Never => std::future::pending().await,
    }
}

fn series(metric: Metric) -> Vec<Series> {
    let Some(Data::Histogram(histogram)) = metric.data else { panic!("{} is no histogram", metric.name) };
    let series = histogram.data_points.into_iter().map(|point| Series {
        metric: metric.name.clone(),
        unit: metric.unit.clone(),
        attributes: attributes(&point.attributes),
        point,
    });
    series.collect()
}

fn attributes(attributes: &[KeyValue]) -> Attributes {
    let text = |attribute: &KeyValue| match attribute.value.as_ref().and_then(|value| value.value.clone()) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        other => panic!("{}: {other:?}", attribute.key),
    };
    attributes.iter().map(|attribute| (attribute.key.clone(), text(attribute))).collect()
}
