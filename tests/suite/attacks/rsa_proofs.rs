//! Client assertions signed with RSA, which the platform verifies: signatures that a lenient verifier takes, and keys.

use std::{sync::Arc, time::SystemTime};

use anyhow::Result;
use base64ct::{Base64UrlUnpadded, Encoding as _};
use edgeward_tests::{by_hand::HandMade, client::REDIRECT_URI, document_host::Document};
use rsa::BigUint;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256, Sha512};

use super::{
    case::{Case, Cases},
    proofs::present,
};
use crate::world::World;

const GROUP: &str = "rsa_proofs";
/// The key of the core's tests; nothing else is signed with it.
const KEY: &str = include_str!("../../../edge/core/tests/support/rsa.json");
/// RFC 8017 §9.2, note 1; the last lacks the parameters.
const SHA256: &[u8] = b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";
const SHA512: &[u8] = b"\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40";
const BARE_SHA256: &[u8] = b"\x30\x2f\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x04\x20";
const LENGTH: usize = 256;

/// An assertion, and the client that shows it.
#[derive(Clone, Copy)]
struct Attack {
    /// Where the client's document is: one for each key.
    client: &'static str,
    /// Its key, and the JWK it is published as.
    publish: fn(&mut Value),
    algorithm: &'static str,
    /// The signature; `None` if there is none for this message.
    sign: fn(&Key, &[u8]) -> Option<Vec<u8>>,
}

const HONEST: Attack =
    Attack { client: "https://attacked.example/rsa", publish: |_| (), algorithm: "RS256", sign: honest };

struct Key {
    modulus: BigUint,
    private: BigUint,
}

impl Key {
    fn new() -> Self {
        let jwk: Value = serde_json::from_str(KEY).expect("a JWK");
        let number = |member: &str| {
            let bytes = Base64UrlUnpadded::decode_vec(jwk[member].as_str().expect("text")).expect("base64url");
            BigUint::from_bytes_be(&bytes)
        };
        Self { modulus: number("n"), private: number("d") }
    }

    /// What only the key's holder can make of any bytes (RFC 8017 §5.2.1).
    fn apply(&self, encoded: &[u8]) -> Vec<u8> {
        whole(&BigUint::from_bytes_be(encoded).modpow(&self.private, &self.modulus))
    }
}

fn whole(number: &BigUint) -> Vec<u8> {
    let bytes = number.to_bytes_be();
    [vec![0; LENGTH - bytes.len()], bytes].concat()
}

/// `00 01 FF … FF 00`, then what is told: as RFC 8017 §9.2 has it.
fn padded(told: &[u8]) -> Vec<u8> {
    [&[0, 1], &vec![0xff; LENGTH - 3 - told.len()][..], &[0], told].concat()
}

fn digest(message: &[u8]) -> Vec<u8> {
    [SHA256, &Sha256::digest(message)].concat()
}

#[expect(clippy::unnecessary_wraps, reason = "one signature of many")]
fn honest(key: &Key, message: &[u8]) -> Option<Vec<u8>> {
    Some(key.apply(&padded(&digest(message))))
}

/// A signature that is honest but for a change.
fn changed(key: &Key, message: &[u8], change: impl FnOnce(&mut Vec<u8>)) -> Option<Vec<u8>> {
    let mut signature = honest(key, message)?;
    change(&mut signature);
    Some(signature)
}

async fn show(world: Arc<World>, attack: Attack) -> Result<String> {
    let mut jwk: Value = serde_json::from_str(KEY)?;
    jwk.as_object_mut().expect("a JWK").retain(|member, _| !["d", "p", "q"].contains(&member.as_str()));
    (attack.publish)(&mut jwk);
    let document = json!({
        "client_id": attack.client, "client_name": "Attacked", "redirect_uris": [REDIRECT_URI],
        "token_endpoint_auth_method": "private_key_jwt", "jwks": { "keys": [jwk] },
    });
    world.hosts()?.put(attack.client, Document::json(&document));
    let key = Key::new();
    let encode = |value: &Value| Base64UrlUnpadded::encode_string(value.to_string().as_bytes());
    let now = SystemTime::UNIX_EPOCH.elapsed()?.as_secs();
    let (id, issuer) = (HandMade::named(&world.stack, "")?.state, world.stack.issuer());
    let signed = |attempt: u32| {
        let claims = json!({
            "iss": attack.client, "sub": attack.client, "aud": issuer, "exp": now + 60, "jti": format!("{id}{attempt}"),
        });
        let message = format!("{}.{}", encode(&json!({ "alg": attack.algorithm, "kid": "r1" })), encode(&claims));
        (attack.sign)(&key, message.as_bytes()).map(|signature| (message, signature))
    };
    let (message, signature) = (0..).find_map(signed).expect("endless");
    present(&world, attack.client, &format!("{message}.{}", Base64UrlUnpadded::encode_string(&signature))).await
}

