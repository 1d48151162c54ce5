//! Until when the gate says that it would say the same again: an adapter may then forward without asking it.
#![cfg(not(target_arch = "wasm32"))]

mod support;

use edgeward_core::{
    Decision, Evidence, Needs, Plan, RequestHead, Target,
    access_token::{self, Grant},
    gate::ASSERTION_REUSE_SECONDS,
    message::operation::MessageHeaders,
    oauth::Scope,
    platform::{Event, Level, Record, UnixTime},
    request_context::RequestContext,
    sealed::Profile,
    upstream::Subject,
};
use support::*;

const PAGE: &str = "https://inspector.example";
const RESOURCES: &str = r#"[{"path": "/mcp", "scopes": {"mcp": "Use it"}},
    {"path": "/judged", "scopes": {"mcp": "Use it"}, "policy": {"tools": {"delete": ["mcp"]}}, "compares_headers": true}]"#;

struct Scene {
    edge: TestEdge,
    authorization: String,
}

impl Scene {
    /// With a token that lives for so many seconds.
    fn new(path: &str, lifetime: u64) -> Self {
        Self::with_limits("", path, lifetime)
    }

    fn with_limits(limits: &str, path: &str, lifetime: u64) -> Self {
        let edge = TestEdge::with(&[
            ("EDGEWARD_RESOURCES", RESOURCES),
            ("EDGEWARD_ALLOWED_ORIGINS", PAGE),
            ("EDGEWARD_RATE_LIMITS", limits),
        ]);
        let (config, now) = (config(&[]).unwrap(), UnixTime::from_secs(START));
        let subject = Subject { subject: "user".into(), profile: Profile::default(), auth_time: None };
        let (scope, resource) = (Scope::parse("mcp").unwrap(), format!("{ISSUER}{path}"));
        let grant =
            Grant { client_id: "client", subject: &subject, resource: &resource, scope: &scope, grant_id: "grant" };
        let token = access_token::mint(
            &grant,
            "token".into(),
            now.plus(lifetime),
            &RequestContext::new(None, &config, &edge.world),
        )
        .unwrap();
        Self { edge, authorization: format!("Bearer {token}") }
    }

    fn head(&self) -> RequestHead<'_> {
        RequestHead {
            method: "POST",
            target: target("/mcp"),
            authorization: Some(&self.authorization),
            origin_header: None,
            traceparent: None,
            content_length: Some(0),
            has_upgrade: false,
        }
    }

    fn look(&self, head: &RequestHead<'_>, evidence: Evidence<'_>) -> Plan {
        match self.edge.edge.gate_with(head, evidence) {
            Some(Decision::Forward(forward)) => forward,
            other => panic!("not forwarded: {other:?}"),
        }
    }

    fn forward(&self) -> Plan {
        self.look(&self.head(), Evidence::Nothing)
    }

    /// How many seconds from now it repeats.
    fn repeats(&self, forward: &Plan) -> u64 {
        forward.repeats_until.unwrap().secs_since(UnixTime::from_secs(self.edge.world.now.get()))
    }
}

