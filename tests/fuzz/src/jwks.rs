//! Key sets of others: the edge's at an origin, Cognito's and clients' at the edge.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use edgeward_core::{Decision, jose::PublicKey};
use edgeward_identity::{VerifyingKeys, jws};
use serde_json::{Value, json};

use crate::{
    jwt,
    machine_token::POOL,
    support::{START, TestEdge},
};

const RESOURCES: &str =
    r#"[{"path": "/mcp", "scopes": {"read": "Read"}, "machines": {"1machine": {"api/read": ["read"]}}}]"#;

/// The whole input is a JWKS. What verifies with it is signed with a key that it really has, in the member of its `kid`;
/// and a key that is taken is for signatures, of its algorithm, and long enough.
pub fn check(data: &[u8]) {
    let set: Value = serde_json::from_slice(data).unwrap_or_default();
    let members = set["keys"].as_array().map(Vec::as_slice).unwrap_or_default();
    let has = |kid: &str, kty: &str, members_are: &[(&str, &str)]| {
        members.iter().any(|jwk| {
            jwk["kid"] == kid && jwk["kty"] == kty && members_are.iter().all(|(member, bytes)| is(&jwk[member], bytes))
        })
    };
    if let Ok(keys) = VerifyingKeys::from_jwks(data)
        && jws::verify::<Value>("kind", &token(), &keys).is_ok()
    {
        assert!(has("s1", "OKP", &[("x", jwt::ED25519_PUBLIC)]), "{set}");
    }
    if machine_passes(data) {
        crate::accept();
        let key = jwt::rsa_jwk();
        let (n, e) = (key["n"].as_str().unwrap(), key["e"].as_str().unwrap());
        assert!(has("r1", "RSA", &[("n", n), ("e", e)]), "{set}");
    }
    for jwk in members {
        let Some(key) = PublicKey::parse(jwk) else { continue };
        let wanted: (&str, &[&str]) = match key {
            PublicKey::Rsa(_) => ("RSA", &["RS256"]),
            PublicKey::Ed25519(_) => ("OKP", &["EdDSA", "Ed25519"]),
        };
        assert_eq!(jwk["kty"], wanted.0);
        assert!(jwk["alg"].as_str().is_none_or(|alg| wanted.1.contains(&alg)));
        assert!(jwk["use"].as_str().is_none_or(|used| used == "sig"));
        if wanted.0 == "RSA" {
            let modulus = jwk["n"].as_str().and_then(|n| BASE64_URL_SAFE_NO_PAD.decode(n).ok()).unwrap();
            assert!(modulus.iter().skip_while(|byte| **byte == 0).count() >= 256);
            assert!(is(&jwk["e"], "AQAB"));
        }
    }
}

/// Whether a member is these bytes, to a strict reader; an exponent may have zeros before it.
fn is(value: &Value, bytes: &str) -> bool {
    let read = |text: &str| {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        Some(bytes.into_iter().skip_while(|byte| *byte == 0).collect::<Vec<u8>>())
    };
    value.as_str().is_some_and(|text| read(text).is_some() && read(text) == read(bytes))
}

fn token() -> String {
    let claims = json!({ "iat": START, "exp": START + 60 }).to_string();
    jwt::make("ed", r#"{"alg":"EdDSA","typ":"kind","kid":"s1"}"#, &claims, "")
}

/// Whether a good token passes when this is what the user pool publishes.
fn machine_passes(jwks: &[u8]) -> bool {
    thread_local! {
        static TOKEN: String = {
            let claims = json!({
                "iss": POOL, "sub": "1machine", "client_id": "1machine", "token_use": "access", "scope": "api/read",
                "exp": START + 60,
            });
            jwt::make("rsa", r#"{"alg":"RS256","kid":"r1"}"#, &claims.to_string(), "")
        };
    }
    let edge = TestEdge::with(&[("EDGEWARD_RESOURCES", RESOURCES)]);
    edge.reply(200, jwks);
    match edge.gate_machine("/mcp", &TOKEN.with(String::clone)) {
        Decision::Forward(_) => true,
        Decision::Respond { response, .. } if matches!(response.status().as_u16(), 401 | 503) => false,
        other => panic!("{other:?}"),
    }
}
