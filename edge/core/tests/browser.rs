//! Crypto, sealing, tokens and URLs, in a real browser: `wasm-pack test --headless --chrome edge/core --test browser`.
//! The same tests run natively.

mod support;

use edgeward_core::{
    Decision, access_token,
    access_token::Grant,
    oauth::{CodeChallenge, CodeVerifier, RedirectUri, Resource, Scope, redirect_uri::PrivateUseSchemes},
    platform::UnixTime,
    request_context::RequestContext,
    sealed::{self, OpenError, Profile},
    upstream::Subject,
};
use edgeward_identity::{SigningKey, Verifier, assertion};
use support::{CHALLENGE, ISSUER, START, TestEdge, VERIFIER, config};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[cfg(target_arch = "wasm32")]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

const NOW: UnixTime = UnixTime::from_secs(START);

fn token(edge: &TestEdge, resource: &str, lifetime: u64) -> String {
    let config = config(&[]).unwrap();
    let subject = Subject {
        subject: "user-1".into(),
        profile: Profile {
            username: Some("demo".into()),
            email: None,
            unverified_email: None,
            groups: vec!["staff".into()],
        },
        auth_time: Some(NOW),
    };
    let scope = Scope::parse("mcp").unwrap();
    let grant = Grant { client_id: "client", subject: &subject, resource, scope: &scope, grant_id: "grant" };
    access_token::mint(&grant, "token-1".into(), NOW.plus(lifetime), &RequestContext::new(None, &config, &edge.world))
        .unwrap()
}

#[test]
fn pkce_knows_the_example_of_its_rfc() {
    let challenge = CodeChallenge::parse(CHALLENGE).unwrap();
    assert!(challenge.matches(&CodeVerifier::parse(VERIFIER).unwrap()));
    assert!(!challenge.matches(&CodeVerifier::parse(CHALLENGE).unwrap()));
}

#[test]
fn urls_are_parsed_as_natively() {
    let none = PrivateUseSchemes::default();
    let registered = RedirectUri::parse("http://localhost/cb", &none).unwrap();
    let requested = RedirectUri::parse("http://localhost:5123/cb", &none).unwrap();
    assert!(requested.find_in(&[registered]).is_some());
    assert!(RedirectUri::parse("https://user@host/", &none).is_err());
    assert_eq!(Resource::parse("HTTPS://Edge.Example/mcp/").unwrap().as_str(), "https://edge.example/mcp");
}

#[test]
fn what_is_sealed_opens_for_its_own_context_and_time_only() {
    let edge = TestEdge::new();
    let keys = config(&[]).unwrap().keys;
    let profile = Profile { username: Some("demo".into()), ..Profile::default() };
    let sealed = sealed::seal(&profile, "context", &keys, NOW, &edge.world).unwrap();
    assert_eq!(sealed::open::<Profile>(&sealed, "context", &keys, NOW), Ok(profile));
    assert_eq!(sealed::open::<Profile>(&sealed, "other", &keys, NOW), Err(OpenError::NotOurs));
    let late = NOW.plus(24 * 3600);
    assert_eq!(sealed::open::<Profile>(&sealed, "context", &keys, late), Err(OpenError::Expired));
}

#[test]
fn a_sealed_value_with_one_changed_character_does_not_open() {
    let edge = TestEdge::new();
    let keys = config(&[]).unwrap().keys;
    let sealed = sealed::seal(&Profile::default(), "context", &keys, NOW, &edge.world).unwrap();
    for at in 0..sealed.len() {
        let other = if &sealed[at..=at] == "A" { "B" } else { "A" };
        let changed = format!("{}{other}{}", &sealed[..at], &sealed[at + 1..]);
        assert!(sealed::open::<Profile>(&changed, "context", &keys, NOW).is_err(), "changed at {at}");
    }
    assert!(sealed::open::<Profile>(&sealed, "context", &keys, NOW).is_ok());
}

#[test]
fn a_token_passes_the_gate_with_an_identity_that_the_origin_believes() {
    let edge = TestEdge::new();
    let token = token(&edge, "https://edge.example/mcp", 900);
    let Decision::Forward(forward) = edge.gate("/mcp", Some(&format!("Bearer {token}")), None) else {
        panic!("refused: {:?}", edge.world.records.borrow());
    };
    assert_eq!(forward.url, "https://origin.example/mcp");
    let jwks = edge.get("/.well-known/jwks.json").into_body();
    let keys = edgeward_identity::VerifyingKeys::from_jwks(jwks.as_bytes()).unwrap();
    let identity = Verifier::new(ISSUER, "https://origin.example").verify(&forward.identity, &keys, NOW).unwrap();
    assert_eq!((identity.subject.as_str(), identity.username.as_deref()), ("user-1", Some("demo")));
    assert_eq!(identity.groups, ["staff"]);
}

