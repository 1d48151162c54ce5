//! The longest body of a request to a resource: what is announced to be longer is not forwarded.
#![cfg(not(target_arch = "wasm32"))]

mod support;

use edgeward_core::{
    Decision, Plan, RequestHead,
    access_token::{self, Grant},
    limits::MAX_BODY_BYTES,
    oauth::Scope,
    platform::{Event, UnixTime},
    request_context::RequestContext,
    sealed::Profile,
    upstream::Subject,
};
use http::{Response, header};
use serde_json::Value;
use support::*;

const PAGE: &str = "https://inspector.example";
const LIMIT: u64 = MAX_BODY_BYTES as u64;

fn edge() -> TestEdge {
    TestEdge::with(&[("EDGEWARD_ALLOWED_ORIGINS", PAGE)])
}

fn authorization(edge: &TestEdge) -> String {
    let (config, now) = (config(&[]).unwrap(), UnixTime::from_secs(START));
    let subject = Subject { subject: "user".into(), profile: Profile::default(), auth_time: None };
    let (scope, resource) = (Scope::parse("mcp").unwrap(), format!("{ISSUER}/mcp"));
    let grant = Grant { client_id: "client", subject: &subject, resource: &resource, scope: &scope, grant_id: "grant" };
    let token =
        access_token::mint(&grant, "token".into(), now.plus(900), &RequestContext::new(None, &config, &edge.world))
            .unwrap();
    format!("Bearer {token}")
}

fn ask(edge: &TestEdge, authorization: Option<&str>, origin_header: Option<&str>, length: u64) -> Decision {
    let head = RequestHead {
        method: "POST",
        target: target("/mcp"),
        authorization,
        origin_header,
        traceparent: None,
        content_length: Some(length),
        has_upgrade: false,
    };
    edge.edge.gate(&head).expect("a protected resource")
}

fn refused(gated: Decision) -> Response<String> {
    match gated {
        Decision::Respond { response, repeats: None } => response,
        other => panic!("not refused once: {other:?}"),
    }
}

#[test]
fn a_body_at_the_limit_is_forwarded_and_one_byte_more_is_not() {
    let edge = edge();
    let token = authorization(&edge);
    for length in [0, LIMIT] {
        let gated = ask(&edge, Some(&token), None, length);
        assert!(matches!(gated, Decision::Forward(Plan { repeats_until: Some(_), .. })), "{length}");
    }
    for length in [LIMIT + 1, u64::MAX] {
        let response = refused(ask(&edge, Some(&token), None, length));
        assert_eq!(response.status(), 413);
        let body: Value = serde_json::from_str(response.body()).unwrap();
        assert_eq!(body["error"], "body_too_long");
        assert!(body["error_description"].as_str().unwrap().contains("4194304 bytes"), "{body}");
        let record = edge.world.records.borrow_mut().pop().unwrap();
        assert_eq!((record.event, record.status), (Event::GateRefused, Some(413)));
    }
}

#[test]
fn pages_of_allowed_origins_may_read_why() {
    let edge = edge();
    let token = authorization(&edge);
    let response = refused(ask(&edge, Some(&token), Some(PAGE), LIMIT + 1));
    assert_eq!(response.status(), 413);
    assert_eq!(response.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], PAGE);
    let stranger = refused(ask(&edge, Some(&token), Some("https://evil.example"), LIMIT + 1));
    assert_eq!(stranger.status(), 403);
    let other = refused(ask(&edge, Some(&token), None, LIMIT + 1));
    assert!(!other.headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));
}

/// The refusal of a stranger may be given again for good; this one must not.
#[test]
fn a_stranger_with_too_long_a_body_is_told_that_first() {
    let edge = edge();
    assert_eq!(refused(ask(&edge, None, None, LIMIT + 1)).status(), 413);
    let Decision::Respond { response, repeats: Some(_) } = ask(&edge, None, None, LIMIT) else { panic!("not refused") };
    assert_eq!(response.status(), 401);
}
