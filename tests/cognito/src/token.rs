//! The grants of the token endpoint. Each takes an authenticated client and a form and gives the members of the answer.

mod authorization_code;
mod client_credentials;
mod refresh;

use serde_json::{Map, Value, json};

use crate::clock::UnixSeconds;
use crate::config::{AppClient, TokenTriggerError};
use crate::issued::SecretKind;
use crate::keys::KeyPair;
use crate::parameters::Parameters;
use crate::pool::Pool;
use crate::store::Grant;
use crate::trigger::Trigger;
use crate::{jws, mint};

/// Members of a successful answer. `scope` is never among them: it has to be read from the access token.
pub(crate) type TokenResponse = Map<String, Value>;

/// Answers a token request. `now` is the pool's time, `issued_at` what the tokens will claim: a skewed clock sets them
/// apart.
pub(crate) fn redeem(
    pool: &Pool,
    client: &AppClient,
    form: &Parameters,
    now: UnixSeconds,
    issued_at: UnixSeconds,
) -> Result<TokenResponse, TokenError> {
    match form.first("grant_type") {
        Some("authorization_code") => authorization_code::redeem(pool, client, form, now, issued_at),
        Some("refresh_token") => refresh::redeem(pool, client, form, now, issued_at),
        Some("client_credentials") => client_credentials::redeem(pool, client, form, issued_at),
        Some(_) => Err(TokenError::UnsupportedGrantType),
        None => Err(TokenError::InvalidRequest),
    }
}

/// Refusals, all with status 400.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TokenError {
    InvalidRequest,
    InvalidClient,
    InvalidGrant,
    InvalidScope,
    UnauthorizedClient,
    UnsupportedGrantType,
    /// The pre token generation trigger failed, with this message.
    Trigger(String),
    /// No randomness to be had.
    Internal,
}

impl TokenError {
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::InvalidRequest | Self::Trigger(_) => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::InvalidScope => "invalid_scope",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::Internal => "server_error",
        }
    }

    pub(crate) fn description(&self) -> Option<&str> {
        match self {
            Self::Trigger(message) => Some(message),
            _ => None,
        }
    }
}

/// Runs the pre token generation trigger at the token endpoint.
fn run_token_trigger(pool: &Pool) -> Result<(), TokenError> {
    pool.triggers.run(Trigger::PreTokenGeneration).map_err(|message| match pool.mode().token_trigger_error {
        TokenTriggerError::InvalidRequest => TokenError::Trigger(message),
        TokenTriggerError::InvalidGrant => TokenError::InvalidGrant,
    })
}

/// Access token, and an ID token if `openid` was granted.
pub(crate) fn user_tokens(pool: &Pool, client: &AppClient, grant: &Grant, issued_at: UnixSeconds) -> TokenResponse {
    let keys = signing_keys(pool);
    let access = jws::sign(&keys.access, &mint::access_token_claims(pool, client, grant, issued_at));
    let access = pool.issued.note(SecretKind::AccessToken, access);
    let mut response = TokenResponse::new();
    if grant.has_scope("openid") {
        let id = jws::sign(&keys.id, &mint::id_token_claims(pool, client, grant, &access, issued_at));
        response.insert("id_token".to_owned(), pool.issued.note(SecretKind::IdToken, id).into());
    }
    response.insert("access_token".to_owned(), access.into());
    response.insert("token_type".to_owned(), "Bearer".into());
    response.insert("expires_in".to_owned(), json!(client.access_token_validity));
    response
}

fn signing_keys(pool: &Pool) -> &'static KeyPair {
    pool.keys.lock().signing()
}

fn add_refresh_token(pool: &Pool, response: &mut TokenResponse) -> Result<String, TokenError> {
    let token = mint::refresh_token(&pool.config).map_err(|_| TokenError::Internal)?;
    let token = pool.issued.note(SecretKind::RefreshToken, token);
    response.insert("refresh_token".to_owned(), token.clone().into());
    Ok(token)
}
