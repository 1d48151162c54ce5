//! `GET /callback`: what Cognito answered, passed on to the client or told to the user.
//!
//! A code of Cognito's says who the user is only when it is redeemed, and then it is used up: usually the client's request does
//! that. A consent that is remembered, or is to be, is one user's. So its sign-in has two rounds: the code of the first is redeemed
//! here, and Cognito, which knows the user by then, answers the second at once with a code for the client.

use http::{Response, StatusCode};

use super::{
    Answer, Memories,
    authorize::{
        PENDING_COOKIE, WAY_ON, cognito_url, error_uri, redirect_to_cognito, redirect_with_error, upstream_verifier,
    },
    callback_uri, cookie_name, redirect_to_client,
    remembered::{allowed_by, remember},
};
use crate::{
    authorization::AuthorizationError,
    config::Config,
    message::{
        parameters::{Parameters, Repeated},
        request::Request,
        response::{clear_cookie, redirect},
    },
    oauth::{Prompt, pkce},
    page,
    platform::{Event, Level, Platform, Randomness, RandomnessError, Record, random_id},
    received::Received,
    request_context::RequestContext,
    route::Route,
    sealed::{AuthorizationCode, OpenError, PendingAuthorization, Remembered, Transaction},
    upstream::{self, SignInError, UpstreamMemory},
};

/// The longest code of Cognito's that is taken; they are 36 characters.
const MAX_CODE_BYTES: usize = 512;

/// Ends a sign-in, or tells the user why it has not ended well.
pub(crate) async fn handle<P: Platform>(
    received: &Received<'_>,
    memories: &Memories,
    context: &RequestContext<'_, P>,
) -> Answer {
    let Received { request, parameters, .. } = received;
    let transaction = match find_transaction(request, parameters, context) {
        Ok(transaction) => transaction,
        Err(error) => return refuse(&error, context.config),
    };
    let concluded = match (upstream_code(parameters), &transaction.remembered) {
        (Ok(code), Some(Remembered::Wanted | Remembered::Used(_))) => {
            let found = find_subject(code, &transaction, &memories.upstream, context).await;
            found.and_then(|subject| decide_for(&subject, request, &transaction, context))
        }
        (code, _) => code.and_then(|code| redirect_with_code(code, &transaction, context)),
    };
    let answer = concluded.unwrap_or_else(|error| refuse_sign_in(&error, &transaction, context.config));
    answer.about(&transaction.client, Some(&transaction.id))
}

/// Who has signed in. This uses up Cognito's code.
async fn find_subject<P: Platform>(
    code: &str,
    transaction: &Transaction,
    memory: &UpstreamMemory,
    context: &RequestContext<'_, P>,
) -> Result<String, SignInError> {
    let callback_uri = callback_uri(&context.config.issuer);
    let granted = upstream::redeem(code, transaction, &callback_uri, memory, context).await?;
    Ok(granted.subject.subject)
}

/// To the second round, if this user allows what is asked for; otherwise they are asked.
fn decide_for<P: Platform>(
    subject: &str,
    request: &Request,
    transaction: &Transaction,
    context: &RequestContext<'_, P>,
) -> Result<Answer, SignInError> {
    let config = context.config;
    let identified = |response| Answer::new(response, Level::Info, Event::UserIdentified).of(subject);
    if let Some(Remembered::Used(client_id)) = &transaction.remembered
        && allowed_by(request, transaction, context).as_deref() != Some(subject)
    {
        let answer = if transaction.prompt.forbids_pages() {
            let error = AuthorizationError::ConsentRequired;
            redirect_with_error(StatusCode::FOUND, transaction.into(), &error, config).of(subject)
        } else {
            identified(ask_again(client_id, transaction, config)).because(&"the remembered consent is another user's")
        };
        return Ok(end_sign_in(answer, transaction));
    }
    let fault = || SignInError::Misconfigured("the second round could not begin".to_owned());
    let next = second_round(transaction, subject, context.platform).map_err(|_| fault())?;
    let mut response = redirect_to_cognito(request, &next, context).map_err(|_| fault())?;
    if transaction.remembered == Some(Remembered::Wanted) {
        remember(&mut response, request, transaction, subject, context);
    }
    Ok(identified(response))
}

/// The same sign-in once more, with secrets of its own. Cognito has no reason to ask the user anything.
fn second_round(
    transaction: &Transaction,
    subject: &str,
    randomness: &impl Randomness,
) -> Result<Transaction, RandomnessError> {
    Ok(Transaction {
        upstream_verifier: upstream_verifier(randomness)?,
        upstream_nonce: random_id(randomness)?,
        prompt: transaction.prompt.without_pages(),
        login_hint: None,
        remembered: Some(Remembered::By(subject.to_owned())),
        ..transaction.clone()
    })
}

