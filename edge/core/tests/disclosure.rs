//! What the MCP server is told of a user: groups that settings name, e-mail addresses that may be believed, and never
//! more than an access token has room for.
#![cfg(not(target_arch = "wasm32"))]

#[path = "support/cognito.rs"]
mod cognito;
mod support;

use cognito::{TokenAnswer, refresh_token};
use edgeward_core::{
    Decision, access_token,
    config::GroupPatterns,
    platform::{Level, Record},
    refreshes::ROTATED_SECONDS,
};
use edgeward_identity::{Identity, UnixTime, Verifier, VerifyingKeys, jws};
use http::Response;
use serde_json::{Value, json};
use support::*;

const RESOURCES: &str = r#"[
    {"path": "/mcp", "default_scopes": ["read"], "scopes": {
        "read": "Read", "write": {"words": "Write", "groups": ["editors", "owners"]}}},
    {"path": "/second", "scopes": {"second": {"words": "Use it", "groups": ["auditors"]}}}]"#;
const GROUPS: &str = "EDGEWARD_ORIGIN_GROUPS";
/// The group that Cognito makes for the users of a provider.
const OF_PROVIDER: &str = "eu-west-1_Example_Google";

/// An edge that has Cognito's keys, and a client with a refresh token.
struct Scene {
    edge: TestEdge,
    client_id: String,
    token: String,
}

impl Scene {
    fn with(settings: &[(&str, &str)]) -> Self {
        let edge = TestEdge::with(&[&[("EDGEWARD_RESOURCES", RESOURCES)], settings].concat());
        let client_id = edge.public_client();
        let token = refresh_token(&edge, &client_id, "first", "read write");
        edge.world.keys.replace(Some(cognito::jwks()));
        Self { edge, client_id, token }
    }

    fn refresh(&self, answer: Option<&TokenAnswer<'_>>) -> Response<String> {
        answer.into_iter().for_each(|answer| answer.script(&self.edge));
        let parameters =
            [("grant_type", "refresh_token"), ("client_id", self.client_id.as_str()), ("refresh_token", &self.token)];
        self.edge.respond(post_form("/token", &[], &parameters))
    }

    /// What the MCP server reads at a request with the access token of this answer.
    fn told(&self, answer: &Response<String>) -> Identity {
        assert_eq!(answer.status(), 200, "{}", answer.body());
        let token = format!("Bearer {}", body(answer)["access_token"].as_str().unwrap());
        let Decision::Forward(forward) = self.edge.gate("/mcp", Some(&token), None) else { panic!("refused") };
        let keys = VerifyingKeys::from_jwks(self.edge.get("/.well-known/jwks.json").body().as_bytes()).unwrap();
        let verifier = Verifier::new(ISSUER, "https://origin.example");
        verifier.verify(&forward.identity, &keys, UnixTime::from_secs(START)).unwrap()
    }

    fn last_record(&self) -> Record {
        self.edge.world.records.borrow().last().unwrap().clone()
    }
}

fn body(response: &Response<String>) -> Value {
    serde_json::from_str(response.body()).unwrap()
}

fn error(response: &Response<String>) -> (u16, String) {
    (response.status().as_u16(), body(response)["error"].as_str().unwrap_or("none").to_owned())
}

