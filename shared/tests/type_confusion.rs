//! A token of one kind never passes for another, though the same key signs every kind.

mod support;

use edgeward_identity::{
    AssertionError, Identity,
    assertion::{self, TYPE},
    jws::{self, JwsError},
};
use serde_json::Value;
use support::{NOW, identity, key, verifier};

/// RFC 9068 §2.1: what the edge gives to clients.
const ACCESS_TOKEN: &str = "at+jwt";

fn token(typ: &str) -> String {
    jws::sign(typ, &identity(), NOW, NOW.plus(60), &key()).unwrap()
}

#[test]
fn an_access_token_is_no_identity_assertion() {
    let keys = key().verifying_keys();
    let error = verifier().verify(&token(ACCESS_TOKEN), &keys, NOW).unwrap_err();
    assert_eq!(error, AssertionError::Jws(JwsError::WrongType));
    assert_eq!(verifier().verify(&token(TYPE), &keys, NOW), Ok(identity()));
}

#[test]
fn an_identity_assertion_is_no_access_token() {
    let keys = key().verifying_keys();
    let minted = assertion::mint(&identity(), &key(), NOW, 60).unwrap();
    assert_eq!(jws::verify::<Value>(ACCESS_TOKEN, &minted, &keys), Err(JwsError::WrongType));
    assert_eq!(jws::verify::<Identity>(ACCESS_TOKEN, &token(ACCESS_TOKEN), &keys).unwrap().claims, identity());
}

#[test]
fn a_type_is_compared_exactly() {
    let keys = key().verifying_keys();
    for typ in ["", "JWT", "EDGEWARD-IDENTITY+JWT", "application/edgeward-identity+jwt", "edgeward-identity+jwt "] {
        let error = verifier().verify(&token(typ), &keys, NOW).unwrap_err();
        assert_eq!(error, AssertionError::Jws(JwsError::WrongType), "{typ:?}");
    }
}
