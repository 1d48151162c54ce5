//! Pre-registered clients among the settings.

use sha2::{Digest, Sha256};

use super::{
    entry,
    resource::{ProtectedResource, all_scopes},
};
use crate::{
    oauth::{RedirectUri, Scope, client_id, redirect_uri::PrivateUseSchemes},
    secret::Secret,
};

/// A client known beforehand.
#[derive(Debug, Clone)]
pub struct PreRegistered {
    /// Its identifier.
    pub client_id: String,
    /// Its name, which the operator vouches for.
    pub client_name: Option<String>,
    /// Its redirect URIs.
    pub redirect_uris: Vec<RedirectUri>,
    /// Its secret, if it has one.
    pub client_secret: Option<SecretDigest>,
    /// The only scopes that it may ask for, if not all.
    pub scopes: Option<Scope>,
}

/// A client secret, kept as its SHA-256: enough to recognize it. Secrets must be random, as ours are.
#[derive(Debug, Clone)]
pub struct SecretDigest(Secret<[u8; 32]>);

impl SecretDigest {
    /// The digest of `secret`.
    pub fn of(secret: &str) -> Self {
        Self(Secret::new(Sha256::digest(secret).into()))
    }

    /// Whether `presented` is the secret.
    pub fn matches(&self, presented: &str) -> bool {
        self.0.matches(&Sha256::digest(presented))
    }
}

const MEMBERS: [&str; 5] = ["client_id", "client_name", "redirect_uris", "client_secret", "scopes"];

pub(super) fn parse(
    text: &str,
    schemes: &PrivateUseSchemes,
    resources: &[ProtectedResource],
) -> Result<Vec<PreRegistered>, String> {
    let json = entry::json(text)?;
    let entries = entry::list(&json, &MEMBERS)?;
    let mut clients: Vec<PreRegistered> = Vec::new();
    for entry in entries {
        let client_id = entry.required("client_id")?;
        let visible = |c: u8| c.is_ascii_graphic() || c == b' ';
        if client_id.is_empty() || client_id.len() > client_id::MAX_BYTES || !client_id.bytes().all(visible) {
            return Err("has a client_id that cannot be one".into());
        }
        if clients.iter().any(|other| other.client_id == client_id) {
            return Err(format!("has the client {client_id:?} twice"));
        }
        let client_secret = entry.text("client_secret")?;
        if client_secret.is_some_and(|secret| secret.len() < 32) {
            return Err(format!("has a client_secret of {client_id:?} shorter than 32 characters"));
        }
        let redirect_uris = entry.texts("redirect_uris")?.unwrap_or_default();
        let redirect_uris: Result<Vec<_>, _> =
            redirect_uris.into_iter().map(|uri| RedirectUri::parse(uri, schemes)).collect();
        let redirect_uris = redirect_uris.map_err(|error| format!("has a {error} for {client_id:?}"))?;
        if redirect_uris.is_empty() {
            return Err(format!("has no redirect URI for {client_id:?}"));
        }
        let scopes = match entry.texts("scopes")?.map(|scopes| Scope::parse(&scopes.join(" "))) {
            None => None,
            Some(Some(scopes)) if scopes.is_subset(&all_scopes(resources)) => Some(scopes),
            Some(_) => return Err(format!("has scopes for {client_id:?} that no resource has")),
        };
        clients.push(PreRegistered {
            client_id: client_id.to_owned(),
            client_name: entry.text("client_name")?.map(str::to_owned),
            redirect_uris,
            client_secret: client_secret.map(SecretDigest::of),
            scopes,
        });
    }
    Ok(clients)
}
