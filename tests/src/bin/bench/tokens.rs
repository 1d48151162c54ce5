//! Access tokens as the edge mints them, as many as are wanted: of one that it has minted, with its own key.

use anyhow::{Context as _, Result};
use base64ct::{Base64UrlUnpadded, Encoding as _};
use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::{Value, json};

/// Mints tokens.
#[derive(Debug)]
pub(crate) struct Mint {
    key: SigningKey,
    header: String,
    claims: Value,
}

impl Mint {
    /// Of the edge's keys and one of its tokens.
    ///
    /// # Errors
    /// When it is no token, or the keys are none.
    pub(crate) fn of(keys: &str, token: &str) -> Result<Self> {
        let keys: Value = serde_json::from_str(keys)?;
        let secret = Base64UrlUnpadded::decode_vec(keys["keys"][0]["d"].as_str().context("no private key")?)
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .context("no Ed25519 key")?;
        let (header, rest) = token.split_once('.').context("no token")?;
        let (claims, _) = rest.split_once('.').context("no token")?;
        let claims = Base64UrlUnpadded::decode_vec(claims).ok().context("no claims")?;
        Ok(Self {
            key: SigningKey::from_bytes(&secret),
            header: header.to_owned(),
            claims: serde_json::from_slice(&claims)?,
        })
    }

    /// One that is like no other of another number: of a grant of its own. Profile and id belong together, and stay.
    pub(crate) fn token(&self, number: usize) -> String {
        let mut claims = self.claims.clone();
        claims["grant_id"] = json!(format!("bench-{number:037}"));
        let claims = Base64UrlUnpadded::encode_string(claims.to_string().as_bytes());
        let signed = format!("{}.{claims}", self.header);
        let signature = self.key.sign(signed.as_bytes()).to_bytes();
        format!("{signed}.{}", Base64UrlUnpadded::encode_string(&signature))
    }
}
