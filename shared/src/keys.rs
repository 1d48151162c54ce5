//! Ed25519 keys as JSON Web Keys (RFC 7517, RFC 8037), chosen by `kid`.

use jwt_compact::{
    Algorithm,
    alg::{Ed25519, SigningKey as _, VerifyingKey as _},
};
use serde_json::{Value, json};
use zeroize::Zeroizing;

type PrivateKey = <Ed25519 as Algorithm>::SigningKey;
type PublicKey = <Ed25519 as Algorithm>::VerifyingKey;

/// A private key with its id.
pub struct SigningKey {
    key_id: String,
    key: PrivateKey,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

impl SigningKey {
    /// Parses a private JWK: `{"kty":"OKP","crv":"Ed25519","kid":…,"d":…,"x":…}`.
    ///
    /// # Errors
    /// When it is not such a key, has no usable `kid`, or `x` is not the public half of `d`.
    pub fn from_jwk(jwk: &str) -> Result<Self, KeyError> {
        Self::from_value(&serde_json::from_slice(jwk.as_bytes()).map_err(|_| KeyError::NotJson)?)
    }

    /// Like [`Self::from_jwk`], from parsed JSON.
    ///
    /// # Errors
    /// As [`Self::from_jwk`].
    pub fn from_value(jwk: &Value) -> Result<Self, KeyError> {
        let key_id = key_id_of(jwk)?;
        let key = private_key(jwk).ok_or_else(|| KeyError::NotEd25519 { key_id: key_id.clone() })?;
        Ok(Self { key_id, key })
    }

    /// The key's id.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The public half as a JWK for publication: `use` `sig`, `alg` `EdDSA`.
    pub fn public_jwk(&self) -> Value {
        let x = edgeward_base64url::encode(self.key.to_verifying_key().as_bytes());
        json!({ "kty": "OKP", "crv": CURVE, "x": x, "kid": self.key_id, "use": "sig", "alg": "EdDSA" })
    }

    /// A key set with this key's public half alone.
    pub fn verifying_keys(&self) -> VerifyingKeys {
        VerifyingKeys::of([self])
    }

    pub(crate) fn key(&self) -> &PrivateKey {
        &self.key
    }
}

/// Public keys, found by their ids.
#[derive(Debug, Clone, Default)]
pub struct VerifyingKeys(Vec<(String, PublicKey)>);

impl VerifyingKeys {
    /// The public halves of `keys`.
    pub fn of<'a>(keys: impl IntoIterator<Item = &'a SigningKey>) -> Self {
        Self(keys.into_iter().map(|key| (key.key_id.clone(), key.key.to_verifying_key())).collect())
    }

    /// Parses a JWKS document (RFC 7517 §5). Keys of other kinds are passed over, as a set may hold several kinds.
    ///
    /// # Errors
    /// When it is not a JWKS, holds no Ed25519 signature key, an unusable one, or two with one `kid`.
    pub fn from_jwks(document: &[u8]) -> Result<Self, KeyError> {
        let jwks: Value = serde_json::from_slice(document).map_err(|_| KeyError::NotJwks)?;
        let keys = jwks.get("keys").and_then(Value::as_array).ok_or(KeyError::NotJwks)?;
        let mut found = Self::default();
        for jwk in keys.iter().filter(|jwk| is_ed25519_signature_key(jwk)) {
            let key_id = key_id_of(jwk)?;
            if found.find(&key_id).is_some() {
                return Err(KeyError::DuplicateKeyId { key_id });
            }
            let key = public_key(jwk).ok_or_else(|| KeyError::NotEd25519 { key_id: key_id.clone() })?;
            found.0.push((key_id, key));
        }
        if found.0.is_empty() { Err(KeyError::NoKeys) } else { Ok(found) }
    }

    pub(crate) fn find(&self, key_id: &str) -> Option<&PublicKey> {
        self.0.iter().find(|(id, _)| id == key_id).map(|(_, key)| key)
    }
}

