//! Remembers every request for tests to look at, and logs a line for each that says nothing secret.

use std::sync::Arc;
use std::time::Instant;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, USER_AGENT};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use parking_lot::Mutex;
use serde::Serialize;

use crate::parameters::Parameters;
use crate::pool::Pool;

/// A request the pool received. Header values are left out but for two, names kept.
#[derive(Debug, Clone, Serialize)]
pub struct RecordedRequest {
    /// The listener it came to.
    pub listener: Listener,
    /// The method.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// Query parameters in order, decoded.
    pub query: Vec<(String, String)>,
    /// Names of the headers, in lower case; one entry for each time a header appears.
    pub header_names: Vec<String>,
    /// `User-Agent`, if it is there and text.
    pub user_agent: Option<String>,
    /// `Cache-Control`, if it is there and text.
    pub cache_control: Option<String>,
    /// Form parameters in order, decoded; empty if the body is no form.
    pub form: Vec<(String, String)>,
}

impl RecordedRequest {
    /// The first query parameter of that name.
    pub fn query(&self, name: &str) -> Option<&str> {
        first(&self.query, name)
    }

    /// The first form parameter of that name.
    pub fn form(&self, name: &str) -> Option<&str> {
        first(&self.form, name)
    }

    /// Whether there was such a header.
    pub fn has_header(&self, name: &str) -> bool {
        self.header_names.iter().any(|header| header.eq_ignore_ascii_case(name))
    }
}

/// The two origins of a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Listener {
    /// Browser pages, token, userInfo, revocation.
    Domain,
    /// Discovery and the key set.
    Issuer,
}

#[derive(Debug, Default)]
pub(crate) struct Recordings(Mutex<Vec<RecordedRequest>>);

impl Recordings {
    pub(crate) fn list(&self) -> Vec<RecordedRequest> {
        self.0.lock().clone()
    }

    pub(crate) fn clear(&self) {
        self.0.lock().clear();
    }
}

/// Middleware, outermost: a request is recorded also if the firewall or a fault keeps it from its endpoint.
pub(crate) async fn observe(
    State((pool, listener)): State<(Arc<Pool>, Listener)>,
    request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let method = head.method.to_string();
    let path = head.uri.path().to_owned();
    let form = if method == "POST" { &body[..] } else { &[] };
    let text = |name| head.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    pool.recordings.0.lock().push(RecordedRequest {
        listener,
        method: method.clone(),
        path: path.clone(),
        query: Parameters::parse(head.uri.query().unwrap_or_default().as_bytes()).into_pairs(),
        user_agent: text(USER_AGENT),
        cache_control: text(CACHE_CONTROL),
        header_names: head.headers.iter().map(|(name, _)| name.as_str().to_owned()).collect(),
        form: Parameters::parse(form).into_pairs(),
    });
    let response = next.run(Request::from_parts(head, Body::from(body))).await;
    let (status, elapsed_ms) = (response.status().as_u16(), started.elapsed().as_millis());
    // Never the query, headers or bodies: they hold codes, tokens, cookies and passwords.
    tracing::info!(?listener, %method, %path, status, elapsed_ms, "request");
    response
}

fn first<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

const MAX_BODY: usize = 1 << 20;
