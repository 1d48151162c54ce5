//! `grant_type=refresh_token`.

use super::{TokenError, TokenResponse, add_refresh_token, user_tokens};
use crate::clock::{UnixSeconds, seconds};
use crate::config::{AppClient, Replay};
use crate::parameters::Parameters;
use crate::pool::Pool;

/// New tokens with the same scope, `aud` and `auth_time`; a `scope` in the form is ignored.
///
/// Without rotation there is no refresh token in the answer and the old one goes on. With rotation there is one, its
/// expiry is what remained of the old one's, and the old one works for the rest of the grace period (assumed: minting
/// another successor each time; [`Replay`] says what becomes of the others). Using it later is `invalid_grant` and revokes
/// nothing else.
pub(super) fn redeem(
    pool: &Pool,
    client: &AppClient,
    form: &Parameters,
    now: UnixSeconds,
    issued_at: UnixSeconds,
) -> Result<TokenResponse, TokenError> {
    let presented = form.first("refresh_token").ok_or(TokenError::InvalidRequest)?;
    let grace = client.rotation.map_or(0, |rotation| seconds(rotation.retry_grace_period_seconds));
    let known = pool.store.lock().refresh_token(presented, now, grace).cloned();
    let old = known.filter(|token| token.grant.client_id == client.id).ok_or(TokenError::InvalidGrant)?;
    // `NotAuthorizedException` ("User is disabled.") and `UserNotFoundException` in the API; assumed `invalid_grant` here.
    pool.enabled_user(&old.grant.username).ok_or(TokenError::InvalidGrant)?;
    super::run_token_trigger(pool)?;
    let mut response = user_tokens(pool, client, &old.grant, issued_at);
    if client.rotation.is_some() {
        let token = add_refresh_token(pool, &mut response)?;
        let mut store = pool.store.lock();
        // A successor that has been replaced itself is no longer in the family's way.
        if old.superseded_at.is_some() && pool.mode().replay == Replay::Supersedes {
            store.outdate_family(&old.grant.origin_jti);
        }
        store.supersede(presented, now);
        store.add_refresh_token(token, old.successor());
    }
    Ok(response)
}
