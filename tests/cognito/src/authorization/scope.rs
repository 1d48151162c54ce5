//! Scopes of an authorization request.

use super::AuthorizationError;
use crate::config::{Answers, AppClient};
use crate::pool::Pool;

const STANDARD: [&str; 5] = ["openid", "email", "phone", "profile", "aws.cognito.signin.user.admin"];

/// The scopes to grant.
///
/// Left out, they are all the client has. One scope the client does not have fails the whole request, without saying
/// which: that includes `offline_access`, which does not exist here. Custom scopes whose resource server is gone are
/// dropped in silence.
pub(super) fn check(pool: &Pool, client: &AppClient, asked: Option<&str>) -> Result<Vec<String>, AuthorizationError> {
    let mut scopes: Vec<String> = Vec::new();
    match asked {
        None => scopes.clone_from(&client.allowed_scopes),
        Some(asked) => {
            for scope in asked.split(' ').filter(|scope| !scope.is_empty()) {
                if !client.allowed_scopes.iter().any(|allowed| allowed == scope) {
                    return Err(invalid_scope(pool));
                }
                if !scopes.iter().any(|known| known == scope) {
                    scopes.push(scope.to_owned());
                }
            }
            let has = |name: &str| scopes.iter().any(|scope| scope == name);
            // Documented: these may be asked for together with openid only. The error is assumed.
            if ["email", "phone", "profile"].into_iter().any(has) && !has("openid") {
                return Err(invalid_scope(pool));
            }
        }
    }
    scopes.retain(|scope| !is_custom(scope) || pool.config.has_custom_scope(scope));
    Ok(scopes)
}

/// Whether a scope belongs to a resource server.
pub(super) fn is_custom(scope: &str) -> bool {
    !STANDARD.contains(&scope)
}

/// Observed many times as a description of `invalid_request`; documented as an error code.
fn invalid_scope(pool: &Pool) -> AuthorizationError {
    match pool.mode().answers {
        Answers::Observed => AuthorizationError::described("invalid_request", "invalid_scope".to_owned()),
        Answers::Documented => AuthorizationError::bare("invalid_scope"),
    }
}
