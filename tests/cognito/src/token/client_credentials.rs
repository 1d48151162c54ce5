//! `grant_type=client_credentials`.

use serde_json::json;

use super::{TokenError, TokenResponse, signing_keys};
use crate::clock::UnixSeconds;
use crate::config::{Answers, AppClient, Flow};
use crate::issued::SecretKind;
use crate::parameters::Parameters;
use crate::pool::Pool;
use crate::{jws, mint};

/// An access token for a machine client: custom scopes only, all of them if none is asked for, never a refresh token
/// and never bound to a resource.
///
/// Documented: scopes the client does not have are ignored. Assumed: if none is left, `invalid_scope`.
pub(super) fn redeem(
    pool: &Pool,
    client: &AppClient,
    form: &Parameters,
    issued_at: UnixSeconds,
) -> Result<TokenResponse, TokenError> {
    if !client.allows(Flow::ClientCredentials) {
        return Err(match pool.mode().answers {
            Answers::Observed => TokenError::InvalidGrant,
            Answers::Documented => TokenError::UnauthorizedClient,
        });
    }
    let asked: Option<Vec<&str>> = form.first("scope").map(|scope| scope.split(' ').collect());
    let wanted = |scope: &str| asked.as_ref().is_none_or(|asked| asked.contains(&scope));
    let granted = client.allowed_scopes.iter().filter(|scope| wanted(scope) && pool.config.has_custom_scope(scope));
    let scope: Vec<String> = granted.cloned().collect();
    if scope.is_empty() {
        return Err(TokenError::InvalidScope);
    }
    let claims = mint::machine_token_claims(pool, client, &scope, issued_at);
    let token = pool.issued.note(SecretKind::AccessToken, jws::sign(&signing_keys(pool).access, &claims));
    let mut response = TokenResponse::new();
    response.insert("access_token".to_owned(), token.into());
    response.insert("token_type".to_owned(), "Bearer".into());
    response.insert("expires_in".to_owned(), json!(client.access_token_validity));
    Ok(response)
}
