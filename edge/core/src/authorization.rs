//! The authorization request (RFC 6749 §4.1.1) and its checks.
//!
//! First client and redirect URI: until both are good there is nowhere to send an error but a page of ours. Everything
//! after that goes back to the client.

use crate::{
    client::{Client, ClientError, ClientLookup},
    config::{Config, ProtectedResource},
    message::{
        parameters::{Parameters, Repeated},
        visible::is_visible,
    },
    oauth::{
        CodeChallenge, ErrorCode, Prompt, RedirectTarget, RedirectUri, RefusedRedirectUri, Scope,
        error_code::{MAX_QUOTED, quotable, quotable_uri},
        pkce,
    },
    platform::Platform,
};

/// The longest `state` that a client may send: some put what they must know again into it.
pub const MAX_STATE_BYTES: usize = 2048;
/// The longest `login_hint` that is passed on: e-mail addresses have up to 254 bytes.
pub const MAX_LOGIN_HINT_BYTES: usize = 256;

/// A request with a known client and a redirect URI of its own: errors can be sent back from here on.
#[derive(Debug)]
pub struct RedirectableRequest {
    /// The client.
    pub client: Client,
    /// Where answers go.
    pub redirect_target: RedirectTarget,
    /// The client's `state`, which every answer returns. Kept also when it is refused itself: without it the client cannot tell
    /// whose error it is (RFC 6749 §4.1.2.1).
    pub client_state: Option<String>,
}

/// A request that may be put before the user.
#[derive(Debug)]
pub struct VerifiedAuthorization<'a> {
    /// The client, and where the answer goes.
    pub request: RedirectableRequest,
    /// The client's `code_challenge`.
    pub code_challenge: CodeChallenge,
    /// The resource.
    pub resource: &'a ProtectedResource,
    /// The scope asked for, without those of OpenID Connect.
    pub scope: Scope,
    /// The client's `prompt`.
    pub prompt: Prompt,
    /// The client's `login_hint`.
    pub login_hint: Option<String>,
}

/// What is checked once client and redirect URI are known.
struct Checked<'a> {
    code_challenge: CodeChallenge,
    resource: &'a ProtectedResource,
    scope: Scope,
    prompt: Prompt,
    login_hint: Option<String>,
}

impl RedirectableRequest {
    /// Checks client and redirect URI.
    ///
    /// # Errors
    /// What to show the user.
    pub async fn check<P: Platform>(
        parameters: &Parameters<'_>,
        clients: &ClientLookup<'_, P>,
    ) -> Result<Self, PageError> {
        let config = clients.context.config;
        let client_id = parameters.get("client_id")?.ok_or(PageError::NoClient)?;
        let client = clients.find(client_id).await?;
        let redirect_target = match parameters.get("redirect_uri")? {
            None => RedirectUri::only_of(&client.redirect_uris).ok_or(PageError::NoRedirectUri)?,
            Some(text) => {
                let uri = RedirectUri::parse(text, &config.private_use_schemes);
                let uri = uri.map_err(|error| RefusedRedirectUri::new(text, error))?;
                // Of what a client has registered, the settings may leave out some.
                let refused = || match config.redirect_uri(text) {
                    Err(refused) => PageError::RedirectUri(refused),
                    Ok(_) => PageError::RedirectUriNotRegistered(quotable_uri(text, MAX_QUOTED)),
                };
                uri.find_in(&client.redirect_uris).ok_or_else(refused)?
            }
        };
        let client_state = parameters.get("state").ok().flatten().map(str::to_owned);
        Ok(Self { client, redirect_target, client_state })
    }

    /// Checks the other parameters.
    ///
    /// # Errors
    /// What to tell the client.
    pub fn verify<'a>(
        self,
        parameters: &Parameters<'_>,
        config: &'a Config,
    ) -> Result<VerifiedAuthorization<'a>, Box<ErrorRedirect>> {
        match check_parameters(parameters, self.client.scopes.as_ref(), config) {
            Ok(Checked { code_challenge, resource, scope, prompt, login_hint }) => {
                Ok(VerifiedAuthorization { request: self, code_challenge, resource, scope, prompt, login_hint })
            }
            Err(error) => Err(Box::new(ErrorRedirect { request: self, error })),
        }
    }
}

