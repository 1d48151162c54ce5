//! Forwarding: what is sent to the MCP server, and what the client gets when that has answered, or has not.
#![cfg(not(target_arch = "wasm32"))]

mod support;

use std::collections::BTreeMap;

use edgeward_core::{
    Body, Decision, Failure, Outcome, Plan, RequestHead,
    access_token::{self, Grant},
    config::Credentials,
    crossing,
    forward::{self, Change, RULES},
    oauth::Scope,
    platform::{Event, Level, UnixTime},
    request_context::RequestContext,
    sealed::Profile,
    upstream::Subject,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Value, json};
use support::*;

const PAGE: &str = "https://inspector.example";
const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const NEW: &str = "00-01010101010101010101010101010101-0202020202020202-01";

fn plan(traceparent: Option<&str>) -> Plan {
    Plan {
        url: "http://origin.example/mcp".to_owned(),
        identity: "an.identity.assertion".into(),
        credentials: Credentials::default(),
        traceparent: traceparent.map(str::to_owned),
        page_origin: None,
        repeats_until: Some(UnixTime::from_secs(START + 30)),
        counted: None,
    }
}

fn headers(fields: &[(&str, &str)]) -> HeaderMap {
    let field =
        |(name, value): &(&str, &str)| (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
    let mut map = HeaderMap::new();
    for (name, value) in fields.iter().map(field) {
        map.append(name, value);
    }
    map
}

/// In order, those of one name joined.
fn listed(headers: &HeaderMap) -> BTreeMap<String, String> {
    let mut listed = BTreeMap::<String, String>::new();
    for (name, value) in headers {
        let value = value.to_str().unwrap();
        let all = listed.entry(name.as_str().to_owned());
        all.and_modify(|all| *all = format!("{all}, {value}")).or_insert_with(|| value.to_owned());
    }
    listed
}

fn forwarded(sent: &[(&str, &str)], plan: &Plan) -> BTreeMap<String, String> {
    listed(&plan.request_headers(headers(sent)))
}

/// What every forwarded request has, and these.
fn with(more: &[(&str, &str)]) -> BTreeMap<String, String> {
    let mut all = BTreeMap::from(
        [
            ("cache-control", "no-store"),
            ("user-agent", edgeward_core::platform::USER_AGENT),
            ("x-edgeward-identity", "an.identity.assertion"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    all.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    all
}

/// What a client sends, whether the trace is new, and what of it is forwarded beside what every request has.
type Case = (
    &'static str,
    &'static [(&'static str, &'static str)],
    Option<&'static str>,
    &'static [(&'static str, &'static str)],
);

const CASES: [Case; 17] = [
    ("nothing sent", &[], None, &[]),
    (
        "what the protocol needs passes",
        &[("accept", "text/event-stream"), ("mcp-session-id", "s")],
        None,
        &[("accept", "text/event-stream"), ("mcp-session-id", "s")],
    ),
    (
        "credentials for the edge do not",
        &[("authorization", "Bearer t"), ("cookie", "a=b"), ("proxy-authorization", "Basic x")],
        None,
        &[],
    ),
    (
        "nor what only the edge may say",
        &[("x-edgeward-identity", "forged"), ("x-edgeward-anything", "forged"), ("x-edgewards", "another's")],
        None,
        &[("x-edgewards", "another's")],
    ),
    (
        "nor what concerns the connection",
        &[
            ("connection", "close"),
            ("keep-alive", "5"),
            ("te", "trailers"),
            ("trailer", "x"),
            ("upgrade", "h2c"),
            ("http2-settings", "x"),
            ("proxy-connection", "close"),
        ],
        None,
        &[],
    ),
    (
        "nor what the connection names",
        &[("connection", "X-One, x-two"), ("x-one", "1"), ("x-two", "2"), ("x-three", "3")],
        None,
        &[("x-three", "3")],
    ),
    (
        "in several fields",
        &[("connection", "x-one"), ("connection", "close,X-Two"), ("x-one", "1"), ("x-two", "2")],
        None,
        &[],
    ),
    (
        "even what the edge adds itself",
        &[("connection", "x-edgeward-identity, user-agent, cache-control"), ("user-agent", "client/1")],
        None,
        &[],
    ),
    (
        "nor what would be another request",
        &[
            ("x-http-method-override", "DELETE"),
            ("x-http-method", "PUT"),
            ("x-method-override", "PUT"),
            ("x-original-url", "/admin"),
            ("x-rewrite-url", "/admin"),
        ],
        None,
        &[],
    ),
    ("a client that names itself keeps its name", &[("user-agent", "client/1")], None, &[("user-agent", "client/1")]),
    ("one with an empty name does not", &[("user-agent", "")], None, &[]),
    ("no cache may answer", &[("cache-control", "max-age=60")], None, &[]),
    (
        "a good trace goes on",
        &[("traceparent", TRACEPARENT), ("tracestate", "a=b")],
        None,
        &[("traceparent", TRACEPARENT), ("tracestate", "a=b")],
    ),
    ("a new one takes the place of none", &[], Some(NEW), &[("traceparent", NEW)]),
    (
        "and of a bad one, with its state",
        &[("traceparent", "bad"), ("tracestate", "a=b")],
        Some(NEW),
        &[("traceparent", NEW)],
    ),
    ("repeated fields stay", &[("accept", "a"), ("accept", "b")], None, &[("accept", "a, b")]),
    ("bytes of text stay", &[("mcp-name", "=?base64?w6Q=?=")], None, &[("mcp-name", "=?base64?w6Q=?=")]),
];

#[test]
fn the_header_of_a_forwarded_request_is_the_clients_but_for_what_the_rules_say() {
    for (name, sent, traceparent, rest) in CASES {
        assert_eq!(forwarded(sent, &plan(traceparent)), with(rest), "{name}");
    }
}

/// JavaScript reads them: the adapter there does the same (`edge/cloudflare/tests/forward.test.mjs`). `EDGEWARD_WRITE_VECTORS=1`
/// writes the file.
#[test]
fn the_vectors_for_other_languages_are_these_cases_and_rules() {
    let case = |(name, sent, traceparent, rest): &Case| {
        let plan = json!({ "identity": "an.identity.assertion", "traceparent": traceparent });
        let forwarded: Vec<_> = with(rest).into_iter().collect();
        json!({ "name": name, "sent": sent, "plan": plan, "forwarded": forwarded })
    };
    let told: Value = serde_json::from_str(&crossing::told(Some(&TestEdge::new().edge), vec![])).unwrap();
    let mut cases: Vec<_> = CASES.iter().map(case).collect();
    cases.push(json!({
        "name": "credentials of the server's take the place of the client's",
        "sent": [["authorization", "Bearer t"], ["x-key", "clients"]],
        "plan": { "identity": "an.identity.assertion", "credentials": [["authorization", "Bearer s"], ["x-key", "ours"]] },
        "forwarded": with(&[("authorization", "Bearer s"), ("x-key", "ours")]).into_iter().collect::<Vec<_>>(),
    }));
    check_vectors("forward.json", &json!({ "rules": told["rules"], "cases": cases }));
}

#[test]
fn a_page_that_may_read_the_answer_is_told_so_and_nobody_else() {
    let page = Plan { page_origin: Some(PAGE.to_owned()), ..plan(None) };
    let changes = page.answer_changes().unwrap();
    assert_eq!(changes[0], (Change::Set, header::ACCESS_CONTROL_ALLOW_ORIGIN, PAGE));
    assert_eq!((changes[1].0, &changes[1].1), (Change::Set, &header::ACCESS_CONTROL_EXPOSE_HEADERS));
    assert_eq!(changes[2], (Change::Append, header::VARY, "Origin"));
    assert!(plan(None).answer_changes().is_none());
}

#[test]
fn an_answer_passes_whatever_its_status_but_for_those_of_the_rules() {
    let edge = TestEdge::new();
    let statuses = (100..1000).filter_map(|status| StatusCode::from_u16(status).ok());
    let concluded: Vec<_> =
        statuses.filter(|status| edge.edge.conclude(Outcome::Answered(*status), None).is_some()).collect();
    assert_eq!(concluded.iter().map(StatusCode::as_u16).collect::<Vec<_>>(), RULES.concluded_statuses);
}

#[test]
fn a_server_that_refuses_the_edge_or_cannot_be_had_is_no_fault_of_the_clients() {
    let cases = [
        (Outcome::Answered(StatusCode::UNAUTHORIZED), 502, "bad_gateway", Event::OriginRefused, None),
        (Outcome::Unreachable(None), 502, "bad_gateway", Event::OriginUnreachable, None),
        (Outcome::Unreachable(Some("why")), 502, "bad_gateway", Event::OriginUnreachable, Some("why")),
        (Outcome::Late(None), 504, "gateway_timeout", Event::OriginTooSlow, None),
        (Outcome::Late(Some("why")), 504, "gateway_timeout", Event::OriginTooSlow, Some("why")),
    ];
    for (outcome, status, error, event, reason) in cases {
        let edge = TestEdge::new();
        let response = edge.edge.conclude(outcome, Some(TRACEPARENT)).unwrap();
        assert_eq!(
            (response.status().as_u16(), response.body().as_str()),
            (status, &*json!({ "error": error }).to_string())
        );
        let fields = [header::CACHE_CONTROL, header::STRICT_TRANSPORT_SECURITY, header::WWW_AUTHENTICATE];
        let fields = fields.map(|name| response.headers().get(name).is_some());
        assert_eq!(fields, [true, true, false], "a client keeps its token");
        assert!(!response.headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN), "the plan says who may read it");
        let records = edge.world.records.borrow();
        let [record] = records.as_slice() else { panic!("{records:?}") };
        assert_eq!((record.level, record.event, record.status), (Level::Alert, event, Some(status)));
        assert_eq!((record.reason.as_deref(), record.trace.as_deref()), (reason, TRACEPARENT.get(3..35)));
    }
}

/// They may have become wrong while the MCP server was asked.
#[test]
fn a_forward_is_concluded_in_the_same_way_without_settings() {
    for (outcome, status) in [
        (Outcome::Answered(StatusCode::UNAUTHORIZED), 502),
        (Outcome::Unreachable(None), 502),
        (Outcome::Late(None), 504),
    ] {
        let (response, record) = forward::conclude(outcome, None).unwrap();
        assert_eq!((response.status().as_u16(), record.status), (status, Some(status)));
        assert!(!response.headers().contains_key(header::STRICT_TRANSPORT_SECURITY), "nothing is known of its TLS");
    }
    assert!(forward::conclude(Outcome::Answered(StatusCode::OK), None).is_none());
}

#[test]
fn a_request_without_another_answer_is_told_to_come_back_and_the_log_why() {
    for (failure, status, error, retry_after, event) in [
        (Failure::Overloaded, 503, "temporarily_unavailable", true, Some(Event::Overloaded)),
        (Failure::GateFailed, 500, "server_error", false, Some(Event::GateFailed)),
        (Failure::HandlerFailed, 503, "temporarily_unavailable", true, Some(Event::HandlerFailed)),
        (Failure::Superseded, 503, "temporarily_unavailable", true, None),
    ] {
        assert_eq!(Failure::named(failure.name()), Some(failure));
        let edge = TestEdge::with(&[("EDGEWARD_ALLOWED_ORIGINS", PAGE)]);
        let fail = |path, origin| edge.edge.fail(failure, &target(path), origin, Some(TRACEPARENT));
        for (path, origin, readers) in [
            ("/mcp", None, None),
            ("/mcp", Some(PAGE), Some(PAGE)),
            ("/mcp", Some("https://evil.example"), None),
            ("/token", Some("https://evil.example"), Some("*")),
            ("/authorize", Some(PAGE), None),
            ("/nothing", Some(PAGE), None),
        ] {
            let response = fail(path, origin);
            assert_eq!(
                (response.status().as_u16(), response.body().as_str()),
                (status, &*json!({ "error": error }).to_string())
            );
            let field = |name| response.headers().get(name).map(|value: &HeaderValue| value.to_str().unwrap());
            assert_eq!(field(header::RETRY_AFTER), retry_after.then_some("1"));
            assert_eq!(field(header::ACCESS_CONTROL_ALLOW_ORIGIN), readers, "{path} {origin:?}");
            assert!(field(header::CACHE_CONTROL).unwrap().contains("no-store"));
        }
        let records = edge.world.records.borrow();
        assert!(records.iter().all(|record| Some(record.event) == event && record.level == Level::Alert));
        assert!(records.iter().all(|record| record.trace.as_deref() == TRACEPARENT.get(3..35)));
    }
    assert_eq!(Failure::named("anything else"), None);
}

#[test]
fn the_log_is_told_of_an_instance_without_room_once_a_minute() {
    let edge = TestEdge::new();
    let fail = |failure| drop(edge.edge.fail(failure, &target("/mcp"), None, None));
    let told = || std::mem::take(&mut *edge.world.records.borrow_mut()).len();
    (0..10).for_each(|_| fail(Failure::Overloaded));
    assert_eq!(told(), 1);
    edge.advance(59);
    fail(Failure::Overloaded);
    assert_eq!(told(), 0);
    edge.advance(1);
    (0..10).for_each(|_| fail(Failure::Overloaded));
    assert_eq!(told(), 1);
    // The clock was set back.
    edge.world.now.set(START);
    fail(Failure::Overloaded);
    assert_eq!(told(), 1);
    (0..3).for_each(|_| fail(Failure::GateFailed));
    assert_eq!(told(), 3, "each panic");
}

#[test]
fn metrics_tell_apart_what_strangers_do_not_choose() {
    let measured = TestEdge::new().edge.measured_urls();
    let names: Vec<_> = measured.iter().map(|(_, name)| name.as_str()).collect();
    assert_eq!(names, ["/register", "/authorize", "/callback", "/token", "/revoke", "/logout", "/mcp", "/mcp/"]);
    assert!(measured.iter().all(|(url, name)| *url == format!("{ISSUER}{name}")));
}

/// What crosses into JavaScript and out again, as `edge/cloudflare/tests/crossing.test.mjs` reads it.
#[test]
fn the_vectors_of_what_crosses_are_what_core_says() {
    let edge = TestEdge::with(&[
        ("EDGEWARD_ALLOWED_ORIGINS", PAGE),
        (
            "EDGEWARD_RESOURCES",
            r#"[{"path": "/mcp", "scopes": {"mcp": "Use it"}},
            {"path": "/judged", "scopes": {"mcp": "Use it"}, "policy": {"tools": {"delete": ["mcp"]}}, "compares_headers": true},
            {"path": "/read", "scopes": {"mcp": "Use it"}, "policy": {"tools": {"delete": ["mcp"]}}}]"#,
        ),
    ]);
    let decided = |path: &str, authorization: Option<&str>, page| {
        let head: RequestHead<'_> = head(path, authorization, page);
        let decision: Decision = edge.edge.gate(&RequestHead { content_length: None, ..head }).unwrap();
        parsed(&crossing::decision(&decision))
    };
    let token = |path| format!("Bearer {}", access_token(&edge, path));
    let (mcp, judged, read) = (token("/mcp"), token("/judged"), token("/read"));
    let asked = json!({ "method": "GET", "url": at("/.well-known/jwks.json"), "headers": { "origin": PAGE }, "address": "192.0.2.1" });
    let request = crossing::request(&asked.to_string(), Body::Complete(Vec::new())).unwrap();
    assert_eq!((request.url.as_str(), request.address.as_deref()), (&*at("/.well-known/jwks.json"), Some("192.0.2.1")));
    assert_eq!(request.headers[header::ORIGIN], PAGE);
    check_vectors(
        "crossing.json",
        &json!({
            "told": parsed(&crossing::told(Some(&edge.edge), vec![])),
            "plan": decided("/mcp", Some(&mcp), None),
            "planForPage": decided("/mcp", Some(&mcp), Some(PAGE)),
            "refusal": decided("/mcp", Some("Bearer nonsense"), None),
            "refusalThatRepeats": decided("/mcp", None, None),
            "needsHeaders": decided("/judged", Some(&judged), None),
            "needsBody": decided("/read", Some(&read), None),
            "asked": asked,
            "answer": parsed(&crossing::answer(&edge.respond(request))),
            "names": {
                "bodyErrors": crossing::BODY_ERRORS.map(|(name, _)| name),
                "tooMany": crossing::TOO_MANY,
                "outcomes": [crossing::ANSWERED, crossing::LATE, crossing::UNREACHABLE],
                "failures": Failure::ALL.map(Failure::name),
            },
        }),
    );
    for nonsense in [
        "",
        "[]",
        "{}",
        r#"{"method":"GET"}"#,
        r#"{"method":"G T","url":"u","headers":{}}"#,
        r#"{"method":1,"url":"u","headers":{}}"#,
    ] {
        assert!(crossing::request(nonsense, Body::TooLong).is_none(), "{nonsense}");
    }
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn access_token(edge: &TestEdge, path: &str) -> String {
    let (now, config) = (UnixTime::from_secs(START), edge.edge.config());
    let subject = Subject { subject: "user".into(), profile: Profile::default(), auth_time: None };
    let (scope, resource) = (Scope::parse("mcp").unwrap(), format!("{ISSUER}{path}"));
    let grant = Grant { client_id: "client", subject: &subject, resource: &resource, scope: &scope, grant_id: "grant" };
    // No trace is drawn: what is random in the vectors stays as it is.
    let context = RequestContext::new(Some(TRACEPARENT), config, &edge.world);
    access_token::mint(&grant, "token".into(), now.plus(900), &context).unwrap()
}

/// Compares the vectors with the file that other languages read.
fn check_vectors(name: &str, vectors: &Value) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(name);
    let text = format!("{vectors:#}\n");
    if std::env::var_os("EDGEWARD_WRITE_VECTORS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert!(
        std::fs::read_to_string(&path).unwrap_or_default() == text,
        "{name} differs: EDGEWARD_WRITE_VECTORS=1 writes it"
    );
}
