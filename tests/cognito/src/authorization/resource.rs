//! `resource` (RFC 8707), as Cognito has had it since October 2025.

use std::borrow::Cow;

use url::{Host, Url};

use super::AuthorizationError;
use super::scope::is_custom;
use crate::config::Answers;
use crate::parameters::Parameters;
use crate::pool::Pool;

/// What the tokens of a request will be bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Binding {
    /// No resource: the access token has no `aud`.
    Unbound,
    /// A resource server: `aud` is its identifier, unchanged.
    Resource(String),
    /// A URL nobody registered. Documentation allows any URL; measured on a real pool, the code that comes back is
    /// refused at the token endpoint.
    Unregistered,
}

impl Binding {
    pub(super) fn audience(&self) -> Option<String> {
        match self {
            Self::Resource(identifier) => Some(identifier.clone()),
            Self::Unbound | Self::Unregistered => None,
        }
    }
}

/// One value at most, and every custom scope of the request must belong to it.
pub(super) fn check(pool: &Pool, scope: &[String], parameters: &Parameters) -> Result<Binding, AuthorizationError> {
    let mut asked = parameters.all("resource");
    let Some(resource) = asked.next() else { return Ok(Binding::Unbound) };
    // One value is documented; the error for two is assumed, as is the one for a value of the wrong form.
    if asked.next().is_some() || !has_allowed_form(resource) {
        return Err(AuthorizationError::INVALID_REQUEST);
    }
    let belongs = |scope: &String| scope.rsplit_once('/').is_some_and(|(identifier, _)| identifier == resource);
    if !scope.iter().filter(|scope| is_custom(scope)).all(belongs) {
        return Err(SCOPE_OF_ANOTHER_RESOURCE);
    }
    let registered = pool.config.resource_servers.iter().any(|server| server.identifier == resource);
    Ok(match (registered, pool.mode().answers) {
        (true, _) | (false, Answers::Documented) => Binding::Resource(resource.to_owned()),
        (false, Answers::Observed) => Binding::Unregistered,
    })
}

const SCOPE_OF_ANOTHER_RESOURCE: AuthorizationError = AuthorizationError {
    code: Cow::Borrowed("invalid_request"),
    description: Some(Cow::Borrowed(
        "Custom scopes requested for resource-binding must be assigned to the requested resource",
    )),
};

/// `https://`, `http://localhost` or a private scheme.
fn has_allowed_form(resource: &str) -> bool {
    Url::parse(resource).is_ok_and(|url| match url.scheme() {
        "http" => url.host() == Some(Host::Domain("localhost")),
        _ => resource.contains("://"),
    })
}
