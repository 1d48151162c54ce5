//! A Cognito that does not answer all that it is asked: it is asked for little more than it answers.
#![cfg(not(target_arch = "wasm32"))]

#[path = "support/cognito.rs"]
mod cognito;
mod support;

use std::{cell::Cell, collections::BTreeSet};

use cognito::{POOL, TokenAnswer, jwks, refresh_token, sign};
use edgeward_core::{
    Decision,
    platform::{Event, FetchError, Level, Randomness as _},
    upstream::{HALF_LIFE_SECONDS, OPEN_SECONDS, PROBES, THRESHOLD},
};
use http::Response;
use serde_json::json;
use support::*;

const AUDIT: &str = include_str!("../AUDIT.md");
const PROBED: usize = PROBES as usize;
/// An answer.
const INVALID_GRANT: &str = r#"{"error":"invalid_grant"}"#;
const REASON: &str = "Cognito is unavailable: it has answered too little of late";

/// An instance of the edge, and a client with as many refresh tokens as it likes.
struct Scene {
    edge: TestEdge,
    client_id: String,
    tokens: Cell<u32>,
}

impl Scene {
    fn new() -> Self {
        Self::with(&[])
    }

    fn with(overrides: &[(&str, &str)]) -> Self {
        let scene = Self::without_keys(overrides);
        scene.edge.world.keys.replace(Some(jwks()));
        scene
    }

    /// One to which chance is not as kind, or kinder.
    fn by_chance(number: usize) -> Self {
        let scene = Self::new();
        scene.edge.world.fill(&mut vec![0; 8 * number]).unwrap();
        scene
    }

    fn without_keys(overrides: &[(&str, &str)]) -> Self {
        let edge = TestEdge::with(overrides);
        let client_id = edge.public_client();
        Self { edge, client_id, tokens: Cell::default() }
    }

    /// Another one each time: what was answered or refused for one is remembered.
    fn token(&self) -> String {
        self.tokens.set(self.tokens.get() + 1);
        refresh_token(&self.edge, &self.client_id, &format!("cognitos-{}", self.tokens.get()), "mcp")
    }

    fn refresh(&self) -> Response<String> {
        let token = self.token();
        let form = [("grant_type", "refresh_token"), ("client_id", &self.client_id), ("refresh_token", &token)];
        self.edge.respond(post_form("/token", &[], &form))
    }

    fn revoke(&self) -> Response<String> {
        self.edge.respond(post_form("/revoke", &[], &[("client_id", &self.client_id), ("token", &self.token())]))
    }

    /// Cognito would answer so. If it is not asked, gives when the client may come back.
    fn refused(&self, status: u16, body: &str, request: impl Fn(&Self) -> Response<String>) -> Option<u64> {
        let before = self.edge.fetches();
        self.edge.reply(status, body);
        let response = request(self);
        self.edge.world.replies.borrow_mut().clear();
        (self.edge.fetches() == before).then(|| unavailable(&response))
    }

    /// How many of `requests` refreshes at once reach Cognito.
    fn asked(&self, requests: usize, status: u16, body: &str) -> usize {
        (0..requests).filter(|_| self.refused(status, body, Self::refresh).is_none()).count()
    }

    /// So many requests that are not answered, one after another.
    fn is_overloaded(&self, requests: usize) {
        self.asked(requests, 429, "");
    }
}

#[test]
fn little_of_what_cognito_does_not_answer_is_sent() {
    let scene = Scene::new();
    // The first ones, and then ever fewer: one of 9, of 10, …, of 400.
    let asked = scene.asked(400, 429, "");
    assert!((PROBED + 1..PROBED + 15).contains(&asked), "{asked}");
    // For as long as it lasts: about one in a half-life.
    let asked: usize = (0..100).map(|_| (scene.edge.advance(1), scene.asked(5, 429, "")).1).sum();
    assert!((1..40).contains(&asked), "{asked} of 500");
}

#[test]
fn whoever_is_refused_is_told_so_and_the_log_why() {
    let scene = Scene::new();
    scene.is_overloaded(100);
    let before = scene.edge.world.records.borrow().len();
    let told: Vec<u64> = (0..100).filter_map(|_| scene.refused(429, "", Scene::refresh)).collect();
    assert!(told.len() > 80 && told.iter().all(|seconds| COME_BACK.contains(seconds)), "{told:?}");
    // All who are refused in one second come back in many.
    assert!(told.iter().collect::<BTreeSet<_>>().len() > 20, "{told:?}");
    let records = scene.edge.world.records.borrow();
    for event in [Event::TokenRefused, Event::UpstreamFailed] {
        let records = records[before..].iter().filter(|record| record.event == event);
        let because: Vec<_> = records.filter(|record| record.reason.as_deref() == Some(REASON)).collect();
        assert_eq!(because.len(), told.len());
        assert!(because.iter().all(|record| record.level == Level::Warn));
    }
    assert!(AUDIT.contains(REASON));
}

