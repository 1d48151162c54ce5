//! Forwarding a request to the MCP server, as data: what to send, and what to answer when the server has answered.
//!
//! [`RULES`] hold for every request, a [`Plan`] for one and those that repeat it, and [`conclude`] says what the client gets.
//! None of them touches a socket, so an adapter carries them out in its own language:
//!
//! - A platform that fetches and sees the answer (Workers, Fastly Compute) uses all three.
//! - A platform that rewrites the request and never sees the answer (Lambda@Edge at viewer-request) uses rules and plan. There the
//!   MCP server itself must answer 502 to an edge that it refuses, and the CDN adds [`Plan::answer_changes`].
//! - An instance that serves one request needs nothing more: a plan depends on nothing that an earlier request left.
//!
//! An adapter passes on the method, the body, and the header fields that the rules leave. It follows no redirect: the client is to
//! see it. It bypasses caches. It sends no body with a request that announces none, as the gate has judged none.

use std::rc::Rc;

use edgeward_identity::{limits::MAX_BODY_BYTES, names::IDENTITY_HEADER};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};

use crate::{
    config::{Config, Credentials},
    failure,
    message::cors,
    platform::{Event, Level, Record, USER_AGENT, UnixTime},
};

/// What holds for every request that is forwarded. An adapter in another language is told it once.
///
/// Remove first, then set, then what the [`Plan`] says. All names are in lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Remove these: credentials for the edge, what concerns only the connection to it (RFC 9110 §7.6.1), and what would make
    /// another request of it than was judged.
    pub remove: &'static [&'static str],
    /// Remove those whose names begin with this. The MCP server believes what the edge says under these names.
    pub remove_prefix: &'static str,
    /// Remove those that this one lists, separated by commas (RFC 9110 §7.6.1).
    pub remove_listed_in: &'static str,
    /// Set these. Without `Authorization`, a cache on the way would take an answer for everybody's; the client may have asked for
    /// less than `no-store`.
    pub set: &'static [(&'static str, &'static str)],
    /// Set these where the client sends none, or an empty one: firewalls before MCP servers refuse requests without.
    pub set_if_empty: &'static [(&'static str, &'static str)],
    /// Set this to [`Plan::identity`].
    pub identity: &'static str,
    /// Set this to [`Plan::traceparent`] if there is one, and for a repeated request to a new one of
    /// [`Edge::new_trace`](crate::Edge::new_trace).
    pub trace: &'static str,
    /// Remove this when the trace is set: it belongs to another one.
    pub remove_with_trace: &'static str,
    /// The longest body of a request that repeats another, in bytes, as it announces it. The gate refuses longer ones.
    pub max_body_bytes: usize,
    /// How long the MCP server may take to begin its answer, in milliseconds: longer than clients wait for it, and than a CDN
    /// before it does. After that the outcome is [`Outcome::Late`].
    pub first_byte_ms: u32,
    /// The statuses of the MCP server's for which [`conclude`] has another answer. All others pass.
    pub concluded_statuses: &'static [u16],
}

/// The rules.
pub const RULES: Rules = Rules {
    remove: &[
        "authorization",
        "connection",
        "cookie",
        "http2-settings",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "upgrade",
        "x-http-method",
        "x-http-method-override",
        "x-method-override",
        "x-original-url",
        "x-rewrite-url",
    ],
    remove_prefix: "x-edgeward-",
    remove_listed_in: "connection",
    set: &[("cache-control", "no-store")],
    set_if_empty: &[("user-agent", USER_AGENT)],
    identity: IDENTITY_HEADER,
    trace: "traceparent",
    remove_with_trace: "tracestate",
    max_body_bytes: MAX_BODY_BYTES,
    first_byte_ms: 100_000,
    concluded_statuses: &[401],
};

/// How to forward one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Where to.
    pub url: String,
    /// The identity assertion, for [`Rules::identity`].
    pub identity: Rc<str>,
    /// What the MCP server demands besides: set these, in place of what the client sends under their names.
    pub credentials: Credentials,
    /// For [`Rules::trace`], if it is another one than came.
    pub traceparent: Option<String>,
    /// The origin of the page whose request this is, if it is one's: see [`Plan::answer_changes`].
    pub page_origin: Option<String>,
    /// Until then, exclusively, the plan depends only on method, URL, `Authorization`, `Origin`, `traceparent` and `Upgrade`: an
    /// adapter may cache it for requests that are alike in these and have a body of no more than [`Rules::max_body_bytes`]. `None`
    /// where the plan depends on more.
    pub repeats_until: Option<UnixTime>,
    /// Under which name the platform is to count this request, and each that repeats it, for
    /// [`Limit::Calls`](crate::platform::Limit::Calls). If it is one too many, the gate answers to
    /// [`Evidence::TooMany`](crate::Evidence::TooMany). `None` if it is not counted.
    pub counted: Option<String>,
}

