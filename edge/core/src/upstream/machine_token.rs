//! Access tokens that Cognito has given to a machine (`client_credentials`, RFC 6749 §4.4).

use edgeward_identity::jws::Compact;

use super::{UpstreamError, UpstreamMemory, id_token::open, jwks::ALGORITHM};
use crate::{
    platform::{Platform, UnixTime},
    request_context::RequestContext,
};

/// The longest token. A machine is in no groups, and its token comes from outside: no more of it is read than Cognito needs.
pub const MAX_MACHINE_TOKEN_BYTES: usize = 16 * 1024;

/// A machine, as its verified token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachineToken {
    /// Its app client.
    pub client_id: String,
    /// What Cognito has granted it.
    pub scope: String,
    /// When that ends, or ended.
    pub expires_at: UnixTime,
}

/// Verifies a machine's token, but for its expiry: the log is told who comes with an expired one.
///
/// # Errors
/// As [`UpstreamError`] says.
pub async fn verify_machine_token<P: Platform>(
    token: &str,
    memory: &UpstreamMemory,
    context: &RequestContext<'_, P>,
) -> Result<MachineToken, UpstreamError> {
    let unusable = UpstreamError::Unusable;
    let (claims, expires_at) = open(token, MAX_MACHINE_TOKEN_BYTES, &memory.keys, context).await?;
    if !claims.text("iss")?.is_some_and(|issuer| context.config.cognito.issuers.contains(issuer)) {
        return Err(unusable("a token of another issuer"));
    }
    if claims.text("token_use")? != Some("access") {
        return Err(unusable("a token of the wrong use"));
    }
    // A user's token, of the same app client or any other, names the user.
    let client_id = claims.text("client_id")?.ok_or(unusable("a token without an app client"))?;
    if claims.text("sub")? != Some(client_id) || claims.any("username").is_some() {
        return Err(unusable("a user's token"));
    }
    // Cognito binds no machine's token to a resource. A Lambda may add `aud` if it is the app client's id (Developer Guide,
    // "Pre token generation Lambda trigger", version 3); with anything else the token was made some other way.
    if claims.any("aud").is_some_and(|audience| *audience != client_id) {
        return Err(unusable("a token for another resource"));
    }
    // A token that a machine got in exchange acts for somebody else (RFC 8693 §4.1).
    if claims.any("act").is_some() {
        return Err(unusable("a token of somebody who acts for another"));
    }
    let scope = claims.text("scope")?.unwrap_or_default().to_owned();
    Ok(MachineToken { client_id: client_id.to_owned(), scope, expires_at })
}

/// Whether `token` looks like one of Cognito's; ours have another algorithm.
pub fn looks_like_cognitos(token: &str) -> bool {
    Compact::parse(token, MAX_MACHINE_TOKEN_BYTES).is_ok_and(|token| token.header.alg == ALGORITHM)
}
