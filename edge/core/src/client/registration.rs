//! Dynamic client registration (RFC 7591) without storage.
//!
//! What later requests need of a client's metadata travels in the `client_id` itself, with a MAC:
//! `dcr.<key id>.<base64url of the registration>.<MAC>`. So registrations cost nothing to keep, and none is ever lost.
//!
//! A public client gets the same `client_id` each time it registers the same metadata. A confidential client gets one that nobody
//! can have made again: its secret is a MAC over its `client_id`, and must not be told to whoever posts the same metadata.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{
    Client, Proof, Provenance, Refresh,
    text::{printable, site_host, web_page},
};
use crate::{
    config::{Config, SecretDigest},
    message::members::{Members, WrongKind},
    oauth::{
        ClientDigest, ErrorCode, RefusedRedirectUri, Scope, client_id::MAX_BYTES, error_code::quotable,
        scope::OFFLINE_ACCESS,
    },
    platform::{Randomness, RandomnessError, random_id},
};

const PREFIX: &str = "dcr";
const ID_PURPOSE: &str = "client_id/1";
const SECRET_PURPOSE: &str = "client_secret/1";
const MAX_REDIRECT_URIS: usize = 16;
/// Errors quote so many bytes of a refused value.
const MAX_QUOTED: usize = 64;

/// What a `client_id` remembers.
#[derive(Serialize)]
struct Registration {
    #[serde(rename = "r")]
    redirect_uris: Vec<String>,
    #[serde(rename = "n", skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(rename = "m", skip_serializing_if = "Method::is_default")]
    method: Method,
    #[serde(rename = "x", skip_serializing_if = "std::ops::Not::not")]
    without_refresh: bool,
    /// What nobody can reproduce, if the client is confidential. Those that were registered before have none.
    #[serde(rename = "i", skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
    /// Host of `client_uri`; the consent page compares where the user is sent with it.
    #[serde(rename = "u", skip_serializing_if = "Option::is_none")]
    site_host: Option<String>,
}

impl Registration {
    /// Reads what [`client_id_of`] wrote.
    fn read(json: &[u8]) -> Result<Self, WrongKind> {
        let members = Members::parse(json)?;
        let redirect_uris = members.texts("r")?.ok_or(WrongKind::Member("r"))?;
        let method = match members.text("m")? {
            None => Method::default(),
            Some("n") => Method::None,
            Some("b") => Method::ClientSecretBasic,
            Some("p") => Method::ClientSecretPost,
            Some(_) => return Err(WrongKind::Member("m")),
        };
        Ok(Self {
            redirect_uris: redirect_uris.into_iter().map(str::to_owned).collect(),
            // Those that were registered before may have one that no one may have any more.
            name: members.text("n")?.and_then(printable),
            method,
            without_refresh: members.any("x").and_then(Value::as_bool).unwrap_or(false),
            nonce: members.text("i")?.map(str::to_owned),
            site_host: members.text("u")?.map(str::to_owned),
        })
    }
}

/// `token_endpoint_auth_method`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
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

