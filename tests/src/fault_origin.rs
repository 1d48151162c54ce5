//! An origin that fails as it is told to, and passes everything on to another one until then.

use std::{
    collections::HashMap,
    convert::Infallible,
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::Result;
use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use edgeward_identity::names::IDENTITY_HEADER;
use futures_util::stream;
use tokio::{net::TcpListener, sync::broadcast, task::JoinHandle};

use crate::{
    forward::{self, Received, lock},
    port::loopback,
};

/// The origin, serving until it is dropped.
#[derive(Debug)]
pub struct FaultOrigin {
    shared: Arc<Shared>,
    address: SocketAddr,
    serving: Mutex<Option<JoinHandle<()>>>,
}

/// What it does with a request.
#[derive(Debug, Clone)]
pub enum Behaviour {
    /// Passes it on to another origin, at this base URL.
    Passes(String),
    /// Answers with the token's identity as it came, in `{"identity": "…"}`, after so long.
    Answers(Duration),
    /// Never answers.
    Hangs,
    /// Answers with this status and a `Retry-After`.
    Fails(StatusCode),
    /// Is reached over Cloudflare's network, which answers in its place with this status: see
    /// [`UNREACHABLE`](edgeward_cognito::UNREACHABLE).
    Unreachable(StatusCode),
    /// Answers as [`Behaviour::Answers`], with `Cache-Control: public`, and stands behind a shared cache that knows answers by
    /// their path. It does what the directives of a request say (RFC 9111 §5.2.1), and does not look at `Authorization`.
    Cached,
    /// Answers with a header field of so many bytes.
    HugeHeader(usize),
    /// Begins an event stream, which goes on with what [`FaultOrigin::send`] is given.
    Streams,
    /// Sends so many events, and breaks the connection in place of the next one.
    BreaksOff(usize),
}

#[derive(Debug)]
struct Shared {
    http: reqwest::Client,
    behaviour: Mutex<Behaviour>,
    events: broadcast::Sender<&'static str>,
    /// Answers in the shared cache, by their path.
    cached: Mutex<HashMap<String, serde_json::Value>>,
    /// Requests that have come, and those of them that nobody waits for any more.
    received: AtomicUsize,
    given_up: AtomicUsize,
}

impl FaultOrigin {
    /// Starts it, in front of the origin at `base`.
    ///
    /// # Errors
    /// When there is no free port.
    pub async fn start(base: &str) -> Result<Self> {
        let listener = TcpListener::bind(loopback(0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            http: forward::client()?,
            behaviour: Mutex::new(Behaviour::Passes(base.to_owned())),
            events: broadcast::channel(16).0,
            cached: Mutex::default(),
            received: AtomicUsize::new(0),
            given_up: AtomicUsize::new(0),
        });
        let serving = Mutex::new(Some(serve(listener, &shared)));
        Ok(Self { shared, address, serving })
    }

    /// Its base URL, without a trailing slash.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on it does this.
    pub fn set(&self, behaviour: Behaviour) {
        *lock(&self.shared.behaviour) = behaviour;
    }

    /// Goes on with the event streams that are open.
    pub fn send(&self, event: &'static str) {
        // An error means that there are none.
        let _ = self.shared.events.send(event);
    }

    /// How many requests have come.
    pub fn received(&self) -> usize {
        self.shared.received.load(Ordering::SeqCst)
    }

    /// How many of those that hang, or of the endless pages of [`Behaviour::Unreachable`], were given up by whoever sent them.
    pub fn given_up(&self) -> usize {
        self.shared.given_up.load(Ordering::SeqCst)
    }

    /// Takes no more connections; those that are open go on.
    pub fn refuse(&self) {
        if let Some(serving) = lock(&self.serving).take() {
            serving.abort();
        }
    }

    /// Takes connections again.
    ///
    /// # Errors
    /// When another program has taken the port.
    pub async fn accept(&self) -> io::Result<()> {
        self.refuse();
        let listener = TcpListener::bind(self.address).await?;
        *lock(&self.serving) = Some(serve(listener, &self.shared));
        Ok(())
    }
}

impl Drop for FaultOrigin {
    fn drop(&mut self) {
        self.refuse();
    }
}

fn serve(listener: TcpListener, shared: &Arc<Shared>) -> JoinHandle<()> {
    let router = Router::new().fallback(handle).with_state(Arc::clone(shared));
    tokio::spawn(async move {
        // Ends only when the task is aborted.
        let _ = axum::serve(listener, router).await;
    })
}

/// Counts a request that is dropped before it is answered to its end.
struct Waits(Arc<Shared>);

impl Drop for Waits {
    fn drop(&mut self) {
        self.0.given_up.fetch_add(1, Ordering::SeqCst);
    }
}

async fn handle(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    shared.received.fetch_add(1, Ordering::SeqCst);
    let behaviour = lock(&shared.behaviour).clone();
    let mut response = match behaviour {
        Behaviour::Passes(base) => pass(&shared, &base, request).await,
        Behaviour::Answers(delay) => {
            tokio::time::sleep(delay).await;
            axum::Json(identity(&request)).into_response()
        }
        Behaviour::Unreachable(status) => edgeward_cognito::unreachable(status, Waits(Arc::clone(&shared))),
        Behaviour::Cached => {
            ([(header::CACHE_CONTROL, "public, max-age=600")], cached(&shared, &request)).into_response()
        }
        Behaviour::Hangs => {
            let _waits = Waits(Arc::clone(&shared));
            std::future::pending::<Infallible>().await;
            StatusCode::NO_CONTENT.into_response()
        }
        Behaviour::Fails(status) => (status, [(header::RETRY_AFTER, "7")], "the origin's own words").into_response(),
        Behaviour::HugeHeader(bytes) => {
            let mut response = StatusCode::OK.into_response();
            let value = HeaderValue::try_from("x".repeat(bytes)).unwrap_or(HeaderValue::from_static("x"));
            response.headers_mut().insert("x-huge", value);
            response
        }
        Behaviour::Streams => events(&shared, usize::MAX),
        Behaviour::BreaksOff(count) => events(&shared, count),
    };
    // No connection is left to be used again by a request that should have needed a new one.
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// The token's identity as it came.
fn identity(request: &Request) -> serde_json::Value {
    let identity = request.headers().get(IDENTITY_HEADER).and_then(|value| value.to_str().ok());
    serde_json::json!({ "identity": identity })
}

/// The answer, from the shared cache if it may come from there.
fn cached(shared: &Shared, request: &Request) -> axum::Json<serde_json::Value> {
    let values = request.headers().get_all(header::CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let directives: Vec<_> = values.flat_map(|value| value.split(',')).map(str::trim).collect();
    let has = |directive: &str| directives.contains(&directive);
    let mut cached = lock(&shared.cached);
    let known = cached.get(request.uri().path()).filter(|_| !has("no-cache") && !has("no-store")).cloned();
    let answer = known.unwrap_or_else(|| identity(request));
    if !has("no-store") {
        cached.insert(request.uri().path().to_owned(), answer.clone());
    }
    axum::Json(answer)
}

async fn pass(shared: &Shared, base: &str, request: Request) -> Response {
    let received = match Received::read(request).await {
        Ok(received) => received,
        Err(status) => return status.into_response(),
    };
    match forward::send(&shared.http, base, received).await {
        Ok((headers, answer)) => forward::answer(answer.status(), headers, answer.bytes_stream()),
        Err(error) => (StatusCode::BAD_GATEWAY, format!("nothing behind it: {error}")).into_response(),
    }
}

/// An event at once, then one for each that is sent, until there were `count`; in place of the next one it breaks.
fn events(shared: &Shared, count: usize) -> Response {
    let listening = shared.events.subscribe();
    let body = stream::unfold((listening, 0), move |(mut listening, sent)| async move {
        if sent == count {
            // Not before it is told to: what was sent last must have arrived.
            listening.recv().await.ok()?;
            return Some((Err(io::Error::from(io::ErrorKind::ConnectionReset)), (listening, sent)));
        }
        let event = if sent == 0 { "open" } else { listening.recv().await.ok()? };
        Some((Ok(Bytes::from(format!("data: {event}\n\n"))), (listening, sent + 1)))
    });
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    (headers, Body::from_stream(body)).into_response()
}
