//! `private_key_jwt` (RFC 7523): which assertions prove that a client is the one its document describes.
#![cfg(not(target_arch = "wasm32"))]

mod support;

use std::{
    future::Future,
    task::{Context, Poll, Waker},
};

use base64ct::{Base64UrlUnpadded, Encoding};
use edgeward_core::{
    Request,
    platform::{FetchError, FetchReply, Level},
};
use http::header;
use jwt_compact::{
    Algorithm, AlgorithmSignature,
    alg::{Ed25519, Rsa, RsaPrivateKey},
    jwk::JsonWebKey,
};
use serde_json::{Value, json};
use support::*;

const URL: &str = "https://app.example/client";
const KEYS_URL: &str = "https://keys.example/jwks";
const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// Keys of the tests' own; nothing else is signed with them.
const ED25519: &str = r#"{"kty":"OKP","crv":"Ed25519","kid":"e1","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
const RSA: &str = include_str!("support/rsa.json");

fn public(jwk: &str) -> Value {
    let mut jwk: Value = serde_json::from_str(jwk).unwrap();
    for private in ["d", "p", "q"] {
        jwk.as_object_mut().unwrap().remove(private);
    }
    jwk
}

fn key_set() -> Value {
    json!({ "keys": [
        { "kty": "EC", "crv": "P-256", "kid": "p1", "x": "AA", "y": "AA" },
        public(ED25519),
        public(RSA),
    ] })
}

fn document(keys: (&str, Value)) -> Value {
    let (member, keys) = keys;
    json!({
        "client_id": URL, "client_name": "App", "redirect_uris": ["https://client.example/cb"],
        "token_endpoint_auth_method": "private_key_jwt", member: keys,
    })
}

/// An edge that has seen the client's document, with the keys in it.
fn edge() -> TestEdge {
    let edge = TestEdge::new();
    edge.reply_document(&document(("jwks", key_set())), |_| {});
    edge
}

fn claims() -> Value {
    json!({ "iss": URL, "sub": URL, "aud": ISSUER, "exp": START + 60, "jti": "1" })
}

fn sign(header: &Value, claims: &Value) -> String {
    let encode = |value: &Value| Base64UrlUnpadded::encode_string(value.to_string().as_bytes());
    let message = format!("{}.{}", encode(header), encode(claims));
    let jwk = |text: &str| serde_json::from_slice::<JsonWebKey<'_>>(text.as_bytes()).unwrap();
    let signature = match header["alg"].as_str().unwrap() {
        "RS256" | "RS384" => {
            let key = RsaPrivateKey::try_from(&jwk(RSA)).unwrap();
            Rsa::rs256().sign(&key, message.as_bytes()).as_bytes().into_owned()
        }
        "EdDSA" => {
            let key = <Ed25519 as Algorithm>::SigningKey::try_from(&jwk(ED25519)).unwrap();
            Ed25519.sign(&key, message.as_bytes()).as_bytes().into_owned()
        }
        "none" => Vec::new(),
        _ => vec![0; 64],
    };
    format!("{message}.{}", Base64UrlUnpadded::encode_string(&signature))
}

fn eddsa(claims: &Value) -> String {
    sign(&json!({ "alg": "EdDSA", "kid": "e1" }), claims)
}

fn rs256(claims: &Value) -> String {
    sign(&json!({ "alg": "RS256", "kid": "r1" }), claims)
}

/// A token request in which only the refresh token is wrong.
fn ask(edge: &TestEdge, parameters: &[(&str, &str)]) -> (u16, String) {
    ask_with(edge, &[], parameters)
}

fn ask_with(edge: &TestEdge, headers: &[(&str, &str)], parameters: &[(&str, &str)]) -> (u16, String) {
    let response = edge.respond(asking(headers, parameters));
    let body: Value = serde_json::from_str(response.body()).unwrap();
    assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store, no-transform");
    (response.status().as_u16(), body["error"].as_str().unwrap().to_owned())
}

