//! Cognito's revocation endpoint.

use super::{
    UpstreamError, UpstreamMemory,
    post::{TWICE, error_code, post, unavailable},
};
use crate::{
    config::Cognito,
    platform::{FetchReply, Platform},
    sealed::RefreshToken,
};

/// Revokes Cognito's refresh token. It answers alike when the token was over already.
///
/// # Errors
/// As [`UpstreamError`] says.
pub async fn revoke<P: Platform>(
    token: &RefreshToken,
    cognito: &Cognito,
    memory: &UpstreamMemory,
    platform: &P,
) -> Result<(), UpstreamError> {
    let form = [("token", token.upstream_token.as_str())];
    post("/oauth2/revoke", &form, judge, TWICE, (cognito, &memory.domain), platform).await
}

fn judge(reply: &FetchReply) -> Result<(), UpstreamError> {
    match reply.status {
        200 => Ok(()),
        400 | 401 => match error_code(reply)?.as_str() {
            "invalid_client" => Err(UpstreamError::InvalidClient),
            // It says so of a good token when revocation is off for the app client.
            _ => Err(UpstreamError::Unusable("it does not revoke: is token revocation on for the app client?")),
        },
        status => Err(unavailable(reply, &format!("status {status}"))),
    }
}
