//! Machines that come with Cognito's own tokens: which pass, and as whom.
#![cfg(not(target_arch = "wasm32"))]

#[path = "support/cognito.rs"]
mod cognito;
mod support;

use cognito::{POOL, SUBJECT, jwks, sign};
use edgeward_core::{Decision, Plan, oauth::ClientDigest, platform::Event};
use edgeward_identity::{Identity, Kind, UnixTime, Verifier, VerifyingKeys};
use http::{Response, header};
use serde_json::{Value, json};
use support::*;

const MACHINE: &str = "1machine";
const RESOURCES: &str = r#"[
    {"path": "/mcp", "default_scopes": ["read"],
        "scopes": {"read": "Read", "write": {"words": "Write", "implies": ["read"]}},
        "machines": {"1machine": {"api/read": ["read"], "api/all": ["read", "write"]}}},
    {"path": "/second", "scopes": {"read": "Read"}, "machines": {"1machine": {"api/read": ["read"]}}},
    {"path": "/people", "scopes": {"read": "Read"}}]"#;

fn edge() -> TestEdge {
    TestEdge::with(&[("EDGEWARD_RESOURCES", RESOURCES)])
}

fn claims(scope: &str) -> Value {
    json!({
        "iss": POOL, "sub": MACHINE, "client_id": MACHINE, "token_use": "access", "scope": scope, "version": 2,
        "iat": START, "auth_time": START, "exp": START + 3_600, "jti": "1",
    })
}

/// As an adapter asks.
fn ask(edge: &TestEdge, path: &str, token: &str) -> Result<Plan, Box<Response<String>>> {
    match edge.gate_machine(path, token) {
        Decision::Forward(plan) => Ok(plan),
        Decision::Respond { response, .. } => Err(response.into()),
        Decision::Needs(needs) => panic!("{needs:?} after all"),
    }
}

fn identity(edge: &TestEdge, forward: &Plan) -> Identity {
    let keys = VerifyingKeys::from_jwks(edge.get("/.well-known/jwks.json").body().as_bytes()).unwrap();
    let verifier = Verifier::new(ISSUER, "https://origin.example");
    verifier.verify(&forward.identity, &keys, UnixTime::from_secs(edge.world.now.get())).unwrap()
}

#[test]
fn a_machine_passes_as_a_machine_with_what_its_scopes_stand_for() {
    for (scope, expected) in [("api/read", &["read"][..]), ("api/read api/all other/x", &["read", "write"])] {
        let edge = edge();
        edge.reply(200, jwks());
        let token = sign(&claims(scope));
        let identity = identity(&edge, &ask(&edge, "/mcp", &token).unwrap());
        assert_eq!(
            (identity.kind, identity.subject.as_str(), identity.client_id.as_str()),
            (Kind::Machine, MACHINE, MACHINE)
        );
        assert_eq!(identity.scopes, expected);
        assert_eq!((identity.username, identity.email, identity.groups.len()), (None, None, 0));
        for _ in 0..3 {
            ask(&edge, "/mcp", &token).unwrap();
        }
        assert_eq!(edge.world.fetched.borrow().len(), 1, "the keys, once");
        // It names no resource: it is good for each that names its machine.
        ask(&edge, "/second", &token).unwrap();
        ask(&edge, "/mcp", &token).unwrap();
        edge.advance(3_600);
        assert_eq!(ask(&edge, "/mcp", &token).unwrap_err().status(), 401, "expired");
    }
}

#[test]
fn a_lambda_may_add_the_machines_own_id_as_the_audience_and_the_pool_may_switch_its_issuer() {
    let edge = edge();
    edge.reply(200, jwks());
    let mut claims = claims("api/read");
    claims["aud"] = MACHINE.into();
    assert!(ask(&edge, "/mcp", &sign(&claims)).is_ok());
    claims["iss"] = "https://issuer-cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Example".into();
    assert!(ask(&edge, "/mcp", &sign(&claims)).is_ok());
}

#[test]
fn a_machine_without_the_scope_is_told_so() {
    let edge = edge();
    edge.reply(200, jwks());
    for scope in ["", "other/x", "api/reader", "read"] {
        let refused = ask(&edge, "/mcp", &sign(&claims(scope))).unwrap_err();
        assert_eq!(refused.status(), 403, "{scope}");
    }
    assert!(ask(&edge, "/mcp", &sign(&claims("api/read"))).is_ok());
}