fn asking(headers: &[(&str, &str)], parameters: &[(&str, &str)]) -> Request {
    let mut all = vec![("grant_type", "refresh_token"), ("refresh_token", "nonsense")];
    all.extend(parameters);
    post_form("/token", headers, &all)
}

fn show(edge: &TestEdge, assertion: &str) -> (u16, String) {
    ask(edge, &shown(assertion))
}

/// The assertion alone says whose it is.
fn show_unnamed(edge: &TestEdge, assertion: &str) -> (u16, String) {
    ask(edge, &shown(assertion)[1..])
}

fn showing(assertion: &str) -> Request {
    asking(&[], &shown(assertion))
}

fn shown(assertion: &str) -> [(&'static str, &str); 3] {
    [("client_id", URL), ("client_assertion_type", TYPE), ("client_assertion", assertion)]
}

fn proven() -> (u16, String) {
    (400, "invalid_grant".to_owned())
}

fn refused() -> (u16, String) {
    (401, "invalid_client".to_owned())
}

#[test]
fn a_signature_by_a_key_of_the_document_is_proof() {
    for (number, header) in [
        json!({ "alg": "EdDSA", "kid": "e1" }),
        json!({ "alg": "RS256", "kid": "r1", "typ": "JWT" }),
        json!({ "alg": "RS256", "kid": "r1", "typ": "client-authentication+jwt" }),
        json!({ "alg": "EdDSA" }),
        json!({ "alg": "RS256" }),
    ]
    .into_iter()
    .enumerate()
    {
        let edge = edge();
        let mut claims = claims();
        claims["jti"] = number.to_string().into();
        assert_eq!(show(&edge, &sign(&header, &claims)), proven(), "{header}");
        assert_eq!(edge.fetches(), 1);
    }
}

#[test]
fn the_client_need_not_be_named_twice() {
    let edge = edge();
    let assertion = eddsa(&claims());
    let parameters = [("client_assertion_type", TYPE), ("client_assertion", assertion.as_str())];
    assert_eq!(ask(&edge, &parameters), proven());
}

#[test]
fn the_audience_is_the_issuer_or_the_token_endpoint() {
    let edge = edge();
    for (number, (audience, outcome)) in [
        (json!(ISSUER), proven()),
        (json!("https://edge.example/token"), proven()),
        (json!([ISSUER]), proven()),
        (json!(["https://edge.example/token"]), proven()),
        (json!(["https://other.example", ISSUER]), refused()),
        (json!([ISSUER, "https://other.example"]), refused()),
        (json!([ISSUER, "https://edge.example/token"]), refused()),
        (json!([[ISSUER]]), refused()),
        (json!({ "0": ISSUER }), refused()),
        (json!("https://other.example"), refused()),
        (json!("https://edge.example/"), refused()),
        (json!("https://edge.example/mcp"), refused()),
        (json!([]), refused()),
        (Value::Null, refused()),
    ]
    .into_iter()
    .enumerate()
    {
        let mut claims = claims();
        claims["jti"] = number.to_string().into();
        claims["aud"] = audience.clone();
        assert_eq!(show(&edge, &eddsa(&claims)), outcome, "{audience}");
    }
}

#[test]
fn claims_that_do_not_hold_are_no_proof() {
    let edge = edge();
    for (number, (member, value, outcome)) in [
        ("iss", json!("https://app.example/other"), refused()),
        ("sub", json!("https://app.example/other"), refused()),
        ("iss", Value::Null, refused()),
        ("exp", Value::Null, refused()),
        ("exp", json!(START - 60), refused()),
        ("exp", json!(START - 59), proven()),
        ("exp", json!(START + 360), proven()),
        ("exp", json!(START + 361), refused()),
        ("exp", json!(-1), refused()),
        ("nbf", json!(START + 60), proven()),
        ("nbf", json!(START + 61), refused()),
        ("iat", json!(START + 61), refused()),
        ("iat", json!(START - 3600), proven()),
        ("jti", Value::Null, refused()),
        ("jti", json!(""), refused()),
        ("jti", json!("x".repeat(257)), refused()),
        ("jti", json!("x".repeat(256)), proven()),
        ("unknown", json!({}), proven()),
    ]
    .into_iter()
    .enumerate()
    {
        let mut claims = claims();
        claims["jti"] = format!("id {number}").into();
        claims[member] = value.clone();
        assert_eq!(show(&edge, &eddsa(&claims)), outcome, "{member}: {value}");
    }
}

#[test]
fn signatures_that_do_not_hold_are_no_proof() {
    let edge = edge();
    let good = eddsa(&claims());
    let (message, signature) = good.rsplit_once('.').unwrap();
    let mut cut = signature.to_owned();
    cut.replace_range(10..11, if &cut[10..11] == "A" { "B" } else { "A" });
    for bad in [
        format!("{message}.{cut}"),
        format!("{message}."),
        message.to_owned(),
        "nonsense".to_owned(),
        sign(&json!({ "alg": "none", "kid": "e1" }), &claims()),
        // Signed with something that everybody knows: the public key as a secret.
        sign(&json!({ "alg": "HS256", "kid": "r1" }), &claims()),
        sign(&json!({ "alg": "RS384", "kid": "r1" }), &claims()),
        sign(&json!({ "alg": "ES256", "kid": "p1" }), &claims()),
        // The right key under the name of another, or as another algorithm's.
        sign(&json!({ "alg": "EdDSA", "kid": "r1" }), &claims()),
        sign(&json!({ "alg": "EdDSA", "kid": "e1", "crit": ["exp"] }), &claims()),
        sign(&json!({ "alg": "EdDSA", "kid": "e1", "crit": [] }), &claims()),
        // A key that comes along is no key of the client's.
        sign(&json!({ "alg": "RS256", "kid": "x", "jwk": public(RSA) }), &claims()),
        "x".repeat(9000),
    ] {
        assert_eq!(show(&edge, &bad), refused(), "{bad}");
    }
    assert_eq!(show(&edge, &good), proven(), "and it has not been used up");
}

/// The bytes of an assertion's signature, and the assertion with others.
fn signature_of(assertion: &str) -> (Vec<u8>, impl Fn(&[u8]) -> String) {
    let (message, signature) = assertion.rsplit_once('.').unwrap();
    let with = move |other: &[u8]| format!("{message}.{}", Base64UrlUnpadded::encode_string(other));
    (Base64UrlUnpadded::decode_vec(signature).unwrap(), with)
}

#[test]
fn an_rsa_signature_is_the_one_there_is() {
    let edge = edge();
    let good = rs256(&claims());
    let (signature, with) = signature_of(&good);
    let modulus = Base64UrlUnpadded::decode_vec(public(RSA)["n"].as_str().unwrap()).unwrap();
    let mut last = signature.clone();
    last[255] ^= 1;
    for bad in [
        last,
        signature[..255].to_vec(),
        signature[1..].to_vec(),
        [&[0], &signature[..]].concat(),
        [&signature[..], &[0]].concat(),
        [&signature[..], &signature[..]].concat(),
        [&[0; 256][..], &signature[..]].concat(),
        vec![0; 256],
        vec![0xff; 256],
        modulus,
        Vec::new(),
    ] {
        assert_eq!(show(&edge, &with(&bad)), refused(), "{bad:?}");
    }
    assert_eq!(show(&edge, &good), proven());
}

#[test]
fn two_requests_at_once_with_one_assertion_have_one_proof() {
    for assertion in [rs256(&claims()), eddsa(&claims())] {
        let edge = edge();
        // The document is there: what remains to wait for is the signature.
        assert_eq!(show(&edge, "nonsense"), refused());
        let mut asking: Vec<_> = (0..3).map(|_| Box::pin(edge.edge.respond(showing(&assertion)))).collect();
        let mut statuses = Vec::new();
        while !asking.is_empty() {
            asking.retain_mut(|asking| match asking.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(response) => {
                    statuses.push(response.status().as_u16());
                    false
                }
                Poll::Pending => true,
            });
        }
        assert_eq!(statuses, [400, 401, 401], "invalid_grant is what a proven client gets");
    }
}

