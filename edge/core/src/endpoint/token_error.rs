//! What `/token` and `/revoke` refuse, and how they say so.

use http::{HeaderValue, StatusCode, header};
use serde_json::json;

use super::{Answer, upstream_failure};
use crate::{
    access_token::MintError,
    client::{AssertionError, ClientError},
    message::{
        parameters::{Parameters, Repeated},
        request::{BodyError, Request},
        response::{Caching, json},
    },
    oauth::ErrorCode,
    platform::{Event, Level, Randomness, RandomnessError},
    sealed::{OpenError, SealError},
    upstream::UpstreamError,
};

/// A client that is told to come back later comes back after this many seconds, where no time is known …
const RETRY_AFTER_SECONDS: u32 = 5;
/// … and up to so many more, at random: those who are refused in one second must not come back in one.
const SPREAD_SECONDS: u32 = 25;

/// What a client is told whose user is in too many groups; it may show it to the user.
const TOO_MANY_GROUPS: &str = "the user is in more groups than an access token has room for; the operator of this server \
                               must have it told of fewer";

/// What a client is told whose user a Lambda refuses; it may show it to the user.
const REFUSED_BY_LAMBDA: &str = "a Lambda of the user pool has refused the user; signing in again shows its reason";

/// Checks that a request's body is a form.
///
/// # Errors
/// When there is none, or it did not come whole.
pub(super) fn check_form(request: &Request) -> Result<(), TokenError> {
    request.body()?;
    if request.media_type().as_deref() != Some("application/x-www-form-urlencoded") {
        return Err(TokenError::NotAForm);
    }
    Ok(())
}