fn check_parameters<'a>(
    parameters: &Parameters<'_>,
    allowed: Option<&Scope>,
    config: &'a Config,
) -> Result<Checked<'a>, AuthorizationError> {
    if parameters.get("state")?.is_some_and(|state| !is_state(state)) {
        return Err(AuthorizationError::State);
    }
    match parameters.get("response_type")? {
        Some("code") => {}
        Some(other) => return Err(AuthorizationError::ResponseType(quotable(other, MAX_QUOTED))),
        None => return Err(AuthorizationError::NoResponseType),
    }
    if let Some(other) = parameters.get("response_mode")?.filter(|mode| *mode != "query") {
        return Err(AuthorizationError::ResponseMode(quotable(other, MAX_QUOTED)));
    }
    let challenge = parameters.get("code_challenge")?.ok_or(AuthorizationError::NoCodeChallenge)?;
    // What RFC 7636 §4.3 means without a method is not offered.
    let method = parameters.get("code_challenge_method")?.unwrap_or("plain");
    if method != pkce::METHOD {
        return Err(AuthorizationError::CodeChallengeMethod(quotable(method, MAX_QUOTED)));
    }
    let code_challenge = CodeChallenge::parse(challenge).ok_or(AuthorizationError::CodeChallenge)?;
    // RFC 8707 §2 lets a client name several, and a server refuse them with `invalid_target`.
    let indicator = parameters.get("resource").map_err(|_| AuthorizationError::SeveralResources)?;
    let unknown = || AuthorizationError::Resource(quotable_uri(indicator.unwrap_or_default(), MAX_QUOTED));
    let resource = config.resource(indicator).ok_or_else(unknown)?;
    let scope = scope(parameters.get("scope")?.unwrap_or(""), resource, allowed)?;
    let prompt = Prompt::parse(parameters.get("prompt")?.unwrap_or("")).map_err(|_| AuthorizationError::Prompt)?;
    // It only saves the user some typing: what cannot be a name is left out (OpenID Connect Core §3.1.2.1).
    let is_hint = |hint: &&str| hint.len() <= MAX_LOGIN_HINT_BYTES && hint.chars().all(is_visible);
    let login_hint = parameters.get("login_hint")?.filter(is_hint).map(str::to_owned);
    Ok(Checked { code_challenge, resource, scope, prompt, login_hint })
}

/// What a client gets that asks for `asked`, and may ask for no more than `allowed`.
fn scope(asked: &str, resource: &ProtectedResource, allowed: Option<&Scope>) -> Result<Scope, AuthorizationError> {
    let all = resource.scope();
    let asked = Scope::parse(asked).ok_or(AuthorizationError::MalformedScope)?.of_resource(&all);
    if let Some(token) = asked.first_outside(&all) {
        return Err(AuthorizationError::UnknownScope(token.as_str().to_owned()));
    }
    let Some(allowed) = allowed else {
        return Ok(if asked.is_empty() { resource.default_scope.clone() } else { asked });
    };
    if let Some(token) = asked.first_outside(allowed) {
        return Err(AuthorizationError::ForbiddenScope(token.as_str().to_owned()));
    }
    let wanted = if asked.is_empty() { &resource.default_scope } else { &asked };
    let scope: Scope = wanted.iter().filter(|token| allowed.contains(token.as_str())).cloned().collect();
    if scope.is_empty() { Err(AuthorizationError::NoScope) } else { Ok(scope) }
}

/// Visible ASCII and blanks (RFC 6749 appendix A.5), not too long to travel in a cookie.
fn is_state(text: &str) -> bool {
    text.len() <= MAX_STATE_BYTES && text.bytes().all(|c| (0x20..=0x7e).contains(&c))
}

/// A refusal that the client gets as a redirect.
#[derive(Debug)]
pub struct ErrorRedirect {
    /// The client, and where it is answered.
    pub request: RedirectableRequest,
    /// Why.
    pub error: AuthorizationError,
}

