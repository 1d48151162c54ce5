//! How requests must come: to the issuer's own origin, and over TLS where the issuer is https.
//!
//! A platform may also give the edge requests over plain http, to other host names (a `workers.dev` address, a wildcard route)
//! and to other ports. One rule refuses all of them with 421 (RFC 9110 §15.5.20), whatever their path. They are not redirected:
//! a client that sends its token over plain http must notice.

use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use serde_json::json;

use crate::{
    config::Config,
    message::{
        response::{Caching, json},
        target::Target,
    },
    platform::{Event, Level, Record},
};

/// Browsers remember for a year that this host has TLS (RFC 6797). Other hosts of its domain are not the edge's to decide, so
/// neither `includeSubDomains` nor `preload`.
const STRICT_TRANSPORT: (HeaderName, &str) = (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");

/// Why a request is not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Misdirected {
    /// It came over plain http, and the issuer is https.
    #[error("the request came over plain http")]
    PlainHttp,
    /// It is for another host or port.
    #[error("the request is for another origin than EDGEWARD_PUBLIC_URL")]
    OtherOrigin,
}

/// Whether a request is for the issuer's origin.
///
/// # Errors
/// When it is not. The two are compared as texts: platforms write host names in lower case and leave default ports out, as the
/// setting does, and what is spelled in another way is refused.
pub fn check(target: &Target<'_>, config: &Config) -> Result<(), Misdirected> {
    if target.origin == config.issuer {
        return Ok(());
    }
    let is_plain = target.origin.starts_with("http:") && is_https(config);
    Err(if is_plain { Misdirected::PlainHttp } else { Misdirected::OtherOrigin })
}

/// The answer to a misdirected request, which says where to go, and what the log is told. It carries no HSTS: over
/// plain http browsers ignore it (RFC 6797 §8.1), and another host's TLS is not the edge's to decide.
pub fn refuse(error: Misdirected, config: &Config) -> (Response<String>, Record) {
    let issuer = &config.issuer;
    let description = match error {
        Misdirected::PlainHttp => format!("this server does not answer over plain http, use https: {issuer}"),
        Misdirected::OtherOrigin => format!("this server does not answer at this address, use {issuer}"),
    };
    let body = json!({ "error": "misdirected_request", "error_description": description });
    let response = json(StatusCode::MISDIRECTED_REQUEST, &body, Caching::NoStore);
    let mut record = Record::new(Level::Warn, Event::Misdirected).because(&error);
    record.status = Some(response.status().as_u16());
    (response, record)
}

/// Has browsers use TLS for this host from now on, if it has any.
pub fn protect(response: &mut Response<String>, config: &Config) {
    if is_https(config) {
        let (name, value) = STRICT_TRANSPORT;
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
}

fn is_https(config: &Config) -> bool {
    config.issuer.starts_with("https:")
}
