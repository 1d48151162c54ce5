//! Dynamic client registration (RFC 7591) without storage.
//!
//! What later requests need of a client's metadata travels in the `client_id` itself, with a MAC:
//! `dcr.<key id>.<base64url of the registration>.<MAC>`. So registering the same metadata twice gives the same
//! `client_id`, registrations cost nothing to keep, and none is ever lost. A confidential client's secret is a MAC over
//! its `client_id`.

use base64ct::{Base64UrlUnpadded, Encoding};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Client, Provenance, Refresh};
use crate::{
    config::{Config, SecretDigest},
    oauth::{ClientDigest, ErrorCode, RedirectUri, client_id::MAX_BYTES, redirect_uri::RedirectUriError},
};

const PREFIX: &str = "dcr";
const ID_PURPOSE: &str = "client_id/1";
const SECRET_PURPOSE: &str = "client_secret/1";
const MAX_NAME_CHARACTERS: usize = 64;
const MAX_REDIRECT_URIS: usize = 16;

/// What a `client_id` remembers.
#[derive(Serialize, Deserialize)]
struct Registration {
    #[serde(rename = "r")]
    redirect_uris: Vec<String>,
    #[serde(rename = "n", skip_serializing_if = "Option::is_none", default)]
    name: Option<String>,
    #[serde(rename = "m", skip_serializing_if = "Method::is_default", default)]
    method: Method,
    #[serde(rename = "x", skip_serializing_if = "std::ops::Not::not", default)]
    without_refresh: bool,
}

/// `token_endpoint_auth_method`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Method {
    #[serde(rename = "n")]
    None,
    /// What RFC 7591 §2 gives a client that names none.
    #[default]
    #[serde(rename = "b")]
    ClientSecretBasic,
    #[serde(rename = "p")]
    ClientSecretPost,
}

impl Method {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
        }
    }
}

/// Client metadata as sent: what we know of it. Anything else is ignored (RFC 7591 §2), so that nothing of the answer is
/// the caller's to choose but these.
#[derive(Deserialize)]
struct Metadata {
    redirect_uris: Option<Vec<String>>,
    client_name: Option<String>,
    token_endpoint_auth_method: Option<String>,
    grant_types: Option<Vec<String>>,
    response_types: Option<Vec<String>>,
}

/// Registers a client: checks its metadata and gives the client information response (RFC 7591 §3.2.1).
///
/// # Errors
/// The first rule that the metadata break.
pub fn register(body: &[u8], config: &Config) -> Result<Value, RegistrationError> {
    let metadata: Metadata = serde_json::from_slice(body).map_err(|_| RegistrationError::NotMetadata)?;
    let uris = metadata.redirect_uris.filter(|uris| !uris.is_empty()).ok_or(RegistrationError::NoRedirectUri)?;
    if uris.len() > MAX_REDIRECT_URIS {
        return Err(RegistrationError::TooManyRedirectUris);
    }
    for uri in &uris {
        RedirectUri::parse(uri, &config.private_use_schemes)?;
    }
    let method = match metadata.token_endpoint_auth_method.as_deref() {
        None | Some("client_secret_basic") => Method::ClientSecretBasic,
        Some("client_secret_post") => Method::ClientSecretPost,
        Some("none") => Method::None,
        Some(_) => return Err(RegistrationError::AuthMethod),
    };
    let without_refresh = match &metadata.grant_types {
        // RFC 7591 lets the server choose what it registers; every MCP client can use a refresh token.
        None => false,
        Some(types) if types.iter().any(|kind| kind == "authorization_code") => {
            !types.iter().any(|kind| kind == "refresh_token")
        }
        Some(_) => return Err(RegistrationError::GrantTypes),
    };
    if metadata.response_types.is_some_and(|types| !types.iter().any(|kind| kind == "code")) {
        return Err(RegistrationError::ResponseTypes);
    }
    let name = metadata.client_name.as_deref().and_then(printable);

    let registration = Registration { redirect_uris: uris, name, method, without_refresh };
    let client_id = client_id_of(&registration, config)?;
    let mut response = json!({
        "client_id": client_id,
        "redirect_uris": registration.redirect_uris,
        "token_endpoint_auth_method": registration.method.as_str(),
        "grant_types": if without_refresh { vec!["authorization_code"] } else { vec!["authorization_code", "refresh_token"] },
        "response_types": ["code"],
    });
    if let Some(name) = &registration.name {
        response["client_name"] = name.as_str().into();
    }
    if method != Method::None {
        response["client_secret"] = secret_of(&client_id, config).unwrap_or_default().into();
        // It never expires (RFC 7591 §3.2.1).
        response["client_secret_expires_at"] = 0.into();
    }
    Ok(response)
}

