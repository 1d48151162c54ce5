//! Cognito's revocation endpoint.

use serde::Deserialize;

use super::{
    UpstreamError,
    post::{post, unavailable},
};
use crate::{
    config::Cognito,
    platform::{Fetch, FetchReply},
    sealed::RefreshToken,
};

/// Revokes Cognito's refresh token. It answers alike when the token was over already.
///
/// # Errors
/// As [`UpstreamError`] says.
pub async fn revoke<P: Fetch>(token: &RefreshToken, cognito: &Cognito, platform: &P) -> Result<(), UpstreamError> {
    post("/oauth2/revoke", &[("token", &token.upstream_token)], judge, cognito, platform).await
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
