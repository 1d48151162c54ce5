//! Keys that seal, as JSON Web Keys (RFC 7517), chosen by `kid`: `{"kty":"oct","use":"enc","alg":"XC20P","kid":…,"k":…}`.

use serde_json::Value;
use zeroize::Zeroizing;

use crate::keys::{KeyError, key_id_of, member};

/// Keys for XChaCha20-Poly1305, with their ids. The first seals, all open.
#[derive(Clone)]
pub struct SealingKeys(Vec<(String, Zeroizing<[u8; 32]>)>);

impl SealingKeys {
    /// Parses a JWKS document (RFC 7517 §5) that holds such keys and no others.
    ///
    /// # Errors
    /// When it is not a JWKS, holds no key, another one, an unusable one, or two with one `kid`.
    pub fn from_jwks(document: &[u8]) -> Result<Self, KeyError> {
        let jwks: Value = serde_json::from_slice(document).map_err(|_| KeyError::NotJwks)?;
        let keys = jwks.get("keys").and_then(Value::as_array).ok_or(KeyError::NotJwks)?;
        let mut found: Vec<(String, Zeroizing<[u8; 32]>)> = Vec::new();
        for jwk in keys {
            let key_id = key_id_of(jwk)?;
            if found.iter().any(|(other, _)| *other == key_id) {
                return Err(KeyError::DuplicateKeyId { key_id });
            }
            let is = |member: &str, wanted: &str| jwk.get(member).and_then(Value::as_str) == Some(wanted);
            let key = member(jwk, "k").filter(|_| is("kty", "oct") && is("use", "enc") && is("alg", "XC20P"));
            found.push((key_id.clone(), key.ok_or(KeyError::NotSealing { key_id })?));
        }
        if found.is_empty() { Err(KeyError::NoSealingKeys) } else { Ok(Self(found)) }
    }

    /// One key, from its bytes.
    pub fn of(key_id: &str, key: Zeroizing<[u8; 32]>) -> Self {
        Self(vec![(key_id.to_owned(), key)])
    }

    /// Ids and keys, in their order: one at least.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8; 32])> {
        self.0.iter().map(|(key_id, key)| (key_id.as_str(), &**key))
    }
}

impl std::fmt::Debug for SealingKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter().map(|(key_id, _)| key_id)).finish()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const K: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

    fn key(key_id: &str) -> Value {
        json!({ "kty": "oct", "use": "enc", "alg": "XC20P", "kid": key_id, "k": K })
    }

    fn parsed(keys: Value) -> Result<SealingKeys, KeyError> {
        SealingKeys::from_jwks(json!({ "keys": keys }).to_string().as_bytes())
    }

    #[test]
    fn keys_keep_their_order() {
        let keys = parsed(json!([key("b"), key("a")])).unwrap();
        assert_eq!(keys.iter().map(|(key_id, _)| key_id).collect::<Vec<_>>(), ["b", "a"]);
        assert_eq!(keys.iter().next().unwrap().1[31], 31);
    }

    #[test]
    fn debug_shows_no_key() {
        assert_eq!(format!("{:?}", parsed(json!([key("a")])).unwrap()), r#"["a"]"#);
    }

    #[test]
    fn what_is_no_set_of_such_keys_is_refused() {
        let changed = |member: &str, value: Value| {
            let mut key = key("a");
            key[member] = value;
            json!([key])
        };
        for (keys, expected) in [
            (json!([]), KeyError::NoSealingKeys),
            (json!([key("a"), key("a")]), KeyError::DuplicateKeyId { key_id: "a".into() }),
            (changed("kid", json!("a.b")), KeyError::BadKeyId),
            (changed("kid", Value::Null), KeyError::NoKeyId),
            (changed("k", json!(&K[1..])), KeyError::NotSealing { key_id: "a".into() }),
            (changed("use", json!("sig")), KeyError::NotSealing { key_id: "a".into() }),
            (changed("alg", json!("HS256")), KeyError::NotSealing { key_id: "a".into() }),
            (changed("kty", json!("OKP")), KeyError::NotSealing { key_id: "a".into() }),
        ] {
            assert_eq!(parsed(keys).unwrap_err(), expected);
        }
        assert_eq!(SealingKeys::from_jwks(b"{}").unwrap_err(), KeyError::NotJwks);
        assert_eq!(SealingKeys::from_jwks(b"hunter2").unwrap_err(), KeyError::NotJwks);
    }
}