pub(super) fn cases() -> Vec<Case> {
    let bad = "401 invalid_client";
    let signed = |sign| Attack { sign, ..HONEST };
    let called = |algorithm| Attack { algorithm, ..HONEST };
    let published = |client, publish| Attack { client, publish, ..HONEST };
    Cases::new(GROUP, show, (HONEST, "200"))
        .add(
            "a_bit",
            "one bit of the signature changed",
            signed(|key, message| changed(key, message, |signature| signature[255] ^= 1)),
            bad,
        )
        .add(
            "cut_at_its_end",
            "the signature without its last byte",
            signed(|key, message| changed(key, message, |signature| signature.truncate(255))),
            bad,
        )
        .add(
            "cut_at_its_start",
            "a signature that begins with a zero, without it",
            signed(|key, message| honest(key, message)?.strip_prefix(&[0]).map(<[u8]>::to_vec)),
            bad,
        )
        .add(
            "zero_before",
            "a zero before the signature: the same number",
            signed(|key, message| changed(key, message, |signature| signature.insert(0, 0))),
            bad,
        )
        .add(
            "zero_behind",
            "a zero behind the signature",
            signed(|key, message| changed(key, message, |signature| signature.push(0))),
            bad,
        )
        .add(
            "plus_the_modulus",
            "the modulus added to the signature: another number, the same remainder",
            signed(|key, message| {
                let sum = BigUint::from_bytes_be(&honest(key, message)?) + &key.modulus;
                (sum.bits() <= LENGTH * 8).then(|| whole(&sum))
            }),
            bad,
        )
        .add("none", "no signature", signed(|_, _| Some(Vec::new())), bad)
        .add("zero", "a signature of zeros", signed(|_, _| Some(vec![0; LENGTH])), bad)
        .add("one", "the signature 1", signed(|_, _| Some(whole(&BigUint::from(1_u8)))), bad)
        .add("ones", "a signature of ones, beyond the modulus", signed(|_, _| Some(vec![0xff; LENGTH])), bad)
        .add("the_modulus", "the modulus itself", signed(|key, _| Some(whole(&key.modulus))), bad)
        .add("unsigned", "what is to be signed, unsigned", signed(|_, message| Some(padded(&digest(message)))), bad)
        .add(
            "no_padding",
            "the digest signed without padding",
            signed(|key, message| Some(key.apply(&digest(message)))),
            bad,
        )
        .add(
            "padding_of_encryption",
            "padded as for encryption, `00 02`",
            signed(|key, message| {
                let mut encoded = padded(&digest(message));
                encoded[1] = 2;
                Some(key.apply(&encoded))
            }),
            bad,
        )
        .add(
            "padding_cut_short",
            "eight bytes of padding, then the digest, then anything (CVE-2006-4339)",
            signed(|key, message| {
                let told = [&[0, 1], &[0xff; 8][..], &[0], &digest(message)].concat();
                Some(key.apply(&[&told[..], &vec![0x5a; LENGTH - told.len()]].concat()))
            }),
            bad,
        )
        .add(
            "more_behind_the_digest",
            "a zero behind the digest",
            signed(|key, message| Some(key.apply(&padded(&[&digest(message)[..], &[0]].concat())))),
            bad,
        )
        .add(
            "without_parameters",
            "a digest whose algorithm lacks its parameters",
            signed(|key, message| Some(key.apply(&padded(&[BARE_SHA256, &Sha256::digest(message)].concat())))),
            bad,
        )
        .add(
            "without_algorithm",
            "the digest alone, padded",
            signed(|key, message| Some(key.apply(&padded(&Sha256::digest(message))))),
            bad,
        )
        .add(
            "sha_512",
            "SHA-512 under `alg: RS256`",
            signed(|key, message| Some(key.apply(&padded(&[SHA512, &Sha512::digest(message)].concat())))),
            bad,
        )
        .add("rs512", "`alg: RS512`", called("RS512"), bad)
        .add("ps256", "`alg: PS256`", called("PS256"), bad)
        .add("eddsa", "`alg: EdDSA` over a signature of RSA", called("EdDSA"), bad)
        .add(
            "an_exponent_of_one",
            "a key with the exponent 1, for which anyone can sign",
            Attack {
                sign: |_, message| Some(padded(&digest(message))),
                ..published("https://attacked.example/rsa-1", |jwk| jwk["e"] = "AQ".into())
            },
            bad,
        )
        .add(
            "an_exponent_of_three",
            "a key with the exponent 3",
            published("https://attacked.example/rsa-3", |jwk| jwk["e"] = "Aw".into()),
            bad,
        )
        .add(
            "an_even_modulus",
            "a key with an even modulus",
            published("https://attacked.example/rsa-even", |jwk| {
                jwk["n"] = Base64UrlUnpadded::encode_string(&whole(&(Key::new().modulus - 1_u8))).into();
            }),
            bad,
        )
        .add(
            "a_long_modulus",
            "a key of 8192 bits",
            published("https://attacked.example/rsa-long", |jwk| {
                jwk["n"] = Base64UrlUnpadded::encode_string(&[0xff; 1024]).into();
            }),
            bad,
        )
        .add(
            "zeros_before_the_modulus",
            "zeros before the key's numbers, which mean nothing",
            published("https://attacked.example/rsa-zeros", |jwk| {
                let modulus = [&[0; 9][..], &whole(&Key::new().modulus)].concat();
                jwk["n"] = Base64UrlUnpadded::encode_string(&modulus).into();
                jwk["e"] = "AAEAAQ".into();
            }),
            "200",
        )
        .list()
}