#[test]
fn the_gate_says_the_same_until_it_has_said_and_then_something_else() {
    for (lifetime, passed, repeats) in
        [(900, 0, ASSERTION_REUSE_SECONDS), (900, 11, ASSERTION_REUSE_SECONDS - 11), (20, 0, 20), (40, 30, 10)]
    {
        let scene = Scene::new("/mcp", lifetime);
        scene.forward();
        scene.edge.advance(passed);
        let said = scene.forward();
        assert_eq!(scene.repeats(&said), repeats, "{lifetime}, {passed}");
        for _ in 1..repeats {
            scene.edge.advance(1);
            let again = scene.forward();
            assert_eq!((&again.url, &again.identity), (&said.url, &said.identity));
            assert_eq!(again.repeats_until, said.repeats_until);
        }
        scene.edge.advance(1);
        match scene.edge.edge.gate(&scene.head()) {
            Some(Decision::Forward(other)) => assert_ne!(other.identity, said.identity),
            Some(Decision::Respond { response: refused, .. }) => {
                assert_eq!((refused.status().as_u16(), lifetime), (401, passed + repeats))
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn nothing_repeats_for_which_more_was_looked_at() {
    let scene = Scene::new("/mcp", 900);
    let traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    for head in [
        RequestHead { origin_header: Some(PAGE), ..scene.head() },
        RequestHead { traceparent: Some(traceparent), ..scene.head() },
        RequestHead { traceparent: Some("nonsense"), ..scene.head() },
    ] {
        assert_eq!(scene.look(&head, Evidence::Nothing).repeats_until, None);
    }
    assert!(scene.forward().repeats_until.is_some());

    let judged = Scene::new("/judged", 900);
    let head = RequestHead { target: target("/judged"), ..judged.head() };
    assert!(matches!(judged.edge.edge.gate(&head), Some(Decision::Needs(Needs::Headers))));
    let headers = MessageHeaders {
        protocol_version: Some("2026-07-28"),
        method: Some("tools/list"),
        name: None,
        ..MessageHeaders::default()
    };
    assert_eq!(judged.look(&head, Evidence::Headers(headers)).repeats_until, None);
    let body = br#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
    assert_eq!(judged.look(&head, Evidence::Body(MessageHeaders::default(), body)).repeats_until, None);
    // A GET asks for nothing, but the next one like it may have a body.
    assert_eq!(judged.look(&RequestHead { method: "GET", ..head }, Evidence::Nothing).repeats_until, None);
}

/// An adapter remembers requests by `Authorization`: one token must not take as many places as it has spellings.
#[test]
fn a_token_that_is_padded_passes_and_does_not_repeat() {
    let scene = Scene::new("/mcp", 900);
    let token = scene.authorization.strip_prefix("Bearer ").unwrap();
    for (scheme, blanks, repeats) in [
        ("Bearer", 1, true),
        ("Bearer", 2, false),
        ("Bearer", 1_000, false),
        ("bearer", 1, false),
        ("BEARER", 1, false),
    ] {
        let padded = format!("{scheme}{}{token}", " ".repeat(blanks));
        let head = RequestHead { authorization: Some(&padded), ..scene.head() };
        assert_eq!(scene.look(&head, Evidence::Nothing).repeats_until.is_some(), repeats, "{scheme} {blanks}");
    }
    let long = format!("Bearer{}{token}", " ".repeat(100_000));
    match scene.edge.edge.gate(&RequestHead { authorization: Some(&long), ..scene.head() }) {
        Some(Decision::Respond { response, repeats: None }) => assert_eq!(response.status(), 401),
        other => panic!("{other:?}"),
    }
}

#[test]
fn who_shows_no_token_is_refused_in_the_same_way_for_good() {
    let scene = Scene::new("/mcp", 900);
    let stranger = RequestHead { authorization: None, ..scene.head() };
    let refused = |head: &RequestHead<'_>| match scene.edge.edge.gate(head) {
        Some(Decision::Respond { response, repeats }) => {
            let (parts, body) = response.into_parts();
            ((parts.status.as_u16(), parts.headers, body), *repeats.expect("repeats"))
        }
        other => panic!("{other:?}"),
    };
    for head in [
        stranger,
        RequestHead { method: "GET", ..stranger },
        RequestHead { method: "OPTIONS", ..stranger },
        RequestHead { target: Target { query: Some("a=b"), ..target("/judged") }, ..stranger },
    ] {
        scene.edge.world.records.borrow_mut().clear();
        let (answer, repeats) = refused(&head);
        // The adapter writes it to the log of this level.
        assert_eq!((answer.0, repeats.level), (401, Level::Info));
        // At another time, and when others have come in between.
        scene.edge.edge.gate(&scene.head());
        scene.edge.advance(100_000);
        assert_eq!(refused(&head), (answer, repeats.clone()));
        let told = scene.edge.world.records.borrow();
        let strangers: Vec<_> = told.iter().filter(|record| record.reason == repeats.reason).collect();
        assert!(strangers.iter().all(|record| Record { trace: None, ..(*record).clone() } == repeats));
        assert_eq!(strangers.len(), 2);
        assert_ne!(strangers[0].trace, strangers[1].trace);
    }
}

#[test]
fn a_refusal_for_which_more_was_looked_at_does_not_repeat() {
    let scene = Scene::new("/mcp", 900);
    let stranger = RequestHead { authorization: None, ..scene.head() };
    let traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    for head in [
        RequestHead { origin_header: Some(PAGE), ..stranger },
        RequestHead { origin_header: Some("https://evil.example"), ..stranger },
        RequestHead { origin_header: Some(PAGE), method: "OPTIONS", ..stranger },
        RequestHead { traceparent: Some(traceparent), ..stranger },
        RequestHead { traceparent: Some("nonsense"), ..stranger },
        RequestHead { authorization: Some(""), ..stranger },
        RequestHead { authorization: Some("Bearer nonsense"), ..stranger },
        RequestHead { has_upgrade: true, ..stranger },
        RequestHead { target: target("/judged"), ..scene.head() },
    ] {
        match scene.edge.edge.gate(&head) {
            Some(Decision::Respond { repeats, .. }) => assert_eq!(repeats, None, "{head:?}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn each_request_that_repeats_another_has_a_trace_of_its_own() {
    let scene = Scene::new("/mcp", 900);
    let mut seen: Vec<String> = (0..25).map(|_| scene.edge.edge.new_trace().into_traceparent()).collect();
    seen.extend((0..25).filter_map(|_| scene.forward().traceparent));
    assert_eq!(seen.len(), 50);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 50, "all different");
}

/// Each costs a question to the counter.
#[test]
fn calls_are_counted_only_if_the_settings_name_their_limit() {
    let counted = |limits: &str| Scene::with_limits(limits, "/mcp", 900).forward().counted;
    assert_eq!(counted(""), None);
    assert_eq!(counted("grant:60 client:7"), None);
    assert_eq!(counted("calls:600"), Some(format!("{ISSUER} grant")));
}

#[test]
fn a_call_over_its_limit_is_told_when_to_come_back_and_the_log_who_it_was() {
    let scene = Scene::with_limits("calls:600", "/mcp", 900);
    scene.forward();
    let head = RequestHead { origin_header: Some(PAGE), ..scene.head() };
    let Some(Decision::Respond { response, repeats }) = scene.edge.edge.gate_with(&head, Evidence::TooMany) else {
        panic!("passed")
    };
    assert_eq!((response.status().as_u16(), repeats), (429, None));
    assert_eq!(
        (&response.headers()["retry-after"], &response.headers()["access-control-allow-origin"]),
        (&"60".parse().unwrap(), &PAGE.parse().unwrap())
    );
    let body: serde_json::Value = serde_json::from_str(response.body()).unwrap();
    assert_eq!(body["error"], "too_many_requests");
    let records = scene.edge.world.records.borrow();
    let record = records.last().unwrap();
    assert_eq!(
        (record.event, record.level, record.reason.as_deref()),
        (Event::TooManyRequests, Level::Warn, Some("calls"))
    );
    assert_eq!(
        (record.grant.as_deref(), record.client.is_some(), record.subject.is_some()),
        (Some("grant"), true, true)
    );
    // What is asked of a page's behalf is not a call.
    let head = RequestHead { method: "OPTIONS", ..head };
    let Some(Decision::Respond { response, .. }) = scene.edge.edge.gate_with(&head, Evidence::TooMany) else {
        panic!("passed")
    };
    assert_eq!(response.status(), 204);
}
