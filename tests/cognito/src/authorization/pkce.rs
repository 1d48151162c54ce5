//! PKCE at the authorization endpoint: optional for every client, `S256` only.

use super::AuthorizationError;
use crate::parameters::Parameters;

/// The challenge, if there is one. A challenge without its method, a method other than `S256` and (assumed) a method
/// without a challenge are `invalid_request`.
pub(super) fn check(parameters: &Parameters) -> Result<Option<String>, AuthorizationError> {
    match (parameters.first("code_challenge"), parameters.first("code_challenge_method")) {
        (None, None) => Ok(None),
        (Some(challenge), Some("S256")) => Ok(Some(challenge.to_owned())),
        _ => Err(AuthorizationError::INVALID_REQUEST),
    }
}