/// Whether `jwk` says of itself that it is for Ed25519 signatures.
pub fn is_ed25519_signature_key(jwk: &Value) -> bool {
    let is = |member: &str, wanted: &[&str]| match jwk.get(member) {
        None => true,
        Some(value) => value.as_str().is_some_and(|value| wanted.contains(&value)),
    };
    is_ed25519(jwk) && is("use", &["sig"]) && is("alg", &["EdDSA", "Ed25519"])
}

/// A JWK's `kid`: 1 to 64 characters that need no escaping anywhere we put them.
///
/// # Errors
/// [`KeyError::NoKeyId`] or [`KeyError::BadKeyId`].
pub fn key_id_of(jwk: &Value) -> Result<String, KeyError> {
    let key_id = jwk.get("kid").and_then(Value::as_str).ok_or(KeyError::NoKeyId)?;
    let usable = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_');
    if key_id.is_empty() || key_id.len() > 64 || !key_id.bytes().all(usable) {
        return Err(KeyError::BadKeyId);
    }
    Ok(key_id.to_owned())
}

const CURVE: &str = "Ed25519";

fn is_ed25519(jwk: &Value) -> bool {
    let is = |member: &str, wanted: &str| jwk.get(member).and_then(Value::as_str) == Some(wanted);
    is("kty", "OKP") && is("crv", CURVE)
}

/// The public key that a JWK is (RFC 8037 §2); `None` if it is none, or a point of small order, for which there are
/// signatures that anyone can make.
pub fn public_key(jwk: &Value) -> Option<PublicKey> {
    let key = PublicKey::from_slice(member(jwk, "x")?.as_slice()).ok()?;
    (is_ed25519(jwk) && !key.is_weak()).then_some(key)
}

fn private_key(jwk: &Value) -> Option<PrivateKey> {
    let key = PrivateKey::from_slice(member(jwk, "d")?.as_slice()).ok()?;
    let x = member(jwk, "x")?;
    (is_ed25519(jwk) && *key.to_verifying_key().as_bytes() == *x).then_some(key)
}

/// A member that is 32 bytes in base64url.
pub(crate) fn member(jwk: &Value, name: &str) -> Option<Zeroizing<[u8; 32]>> {
    let bytes = Zeroizing::new(edgeward_base64url::decode(jwk.get(name)?.as_str()?)?);
    bytes.as_slice().try_into().ok().map(Zeroizing::new)
}

/// Why a key or key set cannot be used. Never holds key material.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The text is not JSON.
    #[error("not JSON")]
    NotJson,
    /// The document has no array `keys`.
    #[error("not a JWKS: no array `keys`")]
    NotJwks,
    /// No key in the set can verify a signature of ours.
    #[error("no Ed25519 signature key in the set")]
    NoKeys,
    /// A key has no `kid`.
    #[error("a key has no `kid`")]
    NoKeyId,
    /// A `kid` is empty, too long or has other characters than letters, digits, `-` and `_`.
    #[error("a `kid` is not 1 to 64 letters, digits, `-` or `_`")]
    BadKeyId,
    /// Two keys have the same `kid`.
    #[error("two keys have the `kid` {key_id:?}")]
    DuplicateKeyId {
        /// The `kid`.
        key_id: String,
    },
    /// A key is malformed, or not of the kind wanted.
    #[error("key {key_id:?} is not a usable Ed25519 key")]
    NotEd25519 {
        /// The key's `kid`.
        key_id: String,
    },
    /// A set of keys that seal is empty.
    #[error("no key in the set")]
    NoSealingKeys,
    /// A key is malformed, or not one that seals.
    #[error("key {key_id:?} is not a usable XC20P key (kty oct, use enc, alg XC20P, `k` of 32 bytes)")]
    NotSealing {
        /// The key's `kid`.
        key_id: String,
    },
}