#[test]
fn nothing_is_refused_while_cognito_answers_whatever_it_answers() {
    let success = TokenAnswer::default().body();
    for (status, body) in [
        (200, success.as_str()),
        (200, "<html>"),
        (400, INVALID_GRANT),
        (400, r#"{"error":"invalid_client"}"#),
        (400, "<html>"),
        (403, "<html>"),
    ] {
        let scene = Scene::new();
        assert_eq!(scene.asked(100, status, body), 100, "{status} {body}");
    }
    let scene = Scene::new();
    for _ in 0..100 {
        scene.edge.world.replies.borrow_mut().push_back(Err(FetchError::TooLong));
        scene.refresh();
    }
    assert_eq!(scene.edge.fetches(), 100, "an answer that is too long is one");
    // Nor while it fails to answer one of three, or one of thirty is over a quota.
    for (status, others) in [(500, 2), (429, 29)] {
        let scene = Scene::new();
        assert_eq!(scene.asked(100, 400, INVALID_GRANT), 100);
        for _ in 0..20 {
            assert_eq!(scene.asked(1, status, "") + scene.asked(others, 400, INVALID_GRANT), 1 + others, "{status}");
        }
    }
}

#[test]
fn what_a_failing_server_says_is_no_answer() {
    let scene = Scene::new();
    // An answer in between, so that the host is not left alone.
    let asked = (0..30).map(|_| scene.asked(1, 500, "") + scene.asked(1, 400, INVALID_GRANT)).sum::<usize>();
    assert!((2 * PROBED..60).contains(&asked), "{asked} of 60");
    let records = scene.edge.world.records.borrow();
    assert!(records.iter().all(|record| record.event != Event::UpstreamLeftAlone));
}

#[test]
fn a_quiet_instance_refuses_nobody() {
    let scene = Scene::new();
    for _ in 0..30 {
        assert_eq!(scene.asked(1, 429, ""), 1);
        scene.edge.advance(HALF_LIFE_SECONDS / 2);
    }
    for number in 0..20 {
        let scene = Scene::by_chance(number);
        assert_eq!(scene.asked(PROBED + 1, 429, ""), PROBED + 1, "at once");
    }
}

#[test]
fn a_cognito_that_answers_again_is_asked_again() {
    let scene = Scene::new();
    for _ in 0..30 {
        scene.edge.advance(1);
        scene.is_overloaded(10);
    }
    let seconds: Vec<usize> =
        (0..150).map(|_| (scene.edge.advance(1), scene.asked(10, 400, INVALID_GRANT)).1).collect();
    let sent = |range: std::ops::Range<usize>| seconds[range].iter().sum::<usize>();
    assert!(sent(0..5) < 25, "{seconds:?}");
    assert_eq!(sent(130..150), 200, "{seconds:?}");
}

#[test]
fn what_is_refused_because_cognito_is_down_counts_and_the_request_that_tries_is_excepted() {
    for number in 0..20 {
        let scene = Scene::by_chance(number);
        for _ in 0..THRESHOLD {
            unavailable(&scene.refresh());
        }
        for _ in 0..100 {
            let told = unavailable(&scene.revoke());
            assert!((OPEN_SECONDS..=OPEN_SECONDS + SPREAD).contains(&told), "{told}");
        }
        assert_eq!(scene.edge.fetches(), usize::from(THRESHOLD), "it is left alone");
        scene.edge.advance(OPEN_SECONDS);
        assert_eq!(scene.asked(1, 400, INVALID_GRANT), 1, "the one that tries");
        let asked = scene.asked(20, 400, INVALID_GRANT);
        assert!(asked < 15, "{asked}");
    }
}

#[test]
fn who_comes_after_an_outage_that_nobody_met_is_not_refused() {
    for number in 0..20 {
        let scene = Scene::by_chance(number);
        for _ in 0..THRESHOLD {
            unavailable(&scene.refresh());
        }
        scene.edge.advance(OPEN_SECONDS);
        assert_eq!(scene.asked(40, 400, INVALID_GRANT), 40);
    }
}

#[test]
fn instances_know_nothing_of_each_other() {
    let (one, other) = (Scene::new(), Scene::new());
    one.is_overloaded(200);
    assert_eq!(other.asked(50, 400, INVALID_GRANT), 50);
    assert!(one.asked(5, 400, INVALID_GRANT) < 5);
}

#[test]
fn a_revocation_that_is_sent_twice_counts_once() {
    for number in 0..20 {
        let scene = Scene::by_chance(number);
        for _ in 0..=PROBED {
            scene.edge.world.replies.borrow_mut().push_back(Err(FetchError::Connection));
            assert_eq!(scene.refused(429, "", Scene::revoke), None);
        }
        assert_eq!(scene.edge.fetches(), 2 * (PROBED + 1));
    }
}

#[test]
fn a_request_is_not_refused_between_its_two_secrets() {
    let scene = Scene::with(&[("COGNITO_CLIENT_SECRET", "new old")]);
    scene.is_overloaded(100);
    let mut times = BTreeSet::new();
    for _ in 0..200 {
        let before = scene.edge.fetches();
        scene.edge.reply(400, r#"{"error":"invalid_client"}"#);
        scene.refused(429, "", Scene::refresh);
        times.insert(scene.edge.fetches() - before);
    }
    assert_eq!(times, BTreeSet::from([0, 2]));
}

#[test]
fn the_host_of_the_keys_is_asked_whatever_the_domain_answers() {
    let resources = r#"[{"path": "/mcp", "scopes": {"mcp": "Use it"}, "machines": {"machine": {"api/all": ["mcp"]}}}]"#;
    let scene = Scene::without_keys(&[("EDGEWARD_RESOURCES", resources)]);
    let refused = (0..200).filter_map(|_| scene.refused(429, "", Scene::revoke)).count();
    assert!(refused > 100, "{refused}");
    let token = sign(&json!({
        "iss": POOL, "sub": "machine", "client_id": "machine", "token_use": "access", "scope": "api/all",
        "exp": START + 100_000,
    }));
    scene.edge.reply(200, jwks());
    assert!(matches!(scene.edge.gate_machine("/mcp", &token), Decision::Forward(_)));
}

#[test]
fn keys_that_cannot_be_had_are_not_the_domains_fault() {
    let scene = Scene::without_keys(&[]);
    for _ in 0..50 {
        scene.edge.reply(429, "");
        unavailable(&scene.refresh());
    }
    scene.edge.world.replies.borrow_mut().clear();
    for _ in 0..50 {
        assert_eq!(scene.refused(200, "", Scene::revoke), None);
    }
}
