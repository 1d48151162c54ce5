//! Refreshing with a scripted Cognito: how often it is asked, and what becomes of its answers.
#![cfg(not(target_arch = "wasm32"))]

#[path = "support/cognito.rs"]
mod cognito;
mod support;

use std::{
    future::Future,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};

use cognito::{TokenAnswer, refresh_token};
use edgeward_core::{
    platform::{Event, FetchError, Level},
    refreshes::{ANSWER_SECONDS, OVER_SECONDS},
};
use http::Response;
use serde_json::Value;
use support::*;

/// An edge that has Cognito's keys and one client with a refresh token.
struct Scene {
    edge: TestEdge,
    client_id: String,
    token: String,
}

impl Scene {
    fn new() -> Self {
        let edge = TestEdge::new();
        let client_id = edge.public_client();
        let token = refresh_token(&edge, &client_id, "first", "mcp");
        edge.world.keys.replace(Some(cognito::jwks()));
        Self { edge, client_id, token }
    }

    fn request(&self, token: &str) -> edgeward_core::Request {
        let parameters =
            [("grant_type", "refresh_token"), ("client_id", self.client_id.as_str()), ("refresh_token", token)];
        post_form("/token", &[], &parameters)
    }

    fn refresh(&self, token: &str) -> Response<String> {
        self.edge.respond(self.request(token))
    }

    fn asked(&self) -> usize {
        self.edge.world.fetched.borrow().len()
    }
}

fn body(response: &Response<String>) -> Value {
    serde_json::from_str(response.body()).unwrap()
}

