//! Tokens: made from what the fuzzer writes, and judged by another library than Edgeward's.

use std::sync::LazyLock;

use base64::{
    Engine,
    prelude::{BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD},
};
use ring::{
    hmac,
    rand::SystemRandom,
    rsa::KeyPair as RsaKeyPair,
    signature::{
        ED25519, Ed25519KeyPair, KeyPair, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaPublicKeyComponents,
        UnparsedPublicKey,
    },
};
use rsa::{BigUint, pkcs1::EncodeRsaPrivateKey};
use serde_json::Value;

/// The key of the core's tests that Cognito signs with there.
const RSA: &str = include_str!("../../../edge/core/tests/support/rsa.json");
/// The signing key among the core's test settings, and one that nobody knows.
const ED25519_SEED: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
const FOREIGN_SEED: &str = "TM0Imyj_ltqdtsNG7BFOD1uKMZ81q6Yk2oz27U-4pvs";

pub(crate) const ED25519_PUBLIC: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

static RSA_JWK: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(RSA).unwrap());
static RSA_KEY: LazyLock<RsaKeyPair> = LazyLock::new(|| {
    let number = |member: &str| BigUint::from_bytes_be(&decode(RSA_JWK[member].as_str().unwrap()).unwrap());
    let primes = vec![number("p"), number("q")];
    let key = rsa::RsaPrivateKey::from_components(number("n"), number("e"), number("d"), primes).unwrap();
    RsaKeyPair::from_der(key.to_pkcs1_der().unwrap().as_bytes()).unwrap()
});
static ED25519_KEY: LazyLock<Ed25519KeyPair> = LazyLock::new(|| ed25519(ED25519_SEED));
static FOREIGN_KEY: LazyLock<Ed25519KeyPair> = LazyLock::new(|| ed25519(FOREIGN_SEED));

fn ed25519(seed: &str) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&decode(seed).unwrap()).unwrap()
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn decode(text: &str) -> Option<Vec<u8>> {
    BASE64_URL_SAFE_NO_PAD.decode(text).ok()
}

/// The public half of the RSA key, as a JWK.
pub(crate) fn rsa_jwk() -> Value {
    let mut jwk = RSA_JWK.clone();
    jwk.as_object_mut().unwrap().retain(|member, _| !["d", "p", "q"].contains(&member.as_str()));
    jwk
}

/// What the user pool publishes.
pub(crate) fn cognito_jwks() -> String {
    serde_json::json!({ "keys": [rsa_jwk()] }).to_string()
}

/// Makes a token: how, its header, its claims, and changes to be made to it afterwards.
///
/// | how | signature |
/// |---|---|
/// | `ed` | with the Ed25519 key |
/// | `rsa` | with the RSA key |
/// | `foreign` | with a key that nobody knows |
/// | `hmac` | HS256 with the Ed25519 public key as secret |
/// | `none` | empty |
/// | `padded` | as `ed`, in base64 with padding |
/// | other | the token is this word itself |
///
/// A change is three characters: the first two say where (counted in 94s), the third is put there.
pub(crate) fn make(how: &str, header: &str, claims: &str, changes: &str) -> String {
    let message = format!("{}.{}", encode(header), encode(claims));
    let signature = match how {
        "ed" | "padded" => ED25519_KEY.sign(message.as_bytes()).as_ref().to_vec(),
        "foreign" => FOREIGN_KEY.sign(message.as_bytes()).as_ref().to_vec(),
        "rsa" => {
            let mut signature = vec![0; RSA_KEY.public().modulus_len()];
            RSA_KEY.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature).unwrap();
            signature
        }
        "hmac" => {
            let key = hmac::Key::new(hmac::HMAC_SHA256, ED25519_KEY.public_key().as_ref());
            hmac::sign(&key, message.as_bytes()).as_ref().to_vec()
        }
        "none" => Vec::new(),
        _ => return how.to_owned(),
    };
    let signature = if how == "padded" { BASE64_URL_SAFE.encode(signature) } else { encode(signature) };
    let mut token = format!("{message}.{signature}").into_bytes();
    for change in changes.as_bytes().chunks_exact(3) {
        let digit = |c: u8| usize::from(c.wrapping_sub(b'!'));
        let (at, length) = (digit(change[0]) * 94 + digit(change[1]), token.len());
        // From the end, where the signature is.
        if let Some(byte) = token.get_mut(length.wrapping_sub(1 + at)) {
            *byte = change[2];
        }
    }
    String::from_utf8(token).unwrap_or_default()
}

/// A token that another library takes for one signed by the key with its `kid`.
pub(crate) struct Verified {
    pub(crate) header: Value,
    pub(crate) claims: Value,
}

/// Verifies `token`: three parts in strict base64url, signed with the Ed25519 key if its `alg` is `EdDSA`, with the RSA
/// key if that is `RS256`, and with no critical extension.
pub(crate) fn verify(token: &str) -> Option<Verified> {
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, signature] = parts[..] else { return None };
    let message = token.rsplit_once('.')?.0;
    let signature = decode(signature)?;
    let header: Value = serde_json::from_slice(&decode(header)?).ok()?;
    let claims: Value = serde_json::from_slice(&decode(claims)?).ok()?;
    let verified = match header["alg"].as_str()? {
        "EdDSA" => {
            let key = UnparsedPublicKey::new(&ED25519, ED25519_KEY.public_key().as_ref());
            key.verify(message.as_bytes(), &signature)
        }
        "RS256" => {
            let number = |member: &str| decode(RSA_JWK[member].as_str().unwrap()).unwrap();
            let key = RsaPublicKeyComponents { n: number("n"), e: number("e") };
            key.verify(&RSA_PKCS1_2048_8192_SHA256, message.as_bytes(), &signature)
        }
        _ => return None,
    };
    let has_extension = header.get("crit").is_some_and(|crit| !crit.is_null());
    verified.ok().filter(|()| !has_extension).map(|()| Verified { header, claims })
}

impl Verified {
    /// A claim that is text.
    pub(crate) fn text(&self, claim: &str) -> Option<&str> {
        self.claims.get(claim)?.as_str()
    }

    /// A claim that is a moment, in seconds.
    pub(crate) fn seconds(&self, claim: &str) -> Option<u64> {
        self.claims.get(claim)?.as_f64().map(|seconds| seconds as u64)
    }
}
