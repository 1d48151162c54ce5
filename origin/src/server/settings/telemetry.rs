//! Where metrics go: the variables of OpenTelemetry's specification, as every program with its SDK reads them.
//!
//! Its SDK ignores what is malformed. Here that refuses the start: an operator who turns metrics on wants to see them.

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue};

use super::{Reader, parse_base_url};

/// Where metrics go and how often.
///
/// The SDK reads `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_RESOURCE_ATTRIBUTES` and
/// `OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE` itself, so no header, which may be a key, is in here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Telemetry {
    /// URL that metrics are posted to.
    pub endpoint: String,
    /// How long one attempt to deliver them may take.
    pub timeout: Duration,
    /// How often they are delivered.
    pub interval: Duration,
    /// What the service is called, unless it is called by its own name.
    pub service_name: Option<String>,
}

impl Telemetry {
    /// `None` when no endpoint is given, or metrics are turned off by name.
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let base = reader.variable("OTEL_EXPORTER_OTLP_ENDPOINT", parse_base_url);
        let own = reader.variable("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", parse_base_url);
        let endpoint = match (own, base) {
            (Some(own), _) => own.into(),
            (None, Some(base)) => format!("{}/v1/metrics", base.as_str().trim_end_matches('/')),
            (None, None) => return None,
        };
        let disabled = reader.variable("OTEL_SDK_DISABLED", |text| Ok(text.eq_ignore_ascii_case("true")));
        let exporter = reader.variable("OTEL_METRICS_EXPORTER", |text| match text {
            "otlp" | "none" => Ok(text.to_owned()),
            _ => Err("not otlp or none".to_owned()),
        });
        if disabled == Some(true) || exporter.as_deref() == Some("none") {
            return None;
        }
        either(reader, "PROTOCOL", parse_protocol);
        either(reader, "HEADERS", parse_headers);
        Some(Self {
            endpoint,
            timeout: either(reader, "TIMEOUT", parse_milliseconds).unwrap_or(TIMEOUT_DEFAULT),
            interval: reader.variable("OTEL_METRIC_EXPORT_INTERVAL", parse_milliseconds).unwrap_or(INTERVAL_DEFAULT),
            service_name: reader.variable("OTEL_SERVICE_NAME", |text| Ok(text.to_owned())),
        })
    }
}

/// A variable there is for metrics alone, which wins, and for all that is exported.
fn either<T>(reader: &mut Reader<'_>, name: &str, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
    let own = reader.variable(&format!("OTEL_EXPORTER_OTLP_METRICS_{name}"), &parse);
    let general = reader.variable(&format!("OTEL_EXPORTER_OTLP_{name}"), &parse);
    own.or(general)
}

fn parse_protocol(text: &str) -> Result<(), String> {
    if text == "http/protobuf" { Ok(()) } else { Err("not http/protobuf, the only one that is spoken".to_owned()) }
}

fn parse_milliseconds(text: &str) -> Result<Duration, String> {
    match text.parse::<u32>() {
        Ok(milliseconds @ 1..) => Ok(Duration::from_millis(milliseconds.into())),
        _ => Err("not a number of milliseconds from 1 to 4294967295".to_owned()),
    }
}

/// `name=value` with commas between; percent-encoded values are the SDK's to decode.
fn parse_headers(text: &str) -> Result<(), String> {
    let is_header = |entry: &str| {
        entry.split_once('=').is_some_and(|(name, value)| {
            name.trim().parse::<HeaderName>().is_ok() && value.trim().parse::<HeaderValue>().is_ok()
        })
    };
    let well_formed = text.split_terminator(',').all(is_header);
    if well_formed { Ok(()) } else { Err("not name=value with commas between".to_owned()) }
}

const TIMEOUT_DEFAULT: Duration = Duration::from_secs(10);
const INTERVAL_DEFAULT: Duration = Duration::from_secs(60);