/// Registers a client: checks its metadata and gives the client information response (RFC 7591 §3.2.1).
///
/// # Errors
/// The first rule that the metadata break.
pub fn register(body: &[u8], config: &Config, randomness: &impl Randomness) -> Result<Value, RegistrationError> {
    let metadata = Members::parse(body)?;
    let uris = metadata.texts("redirect_uris")?.unwrap_or_default();
    if uris.len() > MAX_REDIRECT_URIS {
        return Err(RegistrationError::TooManyRedirectUris);
    }
    let redirect_uris = config.allowed_of(&uris).map_err(|refusal| match refusal {
        Some(refused) => RegistrationError::RedirectUri(refused),
        None => RegistrationError::NoRedirectUri,
    })?;
    let method = match metadata.text("token_endpoint_auth_method")? {
        None | Some("client_secret_basic") => Method::ClientSecretBasic,
        Some("client_secret_post") => Method::ClientSecretPost,
        Some("none") => Method::None,
        Some(other) => return Err(RegistrationError::AuthMethod(quotable(other, MAX_QUOTED))),
    };
    if !metadata.may_be("grant_types", "authorization_code")? {
        return Err(RegistrationError::GrantTypes);
    }
    // RFC 7591 lets the server choose for a client that names none; every MCP client can use a refresh token.
    let without_refresh = !metadata.may_be("grant_types", "refresh_token")?;
    if !metadata.may_be("response_types", "code")? {
        return Err(RegistrationError::ResponseTypes);
    }
    let name = metadata.text("client_name")?.and_then(printable);
    // Told back it may be anything; here it must be good.
    let site_host = metadata.any("client_uri").and_then(Value::as_str).and_then(site_host);
    let redirect_uris = redirect_uris.iter().map(|uri| uri.as_str().to_owned()).collect();
    let nonce = if method == Method::None { None } else { Some(random_id(randomness)?) };
    let mut registration = Registration { redirect_uris, name, method, without_refresh, nonce, site_host };
    let client_id = client_id_of(&registration, config).or_else(|_| {
        // It is of use to the user, not to the client.
        registration.site_host = None;
        client_id_of(&registration, config)
    })?;
    // Ours come last, whatever was sent.
    let mut response = Value::Object(echo(&metadata, config));
    response["client_id"] = client_id.as_str().into();
    response["redirect_uris"] = json!(registration.redirect_uris);
    response["token_endpoint_auth_method"] = registration.method.as_str().into();
    let grant_types = ["authorization_code", "refresh_token"];
    response["grant_types"] = json!(if without_refresh { &grant_types[..1] } else { &grant_types });
    response["response_types"] = json!(["code"]);
    if method != Method::None {
        response["client_secret"] = secret_of(&client_id, config).unwrap_or_default().into();
        // It never expires (RFC 7591 §3.2.1).
        response["client_secret_expires_at"] = 0.into();
    }
    Ok(response)
}

/// The first redirect URI of metadata that nobody has checked.
pub(crate) fn first_redirect_uri(body: &[u8]) -> Option<String> {
    let metadata = Members::parse(body).ok()?;
    metadata.texts("redirect_uris").ok()??.first().map(|uri| (*uri).to_owned())
}

/// The members that are registered without being acted upon, as they are told back: those of RFC 7591 §2 and OpenID
/// Connect that describe a client to people. Anything else is ignored, so that nothing of the answer is the caller's to
/// choose but these; and so is a value that cannot be one, which RFC 7591 §2 lets the server leave out.
fn echo(metadata: &Members<'_>, config: &Config) -> Map<String, Value> {
    let mut echoed = Map::new();
    for (member, value) in metadata.iter() {
        let (name, language) = match member.split_once('#') {
            Some((name, language)) => (name, Some(language)),
            None => (member.as_str(), None),
        };
        // Only what people read comes in several languages (RFC 7591 §2.2).
        let registered = match language {
            None => readable(name, value).or_else(|| plain(name, value, config)),
            Some(language) => readable(name, value).filter(|_| is_language_tag(language)),
        };
        if let Some(registered) = registered
            && echoed.len() < MAX_ECHOED
        {
            echoed.insert(member.clone(), registered);
        }
    }
    echoed
}

/// What people read.
fn readable(name: &str, value: &Value) -> Option<Value> {
    let text = value.as_str()?;
    match name {
        "client_name" => printable(text).map(Value::String),
        "client_uri" | "logo_uri" | "tos_uri" | "policy_uri" => web_page(text).map(|_| value.clone()),
        _ => None,
    }
}

/// What software reads.
fn plain(name: &str, value: &Value, config: &Config) -> Option<Value> {
    match name {
        "software_id" | "software_version" => printable(value.as_str()?).map(Value::String),
        "application_type" => matches!(value.as_str()?, "native" | "web").then(|| value.clone()),
        "scope" => {
            let (asked, known) = (Scope::parse(value.as_str()?)?, config.scope());
            let is_known = |token: &str| token == OFFLINE_ACCESS || known.contains(token);
            let registered: Scope = asked.iter().filter(|token| is_known(token.as_str())).cloned().collect();
            (!registered.is_empty()).then(|| registered.to_string().into())
        }
        "contacts" => {
            let contacts = value.as_array()?.iter().take(MAX_CONTACTS);
            Some(contacts.filter_map(|contact| printable(contact.as_str()?)).map(Value::String).collect())
        }
        _ => None,
    }
}

/// Of the form of BCP 47.
fn is_language_tag(text: &str) -> bool {
    let subtag = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|c| c.is_ascii_alphanumeric());
    text.len() <= 35 && text.split('-').all(subtag)
}

