//! The edge's private keys, a kind for each job, given as one JWKS.

use std::collections::HashSet;

use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
use edgeward_identity::{
    SigningKey, VerifyingKeys,
    keys::{is_ed25519_signature_key, key_id_of},
};
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use zeroize::Zeroizing;

/// All keys. The first of a kind is used, all of that kind verify or open: so a new key is put behind the old one, then
/// before it, then the old one goes.
#[derive(Debug)]
pub struct Keys {
    signing: Vec<SigningKey>,
    verifying: VerifyingKeys,
    sealing: Vec<SealingKey>,
    registration: Vec<MacKey>,
}

impl Keys {
    /// Parses the JWKS.
    ///
    /// | kind | members | what for |
    /// |---|---|---|
    /// | signing | `kty` OKP, `crv` Ed25519, `use` sig, `d`, `x` | access tokens, identity assertions |
    /// | sealing | `kty` oct, `use` enc, `alg` XC20P, `k` of 32 bytes | what travels sealed |
    /// | registration | `kty` oct, `use` sig, `alg` HS256, `k` of at least 32 bytes | client ids, codes over what instances tell one another |
    ///
    /// # Errors
    /// What is wrong, in words that hold no key.
    pub fn parse(jwks: &str) -> Result<Self, String> {
        let document: Value = serde_json::from_slice(jwks.as_bytes()).map_err(|_| "is not JSON")?;
        let members = document.get("keys").and_then(Value::as_array).ok_or("is not a JWKS: no array `keys`")?;
        let (mut signing, mut sealing, mut registration) = (Vec::new(), Vec::new(), Vec::new());
        let mut seen = HashSet::new();
        for jwk in members {
            let key_id = key_id_of(jwk).map_err(|error| error.to_string())?;
            if !seen.insert(key_id.clone()) {
                return Err(format!("has two keys with the `kid` {key_id:?}"));
            }
            let text = |member: &str| jwk.get(member).and_then(Value::as_str).unwrap_or("");
            match (text("kty"), text("use"), text("alg")) {
                ("oct", "enc", "XC20P") => sealing.push(SealingKey::parse(key_id, text("k"))?),
                ("oct", "sig", "HS256") => registration.push(MacKey::parse(key_id, text("k"))?),
                _ if is_ed25519_signature_key(jwk) => {
                    signing.push(SigningKey::from_value(jwk).map_err(|error| error.to_string())?);
                }
                _ => return Err(format!("has a key {key_id:?} of no kind that is used here")),
            }
        }
        for (found, kind) in [
            (!signing.is_empty(), "signing key (kty OKP, crv Ed25519, use sig)"),
            (!sealing.is_empty(), "sealing key (kty oct, use enc, alg XC20P)"),
            (!registration.is_empty(), "registration key (kty oct, use sig, alg HS256)"),
        ] {
            if !found {
                return Err(format!("has no {kind}"));
            }
        }
        let verifying = VerifyingKeys::of(&signing);
        Ok(Self { signing, verifying, sealing, registration })
    }

    /// The key that signs.
    pub(crate) fn signing(&self) -> &SigningKey {
        // `parse` refuses a set without one.
        &self.signing[0]
    }

    /// All keys that may have signed.
    pub(crate) fn verifying(&self) -> &VerifyingKeys {
        &self.verifying
    }

    /// The key that seals.
    pub(crate) fn sealing(&self) -> &SealingKey {
        // `parse` refuses a set without one.
        &self.sealing[0]
    }

    /// The sealing key with this id.
    pub(crate) fn opening(&self, key_id: &str) -> Option<&SealingKey> {
        self.sealing.iter().find(|key| key.key_id == key_id)
    }

    /// The key that makes client ids.
    pub(crate) fn registration(&self) -> &MacKey {
        // `parse` refuses a set without one.
        &self.registration[0]
    }

    /// All keys that may have made a code.
    pub(crate) fn registrations(&self) -> &[MacKey] {
        &self.registration
    }

    /// The registration key with this id.
    pub(crate) fn registration_by_id(&self, key_id: &str) -> Option<&MacKey> {
        self.registration.iter().find(|key| key.key_id == key_id)
    }

    /// The public keys, for publication.
    pub fn public_jwks(&self) -> Value {
        json!({ "keys": self.signing.iter().map(SigningKey::public_jwk).collect::<Vec<_>>() })
    }
}

/// A key that seals, with its id.
pub(crate) struct SealingKey {
    pub(crate) key_id: String,
    pub(crate) cipher: XChaCha20Poly1305,
}

impl SealingKey {
    fn parse(key_id: String, encoded: &str) -> Result<Self, String> {
        let bytes = decode_key(&key_id, encoded)?;
        let cipher = XChaCha20Poly1305::new_from_slice(&bytes)
            .map_err(|_| format!("has a key {key_id:?} whose `k` is not 32 bytes"))?;
        Ok(Self { key_id, cipher })
    }
}

impl std::fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SealingKey").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

/// A key for message authentication codes, with its id.
pub(crate) struct MacKey {
    pub(crate) key_id: String,
    mac: Hmac<Sha256>,
}

impl MacKey {
    fn parse(key_id: String, encoded: &str) -> Result<Self, String> {
        let bytes = decode_key(&key_id, encoded)?;
        if bytes.len() < 32 {
            return Err(format!("has a key {key_id:?} whose `k` is shorter than 32 bytes"));
        }
        let mac =
            <Hmac<Sha256> as Mac>::new_from_slice(&bytes).map_err(|_| format!("has an unusable key {key_id:?}"))?;
        Ok(Self { key_id, mac })
    }

    /// The code over `purpose` and `message`.
    pub(crate) fn code(&self, purpose: &str, message: &[u8]) -> String {
        let code = self.over(purpose, message).finalize().into_bytes();
        edgeward_base64url::encode(&code)
    }

    /// A secret of sixteen bytes that this key makes for `purpose`, and for no other.
    pub(crate) fn derive(&self, purpose: &str) -> [u8; 16] {
        let code: [u8; 32] = self.over(purpose, b"").finalize().into_bytes().into();
        std::array::from_fn(|at| code[at])
    }

    /// Whether `code` is the code over `purpose` and `message`; compared in constant time.
    pub(crate) fn verifies(&self, purpose: &str, message: &[u8], code: &str) -> bool {
        edgeward_base64url::decode(code).is_some_and(|code| self.over(purpose, message).verify_slice(&code).is_ok())
    }

    fn over(&self, purpose: &str, message: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.mac.clone();
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac.update(message);
        mac
    }
}

impl std::fmt::Debug for MacKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MacKey").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

fn decode_key(key_id: &str, encoded: &str) -> Result<Zeroizing<Vec<u8>>, String> {
    edgeward_base64url::decode(encoded)
        .map(Zeroizing::new)
        .ok_or_else(|| format!("has a key {key_id:?} whose `k` is not base64url"))
}
