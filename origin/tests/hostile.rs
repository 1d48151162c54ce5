//! The hostile inputs that the verifiers of all languages are held to.

mod support;

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use axum::{
    Router,
    body::Body,
    http::{HeaderValue, Request, StatusCode},
    response::{IntoResponse as _, Response},
    routing::get,
};
use edgeward_identity::VerifyingKeys;
use edgeward_origin::{Caller, Keys, RequireIdentity, Verifier};
use serde::Deserialize;
use serde_json::Value;
use support::{FakeClock, HEADER, any_port};
use tokio::net::TcpListener;
use tower::ServiceExt as _;

#[derive(Deserialize)]
struct Document {
    issuer: String,
    audience: String,
    now: u64,
    jwks: String,
    accepted: Vec<Accepted>,
    refused: Vec<Refused>,
    key_sets: Vec<KeySet>,
    sequences: Vec<Sequence>,
}

#[derive(Deserialize)]
struct Accepted {
    name: String,
    values: Vec<String>,
}

#[derive(Deserialize)]
struct Refused {
    name: String,
    values: Vec<String>,
    errors: Vec<String>,
}

#[derive(Deserialize)]
struct KeySet {
    name: String,
    document: String,
    key_ids: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Sequence {
    name: String,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
struct Step {
    at: u64,
    assertion: String,
    times: usize,
    status: u16,
    fetches: usize,
    source: Option<String>,
}

fn document() -> Document {
    serde_json::from_str(include_str!("../../shared/tests/vectors/hostile.json")).unwrap()
}

/// A server behind the layer, at a time.
fn server(document: &Document, keys: Keys, clock: &FakeClock) -> Router {
    let verifier = Verifier::new(&document.issuer, &document.audience);
    let layer = RequireIdentity::with_clock(verifier, keys, clock.clock());
    Router::new().route("/", get(|caller: Caller| async move { caller.subject.clone() })).layer(layer)
}

async fn send(server: &Router, values: &[String]) -> Response {
    let mut request = Request::get("/").body(Body::empty()).unwrap();
    for value in values {
        request.headers_mut().append(HEADER, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    server.clone().oneshot(request).await.unwrap()
}

async fn error(response: Response) -> String {
    let body = axum::body::to_bytes(response.into_body(), 1024).await.unwrap();
    serde_json::from_slice::<Value>(&body).unwrap()["error"].as_str().unwrap().to_owned()
}

fn fixed(document: &Document) -> Router {
    let keys = VerifyingKeys::from_jwks(document.jwks.as_bytes()).unwrap();
    server(document, Keys::fixed(keys), &FakeClock::at(document.now))
}

#[tokio::test]
async fn what_is_unusual_and_good_is_accepted() {
    let document = document();
    let server = fixed(&document);
    assert!(document.accepted.len() > 10);
    for case in &document.accepted {
        assert_eq!(send(&server, &case.values).await.status(), StatusCode::OK, "{}", case.name);
    }
}

#[tokio::test]
async fn what_is_hostile_is_refused() {
    let document = document();
    let server = fixed(&document);
    assert!(document.refused.len() > 100);
    for case in &document.refused {
        let response = send(&server, &case.values).await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{}", case.name);
        let error = error(response).await;
        assert!(case.errors.contains(&error), "{}: {error}", case.name);
    }
}

#[test]
fn sets_of_keys_are_read_as_the_edge_writes_them() {
    for case in document().key_sets {
        let found = VerifyingKeys::from_jwks(case.document.as_bytes());
        assert_eq!(found.is_ok(), case.key_ids.is_some(), "{}: {found:?}", case.name);
    }
}

#[tokio::test]
async fn keys_are_fetched_when_they_must_be() {
    let document = document();
    for sequence in &document.sequences {
        let source = Source::start().await;
        let clock = FakeClock::at(document.now);
        let server = server(&document, Keys::fetched(source.url.parse().unwrap()).unwrap(), &clock);
        for step in &sequence.steps {
            if let Some(published) = &step.source {
                published.clone_into(&mut source.published.lock().unwrap());
            }
            clock.set(document.now + step.at);
            for _ in 0..step.times {
                let status = send(&server, std::slice::from_ref(&step.assertion)).await.status();
                assert_eq!(status.as_u16(), step.status, "{} at {}", sequence.name, step.at);
            }
            assert_eq!(source.asked.load(Ordering::SeqCst), step.fetches, "{} at {}", sequence.name, step.at);
        }
    }
}

/// Where an edge publishes its keys.
struct Source {
    url: String,
    published: Arc<Mutex<String>>,
    asked: Arc<AtomicUsize>,
}

impl Source {
    async fn start() -> Self {
        let listener = TcpListener::bind(any_port()).await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let (published, asked) = (Arc::new(Mutex::new("down".to_owned())), Arc::new(AtomicUsize::new(0)));
        let (served, counted) = (Arc::clone(&published), Arc::clone(&asked));
        let answer = move || {
            counted.fetch_add(1, Ordering::SeqCst);
            let published = served.lock().unwrap().clone();
            async move {
                if published == "down" { StatusCode::BAD_GATEWAY.into_response() } else { published.into_response() }
            }
        };
        let router = Router::new().route("/", get(answer));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, published, asked }
    }
}
