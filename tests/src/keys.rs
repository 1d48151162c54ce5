//! Private keys for an edge that runs on this machine.

use std::{fs, io::Write as _, os::unix::fs::OpenOptionsExt as _, path::Path};

use anyhow::{Context as _, Result};
use base64ct::{Base64UrlUnpadded, Encoding as _};
use ed25519_dalek::SigningKey;
use serde_json::json;

/// New keys as the setting `EDGEWARD_KEYS` wants them: one that signs, one that seals, one that makes client ids.
///
/// # Errors
/// When the system has no randomness.
pub fn generate() -> Result<String> {
    let signing = SigningKey::from_bytes(&random()?);
    let jwks = json!({
        "keys": [
            {
                "kty": "OKP", "crv": "Ed25519", "kid": key_id("sign")?, "use": "sig", "alg": "EdDSA",
                "d": Base64UrlUnpadded::encode_string(signing.as_bytes()),
                "x": Base64UrlUnpadded::encode_string(signing.verifying_key().as_bytes()),
            },
            {
                "kty": "oct", "kid": key_id("seal")?, "use": "enc", "alg": "XC20P",
                "k": Base64UrlUnpadded::encode_string(&random::<32>()?),
            },
            {
                "kty": "oct", "kid": key_id("client")?, "use": "sig", "alg": "HS256",
                "k": Base64UrlUnpadded::encode_string(&random::<32>()?),
            },
        ],
    });
    Ok(jwks.to_string())
}

/// A new key as the setting `EDGEWARD_SESSION_KEYS` of origins wants it.
///
/// # Errors
/// When the system has no randomness.
pub fn sessions() -> Result<String> {
    let k = Base64UrlUnpadded::encode_string(&random::<32>()?);
    let key = json!({ "kty": "oct", "kid": key_id("session")?, "use": "enc", "alg": "XC20P", "k": k });
    Ok(json!({ "keys": [key] }).to_string())
}

/// The keys in a file, or new ones, which are then written there, readable only by its owner.
///
/// # Errors
/// When the file cannot be read or written.
pub fn kept_in(path: &Path) -> Result<String> {
    if path.is_file() {
        return fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()));
    }
    let keys = generate()?;
    let written = || {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(keys.as_bytes())
    };
    written().with_context(|| format!("cannot write {}", path.display()))?;
    Ok(keys)
}

fn key_id(use_: &str) -> Result<String> {
    Ok(format!("{use_}-{}", Base64UrlUnpadded::encode_string(&random::<6>()?)))
}

fn random<const LENGTH: usize>() -> Result<[u8; LENGTH]> {
    let mut bytes = [0; LENGTH];
    getrandom::fill(&mut bytes).context("the system has no randomness")?;
    Ok(bytes)
}
