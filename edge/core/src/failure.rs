//! Answers for requests that neither the gate nor an endpoint has answered: there was no room for them, or wasm has failed.

use http::{Response, StatusCode, header};
use serde_json::json;

use crate::{
    config::Config,
    message::response::{self, Caching, set},
    platform::{Event, Level, Record},
    transport,
};

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The instance has no room for another request.
    Overloaded,
    /// The gate has broken off.
    GateFailed,
    /// An endpoint has broken off: nobody knows what has been done.
    HandlerFailed,
    /// The settings have changed, or something was forgotten, between two questions to the gate.
    Superseded,
}

impl Failure {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Overloaded, Self::GateFailed, Self::HandlerFailed, Self::Superseded];

    /// The one that an adapter in another language calls by this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|failure| failure.name() == name)
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Overloaded => "overloaded",
            Self::GateFailed => "gate failed",
            Self::HandlerFailed => "handler failed",
            Self::Superseded => "superseded",
        }
    }

    /// The answer, and what the log is told. Without settings if those are wrong.
    pub fn answer(self, config: Option<&Config>) -> (Response<String>, Option<Record>) {
        let (status, error, event) = match self {
            Self::Overloaded => (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", Some(Event::Overloaded)),
            Self::GateFailed => (StatusCode::INTERNAL_SERVER_ERROR, "server_error", Some(Event::GateFailed)),
            Self::HandlerFailed => {
                (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", Some(Event::HandlerFailed))
            }
            Self::Superseded => (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", None),
        };
        let mut response = answer(status, error, config);
        if status == StatusCode::SERVICE_UNAVAILABLE {
            set(&mut response, header::RETRY_AFTER, RETRY_AFTER_SECONDS);
        }
        let record = event.map(|event| {
            let mut record = Record::new(Level::Alert, event);
            record.status = Some(status.as_u16());
            record
        });
        (response, record)
    }
}

/// When to come back: another instance may have room at once.
const RETRY_AFTER_SECONDS: &str = "1";

/// An answer with nothing but an error code.
pub(crate) fn answer(status: StatusCode, error: &str, config: Option<&Config>) -> Response<String> {
    let mut response = response::json(status, &json!({ "error": error }), Caching::NoStore);
    // Which pages may read it depends on the request.
    response.headers_mut().remove(header::ACCESS_CONTROL_ALLOW_ORIGIN);
    if let Some(config) = config {
        transport::protect(&mut response, config);
    }
    response
}
