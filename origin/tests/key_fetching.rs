//! The edge's keys are fetched once, again for an unknown key id, and never in a storm.

mod support;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, StatusCode},
    response::{IntoResponse as _, Response},
    routing::get,
};
use edgeward_identity::{SigningKey, assertion};
use edgeward_origin::{
    Keys, RequireIdentity, Verifier,
    keys::{FIRST_FETCH_FLOOR, KeysError, MAX_AGE, REFRESH_FLOOR},
};
use futures_util::future::join_all;
use support::{AUDIENCE, FakeClock, HEADER, ISSUER, any_port, identity, jwks, key_with_id};
use tokio::net::TcpListener;
use tower::ServiceExt as _;

/// An edge's JWKS, and an origin that fetches it.
struct World {
    edge: Arc<Edge>,
    clock: FakeClock,
    origin: Router,
}

#[derive(Default)]
struct Edge {
    answer: Mutex<Answer>,
    fetches: AtomicUsize,
}

#[derive(Clone, Default)]
enum Answer {
    #[default]
    Down,
    Body(String),
    Redirect(String),
}

impl Edge {
    fn publish(&self, keys: &[&SigningKey]) {
        self.say(Answer::Body(jwks(keys).to_string()));
    }

    fn say(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }

    fn fetches(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }
}

impl World {
    async fn new() -> Self {
        let edge = Arc::new(Edge::default());
        let served = edge.clone();
        let handler = move |headers: HeaderMap| {
            let edge = served.clone();
            async move {
                // As a firewall before it does.
                if !headers.contains_key("user-agent") {
                    return StatusCode::FORBIDDEN.into_response();
                }
                edge.fetches.fetch_add(1, Ordering::SeqCst);
                // Long enough that requests that could cause a second fetch are all there.
                tokio::time::sleep(Duration::from_millis(100)).await;
                match edge.answer.lock().unwrap().clone() {
                    Answer::Down => StatusCode::BAD_GATEWAY.into_response(),
                    Answer::Body(body) => body.into_response(),
                    Answer::Redirect(to) => (StatusCode::FOUND, [("location", to)]).into_response(),
                }
            }
        };
        let listener = TcpListener::bind(any_port()).await.unwrap();
        let url = format!("http://{}/.well-known/jwks.json", listener.local_addr().unwrap());
        let router = Router::new().route("/.well-known/jwks.json", get(handler));
        tokio::spawn(async move { axum::serve(listener, router).await });

        Self::with(edge, Keys::fetched(url.parse().unwrap()).unwrap())
    }

    /// An origin that was given the key `given` and asks for others by a function of its own.
    fn given(given: &str) -> Self {
        let edge = Arc::new(Edge::default());
        let read = edge.clone();
        let keys = Keys::refreshed(key_with_id(given).verifying_keys(), move || {
            read.fetches.fetch_add(1, Ordering::SeqCst);
            let answer = match read.answer.lock().unwrap().clone() {
                Answer::Body(body) => Ok(body.into_bytes()),
                _ => Err(KeysError::Unreadable("not there".to_owned())),
            };
            async { answer }
        });
        Self::with(edge, keys)
    }

    fn with(edge: Arc<Edge>, keys: Keys) -> Self {
        let clock = FakeClock::at(1_790_000_000);
        let layer = RequireIdentity::with_clock(Verifier::new(ISSUER, AUDIENCE), keys, clock.clock());
        Self { edge, clock, origin: Router::new().route("/", get(|| async {})).layer(layer) }
    }

    async fn send(&self, key_id: &str) -> Response {
        let assertion = assertion::mint(&identity(), &key_with_id(key_id), self.clock.now(), 60).unwrap();
        let request = Request::get("/").header(HEADER, assertion).body(Body::empty()).unwrap();
        self.origin.clone().oneshot(request).await.unwrap()
    }

    async fn status(&self, key_id: &str) -> u16 {
        self.send(key_id).await.status().as_u16()
    }
}

#[tokio::test]
async fn keys_are_fetched_once_for_many_requests_at_once() {
    let world = World::new().await;
    world.edge.publish(&[&key_with_id("a")]);
    let statuses = join_all((0..20).map(|_| world.status("a"))).await;
    assert_eq!(statuses, [200; 20]);
    assert_eq!(world.status("a").await, 200);
    assert_eq!(world.edge.fetches(), 1);
}

#[tokio::test]
async fn before_the_edge_is_up_requests_are_told_to_come_back() {
    let world = World::new().await;
    let statuses = join_all((0..20).map(|_| world.status("a"))).await;
    assert_eq!(statuses, [503; 20]);
    assert_eq!(world.edge.fetches(), 1);

    let response = world.send("a").await;
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()["retry-after"], "1");
    assert_eq!(world.edge.fetches(), 1, "the floor holds");

    world.edge.publish(&[&key_with_id("a")]);
    world.clock.advance(FIRST_FETCH_FLOOR);
    assert_eq!(world.status("a").await, 200);
}

