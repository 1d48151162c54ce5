//! The way to the collector: OTLP over HTTP, with the origin's own client.

use std::{
    thread,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use axum::{body::Body, http::StatusCode};
use opentelemetry::KeyValue;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{ExporterBuildError, MetricExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::{
    Resource,
    metrics::{PeriodicReader, SdkMeterProvider},
    resource::{EnvResourceDetector, TelemetryResourceDetector},
};
use parking_lot::Mutex;
use tokio::{runtime::Handle, sync::oneshot};

use crate::{
    outbound::{Limits, Outbound, OutboundError},
    server::settings::Telemetry,
};

/// A provider whose metrics are delivered as `telemetry` says.
pub(super) fn provider(telemetry: &Telemetry) -> Result<SdkMeterProvider, ExportError> {
    let collector = Collector {
        outbound: Outbound::new().map_err(|_| ExportError::Tls)?,
        limits: Limits { deadline: telemetry.timeout, max_bytes: MAX_ANSWER_BYTES },
        runtime: Handle::current(),
        warned: Mutex::new(None),
    };
    let exporter = MetricExporter::builder()
        .with_http()
        .with_http_client(collector)
        .with_endpoint(&telemetry.endpoint)
        .with_timeout(telemetry.timeout)
        .build()?;
    let reader = PeriodicReader::builder(exporter).with_interval(telemetry.interval).build();
    Ok(SdkMeterProvider::builder().with_reader(reader).with_resource(resource(telemetry)?).build())
}

/// What the metrics are about: this program, unless the environment says more.
fn resource(telemetry: &Telemetry) -> Result<Resource, getrandom::Error> {
    let mut random = [0; 16];
    getrandom::fill(&mut random)?;
    // Without it, two tasks of one service would overwrite each other's counts.
    let instance = uuid::Builder::from_random_bytes(random).into_uuid();
    let builder = Resource::builder_empty()
        .with_service_name(env!("CARGO_PKG_NAME"))
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .with_attribute(KeyValue::new("service.instance.id", instance.to_string()))
        .with_detectors(&[Box::new(TelemetryResourceDetector), Box::new(EnvResourceDetector::new())]);
    Ok(match &telemetry.service_name {
        Some(name) => builder.with_service_name(name.clone()),
        None => builder,
    }
    .build())
}

/// Delivers what is left and ends the reader, but waits for that no longer than `patience`.
pub(super) async fn shut_down(provider: SdkMeterProvider, patience: Duration) {
    let (ended, end) = oneshot::channel();
    // It blocks, and a blocking task of tokio's would keep the process from ending.
    let started = thread::Builder::new().spawn(move || {
        // What goes wrong, the collector has logged.
        let _ = provider.shutdown();
        let _ = ended.send(());
    });
    if started.is_err() || tokio::time::timeout(patience, end).await.is_err() {
        tracing::warn!("the last metrics were not exported");
    }
}

/// Where metrics are sent.
#[derive(Debug)]
struct Collector {
    outbound: Outbound,
    limits: Limits,
    /// The SDK asks from a thread of its own, where hyper cannot wait.
    runtime: Handle,
    /// When a failure was last logged, if the collector has not answered well since.
    warned: Mutex<Option<Instant>>,
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let outbound = self.outbound.clone();
        let limits = self.limits;
        let exchange = async move { outbound.exchange(request.map(Body::from), limits).await };
        let reply = self.runtime.spawn(exchange).await?;
        self.log(reply.as_ref().map(|reply| reply.status));
        let reply = reply?;
        let mut response = Response::new(reply.body.into());
        *response.status_mut() = reply.status;
        Ok(response)
    }
}

impl Collector {
    /// Logs a failure, but not each one; neither URL nor header is in it, as either may hold a key.
    fn log(&self, outcome: Result<StatusCode, &OutboundError>) {
        let reason = match outcome {
            Ok(status) if status.is_success() => None,
            Ok(status) => Some(format!("status {}", status.as_u16())),
            Err(error) => Some(error.to_string()),
        };
        let mut warned = self.warned.lock();
        match reason {
            Some(reason) if warned.is_none_or(|at| at.elapsed() >= WARN_AGAIN) => {
                *warned = Some(Instant::now());
                tracing::warn!(reason, "metrics could not be exported");
            }
            Some(_) => {}
            None if warned.take().is_some() => tracing::info!("metrics are exported again"),
            None => {}
        }
    }
}

/// The answer says at most how much of it was refused.
const MAX_ANSWER_BYTES: usize = 64 * 1024;
const WARN_AGAIN: Duration = Duration::from_secs(600);

/// Why metrics cannot be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// No TLS.
    #[error("metrics: TLS is not available")]
    Tls,
    /// No randomness.
    #[error("metrics: no randomness: {0}")]
    Randomness(#[from] getrandom::Error),
    /// The exporter refuses its settings.
    #[error("metrics: {0}")]
    Exporter(#[from] ExporterBuildError),
}
