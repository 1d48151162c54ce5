//! Access tokens that Cognito has given to a machine (`client_credentials`, RFC 6749 §4.4).

use super::{
    KeyCache, UpstreamError,
    id_token::{AccessToken, open},
};
use crate::{
    config::Cognito,
    platform::{Platform, UnixTime},
};

/// A machine, as its verified token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachineToken {
    /// Its app client.
    pub client_id: String,
    /// What Cognito has granted it.
    pub scope: String,
    /// When that ends.
    pub expires_at: UnixTime,
}

/// Verifies a machine's token.
///
/// # Errors
/// As [`UpstreamError`] says.
pub async fn verify_machine_token<P: Platform>(
    token: &str,
    cognito: &Cognito,
    keys: &KeyCache,
    platform: &P,
    now: UnixTime,
) -> Result<MachineToken, UpstreamError> {
    let unusable = UpstreamError::Unusable;
    let (claims, expires_at) = open::<AccessToken, P>(token, cognito, keys, platform, now).await?;
    if claims.iss != cognito.issuer {
        return Err(unusable("a token of another issuer"));
    }
    if claims.token_use != "access" {
        return Err(unusable("a token of the wrong use"));
    }
    // A user's token, of the same app client or any other, names the user.
    if claims.sub != claims.client_id || claims.username.is_some() {
        return Err(unusable("a user's token"));
    }
    // Cognito binds no machine's token to a resource: one that is bound was made some other way.
    if claims.aud.is_some() {
        return Err(unusable("a token for another resource"));
    }
    if expires_at <= now {
        return Err(unusable("an expired token"));
    }
    Ok(MachineToken { client_id: claims.client_id, scope: claims.scope, expires_at })
}

/// Whether `token` looks like one of Cognito's; ours have another algorithm.
pub fn looks_like_cognitos(token: &str) -> bool {
    jwt_compact::UntrustedToken::new(token).is_ok_and(|token| token.algorithm() == "RS256")
}
