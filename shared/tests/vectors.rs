//! The golden vectors: what an edge writes, what an origin takes and what it refuses. See `vectors/README.md`.

use edgeward_identity::{Identity, SigningKey, UnixTime, Verifier, assertion};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

#[derive(Deserialize)]
struct Document<V> {
    key: Value,
    issuer: String,
    audience: String,
    vectors: Vec<V>,
}

#[derive(Deserialize)]
struct Accepted {
    name: String,
    now: UnixTime,
    minted_at: UnixTime,
    lifetime: u64,
    identity: Identity,
    assertion: String,
}

#[derive(Deserialize)]
struct Refused {
    name: String,
    now: UnixTime,
    error: String,
    assertion: String,
    twin: String,
}

fn read<V: DeserializeOwned>(text: &str) -> (SigningKey, Verifier, Vec<V>) {
    let document: Document<V> = serde_json::from_str(text).unwrap();
    let verifier = Verifier::new(document.issuer, document.audience);
    (SigningKey::from_value(&document.key).unwrap(), verifier, document.vectors)
}

#[test]
fn an_edge_writes_the_golden_assertions_byte_for_byte() {
    let (key, _, vectors) = read::<Accepted>(include_str!("vectors/accepted.json"));
    assert_eq!(vectors.len(), 8);
    for vector in vectors {
        let minted = assertion::mint(&vector.identity, &key, vector.minted_at, vector.lifetime).unwrap();
        assert_eq!(minted, vector.assertion, "{}", vector.name);
    }
}

#[test]
fn an_origin_accepts_the_golden_assertions() {
    let (key, verifier, vectors) = read::<Accepted>(include_str!("vectors/accepted.json"));
    for vector in vectors {
        let identity = verifier.verify(&vector.assertion, &key.verifying_keys(), vector.now);
        assert_eq!(identity, Ok(vector.identity), "{}", vector.name);
    }
}

#[test]
fn an_origin_refuses_each_fault_by_name_and_accepts_its_twin() {
    let (key, verifier, vectors) = read::<Refused>(include_str!("vectors/refused.json"));
    assert_eq!(vectors.len(), 33);
    for vector in vectors {
        let keys = key.verifying_keys();
        let error = verifier.verify(&vector.assertion, &keys, vector.now).expect_err(&vector.name);
        assert_eq!(error.to_string(), vector.error, "{}", vector.name);
        assert!(verifier.verify(&vector.twin, &keys, vector.now).is_ok(), "twin of {}", vector.name);
    }
}
