//! Cognito's revocation endpoint.

use serde::Deserialize;

use super::{
    UpstreamError, UpstreamMemory,
    post::{TWICE, post, unavailable},
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
    #[derive(Deserialize)]
    struct ErrorAnswer {
        error: String,
    }
    match reply.status {
        200 => Ok(()),
        400 | 401 => match serde_json::from_slice::<ErrorAnswer>(&reply.body) {
            Ok(answer) if answer.error == "invalid_client" => Err(UpstreamError::InvalidClient),
            // It says so of a good token when revocation is off for the app client.
            Ok(_) => Err(UpstreamError::Unusable("it does not revoke: is token revocation on for the app client?")),
            Err(_) => Err(unavailable(reply, "an error that is not OAuth's")),
        },
        status => Err(unavailable(reply, &format!("status {status}"))),
    }
}
