//! Keys and key sets: what can be used, and what is refused by name.

mod support;

use edgeward_identity::{KeyError, SigningKey, VerifyingKeys, assertion};
use serde_json::{Value, json};
use support::{NOW, identity, jwk, jwk_with, jwk_without, key, verifier};

fn unusable() -> KeyError {
    KeyError::NotEd25519 { key_id: "rfc8037-a1".into() }
}

fn private_error(jwk: &Value) -> KeyError {
    SigningKey::from_value(jwk).map(|key| key.key_id().to_owned()).unwrap_err()
}

fn set(keys: &[Value]) -> Result<VerifyingKeys, KeyError> {
    VerifyingKeys::from_jwks(json!({ "keys": keys }).to_string().as_bytes())
}

fn public_jwk() -> Value {
    key().public_jwk()
}

/// Whether `keys` verify what [`key`] signs.
fn verify(keys: &VerifyingKeys) -> bool {
    let minted = assertion::mint(&identity(), &key(), NOW, 60).unwrap();
    verifier().verify(&minted, keys, NOW).is_ok()
}

#[test]
fn a_private_jwk_is_a_signing_key() {
    let key = SigningKey::from_jwk(&jwk().to_string()).unwrap();
    assert_eq!(key.key_id(), "rfc8037-a1");
    // RFC 8037 appendix A.2.
    assert_eq!(
        key.public_jwk(),
        json!({
            "kty": "OKP",
            "crv": "Ed25519",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
            "kid": "rfc8037-a1",
            "use": "sig",
            "alg": "EdDSA",
        })
    );
}

#[test]
fn text_that_is_no_json_is_no_key() {
    assert_eq!(SigningKey::from_jwk("secret").map(|_| ()), Err(KeyError::NotJson));
    assert_eq!(SigningKey::from_jwk("").map(|_| ()), Err(KeyError::NotJson));
}

#[test]
fn a_signing_key_needs_both_halves_and_they_must_match() {
    for half in ["d", "x"] {
        assert_eq!(private_error(&jwk_without(half)), unusable(), "without {half}");
        assert_eq!(private_error(&jwk_with(half, "AAAA".into())), unusable(), "short {half}");
        assert_eq!(private_error(&jwk_with(half, "!".into())), unusable(), "{half} that is no base64url");
    }
    // The public half of another key.
    assert_eq!(private_error(&jwk_with("x", "J4EX_BRMcjQPZ9DyMW6Dhs7_vyskKMnFH-98WX8dQm4".into())), unusable());
    assert!(SigningKey::from_value(&jwk()).is_ok());
}

#[test]
fn a_key_of_another_kind_is_no_signing_key() {
    assert_eq!(private_error(&jwk_with("crv", "X25519".into())), unusable());
    assert_eq!(private_error(&jwk_with("kty", "EC".into())), unusable());
    assert_eq!(private_error(&jwk_without("kty")), unusable());
}

#[test]
fn a_key_id_is_required_and_plain() {
    assert_eq!(private_error(&jwk_without("kid")), KeyError::NoKeyId);
    assert_eq!(private_error(&jwk_with("kid", 1.into())), KeyError::NoKeyId);
    for bad in ["", "a b", "a\"b", "größe", "a.b", "a/b", &"a".repeat(65)] {
        assert_eq!(private_error(&jwk_with("kid", bad.into())), KeyError::BadKeyId, "{bad}");
    }
    for good in ["a", "2026-11_edge", &"a".repeat(64)] {
        assert_eq!(SigningKey::from_value(&jwk_with("kid", good.into())).unwrap().key_id(), good);
    }
}

#[test]
fn a_published_key_verifies_what_its_private_half_signed() {
    assert!(verify(&set(&[public_jwk()]).unwrap()));
    assert!(verify(&key().verifying_keys()));
    assert!(!verify(&support::foreign_key().verifying_keys()));
}

#[test]
fn a_set_may_hold_keys_of_other_kinds() {
    let others = [
        json!({ "kty": "RSA", "kid": "rsa", "n": "AQAB", "e": "AQAB" }),
        json!({ "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA" }),
        json!({ "kty": "OKP", "crv": "X25519", "kid": "x", "x": "AA" }),
        json!({ "kty": "OKP", "crv": "Ed25519", "kid": "encryption", "use": "enc", "x": "AA" }),
        json!({ "kty": "OKP", "crv": "Ed25519", "kid": "other", "alg": "ES256", "x": "AA" }),
        json!("no key at all"),
    ];
    assert_eq!(set(&others).map(|_| ()), Err(KeyError::NoKeys));
    let with_ours: Vec<_> = others.into_iter().chain([public_jwk()]).collect();
    assert!(verify(&set(&with_ours).unwrap()));
}

#[test]
fn what_is_no_set_is_refused() {
    for text in ["", "keys", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":null}"#] {
        assert_eq!(VerifyingKeys::from_jwks(text.as_bytes()).map(|_| ()), Err(KeyError::NotJwks), "{text}");
    }
    assert_eq!(set(&[]).map(|_| ()), Err(KeyError::NoKeys));
}

#[test]
fn one_bad_key_spoils_the_set() {
    let mut nameless = public_jwk();
    nameless.as_object_mut().unwrap().remove("kid");
    assert_eq!(set(&[public_jwk(), nameless]).map(|_| ()), Err(KeyError::NoKeyId));

    let mut broken = public_jwk();
    broken["kid"] = "broken".into();
    broken["x"] = "AAAA".into();
    assert_eq!(set(&[public_jwk(), broken]).map(|_| ()), Err(KeyError::NotEd25519 { key_id: "broken".into() }));

    let duplicate = KeyError::DuplicateKeyId { key_id: "rfc8037-a1".into() };
    assert_eq!(set(&[public_jwk(), public_jwk()]).map(|_| ()), Err(duplicate));
    let mut second = public_jwk();
    second["kid"] = "second".into();
    assert!(set(&[public_jwk(), second]).is_ok());
}

#[test]
fn a_key_for_which_anyone_can_sign_is_unusable() {
    // Points of order 1, 2 and 4.
    let one = "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let minus_one = "7P_______________________________________38";
    for x in [one, minus_one, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        let mut weak = public_jwk();
        weak["x"] = x.into();
        assert_eq!(set(&[weak]).map(|_| ()), Err(unusable()), "{x}");
    }
    assert!(set(&[public_jwk()]).is_ok());
}

#[test]
fn no_error_and_no_debug_output_holds_key_material() {
    let secret = jwk()["d"].as_str().unwrap().to_owned();
    assert!(!format!("{:?}", key()).contains(&secret));
    let swapped = jwk_with("x", jwk()["d"].clone());
    let error = private_error(&swapped);
    assert!(!format!("{error} {error:?}").contains(&secret));
}
