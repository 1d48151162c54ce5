//! What a user is granted of what a client asks for: groups, Cognito's own scopes, hierarchy.
#![cfg(not(target_arch = "wasm32"))]

#[path = "support/cognito.rs"]
mod cognito;
mod support;

use cognito::TokenAnswer;
use edgeward_core::{Decision, refreshes::ROTATED_SECONDS};
use edgeward_identity::{UnixTime, Verifier, VerifyingKeys};
use http::{Method, Response, header};
use serde_json::Value;
use support::*;

const RESOURCES: &str = r#"[
    {"path": "/mcp", "default_scopes": ["read"], "scopes": {
        "read": "Read",
        "write": {"words": "Write", "implies": ["read"], "groups": ["editors", "owners"]},
        "audit": {"words": "See who did what", "cognito_scope": "https://api.example/audit"},
        "admin": {"words": "Everything", "implies": ["write", "audit"]}}},
    {"path": "/second", "origin_path": "/other", "origin_audience": "second-origin", "scopes": {"second": "Use it"}}]"#;

struct Scene {
    edge: TestEdge,
    client_id: String,
}

impl Scene {
    fn new() -> Self {
        let edge = TestEdge::with(&[("EDGEWARD_RESOURCES", RESOURCES)]);
        let client_id = edge.public_client();
        edge.world.keys.replace(Some(cognito::jwks()));
        Self { edge, client_id }
    }

    /// Signs a user in and gives the scope that Cognito was asked for, and the token response.
    fn sign_in(&self, changes: &[(&str, &str)], mut answer: TokenAnswer<'_>) -> (String, Response<String>) {
        let page = self.edge.get(&authorization_request(&self.client_id, changes));
        assert_eq!(page.status(), 200, "{:?}", page.headers());
        let fields = [("transaction", hidden(page.body(), "transaction")), ("sealed", hidden(page.body(), "sealed"))];
        let mut fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        fields.push(("decision", "allow"));
        let headers = [("origin", ISSUER), ("cookie", &cookies(&page)[0])];
        let allowed = self.edge.respond(post_form("/authorize", &headers, &fields));
        let upstream = location(&allowed);
        let target = format!("/callback?code=upstream&state={}", parameter(&upstream, "state").unwrap());
        let back = self.edge.respond(request(Method::GET, &target, &[("cookie", &cookies(&allowed)[0])], ""));
        answer.nonce = parameter(&upstream, "nonce");
        self.script(&answer);
        let code = parameter(&location(&back), "code").unwrap();
        let parameters = [
            ("grant_type", "authorization_code"),
            ("client_id", self.client_id.as_str()),
            ("code", &code),
            ("code_verifier", VERIFIER),
        ];
        let tokens = self.edge.respond(post_form("/token", &[], &parameters));
        (parameter(&upstream, "scope").unwrap(), tokens)
    }

    fn script(&self, answer: &TokenAnswer<'_>) {
        answer.script(&self.edge);
    }

    fn refresh(&self, tokens: &Value, scope: &str, answer: &TokenAnswer<'_>) -> Response<String> {
        // Its answer to the last one is not given again.
        self.edge.advance(ROTATED_SECONDS);
        self.script(answer);
        let parameters = [
            ("grant_type", "refresh_token"),
            ("client_id", self.client_id.as_str()),
            ("refresh_token", tokens["refresh_token"].as_str().unwrap()),
            ("scope", scope),
        ];
        self.edge.respond(post_form("/token", &[], &parameters))
    }
}

fn body(response: &Response<String>) -> Value {
    serde_json::from_str(response.body()).unwrap()
}

fn granted(response: &Response<String>) -> String {
    let body = body(response);
    assert_eq!(response.status(), 200, "{}", body["error"]);
    body["scope"].as_str().unwrap().to_owned()
}

fn refused(response: &Response<String>) -> (u16, String) {
    (response.status().as_u16(), body(response)["error"].as_str().unwrap_or("none").to_owned())
}

