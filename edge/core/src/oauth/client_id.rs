//! Client identifiers (RFC 6749 §2.2).

use std::fmt;

use serde::Serialize;
use sha2::{Digest, Sha256};

/// The longest client identifier looked at.
pub const MAX_BYTES: usize = 1024;

/// SHA-256 of a client identifier: 43 characters that stand for one of up to a kilobyte in what travels sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ClientDigest(String);

impl ClientDigest {
    /// The digest of `client_id`.
    pub fn of(client_id: &str) -> Self {
        Self(edgeward_base64url::encode(&Sha256::digest(client_id)))
    }

    /// Restores a digest from what was sealed.
    pub(crate) fn from_sealed(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The digest's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A short form for log lines: enough to tell clients apart.
    pub fn pseudonym(&self) -> String {
        self.0.chars().take(11).collect()
    }
}

impl fmt::Display for ClientDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