fn in_groups<'a>(groups: &'a [&'a str]) -> TokenAnswer<'a> {
    TokenAnswer { groups, ..TokenAnswer::default() }
}

#[test]
fn the_server_is_told_of_the_groups_that_settings_name() {
    let all = ["editors", "auditors", "team-a", "team-b", "staff", OF_PROVIDER];
    for (setting, expected) in [
        ("", &["editors"][..]),
        ("staff", &["editors", "staff"]),
        ("team-* editors", &["editors", "team-a", "team-b"]),
        ("*", &["editors", "auditors", "team-a", "team-b", "staff"]),
        ("eu-west-1_Example_Google", &["editors", OF_PROVIDER]),
        ("* eu-west-1_Example_Google", &all),
        ("nobody", &["editors"]),
    ] {
        let scene = Scene::with(&[(GROUPS, setting)]);
        let tokens = scene.refresh(Some(&in_groups(&all)));
        assert_eq!(scene.told(&tokens).groups, expected, "{setting}");
        assert_eq!(body(&tokens)["scope"], "read write");
    }
}

#[test]
fn a_claim_of_the_old_kind_is_read_as_before() {
    let scene = Scene::with(&[(GROUPS, "*")]);
    let none = TokenAnswer { claims: json!({ "cognito:groups": null }), ..TokenAnswer::default() };
    let told = scene.told(&scene.refresh(Some(&none)));
    assert_eq!((told.groups.len(), told.email, told.unverified_email), (0, None, None));
}

/// A name of so many characters, which no other number has.
fn name(number: usize, length: usize, character: char) -> String {
    let number = number.to_string();
    std::iter::repeat_n(character, length - number.len()).collect::<String>() + &number
}

#[test]
fn whatever_the_groups_are_no_token_is_given_out_that_the_gate_refuses() {
    // 128 is what a pool allows.
    for (length, character) in [(3, 'g'), (36, 'g'), (50, 'g'), (128, 'g'), (128, '"'), (128, '\u{1f600}')] {
        let names: Vec<_> = (0..=100).map(|number| name(number, length, character)).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let mut fits = true;
        for count in [0, 1, 2, 5].into_iter().chain((10..=100).step_by(10)) {
            let scene = Scene::with(&[(GROUPS, "*")]);
            let tokens = scene.refresh(Some(&in_groups(&names[..count])));
            if tokens.status() == 200 {
                assert!(fits, "{count} fit, and fewer did not");
                assert_eq!(scene.told(&tokens).groups, names[..count]);
                continue;
            }
            fits = false;
            assert_eq!(error(&tokens), (400, "access_denied".to_owned()));
            let record = scene.last_record();
            let reason = record.reason.unwrap();
            assert_eq!(record.level, Level::Alert);
            assert!(reason.contains(&format!("with {count} groups")) && reason.contains(GROUPS), "{reason}");
            assert!(!reason.contains(names[0]) && !tokens.body().contains(names[0]), "a group is named");
        }
        assert_eq!(fits, length <= 36, "{length} of {character:?}");
    }
}

#[test]
fn the_longest_token_is_as_long_as_the_gate_takes() {
    let length = |padding: usize| {
        let scene = Scene::with(&[(GROUPS, "*")]);
        let names: Vec<_> = (0..31).map(|number| name(number, 128, 'g')).chain([name(99, padding, 'p')]).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let tokens = scene.refresh(Some(&in_groups(&names)));
        body(&tokens)["access_token"].as_str().map(|token| {
            scene.told(&tokens);
            token.len()
        })
    };
    let fitting: Vec<_> = (2..=128).map_while(length).collect();
    assert!((2..127).contains(&fitting.len()), "{} fit", fitting.len());
    let longest = *fitting.last().unwrap();
    assert!(longest > access_token::MAX_BYTES - 4 && longest <= jws::MAX_BYTES, "{longest}");
}

#[test]
fn an_identity_that_is_longer_than_its_token_counts() {
    // A scope that stands for many makes a short token and a long identity.
    let many: Vec<_> = (0..50).map(|number| name(number, 128, 's')).collect();
    let mut scopes: serde_json::Map<_, _> = many.iter().map(|scope| (scope.clone(), "One of many".into())).collect();
    scopes.insert("all".to_owned(), json!({ "words": "All of them", "implies": many }));
    let refreshed = |implied: usize| {
        let mut scopes = scopes.clone();
        scopes["all"]["implies"] = many[..implied].into();
        let resources = json!([{ "path": "/mcp", "scopes": scopes, "default_scopes": ["all"] }]).to_string();
        let scene = Scene::with(&[("EDGEWARD_RESOURCES", &resources)]);
        let token = refresh_token(&scene.edge, &scene.client_id, "first", "all");
        let scene = Scene { token, ..scene };
        let tokens = scene.refresh(Some(&TokenAnswer::default()));
        if tokens.status() == 200 {
            assert_eq!(scene.told(&tokens).scopes.len(), implied + 1);
        } else {
            assert_eq!(error(&tokens), (400, "access_denied".to_owned()));
        }
        tokens.status()
    };
    let answers: Vec<_> = (0..=50).step_by(2).map(refreshed).collect();
    assert!(answers.is_sorted() && answers[15] == 200 && answers[25] == 400, "{answers:?}");
}

#[test]
fn a_refresh_whose_token_does_not_fit_loses_nothing() {
    let scene = Scene::with(&[(GROUPS, "*")]);
    let names: Vec<_> = (0..100).map(|number| name(number, 128, 'g')).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let denied = (400, "access_denied".to_owned());
    assert_eq!(error(&scene.refresh(Some(&in_groups(&names)))), denied);
    // Cognito's new token is remembered: it is not asked again.
    assert_eq!(error(&scene.refresh(None)), denied);
    assert_eq!(scene.edge.fetches(), 1);
    // The old one does not count as dead.
    scene.edge.advance(ROTATED_SECONDS);
    assert_eq!(scene.refresh(Some(&in_groups(&names[..1]))).status(), 200);
    assert_eq!(scene.edge.fetches(), 2);
}

/// JSON that writes every character outside of ASCII as its escapes, as some do.
fn escaped(json: &str) -> String {
    let mut units = [0; 2];
    let escape = |c: char| match c.is_ascii() {
        true => c.to_string(),
        false => c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")).collect(),
    };
    json.chars().map(escape).collect::<Vec<_>>().concat()
}

#[test]
fn a_user_in_all_the_groups_that_a_pool_allows_gets_a_token() {
    let names: Vec<_> = (0..100).map(|number| name(number, 128, '\u{1f600}')).collect();
    let groups: Vec<_> = names.iter().map(String::as_str).collect();
    for write in [str::to_owned as fn(&str) -> String, escaped] {
        let scene = Scene::with(&[]);
        let refresh_token = "r".repeat(1_852);
        let answer = TokenAnswer { refresh_token: Some(&refresh_token), ..in_groups(&groups) }.body_written(write);
        let length = answer.len();
        scene.edge.reply(200, answer);
        assert!(scene.told(&scene.refresh(None)).groups.is_empty());
        assert!(length <= scene.edge.world.fetched.borrow()[0].max_bytes, "{length} bytes");
    }
}

#[test]
fn an_address_is_told_as_what_it_is() {
    const TRUSTED: &str = "EDGEWARD_TRUSTED_EMAIL_PROVIDERS";
    let identity =
        |provider: &str| json!({ "userId": "1", "providerName": provider, "providerType": "SAML", "primary": "true" });
    let cases = [
        ("native, verified", json!({ "email_verified": true }), true),
        ("native, verified in words", json!({ "email_verified": "true" }), true),
        ("native, unverified", json!({ "email_verified": false }), false),
        ("native, nothing said", json!({}), false),
        ("federated, unverified", json!({ "email_verified": false, "identities": [identity("Google")] }), false),
        ("federated, mapped", json!({ "email_verified": "true", "identities": [identity("Google")] }), true),
        ("federated, trusted", json!({ "email_verified": "false", "identities": [identity("Entra")] }), true),
        ("federated, trusted, nothing said", json!({ "identities": [identity("Entra")] }), true),
        ("two trusted", json!({ "identities": [identity("Entra"), identity("Okta")] }), true),
        ("one of two trusted", json!({ "identities": [identity("Entra"), identity("Google")] }), false),
        (
            "one of two trusted, the other way round",
            json!({ "identities": [identity("Google"), identity("Okta")] }),
            false,
        ),
        ("in another case", json!({ "identities": [identity("entra")] }), false),
        ("more than the name", json!({ "identities": [identity("Entra2")] }), false),
        ("no identities", json!({ "identities": [] }), false),
        // The user of the pool's own may have written the address.
        ("native, linked", json!({ "identities": [identity("Entra")], "cognito:username": "ada" }), false),
        ("of another id", json!({ "identities": [identity("Entra")], "cognito:username": "entra_12" }), false),
        ("as the pool writes it", json!({ "identities": [identity("Entra")], "cognito:username": "Entra_1" }), true),
        ("an identity without provider", json!({ "identities": [identity("Entra"), {}] }), false),
        ("identities that are none", json!({ "identities": "Entra" }), false),
        ("a provider that is none", json!({ "identities": [{ "providerName": ["Entra"] }] }), false),
    ];
    for (name, mut claims, is_verified) in cases {
        claims["email"] = "demo@example.com".into();
        if claims["cognito:username"].is_null() {
            claims["cognito:username"] = "entra_1".into();
        }
        for (setting, is_told) in [("", false), ("hide", false), ("tell", true)] {
            let scene = Scene::with(&[(TRUSTED, "Entra Okta"), ("EDGEWARD_UNVERIFIED_EMAIL", setting)]);
            let answer = TokenAnswer { claims: claims.clone(), ..TokenAnswer::default() };
            let told = scene.told(&scene.refresh(Some(&answer)));
            let address = |is: bool| is.then(|| "demo@example.com".to_owned());
            let expected = (address(is_verified), address(!is_verified && is_told));
            assert_eq!((told.email, told.unverified_email), expected, "{name}, {setting:?}");
            assert!(!format!("{:?}", scene.edge.world.records.borrow()).contains('@'), "an address in the log");
        }
        // Nobody is trusted by default.
        let scene = Scene::with(&[]);
        let answer = TokenAnswer { claims: claims.clone(), ..TokenAnswer::default() };
        let told = scene.told(&scene.refresh(Some(&answer)));
        let says_so = matches!(claims["email_verified"], Value::Bool(true)) || claims["email_verified"] == "true";
        assert_eq!((told.email.is_some(), told.unverified_email), (says_so, None), "{name}");
    }
}

#[test]
fn without_an_address_nothing_is_told_of_one() {
    for setting in ["hide", "tell"] {
        let scene = Scene::with(&[("EDGEWARD_UNVERIFIED_EMAIL", setting)]);
        let answer = TokenAnswer { claims: json!({ "email_verified": true }), ..TokenAnswer::default() };
        let told = scene.told(&scene.refresh(Some(&answer)));
        assert_eq!((told.email, told.unverified_email), (None, None));
    }
}

#[test]
fn by_default_nothing_more_is_told_than_scopes_need() {
    let config = config(&[]).unwrap();
    assert_eq!(config.cognito.emails, Default::default());
    assert!(!config.origin_groups.include("anything"));
    assert!(!GroupPatterns::default().include("anything"));
}
