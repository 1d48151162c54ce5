//! Checks an authorization request, in the order Cognito was seen to use.
//!
//! Client and redirect URI first: until both are known to belong together, errors are shown on a page of the domain.
//! After that, errors go back to the redirect URI, in this order: `response_type`, PKCE, scope, `resource` and its
//! pairing with scopes. `/oauth2/authorize` and `/login` take the same parameters and share these checks.

mod pkce;
mod prompt;
mod provider;
mod refusal;
mod resource;
mod return_address;
mod scope;

use std::borrow::Cow;

pub(crate) use self::prompt::Prompt;
pub(crate) use self::provider::ProviderChoice;
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
    pub(crate) prompt: Prompt,
    pub(crate) provider: ProviderChoice,
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
            let provider = provider::check(pool, client, parameters)?;
            let prompt = prompt::check(mode.login, parameters)?;
            Ok((flow, challenge, scope, binding, provider, prompt))
        })();
        let (flow, challenge, scope, binding, provider, prompt) = match checked {
            Ok(checked) => checked,
            Err(error) => return Err(Refusal::SendBack { to: Box::new(return_address), error }),
        };
        if mode.login == LoginPages::Managed && !client.branded {
            return Err(Refusal::LoginUnavailable);
        }
        let nonce = parameters.first("nonce").map(str::to_owned);
        Ok(Self { client, return_address, flow, prompt, provider, challenge, scope, nonce, binding })
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AuthorizationError {
    pub(crate) code: Cow<'static, str>,
    pub(crate) description: Option<Cow<'static, str>>,
}

impl AuthorizationError {
    pub(crate) const INVALID_REQUEST: Self = Self::bare("invalid_request");
    pub(crate) const LOGIN_REQUIRED: Self = Self::bare("login_required");
    pub(crate) const SERVER_ERROR: Self = Self::bare("server_error");
    const UNAUTHORIZED_CLIENT: Self = Self::bare("unauthorized_client");

    const fn bare(code: &'static str) -> Self {
        Self { code: Cow::Borrowed(code), description: None }
    }

    /// What Cognito says when something that it asked, a Lambda or an identity provider, does not let the user in.
    pub(crate) fn described(code: impl Into<Cow<'static, str>>, description: String) -> Self {
        Self { code: code.into(), description: Some(description.into()) }
    }
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
