//! Several MCP servers behind one edge, and what they demand besides the identity of the caller.
#![cfg(not(target_arch = "wasm32"))]

mod support;

use edgeward_core::{
    Decision, Plan, RequestHead,
    access_token::{self, Grant},
    config::Config,
    forward::RULES,
    oauth::Scope,
    platform::UnixTime,
    request_context::RequestContext,
    sealed::Profile,
    upstream::Subject,
};
use edgeward_identity::{Verifier, VerifyingKeys};
use http::{HeaderMap, HeaderValue};
use serde_json::json;
use support::*;

const RESOURCES: &str = r#"[
    {"path": "/one", "origin_url": "https://one.example/base/", "scopes": {"one": "Use it"}},
    {"path": "/two", "origin_url": "https://two.example", "origin_path": "/mcp/", "scopes": {"two": "Use it"}},
    {"path": "/named", "origin_url": "https://two.example", "origin_audience": "named", "scopes": {"named": "Use it"}},
    {"path": "/rest", "scopes": {"rest": "Use it"}}]"#;
const CREDENTIALS: &str = r#"{"/one": {"Authorization": "Bearer s3cret", "X-Api-Key": "k3y"}}"#;

fn edge(more: &[(&str, &str)]) -> TestEdge {
    TestEdge::with(&[&[("EDGEWARD_RESOURCES", RESOURCES)], more].concat())
}

fn plan(edge: &TestEdge, path: &str) -> Plan {
    let scope = Scope::parse(&path[1..]).unwrap();
    let (now, config) = (UnixTime::from_secs(START), edge.edge.config());
    let subject = Subject { subject: "user".into(), profile: Profile::default(), auth_time: None };
    let resource = format!("{ISSUER}{path}");
    let grant = Grant { client_id: "client", subject: &subject, resource: &resource, scope: &scope, grant_id: "grant" };
    let context = RequestContext::new(None, config, &edge.world);
    let token = access_token::mint(&grant, "token".into(), now.plus(900), &context).unwrap();
    let authorization = format!("Bearer {token}");
    let head: RequestHead<'_> = head(path, Some(&authorization), None);
    match edge.edge.gate(&head) {
        Some(Decision::Forward(plan)) => plan,
        other => panic!("{path}: {other:?}"),
    }
}

/// Whether a server with this audience accepts the identity.
fn accepts(edge: &TestEdge, plan: &Plan, audience: &str) -> bool {
    let jwks = edge.edge.config().keys.public_jwks().to_string();
    let keys = VerifyingKeys::from_jwks(jwks.as_bytes()).unwrap();
    Verifier::new(ISSUER, audience).verify(&plan.identity, &keys, UnixTime::from_secs(START)).is_ok()
}

fn problem(overrides: &[(&str, &str)]) -> String {
    config(overrides).expect_err("refused").to_string()
}

#[test]
fn each_resource_is_forwarded_to_its_own_server() {
    let edge = edge(&[]);
    for (path, url) in [
        ("/one", "https://one.example/base/one"),
        ("/two", "https://two.example/mcp/"),
        ("/named", "https://two.example/named"),
        ("/rest", "https://origin.example/rest"),
    ] {
        assert_eq!(plan(&edge, path).url, url);
    }
}

#[test]
fn no_server_can_use_an_assertion_at_another_one() {
    let audiences = ["https://one.example/base", "https://two.example", "named", "for-all"];
    let edge = edge(&[("EDGEWARD_ORIGIN_AUDIENCE", "for-all")]);
    for (path, audience) in ["/one", "/two", "/named", "/rest"].into_iter().zip(audiences) {
        let plan = plan(&edge, path);
        let accepting: Vec<_> = audiences.into_iter().filter(|audience| accepts(&edge, &plan, audience)).collect();
        assert_eq!(accepting, [audience], "{path}");
    }
}

#[test]
fn without_a_server_of_its_own_a_resource_needs_the_common_one() {
    let every = r#"[{"path": "/one", "origin_url": "https://one.example", "scopes": {"one": "Use it"}}]"#;
    assert!(config(&[("EDGEWARD_ORIGIN_URL", ""), ("EDGEWARD_RESOURCES", every)]).is_ok());
    let error = problem(&[("EDGEWARD_ORIGIN_URL", ""), ("EDGEWARD_RESOURCES", RESOURCES)]);
    assert_eq!(error, "EDGEWARD_ORIGIN_URL is missing, and the resource \"/rest\" has no origin_url of its own");
    let error = problem(&[("EDGEWARD_ORIGIN_URL", "http://origin.example"), ("EDGEWARD_RESOURCES", RESOURCES)]);
    assert_eq!(error, "EDGEWARD_ORIGIN_URL is neither https nor http on a loopback address");
}

#[test]
fn the_url_of_a_server_is_checked_as_the_common_one_is() {
    for (url, what) in [
        ("one.example", "is not an absolute URL"),
        ("http://one.example", "is neither https nor http on a loopback address"),
        ("https://user:pass@one.example", "has user information"),
        ("https://one.example?a=b", "has a query or fragment"),
        ("https://one.example#a", "has a query or fragment"),
    ] {
        let resources = json!([{ "path": "/one", "origin_url": url, "scopes": { "one": "Use it" } }]).to_string();
        let error = problem(&[("EDGEWARD_RESOURCES", &resources)]);
        assert_eq!(error, format!("EDGEWARD_RESOURCES has an origin_url that {what}"), "{url}");
    }
}