#[test]
fn an_assertion_is_reused_for_thirty_seconds_and_then_minted_anew() {
    let edge = TestEdge::new();
    let authorization = format!("Bearer {}", token(&edge, "https://edge.example/mcp", 900));
    let identity = || match edge.gate("/mcp", Some(&authorization), None) {
        Decision::Forward(forward) => forward.identity,
        other => panic!("not forwarded: {other:?}"),
    };
    let first = identity();
    edge.advance(29);
    assert_eq!(identity(), first);
    edge.advance(1);
    assert_ne!(identity(), first);
}

#[test]
fn a_remembered_token_stops_passing_when_it_expires() {
    let edge = TestEdge::new();
    let authorization = format!("Bearer {}", token(&edge, "https://edge.example/mcp", 60));
    assert!(matches!(edge.gate("/mcp", Some(&authorization), None), Decision::Forward(_)));
    edge.advance(59);
    assert!(matches!(edge.gate("/mcp", Some(&authorization), None), Decision::Forward(_)));
    edge.advance(1);
    assert!(matches!(edge.gate("/mcp", Some(&authorization), None), Decision::Respond { .. }));
}

#[test]
fn tokens_of_other_kinds_audiences_and_keys_are_refused_with_a_challenge() {
    let edge = TestEdge::new();
    let good = token(&edge, "https://edge.example/mcp", 900);
    let key = SigningKey::from_jwk(
        r#"{"kty":"OKP","crv":"Ed25519","kid":"s1","d":"TM0Imyj_ltqdtsNG7BFOD1uKMZ81q6Yk2oz27U-4pvs",
            "x":"PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw"}"#,
    )
    .unwrap();
    let identity = edgeward_identity::Identity {
        issuer: ISSUER.into(),
        audience: "https://edge.example/mcp".into(),
        subject: "user-1".into(),
        kind: edgeward_identity::Kind::User,
        client_id: "client".into(),
        scopes: vec!["mcp".into()],
        username: None,
        email: None,
        unverified_email: None,
        groups: vec![],
        auth_time: None,
        grant_id: "grant".into(),
    };
    let foreign = assertion::mint(&identity, &key, NOW, 60).unwrap();
    let elsewhere = token(&edge, "https://edge.example/other", 900);
    for bad in [format!("{good}x"), good[..good.len() - 2].to_owned(), foreign, elsewhere, "x".into(), String::new()] {
        let Decision::Respond { response, .. } = edge.gate("/mcp", Some(&format!("Bearer {bad}")), None) else {
            panic!("passed: {bad}");
        };
        assert_eq!(response.status(), 401);
        let challenge = response.headers()["www-authenticate"].to_str().unwrap();
        assert_eq!(
            challenge,
            "Bearer error=\"invalid_token\", \
             resource_metadata=\"https://edge.example/.well-known/oauth-protected-resource/mcp\", scope=\"mcp\""
        );
    }
    assert!(matches!(edge.gate("/mcp", Some(&format!("Bearer {good}")), None), Decision::Forward(_)));
}

#[test]
fn a_token_that_allows_less_than_the_resource_needs_is_forbidden() {
    let resources = r#"[{"path":"/mcp","scopes":{"mcp":"Use it","admin":"Change it"},"default_scopes":["mcp"]},
        {"path":"/admin","scopes":{"mcp":"Use it","admin":"Change it"},"default_scopes":["mcp","admin"]}]"#;
    let edge = TestEdge::with(&[("EDGEWARD_RESOURCES", resources)]);
    let ask = |path: &str| {
        let token = token(&edge, &format!("https://edge.example{path}"), 900);
        edge.gate(path, Some(&format!("Bearer {token}")), None)
    };
    assert!(matches!(ask("/mcp"), Decision::Forward(_)));
    let Decision::Respond { response, .. } = ask("/admin") else { panic!("passed") };
    assert_eq!(response.status(), 403);
    assert_eq!(
        response.headers()["www-authenticate"].to_str().unwrap(),
        "Bearer error=\"insufficient_scope\", \
         resource_metadata=\"https://edge.example/.well-known/oauth-protected-resource/admin\", scope=\"mcp admin\""
    );
}

#[test]
fn a_foreign_origin_is_forbidden_and_our_own_is_not() {
    let edge = TestEdge::with(&[("EDGEWARD_ALLOWED_ORIGINS", "https://inspector.example")]);
    let authorization = format!("Bearer {}", token(&edge, "https://edge.example/mcp", 900));
    for good in [None, Some(ISSUER), Some("https://inspector.example")] {
        assert!(matches!(edge.gate("/mcp", Some(&authorization), good), Decision::Forward(_)), "{good:?}");
    }
    for bad in ["https://evil.example", "null", "", "https://edge.example.evil.example"] {
        let Decision::Respond { response, .. } = edge.gate("/mcp", Some(&authorization), Some(bad)) else {
            panic!("{bad}")
        };
        assert_eq!(response.status(), 403);
    }
}
