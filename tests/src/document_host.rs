//! The web servers of other people: hosts below `example`, whose documents the edge fetches with https.
//!
//! No certificate for them is to be had, and no port 443 on this machine. So the edge under test runs behind a few lines
//! that send what it fetches from such hosts here (see [`Edge`](crate::edge::Edge)); in the edge itself nothing is
//! different. As hosts behind a firewall do, they answer 403 to requests without `User-Agent`.

use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use futures_util::stream;
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle};

use crate::port::loopback;

/// The hosts, serving until it is dropped.
#[derive(Debug)]
pub struct DocumentHost {
    shared: Arc<Shared>,
    address: SocketAddr,
    serving: JoinHandle<()>,
}

/// What is at a URL.
#[derive(Debug, Clone)]
pub struct Document {
    /// The status.
    pub status: u16,
    /// Header fields.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: String,
    /// How long it takes to answer.
    pub delay: Duration,
    /// Whether the body goes on for ever.
    pub endless: bool,
}

/// A request that came.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The URL, as it was asked for.
    pub url: String,
    /// The method.
    pub method: String,
    /// Header fields.
    pub headers: HeaderMap,
}

#[derive(Debug, Default)]
struct Shared {
    documents: Mutex<HashMap<String, Document>>,
    asked: Mutex<Vec<Asked>>,
}

impl Document {
    /// A JSON document.
    pub fn json(body: &Value) -> Self {
        let headers = vec![("content-type", "application/json".to_owned())];
        Self { status: 200, headers, body: body.to_string(), delay: Duration::ZERO, endless: false }
    }

    /// What Cloudflare's network answers in place of a host that it cannot reach: see
    /// [`UNREACHABLE`](edgeward_cognito::UNREACHABLE).
    pub fn unreachable(status: u16) -> Self {
        let page = format!("<!DOCTYPE html><h1>Error code {status}</h1>");
        let document = Self { status, body: page, ..Self::json(&Value::Null) };
        document.with("content-type", "text/html; charset=UTF-8").with("server", "cloudflare")
    }

    /// With this header field instead.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name, value.to_owned()));
        self
    }
}

impl DocumentHost {
    /// Starts them.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind(loopback(0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        let router = Router::new().fallback(serve).with_state(Arc::clone(&shared));
        let serving = tokio::spawn(async move {
            // Ends only when the task is aborted.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { shared, address, serving })
    }

    /// Where they are in truth.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Puts a document at a URL.
    pub fn put(&self, url: &str, document: Document) {
        lock(&self.shared.documents).insert(url.to_owned(), document);
    }

    /// All requests so far.
    pub fn all(&self) -> Vec<Asked> {
        lock(&self.shared.asked).clone()
    }

    /// The requests for a URL so far.
    pub fn asked(&self, url: &str) -> Vec<Asked> {
        lock(&self.shared.asked).iter().filter(|asked| asked.url == url).cloned().collect()
    }
}

impl Drop for DocumentHost {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let url = format!("https:/{target}");
    let (method, headers) = (request.method().to_string(), request.headers().clone());
    let is_named = headers.get(header::USER_AGENT).is_some_and(|value| !value.is_empty());
    lock(&shared.asked).push(Asked { url: url.clone(), method, headers });
    // As firewalls before such hosts do.
    if !is_named {
        return StatusCode::FORBIDDEN.into_response();
    }
    let Some(document) = lock(&shared.documents).get(&url).cloned() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    tokio::time::sleep(document.delay).await;
    let body = match document.endless {
        true => Body::from_stream(stream::repeat_with(|| Ok::<_, io::Error>(Bytes::from_static(&[b' '; 1024])))),
        false => Body::from(document.body),
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(document.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in document.headers {
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(header::HeaderName::from_static(name), value);
        }
    }
    response
}

/// A test that panicked elsewhere leaves the data whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
