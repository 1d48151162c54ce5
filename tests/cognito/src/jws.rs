//! Compact JWS, as the pool writes and reads its own tokens.

use base64ct::{Base64UrlUnpadded, Encoding};
use rsa::signature::Verifier;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::keys::{KeyRing, SigningKey};

/// Cognito's JWT header: these two members in this order, and no `typ`.
#[derive(Serialize)]
pub(crate) struct Header<'a> {
    pub(crate) kid: &'a str,
    pub(crate) alg: &'a str,
}

/// Signs claims with RS256.
pub(crate) fn sign(key: &SigningKey, claims: &Map<String, Value>) -> String {
    let input = signing_input(&Header { kid: &key.kid, alg: "RS256" }, claims);
    let signature = key.sign(input.as_bytes());
    with_signature(input, &signature)
}

/// `header.payload`, what a signature covers.
pub(crate) fn signing_input(header: &Header<'_>, claims: &Map<String, Value>) -> String {
    format!("{}.{}", encode_json(header), encode_json(claims))
}

pub(crate) fn with_signature(mut input: String, signature: &[u8]) -> String {
    input.push('.');
    input.push_str(&Base64UrlUnpadded::encode_string(signature));
    input
}

/// The claims of a token signed by a published key; nothing else about it is checked.
pub(crate) fn verify(ring: &KeyRing, token: &str) -> Option<Map<String, Value>> {
    let (input, signature) = token.rsplit_once('.')?;
    let (header, payload) = input.split_once('.')?;
    let header = decode_json(header)?;
    let kid = header.get("kid")?.as_str()?;
    if header.get("alg")?.as_str()? != "RS256" {
        return None;
    }
    let key = ring.published().find(|key| key.kid == kid)?;
    let signature = Base64UrlUnpadded::decode_vec(signature).ok()?;
    let signature = rsa::pkcs1v15::Signature::try_from(signature.as_slice()).ok()?;
    key.public().verify(input.as_bytes(), &signature).ok()?;
    decode_json(payload)
}

/// Whether a string has the form of a signed token, whoever signed it.
pub(crate) fn is_jws(token: &str) -> bool {
    token.split('.').count() == 3 && token.split('.').next().and_then(decode_json).is_some()
}

fn encode_json(value: &impl Serialize) -> String {
    // Maps with string keys and structs of strings always serialise.
    Base64UrlUnpadded::encode_string(&serde_json::to_vec(value).unwrap_or_default())
}

fn decode_json(part: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&Base64UrlUnpadded::decode_vec(part).ok()?).ok()
}
