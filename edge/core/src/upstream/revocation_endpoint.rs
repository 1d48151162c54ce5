//! Cognito's revocation endpoint.

use super::{
    UpstreamError, UpstreamMemory,
    post::{TWICE, error_of, post, unavailable},
};
use crate::{
    platform::{FetchReply, Platform},
    request_context::RequestContext,
    sealed::RefreshToken,
};

/// Ends a grant at Cognito, which answers alike when it was over already.
///
/// A pool ends the whole family of a refresh token if the token is the newest or the original one; if it has been replaced,
/// the newest may live on. The client may not have the newest, as somebody else may have refreshed since. So the original
/// one is revoked first, which ends the family whoever holds its newest, and then the newest that this client has, in case
/// the pool takes it for another family.
///
/// # Errors
/// As [`UpstreamError`] says: then the grant may live on, and the client may try again.
pub async fn revoke<P: Platform>(
    token: &RefreshToken,
    memory: &UpstreamMemory,
    context: &RequestContext<'_, P>,
) -> Result<(), UpstreamError> {
    for upstream_token in token.original_token.iter().chain([&token.upstream_token]) {
        let form = [("token", upstream_token.as_str())];
        post("/oauth2/revoke", &form, judge, TWICE, &memory.domain, context).await?;
    }
    Ok(())
}

fn judge(reply: &FetchReply) -> Result<(), UpstreamError> {
    match reply.status {
        200 => Ok(()),
        400 | 401 => match error_of(reply)?.0.as_str() {
            "invalid_client" => Err(UpstreamError::InvalidClient),
            // It says so of a good token when revocation is off for the app client.
            _ => Err(UpstreamError::Unusable("it does not revoke: is token revocation on for the app client?")),
        },
        status => Err(unavailable(&format!("status {status}"))),
    }
}
