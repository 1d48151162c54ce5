//! `identity_provider` at the authorization endpoint.

use super::AuthorizationError;
use crate::config::{AppClient, IdentityProvider};
use crate::parameters::Parameters;
use crate::pool::Pool;

/// Who signs the user in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ProviderChoice {
    /// The user chooses on the login page: the pool, if the app client allows it, or one of these providers.
    LoginPage { local: bool, providers: Vec<String> },
    /// The provider that the request names. AWS: the endpoint "silently redirects your user to the sign-in page for that
    /// IdP"; that it does so in spite of a session is assumed.
    Named(String),
    /// The only one that the app client has, so that there is no login page.
    Only(String),
}

/// A provider that the app client does not have is `invalid_request`, and so is `idp_identifier`, since providers have no
/// identifiers here. Both are assumed.
pub(super) fn check(
    pool: &Pool,
    client: &AppClient,
    parameters: &Parameters,
) -> Result<ProviderChoice, AuthorizationError> {
    if parameters.first("idp_identifier").is_some() {
        return Err(AuthorizationError::INVALID_REQUEST);
    }
    let allowed = |provider: &&IdentityProvider| client.signs_in_with(&provider.name);
    let mut providers: Vec<String> =
        pool.providers.lock().iter().filter(allowed).map(|provider| provider.name.clone()).collect();
    let local = client.signs_in_with("COGNITO");
    match parameters.first("identity_provider") {
        None if !local && providers.len() == 1 => Ok(ProviderChoice::Only(providers.remove(0))),
        None => Ok(ProviderChoice::LoginPage { local, providers }),
        Some("COGNITO") if local => Ok(ProviderChoice::LoginPage { local, providers: Vec::new() }),
        Some(name) if providers.iter().any(|provider| provider == name) => Ok(ProviderChoice::Named(name.to_owned())),
        Some(_) => Err(AuthorizationError::INVALID_REQUEST),
    }
}
