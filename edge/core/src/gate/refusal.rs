//! Why a request does not pass, what it is answered, and what the log is told.

use edgeward_identity::limits::{BODY_TOO_LONG, BODY_TOO_LONG_CODE};
use http::{Response, StatusCode, header};
use serde_json::json;

use crate::{
    access_token::AccessTokenError,
    config::{Config, ProtectedResource},
    limit::PERIOD_SECONDS,
    message::{
        cors,
        operation::{self, Malformed},
        request::BodyError,
        response::{Caching, json, set},
    },
    oauth::{ClientDigest, Scope},
    platform::{Event, Level, Limit, Record},
    route::Route,
    upstream::UpstreamError,
};

/// When to come back if Cognito's keys cannot be had.
const RETRY_AFTER_SECONDS: &str = "5";

/// Why a request does not pass.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GateError {
    /// `Origin` is not one that may call.
    #[error("pages of {0} may not call this server; its operator can allow them (EDGEWARD_ALLOWED_ORIGINS)")]
    ForbiddenOrigin(String),
    /// No `Authorization`.
    #[error("no token")]
    NoToken,
    /// `Authorization` holds no bearer token.
    #[error("no bearer token in the header")]
    MalformedToken,
    /// The token is not good.
    #[error(transparent)]
    Token(#[from] AccessTokenError),
    /// The token is Cognito's, and not good; or its keys cannot be had.
    #[error("token of a machine: {0}")]
    Machine(#[from] UpstreamError),
    /// The token is Cognito's, but of an app client that may not come with it.
    #[error("token of a machine that the settings do not name")]
    UnknownMachine(String),
    /// The token is that of a machine, of this app client, and has expired.
    #[error("token of a machine: expired")]
    ExpiredMachineToken(String),
    /// The token is for another resource.
    #[error("access token: wrong audience")]
    WrongAudience,
    /// The token allows less than this, which the request needs.
    #[error("access token: insufficient scope")]
    InsufficientScope(Scope),
    /// There is a policy, and the server might read another body than the one that was judged.
    #[error("the policy of this server reads only application/json in UTF-8 without Content-Encoding")]
    UnsupportedEncoding,
    /// There is a policy, and the body is no message to judge.
    #[error(transparent)]
    Message(#[from] Malformed),
    /// There is a policy, and the body did not come.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// It is to become another protocol's.
    #[error("the request has the header Upgrade, and this server accepts no other protocol: send it without")]
    Upgrade,
    /// The body is longer than any may be.
    #[error("{BODY_TOO_LONG}")]
    BodyTooLong,
    /// There is a policy, and the body by which it must judge is longer than we read.
    #[error(
        "the request body is longer than {} bytes (1 MiB), the longest that the policy of this server reads",
        operation::MAX_BYTES
    )]
    BodyTooLongToJudge,
    /// [`Limit::Calls`].
    #[error("too many requests with the tokens of this grant: wait a minute")]
    TooManyRequests,
    /// The identity could not be signed.
    #[error("the identity assertion could not be minted")]
    Assertion,
}

/// The answer to a refused request for `path`, which is the resource's, and what the log is told. Pages of allowed origins may
/// read the answer.
pub fn refusal(
    error: &GateError,
    path: &str,
    origin_header: Option<&str>,
    resource: &ProtectedResource,
    config: &Config,
) -> (Response<String>, Record) {
    let mut response = refuse(error, path, resource, config);
    if let Some(origin) = origin_header.filter(|_| !matches!(error, GateError::ForbiddenOrigin(_))) {
        cors::share(&mut response, origin);
    }
    let level = match error {
        GateError::Assertion => Level::Alert,
        GateError::Machine(UpstreamError::Unavailable { .. } | UpstreamError::Unverified(_))
        | GateError::TooManyRequests => Level::Warn,
        _ => Level::Info,
    };
    let mut record = match error {
        GateError::TooManyRequests => Record::new(level, Event::TooManyRequests).because(&Limit::Calls.as_str()),
        _ => Record::new(level, Event::GateRefused).because(error),
    };
    record.status = Some(response.status().as_u16());
    if let GateError::UnknownMachine(client_id) | GateError::ExpiredMachineToken(client_id) = error {
        record.client = Some(ClientDigest::of(client_id).pseudonym());
    }
    (response, record)
}