/// The client's request once more, whose consent page must be shown.
fn ask_again(client_id: &str, transaction: &Transaction, config: &Config) -> Response<String> {
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("response_type", "code")
        .append_pair("client_id", client_id)
        .append_pair("redirect_uri", transaction.redirect_target.as_str())
        .append_pair("scope", &transaction.scope.to_string())
        .append_pair("code_challenge", transaction.code_challenge.as_str())
        .append_pair("code_challenge_method", pkce::METHOD)
        .append_pair("resource", &transaction.resource)
        .append_pair("prompt", "consent")
        .extend_pairs(transaction.client_state.as_deref().map(|state| ("state", state)))
        .finish();
    redirect(StatusCode::FOUND, &format!("{}{}?{query}", config.issuer, Route::Authorize.path()))
}

/// The sign-in is over.
fn end_sign_in(mut answer: Answer, transaction: &Transaction) -> Answer {
    clear_cookie(&mut answer.response, &cookie_name(PENDING_COOKIE, &transaction.id));
    answer
}

/// Where a user can do something, they get a page, and the sign-in stays open for them. Everything else goes to the client.
fn refuse_sign_in(error: &SignInError, transaction: &Transaction, config: &Config) -> Answer {
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
    let mut answer = match page {
        Some(page) => Answer::new(page, Level::Info, Event::AuthorizationRefused),
        None => redirect_with_error(StatusCode::FOUND, transaction.into(), &told, config),
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
    if is_open { answer } else { end_sign_in(answer, transaction) }
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
    let retry_uri = cognito_url(next, config)?;
    let words = if let SignInError::Lambda(lambda) = error { lambda.words() } else { None };
    let target = &transaction.redirect_target;
    let back_uri = error_uri(transaction.into(), told, config);
    let refusal = page::Refusal { title, what, words, retry, retry_uri: &retry_uri, back_uri: &back_uri };
    Some(page::refusal(status, &refusal, target, &config.pages.brand))
}

/// The sign-in that this browser began and that `state` names: both must agree.
fn find_transaction<P: Platform>(
    request: &Request,
    parameters: &Parameters<'_>,
    context: &RequestContext<'_, P>,
) -> Result<Transaction, CallbackError> {
    let state = parameters.get("state")?.filter(|state| is_transaction_id(state)).ok_or(CallbackError::NoState)?;
    let cookie = request.cookie(&cookie_name(PENDING_COOKIE, state)).ok_or(CallbackError::NoCookie)?;
    let PendingAuthorization(transaction) = context.open(&cookie, state)?;
    Ok(transaction)
}

fn is_transaction_id(text: &str) -> bool {
    text.len() == 22 && text.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_'))
}

/// Cognito's code, or why there is none.
fn upstream_code<'a>(parameters: &'a Parameters<'_>) -> Result<&'a str, SignInError> {
    let fault = |reason: &str| SignInError::Misconfigured(reason.to_owned());
    let repeats = |_: Repeated| fault("Cognito's answer repeats a parameter");
    if let Some(error) = parameters.get("error").map_err(repeats)? {
        return Err(SignInError::read(error, parameters.get("error_description").map_err(repeats)?));
    }
    let code = parameters.get("code").map_err(repeats)?.filter(|code| code.len() <= MAX_CODE_BYTES);
    code.ok_or_else(|| fault("Cognito's answer has neither code nor error"))
}

/// A code for the client.
fn redirect_with_code<P: Platform>(
    upstream_code: &str,
    transaction: &Transaction,
    context: &RequestContext<'_, P>,
) -> Result<Answer, SignInError> {
    // Parameters of Cognito's login page are not needed any more.
    let transaction = Transaction { prompt: Prompt::default(), login_hint: None, ..transaction.clone() };
    let code = AuthorizationCode { upstream_code: upstream_code.to_owned(), transaction };
    let transaction = &code.transaction;
    let sealed = context
        .seal(&code, transaction.client.as_str())
        .map_err(|_| SignInError::Misconfigured("the code could not be sealed".to_owned()))?;
    let mut answer = vec![("code", sealed.as_str())];
    answer.extend(transaction.client_state.as_deref().map(|state| ("state", state)));
    answer.push(("iss", &context.config.issuer));
    let response = redirect_to_client(StatusCode::FOUND, &transaction.redirect_target, answer, context.config);
    Ok(end_sign_in(Answer::new(response, Level::Info, Event::SignedIn), transaction))
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