#[test]
fn a_path_at_the_server_may_end_with_a_slash_and_be_the_root() {
    let url = |path: &str| {
        let resources = json!([{ "path": "/one", "origin_path": path, "scopes": { "one": "Use it" } }]).to_string();
        config(&[("EDGEWARD_RESOURCES", &resources)]).map(|config| config.resources[0].origin.url.clone())
    };
    for path in ["/", "/mcp", "/mcp/", "/a/b/"] {
        assert_eq!(url(path).unwrap(), format!("https://origin.example{path}"));
    }
    for bad in ["", "mcp", "//", "/mcp//", "/a//b", "/a b"] {
        assert!(url(bad).is_err(), "{bad}");
    }
}

#[test]
fn credentials_take_the_place_of_what_the_client_sends_and_go_to_their_server_alone() {
    let edge = edge(&[("EDGEWARD_ORIGIN_CREDENTIALS", CREDENTIALS)]);
    let mut sent = HeaderMap::new();
    for (name, value) in [("authorization", "Bearer clients"), ("x-api-key", "clients"), ("connection", "x-api-key")] {
        sent.insert(name, HeaderValue::from_static(value));
    }
    let one = plan(&edge, "/one");
    let headers = one.request_headers(sent.clone());
    assert_eq!(headers["authorization"], "Bearer s3cret");
    assert_eq!(headers["x-api-key"], "k3y");
    assert_eq!(headers.get_all("x-api-key").iter().count(), 1);
    assert_eq!(headers[RULES.identity], &*one.identity);
    for path in ["/two", "/named", "/rest"] {
        let headers = plan(&edge, path).request_headers(sent.clone());
        assert!(!headers.contains_key("authorization") && !headers.contains_key("x-api-key"), "{path}");
    }
}

#[test]
fn nothing_shows_a_credential() {
    let edge = edge(&[("EDGEWARD_ORIGIN_CREDENTIALS", CREDENTIALS)]);
    let plan = plan(&edge, "/one");
    let config: &Config = edge.edge.config();
    let headers = plan.request_headers(HeaderMap::new());
    for shown in [format!("{plan:?}"), format!("{config:?}"), format!("{headers:?}")] {
        assert!(!shown.contains("s3cret") && !shown.contains("k3y"), "{shown}");
    }
}

#[test]
fn what_cannot_be_a_credential_is_refused_without_its_value() {
    let of = |headers: serde_json::Value| {
        let text = json!({ "/one": headers }).to_string();
        problem(&[("EDGEWARD_RESOURCES", RESOURCES), ("EDGEWARD_ORIGIN_CREDENTIALS", &text)])
    };
    let long = "s3cret".repeat(700);
    for (headers, what) in [
        (
            json!({ "X-Edgeward-Identity": "s3cret" }),
            "the header \"X-Edgeward-Identity\", which the edge or the client sets",
        ),
        (json!({ "Mcp-Method": "s3cret" }), "which the edge or the client sets"),
        (json!({ "Host": "s3cret" }), "which the edge or the client sets"),
        (json!({ "a b": "s3cret" }), "which is not a name of letters"),
        (json!({ "X-Key": "s3cret", "x-key": "s3cret" }), "the header \"x-key\", twice"),
        (json!({ "X-Key": "" }), "whose value is not 1 to 4096"),
        (json!({ "X-Key": " s3cret" }), "whose value is not"),
        (json!({ "X-Key": "s3cret\r\nX-Other: a" }), "whose value is not"),
        (json!({ "X-Key": "s3cretü" }), "whose value is not"),
        (json!({ "X-Key": long }), "whose value is not"),
        (json!({ "X-Key": 1 }), "whose value is not"),
        (json!({ "A": "1", "B": "2", "C": "3", "D": "4", "E": "5" }), "has more than 4 headers for \"/one\""),
        (json!("s3cret"), "has something in the place of an object"),
    ] {
        let error = of(headers);
        assert!(error.starts_with("EDGEWARD_ORIGIN_CREDENTIALS ") && error.contains(what), "{what:?}: {error}");
        assert!(!error.contains("s3cret"), "{error}");
    }
    let error = problem(&[("EDGEWARD_ORIGIN_CREDENTIALS", r#"{"/other": {"X-Key": "s3cret"}}"#)]);
    assert_eq!(error, "EDGEWARD_ORIGIN_CREDENTIALS names \"/other\", which is the path of no resource");
    assert_eq!(problem(&[("EDGEWARD_ORIGIN_CREDENTIALS", "s3cret")]), "EDGEWARD_ORIGIN_CREDENTIALS is not JSON");
}

/// Otherwise the rules would remove what the settings add, or the settings undo what the rules do.
#[test]
fn nothing_that_the_rules_are_about_can_be_a_credential_but_authorization() {
    let set = RULES.set.iter().chain(RULES.set_if_empty).map(|(name, _)| *name);
    let named = [RULES.identity, RULES.trace, RULES.remove_with_trace, RULES.remove_listed_in];
    for name in RULES.remove.iter().copied().chain(set).chain(named).filter(|name| *name != "authorization") {
        let credentials = json!({ "/mcp": { name: "s3cret" } }).to_string();
        let error = problem(&[("EDGEWARD_ORIGIN_CREDENTIALS", &credentials)]);
        assert!(error.contains("which the edge or the client sets"), "{name}: {error}");
    }
}