fn refused(response: &Response<String>, status: u16, error: &str) {
    assert_eq!((response.status().as_u16(), body(response)["error"].as_str()), (status, Some(error)));
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn two_at_once_ask_cognito_once() {
    let scene = Scene::new();
    TokenAnswer::default().script(&scene.edge);
    scene.edge.world.held.set(true);
    let mut first = pin!(scene.edge.edge.respond(scene.request(&scene.token)));
    let mut second = pin!(scene.edge.edge.respond(scene.request(&scene.token)));
    assert!(poll(first.as_mut()).is_pending() && poll(second.as_mut()).is_pending());
    scene.edge.world.held.set(false);
    let (first, second) = (block_on(first), block_on(second));
    assert_eq!((first.status().as_u16(), second.status().as_u16()), (200, 200));
    assert_eq!(body(&first), body(&second));
    assert_eq!(scene.asked(), 1);
}

#[test]
fn a_lost_answer_is_given_again_for_some_seconds() {
    let scene = Scene::new();
    TokenAnswer::default().script(&scene.edge);
    let first = body(&scene.refresh(&scene.token));
    scene.edge.advance(ANSWER_SECONDS - 1);
    let mut again = body(&scene.refresh(&scene.token));
    assert_eq!(again["expires_in"], first["expires_in"].as_u64().unwrap() - (ANSWER_SECONDS - 1));
    again["expires_in"] = first["expires_in"].clone();
    assert_eq!(again, first);
    assert_eq!(scene.asked(), 1);

    scene.edge.advance(1);
    TokenAnswer::default().script(&scene.edge);
    assert_ne!(body(&scene.refresh(&scene.token))["refresh_token"], first["refresh_token"]);
    assert_eq!(scene.asked(), 2, "then it is Cognito's to say");
}

#[test]
fn an_answer_that_was_lost_to_us_too_is_asked_for_again() {
    let scene = Scene::new();
    scene.edge.world.replies.borrow_mut().push_back(Err(FetchError::Connection));
    TokenAnswer::default().script(&scene.edge);
    refused(&scene.refresh(&scene.token), 503, "temporarily_unavailable");
    assert_eq!(scene.refresh(&scene.token).status(), 200);
    assert_eq!(scene.asked(), 2);
}

#[test]
fn a_request_that_the_platform_has_ended_holds_nobody_up() {
    let scene = Scene::new();
    scene.edge.world.held.set(true);
    // Never polled again, and never dropped before the end.
    let mut ended = Box::pin(scene.edge.edge.respond(scene.request(&scene.token)));
    assert!(poll(ended.as_mut()).is_pending());
    scene.edge.world.held.set(false);
    TokenAnswer::default().script(&scene.edge);
    let mut next = pin!(scene.edge.edge.respond(scene.request(&scene.token)));
    let polls = (0..100).take_while(|_| poll(next.as_mut()).is_pending()).count();
    assert!((2..100).contains(&polls), "waited for {polls} times");
    assert_eq!(scene.asked(), 2);
    assert!(scene.edge.world.slept.get() <= 2_000);
}

#[test]
fn a_dead_token_is_shown_to_cognito_once_a_minute() {
    let scene = Scene::new();
    scene.edge.reply(400, r#"{"error":"invalid_grant"}"#);
    for _ in 0..5 {
        refused(&scene.refresh(&scene.token), 400, "invalid_grant");
        // The same token of Cognito's in another one of ours.
        refused(&scene.refresh(&refresh_token(&scene.edge, &scene.client_id, "first", "mcp")), 400, "invalid_grant");
    }
    assert_eq!(scene.asked(), 1);
    TokenAnswer::default().script(&scene.edge);
    let another = refresh_token(&scene.edge, &scene.client_id, "second", "mcp");
    assert_eq!(scene.refresh(&another).status(), 200, "others are not concerned");

    scene.edge.advance(OVER_SECONDS);
    scene.edge.reply(400, r#"{"error":"invalid_grant"}"#);
    refused(&scene.refresh(&scene.token), 400, "invalid_grant");
    assert_eq!(scene.asked(), 3);
}

#[test]
fn what_is_not_the_tokens_fault_leaves_it_good() {
    for reply in [
        Ok((429, "")),
        Ok((500, "")),
        Ok((503, "<html>")),
        Ok((400, r#"{"error":"invalid_client"}"#)),
        Err(FetchError::DeadlineExceeded),
        Err(FetchError::Connection),
    ] {
        let scene = Scene::new();
        match reply {
            Ok((status, body)) => scene.edge.reply(status, body),
            Err(error) => scene.edge.world.replies.borrow_mut().push_back(Err(error)),
        }
        let response = scene.refresh(&scene.token);
        refused(&response, 503, "temporarily_unavailable");
        assert!(COME_BACK.contains(&unavailable(&response)), "{reply:?}");
        TokenAnswer::default().script(&scene.edge);
        assert_eq!(scene.refresh(&scene.token).status(), 200, "{reply:?}");
    }
}

#[test]
fn a_revoked_grant_has_no_answers() {
    let scene = Scene::new();
    TokenAnswer::default().script(&scene.edge);
    let next = body(&scene.refresh(&scene.token))["refresh_token"].as_str().unwrap().to_owned();
    scene.edge.reply(200, "");
    let parameters = [("client_id", scene.client_id.as_str()), ("token", &next)];
    assert_eq!(scene.edge.respond(post_form("/revoke", &[], &parameters)).status(), 200);
    scene.edge.reply(400, r#"{"error":"invalid_grant"}"#);
    refused(&scene.refresh(&scene.token), 400, "invalid_grant");
}

#[test]
fn without_rotation_it_works_and_is_told_once() {
    let scene = Scene::new();
    let mut token = scene.token.clone();
    for _ in 0..3 {
        TokenAnswer { refresh_token: None, ..TokenAnswer::default() }.script(&scene.edge);
        let answer = scene.refresh(&token);
        assert_eq!(answer.status(), 200);
        token = body(&answer)["refresh_token"].as_str().unwrap().to_owned();
    }
    let sent = scene.edge.world.fetched.borrow();
    let forms = sent.iter().map(|request| request.form.as_ref().unwrap().expose());
    assert!(forms.clone().count() == 3 && forms.clone().all(|form| form.contains("refresh_token=first")));
    let records = scene.edge.world.records.borrow();
    let told = records.iter().filter(|record| record.event == Event::NotRotated);
    assert_eq!(told.map(|record| record.level).collect::<Vec<_>>(), [Level::Warn]);
}
