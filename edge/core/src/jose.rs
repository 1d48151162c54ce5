//! Others' public keys, as JSON Web Keys (RFC 7517), and the tokens that they verify.

use edgeward_identity::jws::Compact;
use jwt_compact::{
    Algorithm, AlgorithmSignature,
    alg::{Ed25519, Rsa, RsaPublicKey, StrongAlg, StrongKey},
    jwk::JsonWebKey,
};
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
        if let Some(rsa) = parse(jwk, "RSA", &["RS256"]) {
            return StrongKey::try_from(RsaPublicKey::try_from(&rsa).ok()?).ok().map(Self::Rsa);
        }
        let key = Ed25519Key::try_from(&parse(jwk, "OKP", &["EdDSA", "Ed25519"])?).ok()?;
        (!key.is_weak()).then_some(Self::Ed25519(key))
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

fn parse(jwk: &Value, kind: &str, algorithms: &[&str]) -> Option<JsonWebKey<'static>> {
    let text = |member: &str| jwk.get(member).and_then(Value::as_str);
    let fits = text("kty") == Some(kind)
        && text("alg").is_none_or(|alg| algorithms.contains(&alg))
        && text("use").is_none_or(|used| used == "sig");
    // The library cannot read members that are strange to it out of a parsed value's borrowed strings.
    serde_json::from_slice(jwk.to_string().as_bytes()).ok().filter(|_| fits)
}
