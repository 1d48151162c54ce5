//! Others' public keys, as JSON Web Keys (RFC 7517), and the signatures that they verify.

use jwt_compact::{
    Algorithm, AlgorithmSignature,
    alg::{Ed25519, Rsa, RsaPublicKey, StrongAlg, StrongKey},
    jwk::JsonWebKey,
};
use serde_json::Value;

/// A public key for RS256, of at least 2048 bits.
pub type RsaKey = <StrongAlg<Rsa> as Algorithm>::VerifyingKey;
type Ed25519Key = <Ed25519 as Algorithm>::VerifyingKey;

/// A public key for one algorithm.
#[derive(Debug)]
pub enum PublicKey {
    /// For RS256.
    Rsa(RsaKey),
    /// For `EdDSA` with Ed25519.
    Ed25519(Ed25519Key),
}

impl PublicKey {
    /// The signature key that `jwk` is; `None` if it is none, or one for another algorithm.
    pub fn parse(jwk: &Value) -> Option<Self> {
        rsa_key(jwk).map(Self::Rsa).or_else(|| {
            let parsed = parse(jwk, "OKP", &["EdDSA", "Ed25519"])?;
            Ed25519Key::try_from(&parsed).ok().map(Self::Ed25519)
        })
    }

    /// Its algorithm, as a token's header names it.
    pub const fn algorithm(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "RS256",
            Self::Ed25519(_) => "EdDSA",
        }
    }

    /// Whether `signature` is this key's over `message`.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Rsa(key) => verifies(&StrongAlg(Rsa::rs256()), key, message, signature),
            Self::Ed25519(key) => verifies(&Ed25519, key, message, signature),
        }
    }
}

fn verifies<A: Algorithm>(algorithm: &A, key: &A::VerifyingKey, message: &[u8], signature: &[u8]) -> bool {
    A::Signature::try_from_slice(signature).is_ok_and(|signature| algorithm.verify_signature(&signature, key, message))
}

/// The RS256 signature key that `jwk` is; `None` if it is none.
pub fn rsa_key(jwk: &Value) -> Option<RsaKey> {
    StrongKey::try_from(RsaPublicKey::try_from(&parse(jwk, "RSA", &["RS256"])?).ok()?).ok()
}

fn parse(jwk: &Value, kind: &str, algorithms: &[&str]) -> Option<JsonWebKey<'static>> {
    let text = |member: &str| jwk.get(member).and_then(Value::as_str);
    let fits = text("kty") == Some(kind)
        && text("alg").is_none_or(|alg| algorithms.contains(&alg))
        && text("use").is_none_or(|used| used == "sig");
    // The library cannot read members that are strange to it out of a parsed value's borrowed strings.
    serde_json::from_slice(jwk.to_string().as_bytes()).ok().filter(|_| fits)
}
