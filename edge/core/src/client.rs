//! OAuth clients: who they are, and proof that they are it.
//!
//! A client is pre-registered, or carries its own registration in its `client_id` (see [`registration`]).

pub mod registration;

use http::header;

use crate::{
    config::{Config, PreRegistered, SecretDigest},
    message::{
        authorization_header::basic_credentials,
        parameters::{Parameters, Repeated},
        request::Request,
    },
    oauth::{ClientDigest, RedirectUri, client_id},
    secret::Secret,
};

/// An OAuth client.
#[derive(Debug, Clone)]
pub struct Client {
    /// Its identifier.
    pub client_id: String,
    /// The identifier's digest.
    pub digest: ClientDigest,
    /// The name to show for it.
    pub name: Option<String>,
    /// Who vouches for the name.
    pub provenance: Provenance,
    /// Its redirect URIs.
    pub redirect_uris: Vec<RedirectUri>,
    /// Whether it gets refresh tokens.
    pub refresh: Refresh,
    secret: Option<SecretDigest>,
}

/// Who vouches for what a client says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provenance {
    /// The operator, in the settings.
    Operator,
    /// No one but the client.
    Itself,
}

/// Whether a client gets refresh tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refresh {
    /// It does.
    Granted,
    /// It registered without the grant.
    NotRegistered,
}

impl Client {
    /// Finds the client called `client_id`.
    ///
    /// # Errors
    /// [`ClientError::Unknown`]; clients recover from it by registering again.
    pub fn find(client_id: &str, config: &Config) -> Result<Self, ClientError> {
        if client_id.len() > client_id::MAX_BYTES {
            return Err(ClientError::Unknown);
        }
        match config.clients.iter().find(|client| client.client_id == client_id) {
            Some(client) => Ok(Self::pre_registered(client)),
            None => registration::restore(client_id, config).ok_or(ClientError::Unknown),
        }
    }

    fn pre_registered(client: &PreRegistered) -> Self {
        Self {
            client_id: client.client_id.clone(),
            digest: ClientDigest::of(&client.client_id),
            name: client.client_name.clone(),
            provenance: Provenance::Operator,
            redirect_uris: client.redirect_uris.clone(),
            refresh: Refresh::Granted,
            secret: client.client_secret.clone(),
        }
    }

    /// Finds the client of a request to the token endpoint and checks that it is it (RFC 6749 §2.3, §3.2.1).
    ///
    /// # Errors
    /// When it is unknown, or shows not exactly the proof it registered.
    pub fn authenticate(request: &Request, form: &Parameters<'_>, config: &Config) -> Result<Self, ClientError> {
        let form_id = form.get("client_id")?;
        let form_secret = form.get("client_secret")?.map(|secret| Secret::new(secret.to_owned()));
        let credentials = match request.headers.contains_key(header::AUTHORIZATION) {
            false => None,
            true => {
                let value = request.header(header::AUTHORIZATION);
                Some(value.and_then(basic_credentials).ok_or(ClientError::MalformedCredentials)?)
            }
        };
        let (client_id, presented) = match (credentials, form_id, form_secret) {
            // RFC 6749 §2.3: not more than one method in a request.
            (Some(_), _, Some(_)) => return Err(ClientError::TwoMethods),
            (Some((header_id, _)), Some(form_id), None) if header_id != form_id => {
                return Err(ClientError::TwoClients);
            }
            (Some((header_id, secret)), _, None) => (header_id, Some(secret)),
            (None, Some(form_id), secret) => (form_id.to_owned(), secret),
            (None, None, _) => return Err(ClientError::NotNamed),
        };
        let client = Self::find(&client_id, config)?;
        match (&client.secret, presented.filter(|secret| !secret.expose().is_empty())) {
            (None, None) => Ok(client),
            (Some(secret), Some(presented)) if secret.matches(presented.expose()) => Ok(client),
            (Some(_), Some(_)) => Err(ClientError::WrongSecret),
            (Some(_), None) => Err(ClientError::NoSecret),
            (None, Some(_)) => Err(ClientError::SecretOfPublicClient),
        }
    }
}

/// Why there is no authenticated client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// No client has this identifier, or its registration is not ours.
    #[error("unknown client")]
    Unknown,
    /// No `client_id` in the request.
    #[error("the request names no client")]
    NotNamed,
    /// `Authorization` does not hold `Basic` credentials.
    #[error("malformed client credentials")]
    MalformedCredentials,
    /// A secret in the header and one in the form.
    #[error("two client authentication methods in one request")]
    TwoMethods,
    /// The header names one client, the form another.
    #[error("two clients named in one request")]
    TwoClients,
    /// The secret is not the client's.
    #[error("wrong client secret")]
    WrongSecret,
    /// A confidential client showed no secret.
    #[error("no client secret")]
    NoSecret,
    /// A public client showed a secret: it takes itself for another client.
    #[error("a secret from a client that has none")]
    SecretOfPublicClient,
    /// A parameter came twice.
    #[error(transparent)]
    Repeated(#[from] Repeated),
}
