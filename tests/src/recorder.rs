//! A proxy that remembers everything that passes, to put in front of the edge or the origin.
//!
//! It changes nothing that it is not told to: the head goes on as it came, and the answer streams through as it arrives.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
};
use futures_util::StreamExt as _;
use tokio::{net::TcpListener, task::JoinHandle};

use crate::forward::{self, Received, lock};

/// A running proxy; it stops when it is dropped.
#[derive(Debug)]
pub struct Recorder {
    shared: Arc<Shared>,
    address: SocketAddr,
    serving: JoinHandle<()>,
}

/// A request, and what was answered so far.
#[derive(Debug, Clone, Default)]
pub struct Exchange {
    /// The method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Headers of the request.
    pub request_headers: HeaderMap,
    /// Its body.
    pub request_body: String,
    /// Status of the answer.
    pub status: u16,
    /// Headers of the answer.
    pub headers: HeaderMap,
    /// Its body, as far as it has come.
    pub body: String,
}

#[derive(Debug)]
struct Shared {
    /// What is behind; none yet.
    behind: Mutex<Option<Behind>>,
    http: reqwest::Client,
    seen: Mutex<Vec<Exchange>>,
}

#[derive(Debug, Clone)]
struct Behind {
    base: String,
    /// Headers that requests get on the way.
    headers: HeaderMap,
}

impl Exchange {
    /// Everything that was sent: request line, headers and body.
    pub fn request(&self) -> String {
        format!("{} {}\n{}\n{}", self.method, self.path, lines(&self.request_headers), self.request_body)
    }

    /// Everything that was answered: status, headers and body.
    pub fn answer(&self) -> String {
        format!("{}\n{}\n{}", self.status, lines(&self.headers), self.body)
    }
}

fn lines(headers: &HeaderMap) -> String {
    headers.iter().map(|(name, value)| format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes()))).collect()
}

impl Recorder {
    /// Starts it; it answers 503 until it knows what is behind it.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn start(address: SocketAddr) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared { behind: Mutex::default(), http: forward::client()?, seen: Mutex::default() });
        let router = Router::new().fallback(pass).with_state(Arc::clone(&shared));
        let serving = tokio::spawn(async move {
            // Ends only when the task is aborted.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { shared, address, serving })
    }

    /// Says where requests go.
    pub fn forward_to(&self, base: &str) {
        self.forward_with(base, HeaderMap::new());
    }

    /// Says where requests go, and which headers they have there instead of, or besides, their own.
    pub fn forward_with(&self, base: &str, headers: HeaderMap) {
        *lock(&self.shared.behind) = Some(Behind { base: base.to_owned(), headers });
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// All that passed, in the order of the requests.
    pub fn seen(&self) -> Vec<Exchange> {
        lock(&self.shared.seen).clone()
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn pass(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let mut received = match Received::read(request).await {
        Ok(received) => received,
        Err(status) => return status.into_response(),
    };
    let number = {
        let mut seen = lock(&shared.seen);
        seen.push(Exchange {
            method: received.method.to_string(),
            path: received.path.clone(),
            request_headers: received.headers.clone(),
            request_body: String::from_utf8_lossy(&received.body).into_owned(),
            ..Exchange::default()
        });
        seen.len() - 1
    };
    let Some(Behind { base, headers: changes }) = lock(&shared.behind).clone() else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    for (name, value) in &changes {
        received.headers.insert(name, value.clone());
    }
    let Ok((headers, answer)) = forward::send(&shared.http, &base, received).await else {
        return StatusCode::BAD_GATEWAY.into_response();
    };

    let status = answer.status();
    {
        let exchange = &mut lock(&shared.seen)[number];
        exchange.status = status.as_u16();
        exchange.headers = answer.headers().clone();
    }
    let body = answer.bytes_stream().map(move |chunk| {
        let chunk = chunk?;
        lock(&shared.seen)[number].body.push_str(&String::from_utf8_lossy(&chunk));
        Ok::<_, reqwest::Error>(chunk)
    });
    forward::answer(status, headers, body)
}