const MAX_CONTACTS: usize = 8;
const MAX_ECHOED: usize = 64;

/// The client that `client_id` describes, if its MAC is ours.
pub(super) fn restore(client_id: &str, config: &Config) -> Option<Client> {
    let (signed, code) = client_id.rsplit_once('.')?;
    let (prefix, rest) = signed.split_once('.')?;
    let (key_id, encoded) = rest.split_once('.')?;
    let key = config.keys.registration_by_id(key_id)?;
    if prefix != PREFIX || !key.verifies(ID_PURPOSE, signed.as_bytes(), code) {
        return None;
    }
    let bytes = edgeward_base64url::decode(encoded)?;
    let registration = Registration::read(&bytes).ok()?;
    // The settings may have changed since the registration.
    let uris: Vec<&str> = registration.redirect_uris.iter().map(String::as_str).collect();
    let redirect_uris = config.allowed_of(&uris).unwrap_or_default();
    let proof = match registration.method {
        Method::None => Proof::None,
        Method::ClientSecretBasic | Method::ClientSecretPost => {
            Proof::Secret(SecretDigest::of(&secret_of(client_id, config)?))
        }
    };
    Some(Client {
        client_id: client_id.to_owned(),
        digest: ClientDigest::of(client_id),
        name: registration.name,
        provenance: Provenance::Itself,
        site_host: registration.site_host,
        redirect_uris,
        refresh: if registration.without_refresh { Refresh::NotRegistered } else { Refresh::Granted },
        scopes: None,
        proof,
    })
}

fn client_id_of(registration: &Registration, config: &Config) -> Result<String, RegistrationError> {
    let key = config.keys.registration();
    let payload = serde_json::to_vec(registration).map_err(|_| WrongKind::NoObject)?;
    let signed = format!("{PREFIX}.{}.{}", key.key_id, edgeward_base64url::encode(&payload));
    let client_id = format!("{signed}.{}", key.code(ID_PURPOSE, signed.as_bytes()));
    if client_id.len() > MAX_BYTES { Err(RegistrationError::TooLong) } else { Ok(client_id) }
}

/// The secret that goes with a `client_id`, made with the key that made the id.
fn secret_of(client_id: &str, config: &Config) -> Option<String> {
    let key_id = client_id.split('.').nth(1)?;
    Some(config.keys.registration_by_id(key_id)?.code(SECRET_PURPOSE, client_id.as_bytes()))
}

/// Why a client is not registered. What it quotes is fit for an `error_description`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistrationError {
    /// The body is no JSON object, or has a member that is no client metadata.
    #[error("the body is not client metadata in JSON: {0}")]
    NotMetadata(#[from] WrongKind),
    /// No `redirect_uris`.
    #[error("redirect_uris is missing or empty")]
    NoRedirectUri,
    /// More redirect URIs than we take.
    #[error("more than {MAX_REDIRECT_URIS} redirect_uris")]
    TooManyRedirectUris,
    /// None of the redirect URIs may be used; what is wrong with the first one.
    #[error("no redirect URI is allowed here; {0}")]
    RedirectUri(RefusedRedirectUri),
    /// An unsupported `token_endpoint_auth_method`.
    #[error("token_endpoint_auth_method is `{0}`, and none of none, client_secret_basic and client_secret_post")]
    AuthMethod(String),
    /// `grant_types` without `authorization_code`.
    #[error("grant_types does not hold authorization_code")]
    GrantTypes,
    /// `response_types` without `code`.
    #[error("response_types does not hold code")]
    ResponseTypes,
    /// The metadata are too long to travel in a `client_id`.
    #[error("redirect_uris and client_name are too long together")]
    TooLong,
    /// No randomness.
    #[error(transparent)]
    Randomness(#[from] RandomnessError),
}

impl RegistrationError {
    /// Its code (RFC 7591 §3.2.2).
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::NoRedirectUri | Self::TooManyRedirectUris | Self::RedirectUri(_) => ErrorCode::InvalidRedirectUri,
            Self::NotMetadata(_) | Self::AuthMethod(_) | Self::GrantTypes | Self::ResponseTypes | Self::TooLong => {
                ErrorCode::InvalidClientMetadata
            }
            Self::Randomness(_) => ErrorCode::ServerError,
        }
    }
}