/// The client that `client_id` describes, if its MAC is ours.
pub(super) fn restore(client_id: &str, config: &Config) -> Option<Client> {
    let (signed, code) = client_id.rsplit_once('.')?;
    let (prefix, rest) = signed.split_once('.')?;
    let (key_id, encoded) = rest.split_once('.')?;
    let key = config.keys.registration_by_id(key_id)?;
    if prefix != PREFIX || !key.verifies(ID_PURPOSE, signed.as_bytes(), code) {
        return None;
    }
    let bytes = Base64UrlUnpadded::decode_vec(encoded).ok()?;
    let registration: Registration = serde_json::from_slice(&bytes).ok()?;
    // A scheme that is allowed no longer falls out, the client's other URIs stay.
    let redirect_uris = registration
        .redirect_uris
        .iter()
        .filter_map(|uri| RedirectUri::parse(uri, &config.private_use_schemes).ok())
        .collect();
    let secret = match registration.method {
        Method::None => None,
        Method::ClientSecretBasic | Method::ClientSecretPost => Some(SecretDigest::of(&secret_of(client_id, config)?)),
    };
    Some(Client {
        client_id: client_id.to_owned(),
        digest: ClientDigest::of(client_id),
        name: registration.name,
        provenance: Provenance::Itself,
        redirect_uris,
        refresh: if registration.without_refresh { Refresh::NotRegistered } else { Refresh::Granted },
        secret,
    })
}

fn client_id_of(registration: &Registration, config: &Config) -> Result<String, RegistrationError> {
    let key = config.keys.registration();
    let payload = serde_json::to_vec(registration).map_err(|_| RegistrationError::NotMetadata)?;
    let signed = format!("{PREFIX}.{}.{}", key.key_id, Base64UrlUnpadded::encode_string(&payload));
    let client_id = format!("{signed}.{}", key.code(ID_PURPOSE, signed.as_bytes()));
    if client_id.len() > MAX_BYTES { Err(RegistrationError::TooLong) } else { Ok(client_id) }
}

/// The secret that goes with a `client_id`, made with the key that made the id.
fn secret_of(client_id: &str, config: &Config) -> Option<String> {
    let key_id = client_id.split('.').nth(1)?;
    Some(config.keys.registration_by_id(key_id)?.code(SECRET_PURPOSE, client_id.as_bytes()))
}

/// A name as it may be shown: no control or direction-changing characters, not too long.
fn printable(name: &str) -> Option<String> {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let name: String = name.trim().chars().filter(|c| !hidden(*c)).take(MAX_NAME_CHARACTERS).collect();
    (!name.is_empty()).then_some(name)
}

/// Why a client is not registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RegistrationError {
    /// The body is no JSON object of client metadata.
    #[error("the body is not client metadata in JSON")]
    NotMetadata,
    /// No `redirect_uris`.
    #[error("redirect_uris is missing or empty")]
    NoRedirectUri,
    /// More redirect URIs than we take.
    #[error("more than {MAX_REDIRECT_URIS} redirect_uris")]
    TooManyRedirectUris,
    /// A redirect URI breaks a rule.
    #[error(transparent)]
    RedirectUri(#[from] RedirectUriError),
    /// An unsupported `token_endpoint_auth_method`.
    #[error("token_endpoint_auth_method is none of none, client_secret_basic and client_secret_post")]
    AuthMethod,
    /// `grant_types` without `authorization_code`.
    #[error("grant_types does not hold authorization_code")]
    GrantTypes,
    /// `response_types` without `code`.
    #[error("response_types does not hold code")]
    ResponseTypes,
    /// The metadata are too long to travel in a `client_id`.
    #[error("redirect_uris and client_name are too long together")]
    TooLong,
}

impl RegistrationError {
    /// Its code (RFC 7591 §3.2.2).
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::NoRedirectUri | Self::TooManyRedirectUris | Self::RedirectUri(_) => ErrorCode::InvalidRedirectUri,
            Self::NotMetadata | Self::AuthMethod | Self::GrantTypes | Self::ResponseTypes | Self::TooLong => {
                ErrorCode::InvalidClientMetadata
            }
        }
    }
}
