//! What single tools, prompts and resources need, at the gate: from the headers, or from the body.
#![cfg(not(target_arch = "wasm32"))]

mod support;

use edgeward_core::{
    Decision, Evidence, Needs, RequestHead,
    access_token::{self, Grant},
    message::operation::{MAX_BYTES, MessageHeaders},
    oauth::Scope,
    platform::UnixTime,
    request_context::RequestContext,
    sealed::Profile,
    upstream::Subject,
};
use http::{Response, header};
use support::*;

const PAGE: &str = "https://inspector.example";
const RESOURCES: &str = r#"[
    {"path": "/mcp", "default_scopes": ["read"],
        "scopes": {"read": "Read", "write": {"words": "Write", "implies": ["read"]}, "secret": "See secrets"},
        "policy": {"tools": {"delete_*": ["write"]}, "resources": {"file:///secret/*": ["secret"]}}},
    {"path": "/compared", "default_scopes": ["read"], "compares_headers": true,
        "scopes": {"read": "Read", "write": {"words": "Write", "implies": ["read"]}, "secret": "See secrets"},
        "policy": {"tools": {"delete_*": ["write"]}, "resources": {"file:///secret/*": ["secret"]}}},
    {"path": "/free", "scopes": {"read": "Read"}}]"#;

fn edge() -> TestEdge {
    TestEdge::with(&[("EDGEWARD_RESOURCES", RESOURCES), ("EDGEWARD_ALLOWED_ORIGINS", PAGE)])
}

fn authorization(edge: &TestEdge, resource: &str, scope: &str) -> String {
    let now = UnixTime::from_secs(START);
    let subject = Subject { subject: "user".into(), profile: Profile::default(), auth_time: None };
    let (scope, resource) = (Scope::parse(scope).unwrap(), format!("{ISSUER}{resource}"));
    let grant = Grant { client_id: "client", subject: &subject, resource: &resource, scope: &scope, grant_id: "grant" };
    let config = config(&[]).unwrap();
    let token =
        access_token::mint(&grant, "token".into(), now.plus(900), &RequestContext::new(None, &config, &edge.world))
            .unwrap();
    format!("Bearer {token}")
}

/// A request as an adapter makes it: the head, then what the gate asks for.
struct Ask<'a> {
    edge: &'a TestEdge,
    method: &'a str,
    path: &'a str,
    scope: &'a str,
    headers: MessageHeaders<'a>,
    body: &'a [u8],
    content_length: Option<u64>,
}

impl Ask<'_> {
    fn send(&self) -> (Vec<Needs>, Result<(), Response<String>>) {
        self.send_from(Some(PAGE))
    }

    /// To a page's `OPTIONS` the edge itself has the answer.
    fn send_without_page(&self) -> (Vec<Needs>, Result<(), Response<String>>) {
        self.send_from(None)
    }

    fn send_from(&self, origin_header: Option<&str>) -> (Vec<Needs>, Result<(), Response<String>>) {
        let authorization = authorization(self.edge, self.path, self.scope);
        let head = RequestHead {
            method: self.method,
            target: target(self.path),
            authorization: Some(&authorization),
            origin_header,
            traceparent: None,
            content_length: self.content_length,
            has_upgrade: false,
        };
        let (mut needed, mut evidence) = (Vec::new(), Evidence::Nothing);
        loop {
            match self.edge.edge.gate_with(&head, evidence).unwrap() {
                Decision::Forward(_) => return (needed, Ok(())),
                Decision::Respond { response, .. } => return (needed, Err(response)),
                Decision::Needs(need) => {
                    assert!(!needed.contains(&need), "asked twice");
                    evidence = match &need {
                        Needs::Headers => Evidence::Headers(self.headers),
                        Needs::Body { .. } => Evidence::Body(self.headers, self.body),
                        Needs::MachineAdmission => panic!("no machine may come here"),
                    };
                    needed.push(need);
                }
            }
        }
    }
}

