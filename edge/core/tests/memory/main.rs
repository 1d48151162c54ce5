//! Instances of an edge that share nothing but a memory: what must hold among them, whatever each of them has forgotten.
#![cfg(not(target_arch = "wasm32"))]

mod assertions;
#[path = "../support/cognito.rs"]
mod cognito;
mod documents;
mod keys;
mod outages;
mod refreshes;
mod requests;
#[path = "../support/mod.rs"]
mod support;

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use cognito::{TokenAnswer, refresh_token};
use edgeward_core::Request;
use http::Response;
use serde_json::Value;
use support::{
    TestEdge, post_form,
    shared_memory::{Mode, SharedMemory},
};

/// A world with a memory in it, and a client of the edge.
struct Scene {
    /// What is counted and scripted here is of all instances.
    world: TestEdge,
    memory: SharedMemory,
    client_id: String,
}

impl Scene {
    fn new() -> Self {
        let world = TestEdge::new();
        let client_id = world.public_client();
        Self { world, memory: SharedMemory::new(Mode::Works), client_id }
    }

    /// With Cognito's keys, which are not counted.
    fn with_keys() -> Self {
        let scene = Self::new();
        scene.world.world.keys.replace(Some(cognito::jwks()));
        scene
    }

    /// An instance that remembers nothing yet.
    fn instance(&self) -> TestEdge {
        self.world.sharing(&self.memory, &[])
    }

    /// One whose clock is so many seconds ahead, or behind.
    fn instance_ahead(&self, seconds: i64) -> TestEdge {
        self.world.ahead(seconds).sharing(&self.memory, &[])
    }

    fn instances(&self, count: usize) -> Vec<TestEdge> {
        (0..count).map(|_| self.instance()).collect()
    }

    /// A refresh token of a grant of its own, around this token of Cognito's.
    fn token(&self, upstream_token: &str) -> String {
        refresh_token(&self.world, &self.client_id, upstream_token, "mcp")
    }

    fn request(&self, token: &str) -> Request {
        let parameters =
            [("grant_type", "refresh_token"), ("client_id", self.client_id.as_str()), ("refresh_token", token)];
        post_form("/token", &[], &parameters)
    }

    /// A refresh by a new instance.
    fn refresh(&self, token: &str) -> Response<String> {
        self.instance().respond(self.request(token))
    }

    /// Scripts an answer of Cognito's with this refresh token.
    fn answer(&self, refresh_token: &str) {
        TokenAnswer { refresh_token: Some(refresh_token), ..TokenAnswer::default() }.script(&self.world);
    }

    /// How often a URL with this end was asked for.
    fn asked(&self, end: &str) -> usize {
        self.world.world.fetched.borrow().iter().filter(|request| request.url.ends_with(end)).count()
    }

    fn events(&self, event: &str) -> usize {
        self.world.logged().iter().filter(|line| line.starts_with(&format!("{event}:"))).count()
    }

    /// Runs the requests side by side. No answer comes from outside before all of them wait.
    fn together<'a>(
        &self,
        instances: impl IntoIterator<Item = &'a TestEdge>,
        request: impl Fn(usize) -> Request,
    ) -> Vec<Response<String>> {
        self.world.world.held.set(true);
        let requests = instances.into_iter().enumerate();
        let mut all: Vec<_> = requests.map(|(at, edge)| Box::pin(edge.edge.respond(request(at)))).collect();
        for _ in 0..30 {
            all.iter_mut().for_each(|future| assert!(poll(future.as_mut()).is_pending()));
        }
        self.world.world.held.set(false);
        let mut answers: Vec<Option<Response<String>>> = all.iter().map(|_| None).collect();
        for _ in 0..1_000 {
            for (future, answer) in all.iter_mut().zip(&mut answers).filter(|(_, answer)| answer.is_none()) {
                if let Poll::Ready(response) = poll(future.as_mut()) {
                    *answer = Some(response);
                }
            }
        }
        answers.into_iter().map(|answer| answer.expect("it still waits")).collect()
    }
}

fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Has requests run side by side until all of them wait for something from outside.
fn stays_pending<const COUNT: usize>(mut requests: [Pin<&mut dyn Future<Output = Response<String>>>; COUNT]) {
    for _ in 0..30 {
        requests.iter_mut().for_each(|request| assert!(poll(request.as_mut()).is_pending()));
    }
}

fn body(response: &Response<String>) -> Value {
    serde_json::from_str(response.body()).unwrap()
}

/// Status and error.
fn outcome(response: &Response<String>) -> (u16, String) {
    (response.status().as_u16(), body(response)["error"].as_str().unwrap_or_default().to_owned())
}
