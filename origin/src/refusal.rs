//! Why a request did not get past the identity layer, and what its sender is told.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use edgeward_identity::{AssertionError, jws::JwsError};
use serde_json::json;

/// Why a request was refused.
///
/// The sender is told one of five words; which check failed exactly is for the log, so an attacker learns no more than
/// an honest edge needs. Found in the extensions of the response, for whoever logs it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no identity header.
    #[error("no identity assertion")]
    Missing,
    /// There is more than one: the edge sets exactly one, so somebody else has set another.
    #[error("more than one identity assertion")]
    Repeated,
    /// The value is not visible ASCII.
    #[error("identity assertion: not text")]
    NotText,
    /// The assertion failed a check.
    #[error(transparent)]
    Invalid(#[from] AssertionError),
    /// The edge's keys are not known, so nothing can be verified: an outage of ours, not a fault of the sender.
    #[error("the edge's keys could not be fetched")]
    KeysUnavailable {
        /// Seconds until another attempt can succeed.
        retry_after: u64,
    },
}

impl Refusal {
    /// What the sender is told: one word.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing => "identity_missing",
            Self::Repeated => "identity_repeated",
            Self::NotText => "identity_invalid",
            Self::Invalid(error) => match error {
                // Both mean the same to an honest edge: look at the clocks.
                AssertionError::Expired | AssertionError::IssuedInFuture => "identity_expired",
                AssertionError::WrongIssuer
                | AssertionError::WrongAudience
                | AssertionError::LifetimeTooLong
                | AssertionError::NoSubject => "identity_invalid",
                AssertionError::Jws(error) => match error {
                    JwsError::TooLong
                    | JwsError::Malformed
                    | JwsError::CriticalExtension
                    | JwsError::WrongType
                    | JwsError::WrongAlgorithm
                    | JwsError::NoKeyId
                    | JwsError::UnknownKey { .. }
                    | JwsError::BadSignature
                    | JwsError::MalformedClaims
                    | JwsError::MissingClaim { .. }
                    | JwsError::Unrepresentable
                    | JwsError::Overlong { .. } => "identity_invalid",
                },
            },
            Self::KeysUnavailable { .. } => "identity_keys_unavailable",
        }
    }

    /// 401, or 503 when it is our own fault.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Missing | Self::Repeated | Self::NotText | Self::Invalid(_) => StatusCode::UNAUTHORIZED,
            Self::KeysUnavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = (self.status(), Json(json!({ "error": self.code() }))).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        match self {
            Self::KeysUnavailable { retry_after } => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(retry_after.max(1)));
            }
            // RFC 9110 §15.5.2: a 401 has a challenge. Not `Bearer`, or a client would fetch a token for the origin.
            _ => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Edgeward"));
            }
        }
        response.extensions_mut().insert(self);
        response
    }
}
