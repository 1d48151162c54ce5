//! Sign-in through an identity provider: to the provider, back from it, and the user that comes of it.

use axum::response::Response;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::authorization::{AuthorizationError, AuthorizationRequest};
use crate::config::{Identity, IdentityProvider, ProviderError, ProviderKind, ProviderUser, User};
use crate::parameters::Parameters;
use crate::pool::Pool;
use crate::store::{FederatedSignIn, Session};
use crate::trigger::Trigger;
use crate::{mint, reply};

/// Path of the stand-in for a provider.
pub(crate) fn path(provider: &str) -> String {
    format!("/__idp/{}", utf8_percent_encode(provider, NON_ALPHANUMERIC))
}

/// Sends the browser to a provider, with `prompt` and `login_hint` as far as Cognito hands them on. AWS names "OIDC IdPs or
/// Google" for hints; older copies of that page exclude Google.
pub(crate) fn start(pool: &Pool, request: &AuthorizationRequest<'_>, provider: &str, query: &str) -> Response {
    let sign_in = FederatedSignIn { provider: provider.to_owned(), query: query.to_owned() };
    let state = pool.store.lock().add_federated_sign_in(sign_in, pool.now());
    let takes_hints = pool.provider(provider).is_some_and(|provider| provider.kind != ProviderKind::Saml);
    let parameters = Parameters::parse(query.as_bytes());
    let hint = parameters.first("login_hint").filter(|_| takes_hints);
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("state", &state);
    query.extend_pairs(request.prompt.forwarded.iter().map(|prompt| ("prompt", prompt)));
    query.extend_pairs(hint.map(|hint| ("login_hint", hint)));
    reply::redirect(&format!("{}{}?{}", pool.domain, path(provider), query.finish()))
}

/// Signs in the user that a provider has vouched for, who is created or updated.
pub(crate) fn sign_in(pool: &Pool, provider: &IdentityProvider, id: &str) -> Result<Session, AuthorizationError> {
    let refuse = |message: String| refusal(provider, message);
    if let Some(ProviderError { code, description }) = provider.error.clone() {
        return Err(AuthorizationError { code: code.into(), description: description.map(Into::into) });
    }
    let known = provider.users.iter().find(|user| user.id == id);
    let person = known.ok_or_else(|| refuse("The provider does not know the user".to_owned()))?;
    let run = |trigger| pool.triggers.run(trigger).map_err(|message| refuse(format!("{message} ")));
    let username = match pool.users.find_identity(&provider.name, id) {
        Some(user) => {
            if !user.enabled {
                // Seen at callbacks in public code.
                return Err(refuse("User is not enabled".to_owned()));
            }
            run(Trigger::PreAuthentication)?;
            pool.update_user(&user.username, |user| map(provider, person, user));
            run(Trigger::PostAuthentication)?;
            user.username
        }
        None => {
            run(Trigger::PreSignUp)?;
            let user = create(pool, provider, person);
            let username = user.username.clone();
            pool.users.add(user);
            run(Trigger::PostConfirmation)?;
            username
        }
    };
    Ok(Session { username, auth_time: pool.now() })
}

/// `invalid_request` and the message (aws-amplify/amplify-js#3778). With SAML the code is `server_error` and the message inside
/// another (aws/aws-sdk-js-v3#6201).
fn refusal(provider: &IdentityProvider, message: String) -> AuthorizationError {
    match provider.kind {
        ProviderKind::Saml => {
            AuthorizationError::described("server_error", format!("Invalid SAML response received: {message}"))
        }
        ProviderKind::Oidc | ProviderKind::Google => AuthorizationError::described("invalid_request", message),
    }
}

/// A profile for somebody who was never here: named after the provider, and in the provider's group, which AWS documents under
/// "Adding groups to a user pool"; linked users do not get into it.
fn create(pool: &Pool, provider: &IdentityProvider, person: &ProviderUser) -> User {
    let username = pool.config.folded(&format!("{}_{}", provider.name, person.id));
    let mut user = User {
        groups: vec![format!("{}_{}", pool.config.pool_id, provider.name)],
        identities: vec![Identity {
            provider: provider.name.clone(),
            user_id: person.id.clone(),
            primary: true,
            created_at: pool.now() * 1_000,
        }],
        ..User::new(&username, "", &mint::uuid())
    };
    map(provider, person, &mut user);
    user
}

/// Writes what the provider says over what the pool has, at each sign-in. An address is verified only if that is mapped and
/// the provider says so. A native user with a linked identity is written over like any other (aws-amplify/amplify-js#7300,
/// aws-amplify/amplify-ui#318).
fn map(provider: &IdentityProvider, person: &ProviderUser, user: &mut User) {
    if let Some(email) = &person.email {
        user.email = Some(email.clone());
        user.email_verified = provider.maps_email_verified && person.email_verified;
    }
    user.attributes.extend(person.attributes.clone());
}