/// The answer to a refused request (RFC 6750 §3, RFC 9728 §5.1). The challenge names every scope that is needed,
/// and the metadata at the path as it was spelled: clients compare the resource there with their own URL (RFC 9728 §3.3).
fn refuse(error: &GateError, path: &str, resource: &ProtectedResource, config: &Config) -> Response<String> {
    let needed = if let GateError::InsufficientScope(needed) = error { needed } else { &resource.default_scope };
    let challenge = |error: &str| {
        format!(
            "Bearer {error}resource_metadata=\"{}{}{}\", scope=\"{}\"",
            config.issuer,
            Route::ProtectedResourceMetadata.path(),
            path,
            needed
        )
    };
    let (status, code, challenge) = match error {
        GateError::ForbiddenOrigin(_) => (StatusCode::FORBIDDEN, "forbidden_origin", None),
        // RFC 6750 §3.1: no error code for a request that has shown no token.
        GateError::NoToken => (StatusCode::UNAUTHORIZED, "unauthorized", Some(challenge(""))),
        // A token must not be thrown away because Cognito's keys cannot be had, or not be used.
        GateError::Machine(UpstreamError::Unavailable { .. } | UpstreamError::Unverified(_)) => {
            (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", None)
        }
        GateError::MalformedToken
        | GateError::Token(_)
        | GateError::WrongAudience
        | GateError::UnknownMachine(_)
        | GateError::ExpiredMachineToken(_)
        | GateError::Machine(
            UpstreamError::InvalidClient
            | UpstreamError::InvalidGrant(_)
            | UpstreamError::Rejected(_)
            | UpstreamError::UserRefused(_)
            | UpstreamError::LambdaFailed(_)
            | UpstreamError::Unusable(_),
        ) => (StatusCode::UNAUTHORIZED, "invalid_token", Some(challenge("error=\"invalid_token\", "))),
        GateError::InsufficientScope(_) => {
            (StatusCode::FORBIDDEN, "insufficient_scope", Some(challenge("error=\"insufficient_scope\", ")))
        }
        // Not 426, which would have to name a protocol to come back with (RFC 9110 §15.5.22).
        GateError::Message(_) | GateError::Upgrade => (StatusCode::BAD_REQUEST, "invalid_request", None),
        GateError::Body(error) => (error.status(), "invalid_request", None),
        GateError::UnsupportedEncoding => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "invalid_request", None),
        GateError::BodyTooLong | GateError::BodyTooLongToJudge => {
            (StatusCode::PAYLOAD_TOO_LARGE, BODY_TOO_LONG_CODE, None)
        }
        GateError::TooManyRequests => (StatusCode::TOO_MANY_REQUESTS, "too_many_requests", None),
        GateError::Assertion => (StatusCode::INTERNAL_SERVER_ERROR, "server_error", None),
    };
    // Faults at Cognito are for the operator's log only.
    let description = if matches!(error, GateError::Machine(_)) { code.to_owned() } else { error.to_string() };
    let mut response = json(status, &json!({ "error": code, "error_description": description }), Caching::NoStore);
    // Only pages of allowed origins may read answers of a resource.
    response.headers_mut().remove(header::ACCESS_CONTROL_ALLOW_ORIGIN);
    let retry_after = match status {
        StatusCode::SERVICE_UNAVAILABLE => Some(RETRY_AFTER_SECONDS),
        StatusCode::TOO_MANY_REQUESTS => Some(PERIOD_SECONDS),
        _ => None,
    };
    if let Some(seconds) = retry_after {
        set(&mut response, header::RETRY_AFTER, seconds);
    }
    if let Some(challenge) = challenge {
        set(&mut response, header::WWW_AUTHENTICATE, &challenge);
    }
    response
}
