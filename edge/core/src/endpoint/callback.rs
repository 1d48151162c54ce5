//! `GET /callback`: what Cognito answered, passed on to the client.

use http::StatusCode;

use super::{
    Answer,
    authorize::{PENDING_COOKIE, WAY_ON, send_back},
    cookie_name, leave,
};
use crate::{
    authorization::AuthorizationError,
    config::Config,
    message::{
        parameters::{Parameters, Repeated},
        request::Request,
        response::clear_cookie,
    },
    page,
    platform::{Event, Level, Platform, Record, UnixTime},
    sealed::{self, AuthorizationCode, OpenError, PendingAuthorization, Transaction},
};

/// The longest code of Cognito's that is taken; they are 36 characters.
const MAX_CODE_BYTES: usize = 512;

/// Ends a sign-in.
pub fn handle(request: &Request, config: &Config, platform: &impl Platform, now: UnixTime) -> Answer {
    let parameters = Parameters::parse(request.target().query.unwrap_or_default().as_bytes());
    let transaction = match find_transaction(request, &parameters, config, now) {
        Ok(transaction) => transaction,
        Err(error) => return refuse(&error, config),
    };
    let mut answer = match conclude(&parameters, &transaction, config, platform, now) {
        Ok(answer) => answer,
        Err((error, reason)) => {
            let target = (&transaction.redirect_target, transaction.client_state.as_deref());
            let mut answer = send_back(StatusCode::FOUND, target, error, config).because(reason);
            answer.cause = match error {
                AuthorizationError::UpstreamUnavailable => Some(Level::Warn),
                AuthorizationError::ServerError => Some(Level::Alert),
                _ => None,
            }
            .map(|level| Record::new(level, Event::UpstreamFailed).because(reason));
            answer
        }
    };
    clear_cookie(&mut answer.response, &cookie_name(PENDING_COOKIE, &transaction.id));
    answer.about(&transaction.client, Some(&transaction.id))
}

/// The sign-in that this browser began and that `state` names: both must agree.
fn find_transaction(
    request: &Request,
    parameters: &Parameters<'_>,
    config: &Config,
    now: UnixTime,
) -> Result<Transaction, CallbackError> {
    let state = parameters.get("state")?.filter(|state| is_transaction_id(state)).ok_or(CallbackError::NoState)?;
    let cookie = request.cookie(&cookie_name(PENDING_COOKIE, state)).ok_or(CallbackError::NoCookie)?;
    let PendingAuthorization(transaction) = sealed::open(&cookie, state, &config.keys, now)?;
    Ok(transaction)
}

fn is_transaction_id(text: &str) -> bool {
    text.len() == 22 && text.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_'))
}

/// A code for the client, or the error to tell it and the reason to log.
fn conclude(
    parameters: &Parameters<'_>,
    transaction: &Transaction,
    config: &Config,
    platform: &impl Platform,
    now: UnixTime,
) -> Result<Answer, (AuthorizationError, &'static str)> {
    let malformed = |_: Repeated| (AuthorizationError::ServerError, "Cognito's answer repeats a parameter");
    if let Some(error) = parameters.get("error").map_err(malformed)? {
        return Err(translate(error));
    }
    let upstream_code = parameters
        .get("code")
        .map_err(malformed)?
        .filter(|code| code.len() <= MAX_CODE_BYTES)
        .ok_or((AuthorizationError::ServerError, "Cognito's answer has neither code nor error"))?;
    let code = AuthorizationCode { upstream_code: upstream_code.to_owned(), transaction: transaction.clone() };
    let sealed = sealed::seal(&code, transaction.client.as_str(), &config.keys, now, platform)
        .map_err(|_| (AuthorizationError::ServerError, "the code could not be sealed"))?;
    let mut answer = vec![("code", sealed.as_str())];
    answer.extend(transaction.client_state.as_deref().map(|state| ("state", state)));
    answer.push(("iss", &config.issuer));
    let response = leave(StatusCode::FOUND, &transaction.redirect_target, answer, config);
    Ok(Answer::new(response, Level::Info, Event::SignedIn))
}

/// Cognito's error in words for the client and for the log. What Cognito says about our request is our fault, never the
/// client's.
fn translate(error: &str) -> (AuthorizationError, &'static str) {
    match error {
        "access_denied" => (AuthorizationError::SignInRefused, "Cognito says access_denied"),
        "login_required" => (AuthorizationError::SignInRefused, "Cognito says login_required"),
        "temporarily_unavailable" => (AuthorizationError::UpstreamUnavailable, "Cognito says temporarily_unavailable"),
        "server_error" => (AuthorizationError::UpstreamUnavailable, "Cognito says server_error"),
        "invalid_request" => (
            AuthorizationError::ServerError,
            "Cognito says invalid_request: a scope the app client does not have, or an identity provider's failure",
        ),
        "invalid_scope" => (AuthorizationError::ServerError, "Cognito says invalid_scope"),
        "unauthorized_client" => (AuthorizationError::ServerError, "Cognito says unauthorized_client"),
        _ => (AuthorizationError::ServerError, "Cognito says an error of its own"),
    }
}

/// Why there is no sign-in to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum CallbackError {
    #[error("no state of ours")]
    NoState,
    #[error("no cookie for this state")]
    NoCookie,
    #[error("the cookie: {0}")]
    Cookie(#[from] OpenError),
    #[error(transparent)]
    Repeated(#[from] Repeated),
}

fn refuse(error: &CallbackError, config: &Config) -> Answer {
    let what = match error {
        CallbackError::NoState | CallbackError::Repeated(_) => "The address is not one that a sign-in leads to.",
        CallbackError::NoCookie => {
            "This sign-in was begun in another browser, is already finished, or took more than ten minutes."
        }
        CallbackError::Cookie(_) => "This sign-in took too long, or its cookie was altered.",
    };
    let title = "This sign-in cannot be finished";
    let response = page::error(StatusCode::BAD_REQUEST, title, what, WAY_ON, &config.pages.brand);
    Answer::new(response, Level::Warn, Event::CallbackRefused).because(error)
}