#[test]
fn a_platform_that_cannot_verify_is_not_the_clients_fault() {
    let edge = edge();
    let assertion = rs256(&claims());
    edge.world.cannot_verify.set(true);
    assert_eq!(show(&edge, &assertion), (503, "temporarily_unavailable".to_owned()));
    let level = edge.world.records.borrow().last().map(|record| record.level);
    assert_eq!(level, Some(Level::Alert));
    let mut other = claims();
    other["jti"] = "2".into();
    assert_eq!(show(&edge, &eddsa(&other)), proven(), "which needs no help");
    edge.world.cannot_verify.set(false);
    assert_eq!(show(&edge, &assertion), proven(), "and it has not been used up");
}

#[test]
fn an_assertion_is_good_once() {
    let edge = edge();
    let assertion = eddsa(&claims());
    assert_eq!(show(&edge, &assertion), proven());
    assert_eq!(show(&edge, &assertion), refused());
    let mut again = claims();
    again["exp"] = json!(START + 200);
    assert_eq!(show(&edge, &eddsa(&again)), refused(), "the id counts");
    again["jti"] = json!("2");
    assert_eq!(show(&edge, &eddsa(&again)), proven());
    // Once the first has expired its id is forgotten.
    edge.advance(120);
    again["jti"] = json!("1");
    assert_eq!(show(&edge, &eddsa(&again)), proven());
}