fn ask<'a>(edge: &'a TestEdge, scope: &'a str, body: &'a str) -> Ask<'a> {
    let (headers, content_length) = (MessageHeaders::default(), Some(body.len() as u64));
    Ask { edge, method: "POST", path: "/mcp", scope, headers, body: body.as_bytes(), content_length }
}

/// At a resource whose origin compares headers and body.
fn ask_compared<'a>(edge: &'a TestEdge, scope: &'a str, body: &'a str) -> Ask<'a> {
    Ask { path: "/compared", ..ask(edge, scope, body) }
}

/// Of one party: all these requests come with tokens of one grant.
fn the_body() -> Needs {
    Needs::Body { party: "grant".to_owned() }
}

const DELETE: &str = r#"{"method":"tools/call","params":{"name":"delete_one"}}"#;
const SHOW: &str = r#"{"method":"tools/call","params":{"name":"show"}}"#;
const SECRET: &str = r#"{"method":"resources/read","params":{"uri":"file:///secret/a"}}"#;

fn needs(refused: &Response<String>) -> String {
    assert_eq!(refused.status(), 403);
    assert_eq!(refused.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], PAGE);
    let challenge = refused.headers()[header::WWW_AUTHENTICATE].to_str().unwrap();
    assert!(challenge.contains(r#"error="insufficient_scope""#), "{challenge}");
    challenge.split("scope=\"").last().unwrap().trim_end_matches('"').to_owned()
}

#[test]
fn one_challenge_names_every_scope_that_is_needed() {
    let edge = edge();
    let batch = format!("[{SHOW},{DELETE},{SECRET}]");
    let unknown = r#"{"method":"tools/invoke","params":{"name":"show"}}"#;
    for (scope, body, expected) in [
        ("read", SHOW, None),
        ("write", SHOW, None),
        ("secret", SHOW, Some("read")),
        ("read", DELETE, Some("read write")),
        ("secret", DELETE, Some("read write")),
        ("write", DELETE, None),
        ("read write", SECRET, Some("read secret")),
        ("read secret", SECRET, None),
        ("read write", &batch, Some("read write secret")),
        ("write secret", &batch, None),
        ("write", unknown, Some("read write secret")),
        ("write secret", unknown, None),
    ] {
        let (needed, outcome) = ask(&edge, scope, body).send();
        assert_eq!(needed, [the_body()]);
        assert_eq!(outcome.err().map(|refused| needs(&refused)).as_deref(), expected, "{scope}: {body}");
    }
}

#[test]
fn modern_headers_are_enough_where_the_origin_compares_them() {
    let edge = edge();
    let headers = |method, name| MessageHeaders {
        protocol_version: Some("2026-07-28"),
        method: Some(method),
        name,
        ..MessageHeaders::default()
    };
    for (scope, headers, expected) in [
        ("read", headers("tools/call", Some("show")), None),
        ("read", headers("tools/call", Some("Delete_one")), Some("read write")),
        ("read", headers("tools/call", Some("=?base64?ZGVsZXRlX29uZQ==?=")), Some("read write")),
        ("write", headers("tools/call", Some("delete_one")), None),
        ("read", headers("tools/list", None), None),
        ("read", headers("Tools/List", None), Some("read write secret")),
    ] {
        // The body is a trap: nobody may look at it.
        let (needed, outcome) = Ask { headers, ..ask_compared(&edge, scope, "") }.send();
        assert_eq!(needed, [Needs::Headers]);
        assert_eq!(outcome.err().map(|refused| needs(&refused)).as_deref(), expected, "{scope}: {headers:?}");
    }
}

#[test]
fn headers_that_leave_a_doubt_do_not_hide_the_body() {
    let edge = edge();
    let modern = Some("2026-07-28");
    for (protocol_version, method, name) in [
        (None, Some("tools/list"), None),
        (Some("2025-11-25"), Some("tools/list"), None),
        (Some("2026-07-28, 2025-11-25"), Some("tools/list"), None),
        (modern, None, None),
        (modern, Some("tools/list, tools/call"), None),
        (modern, Some("tools/call"), None),
        (modern, Some("tools/call"), Some("show, delete_one")),
        (modern, Some("tools/call"), Some("=?base64?c2hvdw?=")),
    ] {
        let headers = MessageHeaders { protocol_version, method, name, ..MessageHeaders::default() };
        let (needed, outcome) = Ask { headers, ..ask_compared(&edge, "read", DELETE) }.send();
        assert_eq!(needed, [Needs::Headers, the_body()], "{headers:?}");
        assert_eq!(needs(&outcome.unwrap_err()), "read write", "{headers:?}");
    }
}

/// Some servers would decode the body and find another message in it.
#[test]
fn a_body_that_a_server_might_decode_is_refused() {
    let edge = edge();
    let typed = |content_type| MessageHeaders { content_type: Some(content_type), ..MessageHeaders::default() };
    let coded = |coding| MessageHeaders { content_encoding: Some(coding), ..typed("application/json") };
    for headers in [
        typed("application/json"),
        typed("Application/JSON; charset=UTF-8"),
        typed("application/json;charset=\"utf-8\""),
        typed("application/json; charset=utf-8;"),
        coded("identity"),
    ] {
        assert!(Ask { headers, ..ask(&edge, "read", SHOW) }.send().1.is_ok(), "{headers:?}");
    }
    for headers in [
        typed("application/json; charset=utf-7"),
        typed("application/json; charset=utf-16le"),
        typed("application/json; charset=utf-8; charset=utf-7"),
        typed("application/json, application/json; charset=utf-7"),
        typed("application/json; boundary=x"),
        typed("application/x-www-form-urlencoded"),
        typed("multipart/form-data; boundary=x"),
        typed("text/plain"),
        typed(""),
        coded("gzip"),
        coded("br"),
        coded("identity, gzip"),
        coded(""),
    ] {
        for (ask, scope) in [(ask(&edge, "read", SHOW), "default scope"), (ask(&edge, "write secret", DELETE), "all")] {
            let refused = Ask { headers, ..ask }.send().1.unwrap_err();
            assert_eq!(refused.status(), 415, "{scope}: {headers:?}");
            let body: serde_json::Value = serde_json::from_str(refused.body()).unwrap();
            assert!(body["error_description"].as_str().unwrap().contains("Content-Encoding"), "{body}");
        }
    }
}

/// Nobody but the operator knows whether an origin compares them.
#[test]
fn headers_hide_no_body_unless_the_settings_say_that_the_origin_compares_them() {
    let edge = edge();
    let headers = MessageHeaders {
        protocol_version: Some("2026-07-28"),
        method: Some("tools/list"),
        name: None,
        ..MessageHeaders::default()
    };
    let (needed, outcome) = Ask { headers, ..ask(&edge, "read", DELETE) }.send();
    assert_eq!((needed.as_slice(), needs(&outcome.unwrap_err()).as_str()), (&[the_body()][..], "read write"));
    assert!(Ask { headers, ..ask(&edge, "read", SHOW) }.send().1.is_ok());
    // What is not posted is no message, whose headers such an origin would compare.
    for method in ["PUT", "DELETE", "GET"] {
        let (needed, outcome) = Ask { method, headers, ..ask_compared(&edge, "read", DELETE) }.send();
        assert_eq!(
            (needed.as_slice(), needs(&outcome.unwrap_err()).as_str()),
            (&[the_body()][..], "read write"),
            "{method}"
        );
    }
    for value in ["1", "\"true\"", "{}", "[true]"] {
        let resources = format!(r#"[{{"path":"/mcp","scopes":{{"b":"B"}},"compares_headers":{value}}}]"#);
        let error = config(&[("EDGEWARD_RESOURCES", &resources)]).expect_err(value).to_string();
        assert!(error.contains("compares_headers"), "{value}: {error}");
    }
    for (value, compares) in [("true", true), ("false", false), ("null", false)] {
        let resources = format!(r#"[{{"path":"/mcp","scopes":{{"b":"B"}},"compares_headers":{value}}}]"#);
        let config = config(&[("EDGEWARD_RESOURCES", &resources)]).unwrap();
        assert_eq!(config.resources[0].compares_headers, compares, "{value}");
    }
}

#[test]
fn a_body_is_judged_whatever_the_method_and_however_it_announces_itself() {
    let edge = edge();
    for method in ["GET", "HEAD", "DELETE", "OPTIONS", "PUT", "PATCH", "PROPFIND", "FROB", "get"] {
        for content_length in [Some(DELETE.len() as u64), None] {
            let (needed, outcome) = Ask { method, content_length, ..ask(&edge, "read", DELETE) }.send_without_page();
            assert_eq!(needed, [the_body()], "{method} {content_length:?}");
            assert_eq!(outcome.unwrap_err().status(), 403, "{method} {content_length:?}");
            let (_, outcome) = Ask { method, content_length, ..ask(&edge, "write", DELETE) }.send_without_page();
            assert!(outcome.is_ok(), "{method} {content_length:?}");
        }
        // Without one, these ask for nothing; the others must have one.
        let (needed, outcome) = Ask { method, ..ask(&edge, "read", "") }.send_without_page();
        let asks_for_nothing = ["GET", "HEAD", "DELETE", "OPTIONS"].contains(&method);
        assert_eq!((needed.is_empty(), outcome.is_ok()), (asks_for_nothing, asks_for_nothing), "{method}");
    }
    let long = Ask { content_length: Some(MAX_BYTES as u64 + 1), ..ask(&edge, "read", "") }.send();
    assert!(matches!(long, (needed, Err(refused)) if needed.is_empty() && refused.status() == 413), "not read");
}

/// Java's HTTP client offers `h2c` over plain http; so must a client not that comes through a CDN.
#[test]
fn a_request_with_upgrade_is_refused() {
    let edge = edge();
    let authorization = authorization(&edge, "/free", "read");
    let head = |path, authorization, has_upgrade| RequestHead {
        method: "POST",
        target: target(path),
        authorization,
        origin_header: Some(PAGE),
        traceparent: None,
        content_length: Some(0),
        has_upgrade,
    };
    for (path, authorization) in [("/free", Some(authorization.as_str())), ("/free", None), ("/mcp", None)] {
        let Some(Decision::Respond { response, repeats: None }) = edge.edge.gate(&head(path, authorization, true))
        else {
            panic!("not refused")
        };
        assert_eq!(response.status(), 400);
        assert!(response.body().contains("Upgrade"), "{}", response.body());
        assert_eq!(response.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], PAGE);
    }
    let without = edge.edge.gate(&head("/free", Some(&authorization), false));
    assert!(matches!(without, Some(Decision::Forward(_))), "{without:?}");
}

#[test]
fn a_body_that_cannot_be_judged_is_refused() {
    let edge = edge();
    for body in ["", "{}", "[]", "tools/call", r#"{"method":"tools/list","Method":"tools/call"}"#] {
        let refused = ask(&edge, "read write secret", body).send().1.unwrap_err();
        assert_eq!(refused.status(), 400, "{body}");
        assert_eq!(refused.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], PAGE);
        assert!(!refused.headers().contains_key(header::WWW_AUTHENTICATE));
    }
    let padded = |length: usize| format!("{SHOW}{}", " ".repeat(length - SHOW.len()));
    assert!(ask(&edge, "read", &padded(MAX_BYTES)).send().1.is_ok());
    let refused = ask(&edge, "read", &padded(MAX_BYTES + 1)).send().1.unwrap_err();
    assert_eq!(refused.status(), 413);
    assert!(refused.body().contains("body_too_long") && refused.body().contains("1048576 bytes (1 MiB)"));
    assert_eq!(refused.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], PAGE);
}