#[test]
fn whoever_is_no_known_machine_is_refused() {
    let edge = edge();
    edge.reply(200, jwks());
    assert!(ask(&edge, "/mcp", &sign(&claims("api/read"))).is_ok());
    for (claim, value) in [
        ("iss", json!("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Other")),
        ("token_use", json!("id")),
        ("client_id", json!("another")),
        ("sub", json!(SUBJECT)),
        ("sub", json!("")),
        ("username", json!("demo")),
        ("aud", json!(format!("{ISSUER}/mcp"))),
        ("aud", json!([MACHINE])),
        ("aud", json!("")),
        ("act", json!({ "sub": "somebody" })),
        ("act", json!("")),
        ("iss", json!("https://issuer-cognito-idp.us-east-1.amazonaws.com/eu-west-1_Example")),
        ("exp", json!(START)),
        ("exp", Value::Null),
    ] {
        let mut claims = claims("api/read");
        claims[claim] = value;
        let refused = ask(&edge, "/mcp", &sign(&claims)).expect_err(claim);
        assert_eq!(refused.status(), 401, "{claims}");
        let challenge = refused.headers()[header::WWW_AUTHENTICATE].to_str().unwrap();
        assert!(challenge.contains(r#"error="invalid_token""#), "{challenge}");
    }
    let mut another = claims("api/read");
    (another["sub"], another["client_id"]) = ("another".into(), "another".into());
    assert_eq!(ask(&edge, "/mcp", &sign(&another)).unwrap_err().status(), 401, "not named by the settings");

    let good = sign(&claims("api/read"));
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let other = sign(&claims("api/all"));
    let forged = format!("{}.{signature}", other.rsplit_once('.').unwrap().0);
    assert_eq!(ask(&edge, "/mcp", &forged).unwrap_err().status(), 401, "another token's signature");
    assert_eq!(ask(&edge, "/mcp", &format!("{signed}.")).unwrap_err().status(), 401, "no signature");
    // Where no machine is named, Cognito's tokens are nobody's, and nothing is fetched for them.
    assert_eq!(ask(&edge, "/people", &good).unwrap_err().status(), 401);
    assert_eq!(edge.world.fetched.borrow().len(), 1);
}

/// Enough to follow one machine through its log lines, whatever is wrong with a token of Cognito's that names it.
#[test]
fn the_log_names_the_machine_whose_token_is_refused() {
    let edge = edge();
    edge.reply(200, jwks());
    let mut unknown = claims("api/read");
    (unknown["sub"], unknown["client_id"]) = ("another".into(), "another".into());
    let mut expired = claims("api/read");
    expired["exp"] = json!(START);
    let mut expired_long_ago = claims("api/read");
    expired_long_ago["exp"] = json!(START - 86_400);
    for (claims, client, reason) in [
        (unknown, "another", "token of a machine that the settings do not name"),
        (expired, MACHINE, "token of a machine: expired"),
        (expired_long_ago, MACHINE, "token of a machine: expired"),
    ] {
        assert_eq!(ask(&edge, "/mcp", &sign(&claims)).unwrap_err().status(), 401);
        let records = edge.world.records.borrow();
        let record = records.last().unwrap();
        assert_eq!(record.client, Some(ClientDigest::of(client).pseudonym()), "{claims}");
        assert_eq!((record.event, record.reason.as_deref()), (Event::GateRefused, Some(reason)));
    }
}

#[test]
fn keys_that_cannot_be_had_are_not_the_machines_fault() {
    let edge = edge();
    edge.reply(500, "");
    let token = sign(&claims("api/read"));
    let refused = ask(&edge, "/mcp", &token).unwrap_err();
    assert_eq!((refused.status().as_u16(), &refused.headers()[header::RETRY_AFTER]), (503, &"5".parse().unwrap()));
    edge.reply(200, jwks());
    assert!(ask(&edge, "/mcp", &token).is_ok());
}

#[test]
fn what_the_settings_say_of_machines_is_checked() {
    for (machines, problem) in [
        (r#"{"a":{"x":["c"]}}"#, "scopes"),
        (r#"{"a":{"x":[]}}"#, "scopes"),
        (r#"{"a":{}}"#, "machine"),
        (r#"{"":{"x":["b"]}}"#, "machine"),
        (r#"{"a":{"":["b"]}}"#, "scopes"),
        (r#"{"a":{"x":["b"]},"a":{"x":["b"]}}"#, "twice"),
        (r#"["a"]"#, "object"),
    ] {
        let resources = format!(r#"[{{"path":"/mcp","scopes":{{"b":"B"}},"machines":{machines}}}]"#);
        let error = config(&[("EDGEWARD_RESOURCES", &resources)]).expect_err(machines).to_string();
        assert!(error.starts_with("EDGEWARD_RESOURCES") && error.contains(problem), "{machines}: {error}");
    }
}
