//! Client ID metadata documents (draft-ietf-oauth-client-id-metadata-document): a client describes itself at the URL that
//! is its identifier, and so whoever holds that URL's domain vouches for what it says.

use serde_json::Value;

use super::{
    Client, KeySource, Proof, Provenance, Refresh,
    assertion::{ALGORITHMS, ClientKeys},
    documents::{Unfit, allowed_url},
    text::{printable, site_host},
};
use crate::{
    config::Config,
    message::members::{Members, WrongKind},
    oauth::{
        ClientDigest, DocumentUrl,
        error_code::{MAX_QUOTED, quotable},
    },
};

impl From<WrongKind> for Unfit {
    fn from(error: WrongKind) -> Self {
        Self { reason: error.to_string().into(), is_foreign: error == WrongKind::NoObject }
    }
}

/// The client that the document at `url` describes.
///
/// # Errors
/// The first rule that it breaks.
pub(super) fn parse(body: &[u8], url: &DocumentUrl, config: &Config) -> Result<Client, Unfit> {
    let refused = |reason: &'static str| Unfit::breaks(reason);
    let document = Members::parse(body)?;
    // A secret that everybody can read proves nothing, and who publishes one must learn of it.
    if document.iter().any(|(name, _)| name.starts_with("client_secret")) {
        return Err(refused("it has a client_secret"));
    }
    // Or anyone could publish another's metadata under a URL of their own.
    if document.text("client_id")? != Some(url.as_str()) {
        return Err(Unfit::foreign("its client_id is not its URL"));
    }
    let name = document.text("client_name")?.and_then(printable).ok_or(refused("it has no client_name"))?;
    // One document serves every authorization server.
    let uris = document.texts("redirect_uris")?.unwrap_or_default();
    let redirect_uris = config.allowed_of(&uris).map_err(|refusal| match refusal {
        Some(refused) => Unfit::breaks(format!("it has no redirect URI that is allowed here; {refused}")),
        None => refused("it has no redirect_uris"),
    })?;
    if !document.may_be("grant_types", "authorization_code")? || !document.may_be("response_types", "code")? {
        return Err(refused("it does not use authorization codes"));
    }
    let proof = match document.text("token_endpoint_auth_method")? {
        // RFC 7591 gives a client that names none a secret, which no document can have.
        None | Some("none") => Proof::None,
        Some("private_key_jwt") => {
            let algorithm = document.text("token_endpoint_auth_signing_alg")?;
            if algorithm.is_some_and(|algorithm| !ALGORITHMS.contains(&algorithm)) {
                return Err(refused("its token_endpoint_auth_signing_alg is not supported"));
            }
            Proof::Key(keys(document.any("jwks"), document.text("jwks_uri")?, config)?)
        }
        Some(other) => {
            let reason = "its token_endpoint_auth_method is neither none nor private_key_jwt";
            return Err(Unfit::breaks(format!("{reason}: `{}`", quotable(other, MAX_QUOTED))));
        }
    };
    let refresh = match document.may_be("grant_types", "refresh_token")? {
        true => Refresh::Granted,
        false => Refresh::NotRegistered,
    };
    Ok(Client {
        client_id: url.as_str().to_owned(),
        digest: ClientDigest::of(url.as_str()),
        name: Some(name),
        provenance: Provenance::Domain(url.host().to_owned()),
        site_host: document.text("client_uri")?.and_then(site_host),
        redirect_uris,
        refresh,
        scopes: None,
        proof,
    })
}

fn keys(jwks: Option<&Value>, jwks_uri: Option<&str>, config: &Config) -> Result<KeySource, Unfit> {
    let refused = |reason: &'static str| Unfit::breaks(reason);
    match (jwks, jwks_uri) {
        // RFC 7591 §2: never both.
        (Some(_), Some(_)) => Err(refused("it has both jwks and jwks_uri")),
        (Some(jwks), None) => ClientKeys::parse(jwks).map(KeySource::Here),
        (None, Some(uri)) => {
            allowed_url(uri, config).map(KeySource::At).map_err(|error| Unfit::breaks(format!("its jwks_uri: {error}")))
        }
        (None, None) => Err(refused("it has no keys")),
    }
}