/// What to do with one header field of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It replaces what is there.
    Set,
    /// It joins what is there.
    Append,
}

impl Plan {
    /// The header of the forwarded request, made of the client's by [`RULES`] and this plan.
    pub fn request_headers(&self, mut headers: HeaderMap) -> HeaderMap {
        let listed: Vec<String> = headers
            .get_all(RULES.remove_listed_in)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split([',', ' ', '\t']))
            .map(str::to_ascii_lowercase)
            .collect();
        let is_removed = |name: &str| {
            RULES.remove.contains(&name) || name.starts_with(RULES.remove_prefix) || listed.iter().any(|it| it == name)
        };
        let removed: Vec<_> = headers.keys().filter(|name| is_removed(name.as_str())).cloned().collect();
        removed.iter().for_each(|name| drop(headers.remove(name)));
        for (name, value) in self.credentials.iter() {
            // Settings are checked.
            if let (Ok(name), Ok(mut value)) = (HeaderName::try_from(name), HeaderValue::from_str(value)) {
                value.set_sensitive(true);
                headers.insert(name, value);
            }
        }
        let mut set = |name: &'static str, value: &str| {
            // Ours are all good, and what is not must not be replaced by the client's.
            match HeaderValue::from_str(value) {
                Ok(value) => headers.insert(HeaderName::from_static(name), value),
                Err(_) => headers.remove(name),
            };
        };
        RULES.set.iter().for_each(|(name, value)| set(name, value));
        set(RULES.identity, &self.identity);
        if let Some(traceparent) = &self.traceparent {
            set(RULES.trace, traceparent);
            headers.remove(RULES.remove_with_trace);
        }
        for (name, value) in RULES.set_if_empty {
            if headers.get(*name).is_none_or(HeaderValue::is_empty) {
                headers.insert(*name, HeaderValue::from_static(value));
            }
        }
        headers
    }

    /// What to change in the header of the answer, whoever makes it, so that the page which asked may read it.
    pub fn answer_changes(&self) -> Option<[(Change, HeaderName, &str); 3]> {
        // The answer may vary with more.
        let change = |name: &HeaderName| if *name == header::VARY { Change::Append } else { Change::Set };
        let fields = cors::fields(self.page_origin.as_deref()?);
        Some(fields.map(|(name, value)| (change(&name), name, value)))
    }
}

/// What came of a forwarded request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The MCP server has begun its answer, with this status.
    Answered(StatusCode),
    /// It has not within [`Rules::first_byte_ms`], or the platform says so, in words for the log.
    Late(Option<&'static str>),
    /// It cannot be reached, or broke off before its answer. The platform may say why, in words for the log.
    Unreachable(Option<&'static str>),
}

/// What the client gets in place of the MCP server's answer after this outcome, and what the log is told. `None` where the answer
/// passes. Without settings if those have become wrong since the request was forwarded. [`Plan::answer_changes`] hold for both.
///
/// The MCP server's 401 says that it refused the edge, not the client, whose token is good: a client would throw it away.
pub fn conclude(outcome: Outcome, config: Option<&Config>) -> Option<(Response<String>, Record)> {
    let (status, event, error, reason) = match outcome {
        Outcome::Answered(StatusCode::UNAUTHORIZED) => {
            (StatusCode::BAD_GATEWAY, Event::OriginRefused, "bad_gateway", None)
        }
        Outcome::Answered(_) => return None,
        Outcome::Late(reason) => (StatusCode::GATEWAY_TIMEOUT, Event::OriginTooSlow, "gateway_timeout", reason),
        Outcome::Unreachable(reason) => (StatusCode::BAD_GATEWAY, Event::OriginUnreachable, "bad_gateway", reason),
    };
    let response = failure::answer(status, error, config);
    let mut record = Record::new(Level::Alert, event);
    record.status = Some(status.as_u16());
    record.reason = reason.map(str::to_owned);
    Some((response, record))
}