#[test]
fn one_proof_in_one_request() {
    let edge = edge();
    let assertion = eddsa(&claims());
    let whole = [("client_id", URL), ("client_assertion_type", TYPE), ("client_assertion", assertion.as_str())];
    let invalid_request = (400, "invalid_request".to_owned());
    let with = |more: &[(&str, &str)]| ask(&edge, &[&whole[..], more].concat());
    assert_eq!(with(&[("client_secret", "x")]), invalid_request);
    assert_eq!(with(&[("client_assertion", &assertion)]), invalid_request);
    assert_eq!(ask_with(&edge, &[("authorization", "Basic YTpi")], &whole), invalid_request);
    assert_eq!(ask(&edge, &whole[..2]), invalid_request);
    assert_eq!(ask(&edge, &[whole[0], whole[2]]), invalid_request);
    let other_type = ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer");
    assert_eq!(ask(&edge, &[whole[0], other_type, whole[2]]), refused());
    assert_eq!(ask(&edge, &whole[..1]), refused(), "nothing shown");
    assert_eq!(ask(&edge, &[whole[0], ("client_secret", "x")]), refused());
    assert_eq!(ask(&edge, &[("client_id", "https://app.example/other"), whole[1], whole[2]]).0, 503, "another's");
    assert_eq!(with(&[]), proven());
}

