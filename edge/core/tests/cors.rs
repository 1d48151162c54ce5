//! Pages of other origins at the gate: those that the settings allow may call and read, others may not.
#![cfg(not(target_arch = "wasm32"))]

mod support;

use edgeward_core::{Gated, RequestHead};
use http::{Response, header};
use support::*;

const PAGE: &str = "https://inspector.example";

fn edge() -> TestEdge {
    TestEdge::with(&[("EDGEWARD_ALLOWED_ORIGINS", PAGE)])
}

fn ask(edge: &TestEdge, method: &str, origin_header: Option<&str>) -> Response<String> {
    let head = RequestHead { method, path: "/mcp", query: None, authorization: None, origin_header };
    match edge.edge.gate(&head) {
        Some(Gated::Respond(response)) => response,
        other => panic!("{other:?}"),
    }
}

fn field(response: &Response<String>, name: header::HeaderName) -> Option<&str> {
    response.headers().get(name).map(|value| value.to_str().unwrap())
}

#[test]
fn a_page_may_ask_before_it_sends() {
    let edge = edge();
    for page in [PAGE, ISSUER] {
        let response = ask(&edge, "OPTIONS", Some(page));
        assert_eq!(response.status(), 204);
        assert_eq!(field(&response, header::ACCESS_CONTROL_ALLOW_ORIGIN), Some(page));
        assert_eq!(field(&response, header::ACCESS_CONTROL_ALLOW_METHODS), Some("GET, POST, DELETE"));
        assert_eq!(field(&response, header::ACCESS_CONTROL_ALLOW_HEADERS), Some("Authorization, *"));
        assert_eq!(field(&response, header::VARY), Some("Origin"));
        assert_eq!(field(&response, header::ACCESS_CONTROL_ALLOW_CREDENTIALS), None);
    }
    for stranger in ["https://evil.example", "null", "https://inspector.example.evil.example"] {
        let response = ask(&edge, "OPTIONS", Some(stranger));
        assert_eq!(response.status(), 403, "{stranger}");
        assert_eq!(field(&response, header::ACCESS_CONTROL_ALLOW_ORIGIN), None, "{stranger}");
    }
    assert_eq!(ask(&edge, "OPTIONS", None).status(), 401, "that is no browser's question");
}

#[test]
fn a_page_can_read_how_to_sign_in() {
    let edge = edge();
    let response = ask(&edge, "POST", Some(PAGE));
    assert_eq!(response.status(), 401);
    assert_eq!(field(&response, header::ACCESS_CONTROL_ALLOW_ORIGIN), Some(PAGE));
    let exposed = field(&response, header::ACCESS_CONTROL_EXPOSE_HEADERS).unwrap();
    assert!(exposed.contains("WWW-Authenticate") && exposed.contains("Mcp-Session-Id"), "{exposed}");
    assert!(response.headers().contains_key(header::WWW_AUTHENTICATE));

    let without = ask(&edge, "POST", None);
    assert_eq!(field(&without, header::ACCESS_CONTROL_ALLOW_ORIGIN), None);
}