#[test]
fn only_what_needs_a_look_gets_one() {
    let edge = edge();
    let free = Ask { path: "/free", ..ask(&edge, "read", "{") }.send();
    assert!(matches!(free, (needed, Ok(())) if needed.is_empty()), "no policy");
    // Who may not come in at all is not looked at.
    let head = RequestHead {
        method: "POST",
        target: target("/mcp"),
        authorization: None,
        origin_header: None,
        traceparent: None,
        content_length: Some(0),
        has_upgrade: false,
    };
    let Some(Decision::Respond { response, .. }) = edge.edge.gate(&head) else { panic!("not refused") };
    assert_eq!(response.status(), 401);
}

#[test]
fn what_the_settings_say_of_a_policy_is_checked() {
    for (policy, problem) in [
        (r#"{"tools":{"a":["c"]}}"#, "scopes"),
        (r#"{"tools":{"a":[]}}"#, "scopes"),
        (r#"{"tools":{"":["b"]}}"#, "name"),
        (r#"{"tools":{"a*b":["b"]}}"#, "name"),
        (r#"{"tools":{" a":["b"]}}"#, "name"),
        (r#"{"tools":{"a":["b"],"a":["b"]}}"#, "twice"),
        (r#"{"tools":{"a":["b"]},"tools":{}}"#, "tools"),
        (r#"{"tool":{"a":["b"]}}"#, "tool"),
        (r#"{"tools":[]}"#, "object"),
        // Of these no spelling is looked up: a request for what they mean would need nothing.
        (r#"{"resources":{"db://orders/{id}":["b"]}}"#, "URI"),
        (r#"{"resources":{"file:///secret docs/*":["b"]}}"#, "URI"),
        (r#"{"resources":{"file:///geheim-\u00e4*":["b"]}}"#, "URI"),
        (r#"{"resources":{"file:///a/../b":["b"]}}"#, "URI"),
        (r#"{"resources":{"file:///a//b*":["b"]}}"#, "URI"),
        (r#"{"resources":{"file:///%61":["b"]}}"#, "URI"),
        (r#"{"resources":{"file:///a\\*":["b"]}}"#, "URI"),
        (r#"{"resources":{"orders":["b"]}}"#, "URI"),
    ] {
        let resources = format!(r#"[{{"path":"/mcp","scopes":{{"b":"B"}},"policy":{policy}}}]"#);
        let error = config(&[("EDGEWARD_RESOURCES", &resources)]).expect_err(policy).to_string();
        assert!(error.starts_with("EDGEWARD_RESOURCES") && error.contains(problem), "{policy}: {error}");
    }
    let all = r#"[{"path":"/mcp","scopes":{"b":"B"},"policy":{"tools":{"*":["b"]},"prompts":{},"resources":{}}}]"#;
    assert!(config(&[("EDGEWARD_RESOURCES", all)]).is_ok());
    for pattern in [
        "*",
        "db*",
        "db:*",
        "db://*",
        "DB://orders/*",
        "https://exam*",
        "https://example.com/",
        "https://example.com",
        "https:*",
        "file:*",
        "file:/*",
        "http://localhost:*",
        "http://localhost:80*",
        "db://host:*",
        "file:///a%20b/*",
        "x:a",
    ] {
        let policy = format!(r#"{{"resources":{{"{pattern}":["b"]}}}}"#);
        let resources = format!(r#"[{{"path":"/mcp","scopes":{{"b":"B"}},"policy":{policy}}}]"#);
        assert!(config(&[("EDGEWARD_RESOURCES", &resources)]).is_ok(), "{pattern}");
    }
}
