//! Pages of other origins. At the gate those that the settings allow may call and read, others may not. The endpoints for
//! machines are for all: no cookie counts there.
#![cfg(not(target_arch = "wasm32"))]

mod support;

use edgeward_core::{Decision, Failure, RequestHead};
use http::{Response, header};
use support::*;

const PAGE: &str = "https://inspector.example";

fn edge() -> TestEdge {
    TestEdge::with(&[("EDGEWARD_ALLOWED_ORIGINS", PAGE)])
}

fn ask(edge: &TestEdge, method: &str, origin_header: Option<&str>) -> Response<String> {
    let head = RequestHead {
        method,
        target: target("/mcp"),
        authorization: None,
        origin_header,
        traceparent: None,
        content_length: Some(0),
        has_upgrade: false,
    };
    match edge.edge.gate(&head) {
        Some(Decision::Respond { response, .. }) => response,
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
    for name in ["WWW-Authenticate", "Mcp-Session-Id", "Retry-After"] {
        assert!(exposed.contains(name), "{exposed}");
    }
    assert!(response.headers().contains_key(header::WWW_AUTHENTICATE));

    let without = ask(&edge, "POST", None);
    assert_eq!(field(&without, header::ACCESS_CONTROL_ALLOW_ORIGIN), None);
}

#[test]
fn every_script_may_use_the_endpoints_for_machines() {
    let edge = edge();
    let stranger = [("origin", "https://any.example"), ("content-type", "application/json")];
    let client_id = edge.public_client();
    let form = |path: &str, parameters: &[(&str, &str)]| post_form(path, &stranger[..1], parameters);
    for (path, methods, asked, status) in [
        ("/.well-known/oauth-protected-resource", "GET", None, 200),
        ("/.well-known/oauth-protected-resource/mcp", "GET", None, 200),
        ("/.well-known/oauth-protected-resource/nothing", "GET", None, 404),
        ("/.well-known/oauth-authorization-server", "GET", None, 200),
        ("/.well-known/jwks.json", "GET", None, 200),
        ("/register", "POST", Some(request(http::Method::POST, "/register", &stranger, "{}")), 400),
        ("/token", "POST", Some(form("/token", &[("grant_type", "password"), ("client_id", &client_id)])), 400),
        ("/token", "POST", Some(form("/token", &[("grant_type", "password")])), 401),
        ("/revoke", "POST", Some(form("/revoke", &[("token", "unknown"), ("client_id", &client_id)])), 200),
        ("/revoke", "POST", Some(form("/revoke", &[("client_id", &client_id)])), 400),
    ] {
        let preflight = edge.respond(request(http::Method::OPTIONS, path, &stranger[..1], ""));
        assert_eq!(preflight.status(), 204, "{path}");
        assert_eq!(field(&preflight, header::ACCESS_CONTROL_ALLOW_ORIGIN), Some("*"), "{path}");
        assert_eq!(field(&preflight, header::ACCESS_CONTROL_ALLOW_METHODS), Some(methods), "{path}");
        assert_eq!(field(&preflight, header::ACCESS_CONTROL_ALLOW_HEADERS), Some("Authorization, *"), "{path}");
        let answer = edge.respond(asked.unwrap_or_else(|| request(http::Method::GET, path, &stranger[..1], "")));
        assert_eq!(answer.status(), status, "{path}");
        assert_eq!(field(&answer, header::ACCESS_CONTROL_ALLOW_ORIGIN), Some("*"), "{path}");
        assert_eq!(field(&answer, header::ACCESS_CONTROL_ALLOW_CREDENTIALS), None, "{path}");
        if matches!(path, "/token" | "/revoke") && status != 200 {
            let exposed = field(&answer, header::ACCESS_CONTROL_EXPOSE_HEADERS).unwrap_or_default();
            assert!(exposed.contains("Retry-After") && exposed.contains("WWW-Authenticate"), "{path}: {exposed}");
        }
    }
}

#[test]
fn no_script_may_use_the_pages_for_people() {
    let edge = edge();
    let client_id = edge.public_client();
    for path in [authorization_request(&client_id, &[]).as_str(), "/callback?code=a&state=b", "/healthz"] {
        let preflight = edge.respond(request(http::Method::OPTIONS, path, &[("origin", PAGE)], ""));
        assert_eq!(preflight.status(), 405, "{path}");
        assert_eq!(field(&preflight, header::ACCESS_CONTROL_ALLOW_METHODS), None, "{path}");
    }
    let page = edge.get(&authorization_request(&client_id, &[]));
    assert_eq!(field(&page, header::ACCESS_CONTROL_ALLOW_ORIGIN), None);
}

/// When an instance has no room for another request, for example.
#[test]
fn a_page_can_read_what_is_answered_where_nothing_else_can_be() {
    let edge = edge();
    let allowed = |path: &str, origin: &str| {
        let answer = edge.edge.fail(Failure::Overloaded, &target(path), Some(origin), None);
        let readers = field(&answer, header::ACCESS_CONTROL_ALLOW_ORIGIN)?;
        let exposed = field(&answer, header::ACCESS_CONTROL_EXPOSE_HEADERS).unwrap();
        assert!(exposed.contains("Retry-After"), "{exposed}");
        Some(readers.to_owned())
    };
    assert_eq!(allowed("/mcp", PAGE).as_deref(), Some(PAGE));
    assert_eq!(allowed("/mcp", "https://evil.example"), None);
    assert_eq!(allowed("/token", "https://any.example").as_deref(), Some("*"));
    for path in ["/authorize", "/callback", "/", "/nothing"] {
        assert_eq!(allowed(path, PAGE), None, "{path}");
    }
}
