//! Metrics by OpenTelemetry's semantic conventions: how many requests and tool calls there were, how they ended, and
//! how long they took. A histogram counts, too, so there is one for each.
//!
//! Every attribute has few values, all of them ours: what strangers write never makes a series.

mod export;

use std::{
    borrow::Cow,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::http::{Method, StatusCode};
use opentelemetry::{
    KeyValue,
    metrics::{Histogram, MeterProvider as _},
};
use opentelemetry_sdk::metrics::SdkMeterProvider;
use rmcp::{ErrorData, model::CallToolResponse};

use super::{method::known_method, settings::Telemetry};
use crate::Refusal;

pub use export::ExportError;

/// What is measured. Unless it is [`exported`](Self::exported) it is off: nothing is kept or runs. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Metrics(Option<Arc<Instruments>>);

#[derive(Debug)]
struct Instruments {
    requests: Histogram<f64>,
    tool_calls: Histogram<f64>,
    provider: SdkMeterProvider,
}

impl Metrics {
    /// Metrics that nobody asked for.
    pub fn off() -> Self {
        Self::default()
    }

    /// Metrics that a thread delivers from time to time, over a connection of the current tokio runtime.
    ///
    /// # Errors
    /// When TLS or randomness is not available.
    pub fn exported(telemetry: &Telemetry) -> Result<Self, ExportError> {
        let provider = export::provider(telemetry)?;
        let meter = provider.meter(env!("CARGO_PKG_NAME"));
        let seconds = |name, description, boundaries: &[f64]| {
            let histogram = meter.f64_histogram(name).with_unit("s").with_description(description);
            histogram.with_boundaries(boundaries.to_vec()).build()
        };
        Ok(Self(Some(Arc::new(Instruments {
            requests: seconds(
                REQUESTS,
                "Duration of HTTP requests, to the last byte of the answer.",
                REQUEST_BOUNDARIES,
            ),
            tool_calls: seconds(TOOL_CALLS, "Duration of MCP tool calls.", TOOL_CALL_BOUNDARIES),
            provider,
        }))))
    }

    /// Delivers what has not been delivered yet, and ends. Waits no longer than two seconds.
    pub async fn flush(&self) {
        let Some(instruments) = &self.0 else { return };
        export::shut_down(instruments.provider.clone(), LAST_EXPORT).await;
    }

    /// A request has ended.
    pub(crate) fn request(&self, request: &EndedRequest<'_>) {
        let Some(instruments) = &self.0 else { return };
        let method = known_method(request.method).unwrap_or(OTHER);
        let mut attributes = vec![KeyValue::new("http.request.method", method), KeyValue::new("url.scheme", "http")];
        if let Some(route) = request.route {
            attributes.push(KeyValue::new("http.route", route.to_owned()));
        }
        if let Some(status) = request.status {
            attributes.push(KeyValue::new("http.response.status_code", i64::from(status.as_u16())));
        }
        if let Some(error) = request.error_type() {
            attributes.push(KeyValue::new("error.type", error));
        }
        instruments.requests.record(request.duration.as_secs_f64(), &attributes);
    }

    /// A call of the tool that is called `name`, of those there are, begins.
    pub(crate) fn tool_call(&self, name: Option<&Cow<'static, str>>) -> ToolCall {
        ToolCall(self.0.as_ref().map(|instruments| StartedToolCall {
            instruments: instruments.clone(),
            started: Instant::now(),
            name: name.cloned().unwrap_or(OTHER.into()),
            error: Some(Cow::Borrowed("cancelled")),
        }))
    }
}

/// What there is to know about a request once it has ended.
#[derive(Debug)]
pub(crate) struct EndedRequest<'a> {
    pub(crate) method: &'a Method,
    /// The route's pattern.
    pub(crate) route: Option<&'a str>,
    /// `None` when the client went away before there was an answer.
    pub(crate) status: Option<StatusCode>,
    pub(crate) refusal: Option<&'a Refusal>,
    /// Whether the client went away before the last byte.
    pub(crate) aborted: bool,
    pub(crate) duration: Duration,
}

impl EndedRequest<'_> {
    /// Why it failed, if it did. Another answer of 4xx is the sender's fault and says all there is in its status.
    fn error_type(&self) -> Option<Cow<'static, str>> {
        match (self.refusal, self.status) {
            (Some(refusal), _) => Some(refusal.code().into()),
            (None, Some(status)) if status.is_server_error() => Some(status.as_str().to_owned().into()),
            _ => self.aborted.then_some("aborted".into()),
        }
    }
}

/// A tool call under way. Measured when it is dropped; as cancelled, unless it was told how the call ended.
#[derive(Debug)]
pub(crate) struct ToolCall(Option<StartedToolCall>);

#[derive(Debug)]
struct StartedToolCall {
    instruments: Arc<Instruments>,
    started: Instant,
    name: Cow<'static, str>,
    error: Option<Cow<'static, str>>,
}

impl ToolCall {
    /// The call has ended.
    pub(crate) fn ended(mut self, result: &Result<CallToolResponse, ErrorData>) {
        let Some(call) = &mut self.0 else { return };
        call.error = match result {
            Ok(CallToolResponse::Complete(result)) if result.is_error == Some(true) => Some("tool_error".into()),
            Ok(_) => None,
            // The codes are those of JSON-RPC and MCP.
            Err(error) => Some(error.code.0.to_string().into()),
        };
    }
}

impl Drop for StartedToolCall {
    fn drop(&mut self) {
        let mut attributes =
            vec![KeyValue::new("mcp.method.name", "tools/call"), KeyValue::new("gen_ai.tool.name", self.name.clone())];
        if let Some(error) = self.error.take() {
            attributes.push(KeyValue::new("error.type", error));
        }
        self.instruments.tool_calls.record(self.started.elapsed().as_secs_f64(), &attributes);
    }
}

/// <https://opentelemetry.io/docs/specs/semconv/http/http-metrics/>
const REQUESTS: &str = "http.server.request.duration";
const REQUEST_BOUNDARIES: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
/// <https://opentelemetry.io/docs/specs/semconv/gen-ai/mcp/>
const TOOL_CALLS: &str = "mcp.server.operation.duration";
const TOOL_CALL_BOUNDARIES: &[f64] = &[0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0];
/// The conventions' word for all that is not known.
const OTHER: &str = "_OTHER";
/// What a stop may take beyond the time that open requests have.
const LAST_EXPORT: Duration = Duration::from_secs(2);
