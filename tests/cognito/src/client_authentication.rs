//! Client authentication at the token and revocation endpoints.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64ct::{Base64, Encoding};

use crate::config::AppClient;
use crate::parameters::Parameters;
use crate::pool::Pool;

/// Why a request is from nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClientAuthenticationError {
    /// No client is named anywhere.
    NoClient,
    /// The client is unknown, its secret is missing or wrong, or it sent one and has none.
    Failed,
}

/// `client_secret_basic` or `client_secret_post` for a client with secrets, either of which may be used; `client_id` in
/// the body for a public client.
///
/// Id and secret in a Basic header are taken as they are, without form decoding, as AWS describes it. Assumed: the
/// header wins over the body, a body that names another client fails, and so does a public client with a secret.
pub(crate) fn authenticate<'p>(
    pool: &'p Pool,
    headers: &HeaderMap,
    form: &Parameters,
) -> Result<&'p AppClient, ClientAuthenticationError> {
    let in_body = form.first("client_id");
    let (id, secret) = match headers.get(AUTHORIZATION) {
        Some(header) => {
            let (id, secret) = header.to_str().ok().and_then(basic).ok_or(ClientAuthenticationError::Failed)?;
            if in_body.is_some_and(|in_body| in_body != id) {
                return Err(ClientAuthenticationError::Failed);
            }
            (id, Some(secret))
        }
        None => {
            let id = in_body.ok_or(ClientAuthenticationError::NoClient)?;
            (id.to_owned(), form.first("client_secret").map(str::to_owned))
        }
    };
    let client = pool.config.app_client(&id).ok_or(ClientAuthenticationError::Failed)?;
    let secrets = pool.client_secrets(client);
    let authentic = match secret {
        Some(secret) => secrets.contains(&secret),
        None => secrets.is_empty(),
    };
    if authentic { Ok(client) } else { Err(ClientAuthenticationError::Failed) }
}

/// A value with a line break in it fails to decode, as reported of Cognito.
fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, credentials) = header.split_once(' ')?;
    let decoded = String::from_utf8(Base64::decode_vec(credentials).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    scheme.eq_ignore_ascii_case("basic").then(|| (id.to_owned(), secret.to_owned()))
}
