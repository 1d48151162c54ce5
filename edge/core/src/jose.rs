//! Others' public keys, as JSON Web Keys (RFC 7517), and the tokens that they verify.

use base64ct::{Base64UrlUnpadded, Encoding};
use edgeward_identity::{jws::Compact, keys::public_key};
use jwt_compact::{
    Algorithm, AlgorithmSignature,
    alg::{Ed25519, Rsa, RsaPublicKey, StrongAlg, StrongKey},
};
use rsa::BigUint;
use serde_json::Value;

type RsaKey = <StrongAlg<Rsa> as Algorithm>::VerifyingKey;
type Ed25519Key = <Ed25519 as Algorithm>::VerifyingKey;

/// A public key for one algorithm.
#[derive(Debug)]
pub enum PublicKey {
    /// For RS256, of at least 2048 bits.
    Rsa(RsaKey),
    /// For `EdDSA` with Ed25519.
    Ed25519(Ed25519Key),
}

impl PublicKey {
    /// The signature key that `jwk` is; `None` if it is none, one for another algorithm, or too weak: of RSA under 2048
    /// bits, of Ed25519 a point of small order, for which there are signatures that anyone can make.
    pub fn parse(jwk: &Value) -> Option<Self> {
        let text = |member: &str| jwk.get(member).and_then(Value::as_str);
        if text("use").is_some_and(|used| used != "sig") {
            return None;
        }
        match (text("kty")?, text("alg")) {
            ("RSA", None | Some("RS256")) => StrongKey::try_from(rsa_key(jwk)?).ok().map(Self::Rsa),
            ("OKP", None | Some("EdDSA" | "Ed25519")) => public_key(jwk).map(Self::Ed25519),
            _ => None,
        }
    }

    /// Its algorithm, as a token's header names it.
    pub const fn algorithm(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "RS256",
            Self::Ed25519(_) => "EdDSA",
        }
    }

    /// Whether `token` is signed with this key, and says so of its algorithm.
    pub fn verifies(&self, token: &Compact<'_>) -> bool {
        token.header.alg == self.algorithm()
            && match self {
                Self::Rsa(key) => verifies(&StrongAlg(Rsa::rs256()), key, token),
                Self::Ed25519(key) => verifies(&Ed25519, key, token),
            }
    }
}

fn verifies<A: Algorithm>(algorithm: &A, key: &A::VerifyingKey, token: &Compact<'_>) -> bool {
    A::Signature::try_from_slice(&token.signature)
        .is_ok_and(|signature| algorithm.verify_signature(&signature, key, token.message.as_bytes()))
}

fn rsa_key(jwk: &Value) -> Option<RsaPublicKey> {
    let number = |name| Some(BigUint::from_bytes_be(&Base64UrlUnpadded::decode_vec(jwk.get(name)?.as_str()?).ok()?));
    RsaPublicKey::new(number("n")?, number("e")?).ok()
}