const AUDIT: &str = "openid email https://api.example/audit";

fn in_groups<'a>(groups: &'a [&'a str], scope: &'a str) -> TokenAnswer<'a> {
    TokenAnswer { groups, scope, ..TokenAnswer::default() }
}

#[test]
fn groups_and_cognitos_scopes_limit_what_is_granted() {
    let all = "read write audit admin";
    let plain = "openid email";
    for (groups, upstream, expected) in [
        (&[][..], plain, "read"),
        (&["editors"], plain, "read write"),
        (&["owners", "others"], plain, "read write"),
        (&["Editors"], plain, "read"),
        (&[], AUDIT, "read audit"),
        (&[], "openid https://api.example/audit/more", "read"),
        // Who may not have what a scope implies may not have the scope.
        (&["editors"], AUDIT, all),
    ] {
        let (_, tokens) = Scene::new().sign_in(&[("scope", all)], in_groups(groups, upstream));
        assert_eq!(granted(&tokens), expected, "{groups:?} {upstream}");
    }
    let (_, tokens) = Scene::new().sign_in(&[("scope", "write")], in_groups(&[], plain));
    assert_eq!(refused(&tokens), (400, "invalid_scope".to_owned()));
}

#[test]
fn cognito_is_asked_for_a_scope_only_when_a_client_asks_for_what_needs_it() {
    for (asked, upstream) in [
        ("", "openid email"),
        ("read write", "openid email"),
        ("read audit", AUDIT),
        ("admin", AUDIT),
        ("offline_access", "openid email"),
    ] {
        let (sent, _) = Scene::new().sign_in(&[("scope", asked)], in_groups(&["editors"], AUDIT));
        assert_eq!(sent, upstream, "{asked}");
    }
}

#[test]
fn a_refresh_takes_away_but_never_gives() {
    let scene = Scene::new();
    let (_, tokens) = scene.sign_in(&[("scope", "read write audit")], in_groups(&["editors"], "openid email"));
    assert_eq!(granted(&tokens), "read write", "as the first sign-in could grant");
    // Cognito's access token has more now; the user has left the group.
    let fewer = scene.refresh(&body(&tokens), "", &in_groups(&[], AUDIT));
    assert_eq!(granted(&fewer), "read");
    let back = scene.refresh(&body(&fewer), "", &in_groups(&["editors"], AUDIT));
    assert_eq!(granted(&back), "read", "what is lost is lost");
    assert_eq!(refused(&scene.refresh(&body(&back), "write", &in_groups(&["editors"], AUDIT))).1, "invalid_scope");
    assert_eq!(scene.edge.world.replies.borrow_mut().drain(..).count(), 1, "Cognito was asked");

    let (_, tokens) = scene.sign_in(&[("scope", "write")], in_groups(&["editors"], AUDIT));
    let over = scene.refresh(&body(&tokens), "", &in_groups(&[], AUDIT));
    assert_eq!(refused(&over), (400, "invalid_grant".to_owned()), "nothing is left");
}