/// Why the user sees a page instead of being sent anywhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// No `client_id`.
    #[error("the request names no client")]
    NoClient,
    /// No such client.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// No `redirect_uri`, and it is not clear which is meant.
    #[error("redirect_uri is missing, and the client has not registered exactly one complete URI")]
    NoRedirectUri,
    /// The redirect URI breaks a rule.
    #[error(transparent)]
    RedirectUri(#[from] RefusedRedirectUri),
    /// It is not one of the client's.
    #[error("redirect URI that is not registered for this client: {0}")]
    RedirectUriNotRegistered(String),
    /// `client_id` or `redirect_uri` twice.
    #[error(transparent)]
    Repeated(#[from] Repeated),
}

/// Why the request goes back to the client. What it quotes is fit for an `error_description`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthorizationError {
    /// `state` is too long or not visible ASCII.
    #[error("state is longer than {MAX_STATE_BYTES} bytes or not visible ASCII")]
    State,
    /// No `response_type`.
    #[error("response_type is missing")]
    NoResponseType,
    /// Another `response_type` than `code`.
    #[error("response_type is not code: `{0}`")]
    ResponseType(String),
    /// Another `response_mode` than `query`.
    #[error("response_mode is not query: `{0}`")]
    ResponseMode(String),
    /// No `code_challenge`.
    #[error("code_challenge is missing: PKCE is required")]
    NoCodeChallenge,
    /// `code_challenge_method` is not `S256`; without one it is `plain`.
    #[error("code_challenge_method is not S256: `{0}`")]
    CodeChallengeMethod(String),
    /// `code_challenge` is not a SHA-256 in base64url.
    #[error("code_challenge is malformed")]
    CodeChallenge,
    /// `resource` is none of ours.
    #[error("resource is not served here: {0}")]
    Resource(String),
    /// More than one `resource`.
    #[error("resource was sent more than once: a token is for one")]
    SeveralResources,
    /// `scope` is no list of scopes.
    #[error("scope holds a character that no scope has, or a scope of more than 128 characters")]
    MalformedScope,
    /// A scope that the resource does not have.
    #[error("the resource has no scope `{0}`")]
    UnknownScope(String),
    /// A scope that the client may not ask for.
    #[error("this client may not ask for the scope `{0}`")]
    ForbiddenScope(String),
    /// The client may not have any of the scopes that are granted where none is asked for.
    #[error("scope is missing, and this client may have none of the default scopes")]
    NoScope,
    /// `prompt` has `none` and something else in it.
    #[error("prompt holds none together with other values")]
    Prompt,
    /// `prompt=none`, and the user would have to be asked.
    #[error("the user has to allow it first, and prompt is none")]
    ConsentRequired,
    /// `prompt=none`, and the user is not signed in.
    #[error("the user has to sign in first, and prompt is none")]
    LoginRequired,
    /// `prompt=none`, and the identity provider would have to ask the user something.
    #[error("the user has to be asked something first, and prompt is none")]
    InteractionRequired,
    /// The answer would not fit in a cookie.
    #[error("state, redirect_uri, resource and scope are too long together")]
    TooLong,
    /// A parameter came twice.
    #[error(transparent)]
    Repeated(#[from] Repeated),
    /// The user said no.
    #[error("the user did not allow it")]
    Denied,
    /// The identity provider says that the user did not sign in.
    #[error("the sign-in was not completed")]
    SignInRefused,
    /// The identity provider cannot answer now.
    #[error("sign-in is not available at the moment")]
    UpstreamUnavailable,
    /// The identity provider refuses our request, or something of ours failed.
    #[error("sign-in failed")]
    ServerError,
}

impl AuthorizationError {
    /// Its code (RFC 6749 §4.1.2.1, RFC 8707 §2, OpenID Connect Core §3.1.2.6).
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::State
            | Self::NoResponseType
            | Self::ResponseMode(_)
            | Self::NoCodeChallenge
            | Self::CodeChallengeMethod(_)
            | Self::CodeChallenge
            | Self::Prompt
            | Self::TooLong
            | Self::Repeated(_) => ErrorCode::InvalidRequest,
            Self::ResponseType(_) => ErrorCode::UnsupportedResponseType,
            Self::Resource(_) | Self::SeveralResources => ErrorCode::InvalidTarget,
            Self::MalformedScope | Self::UnknownScope(_) | Self::ForbiddenScope(_) | Self::NoScope => {
                ErrorCode::InvalidScope
            }
            Self::ConsentRequired => ErrorCode::ConsentRequired,
            Self::LoginRequired => ErrorCode::LoginRequired,
            Self::InteractionRequired => ErrorCode::InteractionRequired,
            Self::Denied | Self::SignInRefused => ErrorCode::AccessDenied,
            Self::UpstreamUnavailable => ErrorCode::TemporarilyUnavailable,
            Self::ServerError => ErrorCode::ServerError,
        }
    }
}
