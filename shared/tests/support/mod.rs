//! What the tests share.
#![allow(dead_code, reason = "every test file uses another part")]

use edgeward_identity::{Identity, Kind, SigningKey, UnixTime, Verifier};
use serde_json::{Value, json};

pub(crate) const ISSUER: &str = "https://edge.example";
pub(crate) const AUDIENCE: &str = "https://origin.example";
pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_790_000_000);

/// The private key of RFC 8037 appendix A.1.
pub(crate) fn jwk() -> Value {
    json!({
        "kty": "OKP",
        "crv": "Ed25519",
        "kid": "rfc8037-a1",
        "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    })
}

/// The same with one member changed.
pub(crate) fn jwk_with(member: &str, value: Value) -> Value {
    let mut jwk = jwk();
    jwk[member] = value;
    jwk
}

/// The same without one member.
pub(crate) fn jwk_without(member: &str) -> Value {
    let mut jwk = jwk();
    jwk.as_object_mut().unwrap().remove(member);
    jwk
}

pub(crate) fn key() -> SigningKey {
    SigningKey::from_value(&jwk()).unwrap()
}

/// RFC 8032 §7.1, TEST 1024.
pub(crate) fn foreign_key() -> SigningKey {
    let mut jwk = jwk_with("d", "9eV2fPFTMZUXYw8iaHa4bIFgzFg7wBN0TGvyVfXMDuU".into());
    jwk["x"] = "J4EX_BRMcjQPZ9DyMW6Dhs7_vyskKMnFH-98WX8dQm4".into();
    SigningKey::from_value(&jwk).unwrap()
}

pub(crate) fn verifier() -> Verifier {
    Verifier::new(ISSUER, AUDIENCE)
}

pub(crate) fn identity() -> Identity {
    Identity {
        issuer: ISSUER.into(),
        audience: AUDIENCE.into(),
        subject: "7d8ca528-4931-4254-9273-ea5ee853f271".into(),
        kind: Kind::User,
        client_id: "client".into(),
        scopes: vec!["mcp".into(), "weather:read".into()],
        username: Some("demo".into()),
        email: Some("demo@example.com".into()),
        unverified_email: None,
        groups: vec!["staff".into()],
        auth_time: Some(NOW),
        grant_id: "grant".into(),
    }
}
