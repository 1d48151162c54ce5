//! The pool's signing keys and the key set it publishes.
//!
//! A pool has two RSA keys: one signs ID tokens, the other access tokens, so `kid` differs within one session. A `kid`
//! is standard base64 of 32 bytes (43 characters and `=`), so it may contain `+` and `/`. Cognito says keys may be
//! rotated and gives no schedule.

use std::sync::LazyLock;

use base64ct::{Base64, Base64UrlUnpadded, Encoding};
use rsa::RsaPrivateKey;
use rsa::pkcs1v15;
use rsa::pkcs8::{DecodePrivateKey, EncodePublicKey, LineEnding};
use rsa::signature::{SignatureEncoding, Signer};
use rsa::traits::PublicKeyParts;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// An RSA key with the name it is published under.
pub(crate) struct SigningKey {
    pub(crate) kid: String,
    modulus: String,
    exponent: String,
    private: pkcs1v15::SigningKey<Sha256>,
    public: pkcs1v15::VerifyingKey<Sha256>,
    public_pem: String,
}

impl SigningKey {
    /// Loads one of the key files that are compiled in.
    fn load(pem: &str) -> Self {
        // The files are part of the crate and a test loads each of them, so neither step can fail at run time.
        let private = RsaPrivateKey::from_pkcs8_pem(pem).expect("a test key is not PKCS#8");
        let public_pem = private.to_public_key().to_public_key_pem(LineEnding::LF).expect("a test key has no PEM form");
        let modulus = private.n().to_bytes_be();
        Self {
            kid: Base64::encode_string(&Sha256::digest(&modulus)),
            modulus: Base64UrlUnpadded::encode_string(&modulus),
            exponent: Base64UrlUnpadded::encode_string(&private.e().to_bytes_be()),
            public: pkcs1v15::VerifyingKey::new(private.to_public_key()),
            private: pkcs1v15::SigningKey::new(private),
            public_pem,
        }
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.private.sign(message).to_vec()
    }

    pub(crate) fn public(&self) -> &pkcs1v15::VerifyingKey<Sha256> {
        &self.public
    }

    pub(crate) fn public_pem(&self) -> &str {
        &self.public_pem
    }

    /// The members Cognito publishes, and no others.
    fn jwk(&self, kid: &str) -> Value {
        json!({
            "alg": "RS256", "e": self.exponent, "kid": kid, "kty": "RSA", "n": self.modulus, "use": "sig",
        })
    }
}

/// The keys of one generation.
pub(crate) struct KeyPair {
    pub(crate) id: SigningKey,
    pub(crate) access: SigningKey,
}

impl KeyPair {
    fn load(id: &str, access: &str) -> Self {
        Self { id: SigningKey::load(id), access: SigningKey::load(access) }
    }
}

/// Which generation signs, and which are published.
#[derive(Debug, Clone)]
pub(crate) struct KeyRing {
    signing: usize,
    published: Vec<usize>,
}

impl KeyRing {
    pub(crate) fn signing(&self) -> &'static KeyPair {
        &GENERATIONS[self.signing]
    }

    /// Every published key, the signing pair first.
    pub(crate) fn published(&self) -> impl Iterator<Item = &'static SigningKey> {
        self.published.iter().map(|&generation| &*GENERATIONS[generation]).flat_map(|pair| [&pair.id, &pair.access])
    }

    /// Publishes the next pair beside the old one without signing with it yet.
    pub(crate) fn publish_next(&mut self) {
        let next = self.next();
        if !self.published.contains(&next) {
            self.published.push(next);
        }
    }

    /// Signs with the next pair from now on; the old one stays published.
    pub(crate) fn rotate(&mut self) {
        self.publish_next();
        self.signing = self.next();
    }

    /// Publishes the signing pair only.
    pub(crate) fn retire_old(&mut self) {
        self.published = vec![self.signing];
    }

    /// The key set document.
    pub(crate) fn jwks(&self) -> Value {
        let keys: Vec<Value> = self.published().map(|key| key.jwk(&key.kid)).collect();
        json!({ "keys": keys })
    }

    /// A key set with the right names and a stranger's key behind each.
    pub(crate) fn wrong_jwks(&self) -> Value {
        let keys: Vec<Value> = self.published().map(|key| foreign_key().jwk(&key.kid)).collect();
        json!({ "keys": keys })
    }

    fn next(&self) -> usize {
        (self.signing + 1) % GENERATIONS.len()
    }
}

impl Default for KeyRing {
    fn default() -> Self {
        Self { signing: 0, published: vec![0] }
    }
}

/// A key the pool never publishes, for forgeries.
pub(crate) fn foreign_key() -> &'static SigningKey {
    &FOREIGN
}

static GENERATIONS: [LazyLock<KeyPair>; 3] = [
    LazyLock::new(|| {
        KeyPair::load(
            include_str!("../keys/test-only-first-id.pem"),
            include_str!("../keys/test-only-first-access.pem"),
        )
    }),
    LazyLock::new(|| {
        KeyPair::load(
            include_str!("../keys/test-only-second-id.pem"),
            include_str!("../keys/test-only-second-access.pem"),
        )
    }),
    LazyLock::new(|| {
        KeyPair::load(
            include_str!("../keys/test-only-third-id.pem"),
            include_str!("../keys/test-only-third-access.pem"),
        )
    }),
];

static FOREIGN: LazyLock<SigningKey> =
    LazyLock::new(|| SigningKey::load(include_str!("../keys/test-only-foreign.pem")));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_loads_and_is_named_like_cognitos() {
        let keys = GENERATIONS.iter().flat_map(|pair| [&pair.id, &pair.access]).chain([foreign_key()]);
        let kids: std::collections::HashSet<&str> = keys.map(|key| key.kid.as_str()).collect();
        assert_eq!(kids.len(), 7);
        assert!(kids.iter().all(|kid| kid.len() == 44 && kid.ends_with('=')));
        assert!(kids.iter().any(|kid| kid.contains(['+', '/'])), "no kid has a character of standard base64 only");
    }

    #[test]
    fn rotation_publishes_then_switches_then_retires() {
        let mut ring = KeyRing::default();
        let old = ring.signing().access.kid.clone();
        ring.publish_next();
        assert_eq!((ring.published().count(), &ring.signing().access.kid), (4, &old));
        ring.rotate();
        assert_eq!(ring.published().count(), 4);
        assert_ne!(ring.signing().access.kid, old);
        ring.retire_old();
        assert_eq!(ring.published().count(), 2);
        assert!(ring.published().all(|key| key.kid != old));
    }
}