#[tokio::test]
async fn an_unknown_key_id_causes_one_fetch_per_floor() {
    let world = World::new().await;
    world.edge.publish(&[&key_with_id("a")]);
    assert_eq!(world.status("a").await, 200);

    // A new key is found as soon as the floor allows.
    world.edge.publish(&[&key_with_id("a"), &key_with_id("b")]);
    assert_eq!(world.status("b").await, 401);
    assert_eq!(world.edge.fetches(), 1);
    world.clock.advance(REFRESH_FLOOR);
    let statuses = join_all((0..20).map(|_| world.status("b"))).await;
    assert_eq!(statuses, [200; 20]);
    assert_eq!(world.edge.fetches(), 2);

    // Key ids made up by an attacker cause no storm, and do not lock anybody out.
    for _ in 0..20 {
        assert_eq!(world.status("made-up").await, 401);
    }
    assert_eq!(world.edge.fetches(), 2);
    world.clock.advance(REFRESH_FLOOR);
    let statuses = join_all((0..20).map(|_| world.status("made-up"))).await;
    assert_eq!(statuses, [401; 20]);
    assert_eq!(world.edge.fetches(), 3);
    assert_eq!(world.status("a").await, 200);
}

#[tokio::test]
async fn a_failed_refresh_keeps_the_old_keys() {
    let world = World::new().await;
    world.edge.publish(&[&key_with_id("a")]);
    assert_eq!(world.status("a").await, 200);
    for answer in [
        Answer::Down,
        Answer::Body("<h1>Maintenance</h1>".to_owned()),
        Answer::Body(r#"{"keys":[]}"#.to_owned()),
        Answer::Body(" ".repeat(100_000)),
        Answer::Redirect("http://127.0.0.1:9/".to_owned()),
    ] {
        world.edge.say(answer);
        world.clock.advance(REFRESH_FLOOR);
        // Perhaps a key of ours that cannot be fetched: an outage, not a bad credential.
        assert_eq!(world.status("b").await, 503);
        assert_eq!(world.status("a").await, 200);
    }
    world.edge.publish(&[&key_with_id("b")]);
    world.clock.advance(REFRESH_FLOOR);
    assert_eq!(world.status("b").await, 200);
    assert_eq!(world.status("a").await, 401, "the edge has withdrawn it");
}

#[tokio::test]
async fn a_withdrawn_key_is_forgotten_in_time() {
    let world = World::new().await;
    world.edge.publish(&[&key_with_id("a")]);
    assert_eq!(world.status("a").await, 200);
    world.edge.publish(&[&key_with_id("b")]);
    world.clock.advance(MAX_AGE);
    assert_eq!(world.status("a").await, 200, "not yet");
    world.clock.advance(1);
    // At once: whoever has a key that leaked may be the first to come after a quiet hour.
    assert_eq!(world.status("a").await, 401);
    assert_eq!(world.status("b").await, 200);
    assert_eq!(world.edge.fetches(), 2);
}

#[tokio::test]
async fn keys_that_are_old_and_cannot_be_fetched_serve_on() {
    let world = World::new().await;
    world.edge.publish(&[&key_with_id("a")]);
    assert_eq!(world.status("a").await, 200);
    world.clock.advance(MAX_AGE + 1);
    world.edge.say(Answer::Down);
    assert_eq!(world.status("a").await, 200);
    world.edge.publish(&[&key_with_id("b")]);
    world.clock.advance(REFRESH_FLOOR);
    assert_eq!(world.status("a").await, 401, "withdrawn, as soon as that can be known");
}

#[tokio::test]
async fn a_fetch_goes_on_when_the_request_that_caused_it_is_gone() {
    let world = World::new().await;
    world.edge.publish(&[&key_with_id("a")]);
    let hurried = tokio::time::timeout(Duration::from_millis(20), world.status("a")).await;
    assert!(hurried.is_err());
    assert_eq!(world.status("a").await, 200);
    assert_eq!(world.edge.fetches(), 1);
}

#[tokio::test]
async fn a_clock_that_was_set_back_does_not_stop_refreshing() {
    let world = World::new().await;
    world.edge.publish(&[&key_with_id("a")]);
    world.clock.advance(1_000_000);
    assert_eq!(world.status("a").await, 200);
    world.edge.publish(&[&key_with_id("b")]);
    world.clock.set(1_790_000_000);
    assert_eq!(world.status("b").await, 200);
}

#[tokio::test]
async fn given_keys_serve_without_being_asked_for() {
    let world = World::given("a");
    assert_eq!(world.status("a").await, 200);
    assert_eq!(world.edge.fetches(), 0);
}

#[tokio::test]
async fn given_keys_are_asked_for_again_when_one_is_unknown() {
    let world = World::given("a");
    world.edge.publish(&[&key_with_id("a"), &key_with_id("b")]);
    let statuses = join_all((0..20).map(|_| world.status("b"))).await;
    assert_eq!(statuses, [200; 20]);
    assert_eq!(world.edge.fetches(), 1);
    assert_eq!(world.status("made-up").await, 401);
    assert_eq!(world.edge.fetches(), 1, "the floor holds");
}

#[tokio::test]
async fn given_keys_stay_when_they_cannot_be_read_again() {
    let world = World::given("a");
    assert_eq!(world.status("b").await, 503, "perhaps a key of ours");
    assert_eq!(world.status("a").await, 200);
    world.edge.publish(&[&key_with_id("b")]);
    world.clock.advance(REFRESH_FLOOR);
    assert_eq!(world.status("b").await, 200);
}

#[tokio::test]
async fn given_keys_that_are_withdrawn_are_forgotten_in_time() {
    let world = World::given("a");
    world.edge.publish(&[&key_with_id("b")]);
    assert_eq!(world.status("a").await, 200);
    world.clock.advance(MAX_AGE);
    assert_eq!(world.status("a").await, 200, "not yet");
    assert_eq!(world.edge.fetches(), 0);
    world.clock.advance(1);
    assert_eq!(world.status("a").await, 401);
    assert_eq!(world.edge.fetches(), 1);
    assert_eq!(world.status("b").await, 200);
}