#[test]
fn a_client_that_does_not_sign_shows_no_assertion() {
    let edge = TestEdge::new();
    let assertion = |client_id: &str| {
        let mut claims = claims();
        claims["iss"] = client_id.into();
        claims["sub"] = client_id.into();
        eddsa(&claims)
    };
    let public = edge.public_client();
    let registered = edge.register(r#"{"redirect_uris":["https://client.example/cb"]}"#);
    for client_id in [public.as_str(), registered["client_id"].as_str().unwrap()] {
        let assertion = assertion(client_id);
        let shown = [("client_id", client_id), ("client_assertion_type", TYPE), ("client_assertion", &assertion)];
        assert_eq!(ask(&edge, &shown), refused());
    }
}

#[test]
fn keys_may_be_at_a_url_of_their_own() {
    let edge = TestEdge::new();
    edge.reply_document(&document(("jwks_uri", json!(KEYS_URL))), |_| {});
    edge.reply_document(&key_set(), |reply| {
        set_header(reply, header::CONTENT_TYPE, "application/jwk-set+json");
    });
    assert_eq!(show(&edge, &eddsa(&claims())), proven());
    assert_eq!(edge.world.fetched.borrow()[1].url, KEYS_URL);
    let mut again = claims();
    again["jti"] = json!("2");
    assert_eq!(show(&edge, &eddsa(&again)), proven());
    assert_eq!(edge.fetches(), 2, "both are remembered");
}

#[test]
fn keys_that_cannot_be_had_now_are_nobodys_fault_and_bad_ones_are_the_clients() {
    for (reply, outcome) in [
        (Err(FetchError::Connection), (503, "temporarily_unavailable".to_owned())),
        (Ok(FetchReply { status: 502, ..FetchReply::default() }), (503, "temporarily_unavailable".to_owned())),
        (Ok(FetchReply { status: 302, ..FetchReply::default() }), refused()),
        (Ok(FetchReply { status: 200, ..FetchReply::default() }), refused()),
    ] {
        let edge = TestEdge::new();
        edge.reply_document(&document(("jwks_uri", json!(KEYS_URL))), |_| {});
        edge.world.replies.borrow_mut().push_back(reply.clone());
        let assertion = eddsa(&claims());
        assert_eq!(show(&edge, &assertion), outcome, "{reply:?}");
        edge.advance(30);
        edge.reply_document(&key_set(), |_| {});
        assert_eq!(show(&edge, &assertion), proven(), "the assertion is still good");
    }
    for keys in [json!({}), json!({ "keys": [] }), json!({ "keys": [{ "kty": "EC" }] }), json!([])] {
        let edge = TestEdge::new();
        edge.reply_document(&document(("jwks_uri", json!(KEYS_URL))), |_| {});
        edge.reply_document(&keys, |_| {});
        assert_eq!(show(&edge, &eddsa(&claims())), refused(), "{keys}");
    }
}

#[test]
fn a_key_that_is_new_is_fetched_but_not_each_time() {
    let edge = TestEdge::new();
    let old = json!({ "keys": [public(RSA)] });
    edge.reply_document(&document(("jwks_uri", json!(KEYS_URL))), |_| {});
    edge.reply_document(&old, |_| {});
    let assertion = eddsa(&claims());
    assert_eq!(show(&edge, &assertion), refused());
    assert_eq!(edge.fetches(), 2, "they have just been fetched");
    edge.advance(61);
    let mut claims = claims();
    claims["exp"] = json!(START + 120);
    edge.reply_document(&document(("jwks_uri", json!(KEYS_URL))), |_| {});
    edge.reply_document(&key_set(), |_| {});
    assert_eq!(show(&edge, &eddsa(&claims)), proven());
    assert_eq!(edge.fetches(), 4);
    assert_eq!(show(&edge, &sign(&json!({ "alg": "EdDSA", "kid": "never" }), &claims)), refused());
    assert_eq!(edge.fetches(), 4);
}

#[test]
fn a_key_that_nobody_knows_does_not_have_the_known_ones_forgotten() {
    let edge = TestEdge::new();
    edge.reply_document(&document(("jwks_uri", json!(KEYS_URL))), |_| {});
    edge.reply_document(&key_set(), |_| {});
    assert_eq!(show(&edge, &eddsa(&claims())), proven());
    edge.advance(61);
    let mut later = claims();
    later["exp"] = json!(START + 120);
    // They are asked for again, and do not come.
    assert_eq!(show(&edge, &sign(&json!({ "alg": "EdDSA", "kid": "never" }), &later)).0, 503);
    let fetches = edge.fetches();
    assert_eq!(fetches, 4, "the metadata, and the keys where they were");
    assert_eq!(show(&edge, &eddsa(&later)), refused(), "the id was used");
    later["jti"] = json!("2");
    assert_eq!(show(&edge, &eddsa(&later)), proven());
    assert_eq!(edge.fetches(), fetches);
}

/// A proof at `now`, with an id of its own.
fn claims_at(now: u64) -> Value {
    let mut claims = claims();
    claims["exp"] = json!(now + 60);
    claims["jti"] = json!(now.to_string());
    claims
}

#[test]
fn a_host_that_answers_with_something_else_has_said_nothing_about_its_clients_keys() {
    for instead in [json!({ "error": "blocked" }), json!([]), json!("text"), json!({ "keys": "none" })] {
        let edge = TestEdge::new();
        let known = |reply: &mut FetchReply| set_header(reply, header::CACHE_CONTROL, "max-age=86400");
        edge.reply_document(&document(("jwks_uri", json!(KEYS_URL))), known);
        edge.reply_document(&key_set(), |_| {});
        assert_eq!(show(&edge, &eddsa(&claims())), proven());
        // A key that nobody knows has them asked for anew, once a minute.
        edge.advance(61);
        let unknown = sign(&json!({ "alg": "EdDSA", "kid": "never" }), &claims_at(START + 61));
        for _ in 0..3 {
            edge.reply_document(&document(("jwks_uri", json!(KEYS_URL))), known);
            edge.reply_document(&instead, |_| {});
            assert_eq!(show(&edge, &unknown), refused(), "{instead}");
            edge.world.replies.borrow_mut().clear();
        }
        assert_eq!(edge.fetches(), 4, "{instead}");
        assert_eq!(show(&edge, &eddsa(&claims_at(START + 61))), proven(), "{instead}");
        assert_eq!(edge.fetches(), 4, "{instead}");
        // So has their age.
        edge.advance(60);
        edge.reply_document(&instead, |_| {});
        assert_eq!(show(&edge, &eddsa(&claims_at(START + 121))), proven(), "{instead}");
        assert_eq!(edge.fetches(), 5, "{instead}");
        let log = edge.logged().join("\n");
        assert_eq!(log.matches(&format!("stale document used: {KEYS_URL}: it is no JWKS")).count(), 2, "{log}");
        // A set without keys is the client's own word.
        edge.advance(60);
        edge.reply_document(&json!({ "keys": [] }), |_| {});
        assert_eq!(show(&edge, &eddsa(&claims_at(START + 181))), refused(), "{instead}");
    }
}

#[test]
fn keys_that_have_changed_are_fetched_while_the_host_of_the_metadata_fails_or_answers_with_something_else() {
    for status in [403, 200] {
        let edge = TestEdge::new();
        edge.reply_document(&document(("jwks_uri", json!(KEYS_URL))), |_| {});
        edge.reply_document(&json!({ "keys": [public(RSA)] }), |_| {});
        assert_eq!(show(&edge, &eddsa(&claims())), refused(), "{status}");
        edge.advance(61);
        edge.reply_document(&json!({ "error": "blocked" }), |reply| reply.status = status);
        edge.reply_document(&key_set(), |_| {});
        assert_eq!(show(&edge, &eddsa(&claims_at(START + 61))), proven(), "{status}");
        assert_eq!(edge.fetches(), 4, "{status}");
    }
}

#[test]
fn a_document_that_is_refused_as_keys_is_good_as_metadata_and_the_other_way_round() {
    // A stranger's client says that its keys are where another client's metadata are.
    let stranger = |url: &str| {
        let mut stranger = document(("jwks_uri", json!(url)));
        stranger["client_id"] = json!("https://stranger.example/client");
        stranger
    };
    let mut by_stranger = claims();
    by_stranger["iss"] = json!("https://stranger.example/client");
    by_stranger["sub"] = by_stranger["iss"].clone();
    let edge = TestEdge::new();
    edge.reply_document(&stranger(URL), |_| {});
    edge.reply_document(&document(("jwks", key_set())), |_| {});
    assert_eq!(show_unnamed(&edge, &eddsa(&by_stranger)), refused());
    edge.reply_document(&document(("jwks", key_set())), |_| {});
    assert_eq!(show(&edge, &eddsa(&claims())), proven(), "as metadata it is as good as before");
    // And somebody takes a set of keys for a client.
    let edge = TestEdge::new();
    edge.reply_document(&key_set(), |_| {});
    assert_eq!(edge.get(&authorization_request(KEYS_URL, &[])).status(), 400);
    edge.reply_document(&document(("jwks_uri", json!(KEYS_URL))), |_| {});
    edge.reply_document(&key_set(), |_| {});
    assert_eq!(show(&edge, &eddsa(&claims())), proven());
}

#[test]
fn no_client_has_the_used_assertions_of_another_forgotten() {
    let edge = edge();
    let mut mine = Vec::new();
    let mut claims = claims();
    for number in 0..100 {
        claims["jti"] = json!(number.to_string());
        mine.push(eddsa(&claims));
        assert_eq!(show(&edge, &mine[number]), proven());
    }
    let mut strangers = Vec::new();
    for stranger in 0..41 {
        let mut other = document(("jwks", key_set()));
        other["client_id"] = json!(format!("https://stranger{stranger}.example/client"));
        edge.reply_document(&other, |_| {});
        (claims["iss"], claims["sub"]) = (other["client_id"].clone(), other["client_id"].clone());
        for number in 0..100 {
            claims["jti"] = json!(number.to_string());
            strangers.push(eddsa(&claims));
            assert_eq!(show_unnamed(&edge, &strangers[100 * stranger + number]), proven());
        }
    }
    assert!(mine.iter().all(|assertion| show(&edge, assertion) == refused()));
    assert_eq!(show_unnamed(&edge, &strangers[0]), refused());
}

#[test]
fn where_keys_are_is_held_to_the_same_rules() {
    for bad in [
        document(("jwks_uri", json!("http://keys.example/jwks"))),
        document(("jwks_uri", json!("https://169.254.169.254/jwks"))),
        document(("jwks_uri", json!("https://edge.example/.well-known/jwks.json"))),
        document(("jwks_uri", json!("https://denied.example/jwks"))),
        document(("jwks", json!({ "keys": [] }))),
        document(("jwks", json!({ "keys": [{ "kty": "oct", "k": "AAAA" }] }))),
        document(("unknown", json!(1))),
        {
            let mut both = document(("jwks_uri", json!(KEYS_URL)));
            both["jwks"] = key_set();
            both
        },
        {
            let mut other = document(("jwks", key_set()));
            other["token_endpoint_auth_signing_alg"] = json!("ES256");
            other
        },
    ] {
        let edge = TestEdge::with(&[("EDGEWARD_CLIENT_METADATA_DENIED_HOSTS", "denied.example")]);
        edge.reply_document(&bad, |_| {});
        assert_eq!(edge.get(&authorization_request(URL, &[])).status(), 400, "{bad}");
        assert_eq!(edge.fetches(), 1);
    }
    let mut good = document(("jwks", key_set()));
    good["token_endpoint_auth_signing_alg"] = json!("RS256");
    let edge = TestEdge::new();
    edge.reply_document(&good, |_| {});
    assert_eq!(edge.get(&authorization_request(URL, &[])).status(), 200);
}

#[test]
fn a_weak_key_is_no_key() {
    let edge = TestEdge::new();
    let mut weak = public(RSA);
    weak["n"] = json!(Base64UrlUnpadded::encode_string(&[0xff; 128]));
    edge.reply_document(&document(("jwks", json!({ "keys": [weak] }))), |_| {});
    assert_eq!(edge.get(&authorization_request(URL, &[])).status(), 400);
    // Points of order 1, 2 and 4: everybody could sign for such a client.
    let (mut one, mut minus_one) = ([0; 32], [0xff; 32]);
    one[0] = 1;
    (minus_one[0], minus_one[31]) = (0xec, 0x7f);
    for point in [one, minus_one, [0; 32]] {
        let edge = TestEdge::new();
        let x = Base64UrlUnpadded::encode_string(&point);
        let weak = json!({ "kty": "OKP", "crv": "Ed25519", "kid": "weak", "x": x });
        edge.reply_document(&document(("jwks", json!({ "keys": [weak] }))), |_| {});
        assert_eq!(edge.get(&authorization_request(URL, &[])).status(), 400, "{point:?}");
    }
}

#[test]
fn a_grant_is_revoked_with_the_same_proof() {
    let edge = edge();
    let assertion = eddsa(&claims());
    let shown = [("client_assertion_type", TYPE), ("client_assertion", assertion.as_str()), ("token", "nonsense")];
    assert_eq!(edge.respond(post_form("/revoke", &[], &shown)).status(), 200);
    assert_eq!(edge.respond(post_form("/revoke", &[], &shown)).status(), 401);
}
