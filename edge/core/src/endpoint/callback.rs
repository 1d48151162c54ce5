//! `GET /callback`: what Cognito answered, passed on to the client or told to the user.

use http::{Response, StatusCode};

use super::{
    Answer,
    authorize::{PENDING_COOKIE, WAY_ON, error_uri, send_back, to_cognito},
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
    oauth::Prompt,
    page,
    platform::{Event, Level, Platform, Record, UnixTime},
    sealed::{self, AuthorizationCode, OpenError, PendingAuthorization, Transaction},
    upstream::SignInError,
};

/// The longest code of Cognito's that is taken; they are 36 characters.
const MAX_CODE_BYTES: usize = 512;

/// Ends a sign-in, or tells the user why it has not ended well.
pub fn handle(request: &Request, config: &Config, platform: &impl Platform, now: UnixTime) -> Answer {
    let parameters = Parameters::parse(request.target().query.unwrap_or_default().as_bytes());
    let transaction = match find_transaction(request, &parameters, config, now) {
        Ok(transaction) => transaction,
        Err(error) => return refuse(&error, config),
    };
    let answer = match conclude(&parameters, &transaction, config, platform, now) {
        Ok(answer) => end(answer, &transaction),
        Err(error) => tell(&error, &transaction, config),
    };
    answer.about(&transaction.client, Some(&transaction.id))
}

/// The sign-in is over.
fn end(mut answer: Answer, transaction: &Transaction) -> Answer {
    clear_cookie(&mut answer.response, &cookie_name(PENDING_COOKIE, &transaction.id));
    answer
}

/// Where a user can do something, they get a page, and the sign-in stays open for them. Everything else goes to the client.
fn tell(error: &SignInError, transaction: &Transaction, config: &Config) -> Answer {
    let told = match error {
        SignInError::Lambda(_) | SignInError::Refused(_) => AuthorizationError::SignInRefused,
        SignInError::LoginRequired if transaction.prompt.forbids_pages() => AuthorizationError::LoginRequired,
        SignInError::InteractionRequired if transaction.prompt.forbids_pages() => {
            AuthorizationError::InteractionRequired
        }
        SignInError::LoginRequired | SignInError::InteractionRequired => AuthorizationError::SignInRefused,
        SignInError::Linked | SignInError::Unavailable(_) => AuthorizationError::UpstreamUnavailable,
        SignInError::Misconfigured(_) => AuthorizationError::ServerError,
    };
    let page = refusal_page(error, &told, transaction, config);
    let is_open = page.is_some();
    let target = (&transaction.redirect_target, transaction.client_state.as_deref());
    let mut answer = match page {
        Some(page) => Answer::new(page, Level::Info, Event::AuthorizationRefused),
        None => send_back(StatusCode::FOUND, target, &told, config),
    }
    .because(error);
    let cause = match error {
        // Worth counting: the operator's own code has said no.
        SignInError::Lambda(_) => {
            answer.record.level = Level::Warn;
            None
        }
        SignInError::Unavailable(_) => Some(Level::Warn),
        SignInError::Misconfigured(_) => Some(Level::Alert),
        SignInError::Refused(_)
        | SignInError::Linked
        | SignInError::LoginRequired
        | SignInError::InteractionRequired => None,
    };
    answer.cause = cause.map(|level| Record::new(level, Event::UpstreamFailed).because(error));
    if is_open { answer } else { end(answer, transaction) }
}

/// What a user is shown who can do something about the error. The status is that of a refusal, not of success: what the
/// browser asked for has not come about, and browsers show the page all the same.
fn refusal_page(
    error: &SignInError,
    told: &AuthorizationError,
    transaction: &Transaction,
    config: &Config,
) -> Option<Response<String>> {
    let (status, title, what, retry) = match error {
        SignInError::Lambda(_)
        | SignInError::Refused(_)
        | SignInError::LoginRequired
        | SignInError::InteractionRequired => (
            StatusCode::FORBIDDEN,
            "You were not signed in",
            "The sign-in was refused, or it was not completed. You can sign in with another account, or go back without \
             signing in.",
            "Sign in as somebody else",
        ),
        SignInError::Linked => (
            StatusCode::CONFLICT,
            "Please sign in once more",
            "Your accounts have just been linked. After that the first sign-in fails; the next one works.",
            "Sign in again",
        ),
        SignInError::Unavailable(_) | SignInError::Misconfigured(_) => return None,
    };
    if transaction.prompt.forbids_pages() {
        return None;
    }
    let next = match error {
        SignInError::Linked => transaction,
        _ => &transaction.for_somebody_else(),
    };
    let retry_uri = to_cognito(next, config)?;
    let words = if let SignInError::Lambda(lambda) = error { lambda.words() } else { None };
    let target = &transaction.redirect_target;
    let back_uri = error_uri((target, transaction.client_state.as_deref()), told, config);
    let refusal = page::Refusal { title, what, words, retry, retry_uri: &retry_uri, back_uri: &back_uri };
    Some(page::refusal(status, &refusal, target, &config.pages.brand))
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

/// A code for the client, or why there is none.
fn conclude(
    parameters: &Parameters<'_>,
    transaction: &Transaction,
    config: &Config,
    platform: &impl Platform,
    now: UnixTime,
) -> Result<Answer, SignInError> {
    let fault = |reason: &str| SignInError::Misconfigured(reason.to_owned());
    let repeats = |_: Repeated| fault("Cognito's answer repeats a parameter");
    if let Some(error) = parameters.get("error").map_err(repeats)? {
        return Err(SignInError::read(error, parameters.get("error_description").map_err(repeats)?));
    }
    let upstream_code = parameters
        .get("code")
        .map_err(repeats)?
        .filter(|code| code.len() <= MAX_CODE_BYTES)
        .ok_or_else(|| fault("Cognito's answer has neither code nor error"))?;
    // What is for Cognito's login page only need not travel on.
    let transaction = Transaction { prompt: Prompt::default(), login_hint: None, ..transaction.clone() };
    let code = AuthorizationCode { upstream_code: upstream_code.to_owned(), transaction };
    let transaction = &code.transaction;
    let sealed = sealed::seal(&code, transaction.client.as_str(), &config.keys, now, platform)
        .map_err(|_| fault("the code could not be sealed"))?;
    let mut answer = vec![("code", sealed.as_str())];
    answer.extend(transaction.client_state.as_deref().map(|state| ("state", state)));
    answer.push(("iss", &config.issuer));
    let response = leave(StatusCode::FOUND, &transaction.redirect_target, answer, config);
    Ok(Answer::new(response, Level::Info, Event::SignedIn))
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
            "This sign-in was begun in another browser, is already finished, or took more than an hour."
        }
        CallbackError::Cookie(_) => "This sign-in took too long, or its cookie was altered.",
    };
    let title = "This sign-in cannot be finished";
    let response = page::error(StatusCode::BAD_REQUEST, title, what, WAY_ON, &config.pages.brand);
    Answer::new(response, Level::Warn, Event::CallbackRefused).because(error)
}
