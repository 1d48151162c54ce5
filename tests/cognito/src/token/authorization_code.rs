//! `grant_type=authorization_code`.

use base64ct::{Base64UrlUnpadded, Encoding};
use sha2::{Digest, Sha256};

use super::{TokenError, TokenResponse, add_refresh_token, user_tokens};
use crate::clock::{UnixSeconds, seconds};
use crate::config::{AppClient, TokenTrigger};
use crate::parameters::Parameters;
use crate::pool::Pool;
use crate::store::RefreshToken;

/// Redeems a code: once, within five minutes, by the client it was issued to, with the same redirect URI and the
/// verifier of its challenge. Whether a failed attempt uses the code up is unknown; here it does. Other parameters,
/// `resource` among them, are ignored.
pub(super) fn redeem(
    pool: &Pool,
    client: &AppClient,
    form: &Parameters,
    now: UnixSeconds,
    issued_at: UnixSeconds,
) -> Result<TokenResponse, TokenError> {
    let code = form.first("code").ok_or(TokenError::InvalidRequest)?;
    let redirect_uri = form.first("redirect_uri").ok_or(TokenError::InvalidRequest)?;
    let code = pool.store.lock().take_code(code, now).ok_or(TokenError::InvalidGrant)?;
    if code.grant.client_id != client.id || code.poisoned {
        return Err(TokenError::InvalidGrant);
    }
    if code.redirect_uri != redirect_uri {
        return Err(TokenError::UnauthorizedClient);
    }
    if !verifier_fits(code.challenge.as_deref(), form.first("code_verifier")) {
        return Err(TokenError::InvalidGrant);
    }
    pool.enabled_user(&code.grant.username).ok_or(TokenError::InvalidGrant)?;
    if pool.mode().token_trigger == TokenTrigger::AtTokenEndpoint {
        super::run_token_trigger(pool)?;
    }
    let mut response = user_tokens(pool, client, &code.grant, issued_at);
    let token = add_refresh_token(pool, &mut response)?;
    let expires_at = now + seconds(client.refresh_token_validity);
    let mut grant = code.grant;
    // Assumed: ID tokens of a refresh carry no nonce, since nobody sent one.
    grant.nonce = None;
    pool.store.lock().add_refresh_token(token, RefreshToken::original(grant, expires_at));
    Ok(response)
}

/// RFC 7636 4.6 with `S256`. A verifier nobody asked for is assumed to be ignored.
fn verifier_fits(challenge: Option<&str>, verifier: Option<&str>) -> bool {
    match (challenge, verifier) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(challenge), Some(verifier)) => Base64UrlUnpadded::encode_string(&Sha256::digest(verifier)) == challenge,
    }
}
