//! New keys.

use anyhow::{Context as _, Result};
use base64ct::{Base64UrlUnpadded, Encoding as _};
use ed25519_dalek::SigningKey;
use edgeward_identity::UnixTime;
use serde_json::json;
use zeroize::Zeroizing;

use crate::jwks::{Date, Kind, PrivateJwk};

/// A key of each kind, in use from the start.
pub(crate) fn all(now: UnixTime) -> Result<Vec<PrivateJwk>> {
    Kind::ALL
        .into_iter()
        .map(|kind| {
            let mut key = one(kind, now)?;
            key.set_date(Date::UsableFrom, Some(now));
            Ok(key)
        })
        .collect()
}

/// A key that seals the ids of sessions, in use from the start.
pub(crate) fn session(now: UnixTime) -> Result<PrivateJwk> {
    let mut key = one(Kind::Session, now)?;
    key.set_date(Date::UsableFrom, Some(now));
    Ok(key)
}

/// A key that nobody knows yet.
pub(crate) fn one(kind: Kind, now: UnixTime) -> Result<PrivateJwk> {
    let bytes = Zeroizing::new(random::<32>()?);
    let secret = Base64UrlUnpadded::encode_string(&*bytes);
    let key = match kind {
        Kind::Signing => {
            let x = Base64UrlUnpadded::encode_string(SigningKey::from_bytes(&bytes).verifying_key().as_bytes());
            let key_id = key_id("sign")?;
            json!({ "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": key_id, "d": secret, "x": x })
        }
        Kind::Sealing | Kind::Session => {
            let job = if kind == Kind::Sealing { "seal" } else { "session" };
            json!({ "kty": "oct", "use": "enc", "alg": "XC20P", "kid": key_id(job)?, "k": secret })
        }
        Kind::Registration => {
            json!({ "kty": "oct", "use": "sig", "alg": "HS256", "kid": key_id("client")?, "k": secret })
        }
    };
    let mut key = PrivateJwk::new(key);
    key.set_date(Date::Made, Some(now));
    Ok(key)
}

/// Short, as it stands in front of every sealed value.
fn key_id(job: &str) -> Result<String> {
    Ok(format!("{job}-{}", Base64UrlUnpadded::encode_string(&random::<6>()?)))
}

fn random<const LENGTH: usize>() -> Result<[u8; LENGTH]> {
    let mut bytes = [0; LENGTH];
    getrandom::fill(&mut bytes).context("the system has no randomness")?;
    Ok(bytes)
}
