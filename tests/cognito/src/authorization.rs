//! Checks an authorization request, in the order Cognito was seen to use.
//!
//! Client and redirect URI first: until both are known to belong together, errors are shown on a page of the domain.
//! After that, errors go back to the redirect URI, in this order: `response_type`, PKCE, scope, `resource` and its
//! pairing with scopes. `/oauth2/authorize` and `/login` take the same parameters and share these checks.

mod pkce;
mod refusal;
mod resource;
mod return_address;
mod scope;

pub(crate) use self::refusal::Refusal;
pub(crate) use self::resource::Binding;
pub(crate) use self::return_address::ReturnAddress;
use crate::config::{AppClient, Flow, LoginPages};
use crate::mint;
use crate::parameters::Parameters;
use crate::pool::Pool;
use crate::store::{Grant, IssuedCode, Session};

/// A request that may be answered once the user has signed in.
#[derive(Debug)]
pub(crate) struct AuthorizationRequest<'p> {
    pub(crate) client: &'p AppClient,
    pub(crate) return_address: ReturnAddress,
    pub(crate) flow: Flow,
    challenge: Option<String>,
    scope: Vec<String>,
    nonce: Option<String>,
    binding: Binding,
}

impl<'p> AuthorizationRequest<'p> {
    /// Parameters it does not know are ignored, as Cognito does.
    pub(crate) fn check(pool: &'p Pool, parameters: &Parameters) -> Result<Self, Refusal> {
        let mode = pool.mode();
        let state = return_address::check_state(mode.state, parameters.first("state"))?;
        let client = check_client(pool, parameters)?;
        let redirect_uri = check_redirect_uri(client, parameters)?;
        let return_address = ReturnAddress::new(redirect_uri, state)?;

        let checked = (|| {
            let flow = check_response_type(client, parameters)?;
            let challenge = pkce::check(parameters)?;
            let scope = scope::check(pool, client, parameters.first("scope"))?;
            let binding = resource::check(pool, &scope, parameters)?;
            check_identity_provider(parameters)?;
            Ok((flow, challenge, scope, binding))
        })();
        let (flow, challenge, scope, binding) = match checked {
            Ok(checked) => checked,
            Err(error) => return Err(Refusal::SendBack { to: Box::new(return_address), error }),
        };
        if mode.login == LoginPages::Managed && !client.branded {
            return Err(Refusal::LoginUnavailable);
        }
        let nonce = parameters.first("nonce").map(str::to_owned);
        Ok(Self { client, return_address, flow, challenge, scope, nonce, binding })
    }

    /// The grant of a user who has signed in.
    pub(crate) fn grant(&self, session: &Session) -> Grant {
        Grant {
            client_id: self.client.id.clone(),
            username: session.username.clone(),
            scope: self.scope.clone(),
            audience: self.binding.audience(),
            nonce: self.nonce.clone(),
            auth_time: session.auth_time,
            origin_jti: mint::uuid(),
            event_id: mint::uuid(),
        }
    }

    /// What a code for this request stands for.
    pub(crate) fn code(&self, session: &Session) -> IssuedCode {
        IssuedCode {
            grant: self.grant(session),
            redirect_uri: self.return_address.redirect_uri().to_owned(),
            challenge: self.challenge.clone(),
            poisoned: self.binding == Binding::Unregistered,
        }
    }
}

/// An error that goes back to the redirect URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AuthorizationError {
    pub(crate) code: &'static str,
    pub(crate) description: Option<&'static str>,
}

impl AuthorizationError {
    pub(crate) const INVALID_REQUEST: Self = Self { code: "invalid_request", description: None };
    pub(crate) const LOGIN_REQUIRED: Self = Self { code: "login_required", description: None };
    pub(crate) const SERVER_ERROR: Self = Self { code: "server_error", description: None };
    const UNAUTHORIZED_CLIENT: Self = Self { code: "unauthorized_client", description: None };
}

fn check_client<'p>(pool: &'p Pool, parameters: &Parameters) -> Result<&'p AppClient, Refusal> {
    let id = parameters.first("client_id");
    // How a missing client_id looks is unknown; assumed like an unknown one.
    let Some(client) = id.and_then(|id| pool.config.app_client(id)) else {
        return Err(Refusal::error_page("invalid_request", id));
    };
    if !client.oauth_enabled {
        return Err(Refusal::error_page("Client is not enabled for OAuth2.0 flows.", id));
    }
    Ok(client)
}

/// Exact match: scheme, host, port, path, slash and case. No loopback exception (RFC 8252 7.3), and a client without
/// callbacks is a mismatch rather than an unauthorized client. Left out, it falls back to the only callback URL.
fn check_redirect_uri<'p>(client: &'p AppClient, parameters: &Parameters) -> Result<&'p str, Refusal> {
    let registered = match (parameters.first("redirect_uri"), client.callback_urls.as_slice()) {
        (Some(asked), urls) => urls.iter().find(|url| *url == asked),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    registered.map(String::as_str).ok_or_else(|| Refusal::error_page("redirect_mismatch", Some(&client.id)))
}

fn check_response_type(client: &AppClient, parameters: &Parameters) -> Result<Flow, AuthorizationError> {
    let flow = match parameters.first("response_type") {
        Some("code") => Flow::Code,
        Some("token") => Flow::Implicit,
        // Missing is documented; another value is assumed to be treated alike.
        Some(_) | None => return Err(AuthorizationError::INVALID_REQUEST),
    };
    if client.allows(flow) { Ok(flow) } else { Err(AuthorizationError::UNAUTHORIZED_CLIENT) }
}

/// Only the pool's own users exist here, so a request for any other provider must not look as if it had worked.
fn check_identity_provider(parameters: &Parameters) -> Result<(), AuthorizationError> {
    let federated = parameters.first("idp_identifier").is_some()
        || parameters.first("identity_provider").is_some_and(|provider| provider != "COGNITO");
    if federated { Err(AuthorizationError::INVALID_REQUEST) } else { Ok(()) }
}