/// A parameter that must be there, once.
///
/// # Errors
/// When it is not.
pub(super) fn required<'a>(form: &'a Parameters<'_>, name: &'static str) -> Result<&'a str, TokenError> {
    form.get(name)?.ok_or(TokenError::Missing(name))
}

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum TokenError {
    /// There is no whole body.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// The body is no form.
    #[error("the content type is not application/x-www-form-urlencoded")]
    NotAForm,
    /// A parameter is missing.
    #[error("the parameter `{0}` is missing")]
    Missing(&'static str),
    /// A parameter came twice.
    #[error(transparent)]
    Repeated(#[from] Repeated),
    /// The client is not known, or has not proved that it is it.
    #[error(transparent)]
    Client(ClientError),
    /// Another grant type.
    #[error("grant_type is neither authorization_code nor refresh_token: `{0}`")]
    UnsupportedGrantType(String),
    /// The verifier is malformed.
    #[error("code_verifier is malformed")]
    CodeVerifier,
    /// The code is not good, or not this client's.
    #[error("authorization code: {0}")]
    Code(OpenError),
    /// The code went to another redirect URI.
    #[error("redirect_uri is not the one of the authorization request: {0}")]
    OtherRedirectUri(String),
    /// The verifier is not the challenge's.
    #[error("code_verifier does not match the code_challenge")]
    WrongCodeVerifier,
    /// The code is of another user than the one who has allowed it.
    #[error("another user has signed in than the one who allowed it")]
    OtherUser,
    /// The code is for another resource.
    #[error("resource is not the one of the authorization request, or no longer served: {0}")]
    OtherResource(String),
    /// The refresh token is not good, or not this client's.
    #[error("refresh token: {0}")]
    RefreshToken(OpenError),
    /// The refresh token is for another resource.
    #[error("resource is not the one granted, or no longer served: {0}")]
    OtherResourceAtRefresh(String),
    /// A token that cannot be revoked: only a grant can, by its refresh token.
    #[error("an access token cannot be revoked before it expires; revoke the refresh token")]
    NotRevocable,
    /// `scope` is no list of scopes.
    #[error("scope holds a character that no scope has, or a scope of more than 128 characters")]
    MalformedScope,
    /// More scope than was granted.
    #[error("the scope `{0}` was not granted")]
    ScopeNotGranted(String),
    /// The user may have nothing of what was asked for.
    #[error("the user may not be granted any scope that was asked for")]
    NothingGranted,
    /// The user may have nothing any more of what was granted.
    #[error("the user may not have any more what was granted")]
    NothingLeft,
    /// Cognito did not play along.
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
    /// A token could not be made.
    #[error(transparent)]
    Mint(#[from] MintError),
    /// A token could not be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// No randomness.
    #[error(transparent)]
    Randomness(#[from] RandomnessError),
}

impl From<ClientError> for TokenError {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Repeated(repeated) => Self::Repeated(repeated),
            error => Self::Client(error),
        }
    }
}

/// The error response (RFC 6749 §5.2). Only what the client can act on is described; the log has the reason.
pub(super) fn refuse(error: &TokenError, request: &Request, event: Event, randomness: &impl Randomness) -> Answer {
    use ErrorCode::{
        AccessDenied, InvalidClient, InvalidGrant, InvalidRequest, InvalidScope, InvalidTarget, ServerError,
        TemporarilyUnavailable, UnsupportedGrantType, UnsupportedTokenType,
    };
    let (status, code, level) = match error {
        // Our settings or Cognito's are wrong, or our platform fails. The client's code or token is as good as before.
        TokenError::Client(ClientError::Assertion(AssertionError::Unverified(_)))
        | TokenError::Upstream(
            UpstreamError::InvalidClient
            | UpstreamError::Rejected(_)
            | UpstreamError::LambdaFailed(_)
            | UpstreamError::Unusable(_)
            | UpstreamError::Unverified(_),
        ) => (StatusCode::SERVICE_UNAVAILABLE, TemporarilyUnavailable, Level::Alert),
        // A client must not throw away its sign-in because its own host does not answer us.
        TokenError::Client(error) if error.is_temporary() => {
            (StatusCode::SERVICE_UNAVAILABLE, TemporarilyUnavailable, Level::Warn)
        }
        TokenError::Body(error) => (error.status(), InvalidRequest, Level::Info),
        TokenError::NotAForm
        | TokenError::Missing(_)
        | TokenError::Repeated(_)
        | TokenError::CodeVerifier
        | TokenError::Client(
            ClientError::TwoMethods
            | ClientError::TwoClients
            | ClientError::IncompleteAssertion
            | ClientError::Repeated(_),
        ) => (StatusCode::BAD_REQUEST, InvalidRequest, Level::Info),
        TokenError::Client(
            ClientError::Unknown
            | ClientError::DocumentUrl(_)
            | ClientError::Document { .. }
            | ClientError::NotNamed
            | ClientError::MalformedCredentials
            | ClientError::WrongSecret
            | ClientError::NoSecret
            | ClientError::NoAssertion
            | ClientError::OtherMethod
            | ClientError::AssertionType
            | ClientError::Assertion(_),
        ) => (StatusCode::UNAUTHORIZED, InvalidClient, Level::Info),
        TokenError::UnsupportedGrantType(_) => (StatusCode::BAD_REQUEST, UnsupportedGrantType, Level::Info),
        TokenError::NotRevocable => (StatusCode::BAD_REQUEST, UnsupportedTokenType, Level::Info),
        TokenError::Code(_)
        | TokenError::OtherRedirectUri(_)
        | TokenError::OtherUser
        | TokenError::WrongCodeVerifier
        | TokenError::RefreshToken(_)
        // SDKs give up for good on `invalid_target` at a refresh; on `invalid_grant` they sign in again.
        | TokenError::OtherResourceAtRefresh(_)
        | TokenError::NothingLeft
        | TokenError::Upstream(UpstreamError::InvalidGrant(_)) => {
            (StatusCode::BAD_REQUEST, InvalidGrant, Level::Info)
        }
        // A Lambda that has crashed may look like one that refuses. SDKs keep the refresh token at this code, so that nobody
        // is signed out for good by somebody's outage.
        TokenError::Upstream(UpstreamError::UserRefused(_)) => (StatusCode::BAD_REQUEST, AccessDenied, Level::Warn),
        TokenError::OtherResource(_) => (StatusCode::BAD_REQUEST, InvalidTarget, Level::Info),
        TokenError::MalformedScope | TokenError::ScopeNotGranted(_) | TokenError::NothingGranted => (StatusCode::BAD_REQUEST, InvalidScope, Level::Info),
        TokenError::Upstream(UpstreamError::Unavailable { .. }) => {
            (StatusCode::SERVICE_UNAVAILABLE, TemporarilyUnavailable, Level::Warn)
        }
        // The user has signed in, and nothing that client or user do makes the token shorter. SDKs report any code to
        // whoever waits, but begin a new sign-in on `invalid_grant`, and at a refresh on `server_error` and codes that
        // they do not know. RFC 8628 §3.5 has this one at a token endpoint.
        TokenError::Mint(MintError::TooLong { .. }) => (StatusCode::BAD_REQUEST, AccessDenied, Level::Alert),
        TokenError::Mint(_) | TokenError::Seal(_) | TokenError::Randomness(_) => {
            (StatusCode::INTERNAL_SERVER_ERROR, ServerError, Level::Alert)
        }
    };
    let mut body = json!({ "error": code.as_str() });
    let told = match error {
        TokenError::Mint(MintError::TooLong { .. }) => Some(TOO_MANY_GROUPS.to_owned()),
        TokenError::Upstream(UpstreamError::UserRefused(_)) => Some(REFUSED_BY_LAMBDA.to_owned()),
        // Only the client's developer can fix this.
        TokenError::Client(ClientError::DocumentUrl(_) | ClientError::Document { .. } | ClientError::Assertion(_))
        | TokenError::OtherRedirectUri(_)
        | TokenError::OtherResourceAtRefresh(_) => Some(error.to_string()),
        _ if matches!(
            code,
            InvalidRequest | InvalidTarget | InvalidScope | UnsupportedGrantType | UnsupportedTokenType
        ) =>
        {
            Some(error.to_string())
        }
        _ => None,
    };
    if let Some(told) = told {
        body["error_description"] = told.into();
    }
    let mut response = json(status, &body, Caching::NoStore);
    // What scripts of other origins must read beside the body, or do not know when to come back.
    let exposed = HeaderValue::from_static("Retry-After, WWW-Authenticate");
    response.headers_mut().insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        let least = match error {
            TokenError::Upstream(UpstreamError::Unavailable { retry_after: Some(seconds), .. }) => *seconds,
            _ => RETRY_AFTER_SECONDS,
        };
        let seconds = least.saturating_add(spread(randomness));
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    // RFC 6749 §5.2: a client that used the header is told which scheme it is.
    if code == InvalidClient && request.headers.contains_key(header::AUTHORIZATION) {
        let scheme = HeaderValue::from_static("Basic realm=\"token\"");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
    }
    let mut answer = Answer::new(response, level, event).because(error);
    if let TokenError::Upstream(error) = error {
        answer.cause = upstream_failure(error);
    }
    answer
}

/// Up to [`SPREAD_SECONDS`].
fn spread(randomness: &impl Randomness) -> u32 {
    let mut drawn = [0; 4];
    // Without randomness there is no spread: to come back with all the others is better than not to.
    let _ = randomness.fill(&mut drawn);
    u32::from_le_bytes(drawn) % (SPREAD_SECONDS + 1)
}