fn forwarded(edge: &TestEdge, path: &str, tokens: &Response<String>) -> edgeward_core::Plan {
    let token = format!("Bearer {}", body(tokens)["access_token"].as_str().unwrap());
    match edge.gate(path, Some(&token), None) {
        Decision::Forward(forward) => forward,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_scope_stands_for_those_it_implies() {
    let scene = Scene::new();
    let (_, tokens) = scene.sign_in(&[("scope", "write")], in_groups(&["editors"], "openid"));
    assert_eq!(granted(&tokens), "write");
    let forward = forwarded(&scene.edge, "/mcp", &tokens);
    let keys = VerifyingKeys::from_jwks(scene.edge.get("/.well-known/jwks.json").body().as_bytes()).unwrap();
    let verifier = Verifier::new(ISSUER, "https://origin.example");
    let identity = verifier.verify(&forward.identity, &keys, UnixTime::from_secs(START)).unwrap();
    assert_eq!(identity.scopes, ["write", "read"]);
    // Narrowing to what is implied is narrowing.
    assert_eq!(granted(&scene.refresh(&body(&tokens), "read", &in_groups(&["editors"], "openid"))), "read");
}

#[test]
fn each_resource_has_its_own_path_scopes_and_audience() {
    let scene = Scene::new();
    let second = format!("{ISSUER}/second");
    let (_, ours) = scene.sign_in(&[("resource", "HTTPS://EDGE.example/second/")], in_groups(&[], "openid"));
    assert_eq!(granted(&ours), "second");
    let forward = forwarded(&scene.edge, "/second", &ours);
    assert_eq!(forward.url, "https://origin.example/other");
    let keys = VerifyingKeys::from_jwks(scene.edge.get("/.well-known/jwks.json").body().as_bytes()).unwrap();
    let now = UnixTime::from_secs(START);
    assert!(Verifier::new(ISSUER, "second-origin").verify(&forward.identity, &keys, now).is_ok());
    assert!(Verifier::new(ISSUER, "https://origin.example").verify(&forward.identity, &keys, now).is_err());

    let (_, others) = scene.sign_in(&[], in_groups(&[], "openid"));
    assert_eq!(granted(&others), "read", "the first resource is the default");
    for (path, tokens) in [("/second", &others), ("/mcp", &ours)] {
        let token = format!("Bearer {}", body(tokens)["access_token"].as_str().unwrap());
        // Twice: what is remembered of a token is no more than the token.
        for _ in 0..2 {
            let Decision::Respond { response, .. } = scene.edge.gate(path, Some(&token), None) else {
                panic!("forwarded")
            };
            assert_eq!(response.status(), 401);
            let challenge = response.headers()[header::WWW_AUTHENTICATE].to_str().unwrap();
            assert!(challenge.contains(r#"error="invalid_token""#), "{challenge}");
            assert!(challenge.contains(&format!("oauth-protected-resource{path}\"")), "{challenge}");
        }
    }
    let page = scene.edge.get(&authorization_request(&scene.client_id, &[("resource", &second), ("scope", "read")]));
    assert_eq!(parameter(&location(&page), "error").as_deref(), Some("invalid_scope"), "a scope of another resource");
    let metadata = body(&scene.edge.get("/.well-known/oauth-protected-resource/second"));
    assert_eq!((&metadata["resource"], &metadata["scopes_supported"]), (&second.into(), &["second"].into()));
}

#[test]
fn what_the_settings_say_of_scopes_is_checked() {
    for (scopes, problem) in [
        (r#"{"a":{"words":"A","implies":["b"]}}"#, "implies"),
        (r#"{"a":{"words":"A","implies":["offline_access"]}}"#, "implies"),
        (r#"{"a":{"words":"A","cognito_scope":"two words"}}"#, "cognito_scope"),
        (r#"{"a":{"words":"A","cognito_scope":""}}"#, "cognito_scope"),
        (r#"{"a":{"words":"A","groups":[]}}"#, "groups"),
        (r#"{"a":{"words":"A","group":["g"]}}"#, "group"),
        (r#"{"a":{"implies":["a"]}}"#, "words"),
        (r#"{"a":{"words":"A","groups":["g"],"groups":["h"]}}"#, "groups"),
        (r#"{"a":{"words":"A","groups":["g"]},"a":"A"}"#, "twice"),
        (r#"{"a":1}"#, "words"),
    ] {
        let resources = format!(r#"[{{"path":"/mcp","scopes":{scopes}}}]"#);
        let error = config(&[("EDGEWARD_RESOURCES", &resources)]).expect_err(scopes).to_string();
        assert!(error.starts_with("EDGEWARD_RESOURCES") && error.contains(problem), "{scopes}: {error}");
    }
    assert!(config(&[("EDGEWARD_RESOURCES", RESOURCES)]).is_ok());
}
