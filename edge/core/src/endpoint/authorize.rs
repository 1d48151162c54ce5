//! `GET` and `POST /authorize`: the request, the user's decision, and the way to the identity provider.

use http::{Response, StatusCode, header};
use subtle::ConstantTimeEq;

use super::{
    Answer, ClientReturn, Memories, callback_uri, cookie_name, redirect_to_client_uri, remembered::is_remembered,
    surplus_cookies,
};
use crate::{
    authorization::{AuthorizationError, PageError, RedirectableRequest, VerifiedAuthorization},
    client::{ClientError, ClientLookup},
    config::{Config, ConsentMode},
    message::{
        request::{BodyError, Request},
        response::{clear_cookie, redirect, set_cookie},
    },
    oauth::{ClientDigest, CodeVerifier, Prompt},
    page,
    platform::{Event, Level, Platform, Randomness, RandomnessError, random_id},
    received::Received,
    request_context::RequestContext,
    sealed::{ConsentTransaction, OpenError, PendingAuthorization, Remembered, Seal, SealError, Transaction},
    upstream,
};

/// Cookies of consent pages that are open.
pub const CONSENT_COOKIE: &str = "__Host-edgeward-consent-";
/// Cookies of sign-ins under way.
pub const PENDING_COOKIE: &str = "__Host-edgeward-signin-";
/// Browsers keep cookies of up to 4096 bytes, name and attributes included, which are some 110 here.
pub const MAX_PENDING_BYTES: usize = 3840;
/// The bytes that the user's id adds after the sign-in.
const SUBJECT_BYTES: usize = 128;

/// Shows the consent page. Has no effect but a cookie, so that it can be called any number of times.
pub(crate) async fn ask<P: Platform>(
    received: &Received<'_>,
    memories: &Memories,
    context: &RequestContext<'_, P>,
) -> Answer {
    let (parameters, config) = (&received.parameters, context.config);
    let clients = ClientLookup { memory: &memories.clients, context };
    let redirectable = match RedirectableRequest::check(parameters, &clients).await {
        Ok(redirectable) => redirectable,
        Err(error) => {
            let answer = refuse_with_page(&error, config);
            return match parameters.get("client_id") {
                Ok(Some(client_id)) => answer.about(&ClientDigest::of(client_id), None),
                _ => answer,
            };
        }
    };
    let verified = match redirectable.verify(parameters, config) {
        Ok(verified) => verified,
        Err(redirect) => return redirect_refused_request(&redirect.request, &redirect.error, config),
    };
    ask_about(&verified, received.request, context)
        .unwrap_or_else(|error| redirect_refused_request(&verified.request, &error, config))
}

/// Asks the user, unless they have allowed it before.
fn ask_about<P: Platform>(
    verified: &VerifiedAuthorization<'_>,
    request: &Request,
    context: &RequestContext<'_, P>,
) -> Result<Answer, AuthorizationError> {
    let mut transaction = new_transaction(verified, context.platform).map_err(|_| AuthorizationError::ServerError)?;
    // A hint must not cost a sign-in.
    if transaction.login_hint.is_some() && check_length(&transaction, context) == Err(AuthorizationError::TooLong) {
        transaction.login_hint = None;
    }
    let client = &verified.request.client;
    if is_remembered(request, &transaction, context) {
        transaction.remembered = Some(Remembered::Used(client.client_id.clone()));
        match redirect_to_cognito(request, &transaction, context) {
            // Without room for asking later, the user is asked now.
            Err(AuthorizationError::TooLong) => transaction.remembered = None,
            gone => {
                return Ok(Answer::new(gone?, Level::Info, Event::ConsentRemembered)
                    .about(&transaction.client, Some(&transaction.id)));
            }
        }
    }
    if transaction.prompt.forbids_pages() {
        return Err(AuthorizationError::ConsentRequired);
    }
    let response = consent_page(request, verified, transaction, context)?;
    Ok(Answer::new(response, Level::Info, Event::ConsentShown).about(&client.digest, None))
}

fn consent_page<P: Platform>(
    request: &Request,
    verified: &VerifiedAuthorization<'_>,
    transaction: Transaction,
    context: &RequestContext<'_, P>,
) -> Result<Response<String>, AuthorizationError> {
    // Better to refuse here than after the user has decided.
    check_length(&transaction, context)?;
    let binding = random_id(context.platform).map_err(|_| AuthorizationError::ServerError)?;
    let id = transaction.id.clone();
    let sealed = context
        .seal(&ConsentTransaction(transaction), &consent_context(&id, &binding))
        .map_err(|_| AuthorizationError::ServerError)?;
    let mut response = page::consent(verified, &id, &sealed, &context.config.pages);
    let name = cookie_name(CONSENT_COOKIE, &id);
    for surplus in surplus_cookies(request, CONSENT_COOKIE, &name) {
        clear_cookie(&mut response, &surplus);
    }
    // It outlives the page, so that a late answer is not taken for one from another browser.
    set_cookie(&mut response, &name, &binding, max_age::<ConsentTransaction>() + 3600);
    Ok(response)
}

fn new_transaction(
    verified: &VerifiedAuthorization<'_>,
    randomness: &impl Randomness,
) -> Result<Transaction, SealError> {
    Ok(Transaction {
        id: random_id(randomness)?,
        client: verified.request.client.digest.clone(),
        redirect_target: verified.request.redirect_target.clone(),
        client_state: verified.request.client_state.clone(),
        code_challenge: verified.code_challenge.clone(),
        resource: verified.resource.indicator.as_str().to_owned(),
        scope: verified.scope.clone(),
        upstream_verifier: upstream_verifier(randomness)?,
        upstream_nonce: random_id(randomness)?,
        prompt: verified.prompt,
        login_hint: verified.login_hint.clone(),
        remembered: None,
    })
}

/// Our `code_verifier` at the identity provider.
pub(super) fn upstream_verifier(randomness: &impl Randomness) -> Result<String, RandomnessError> {
    let mut verifier = [0; 32];
    randomness.fill(&mut verifier)?;
    Ok(CodeVerifier::from_random(&verifier).expose().to_owned())
}

/// Takes the user's decision: back to the client, or on to the identity provider.
pub(crate) fn decide<P: Platform>(received: &Received<'_>, context: &RequestContext<'_, P>) -> Answer {
    let (request, config) = (received.request, context.config);
    let Decided { transaction, decision } = match read_decision(received, context) {
        Ok(read) => read,
        Err(error) => return refuse_decision(&error, config),
    };
    let about = |answer: Answer| answer.about(&transaction.client, Some(&transaction.id));
    let back = ClientReturn::from(&transaction);
    if decision == Decision::Deny {
        let mut answer = redirect_with_error(StatusCode::SEE_OTHER, back, &AuthorizationError::Denied, config);
        clear_cookie(&mut answer.response, &cookie_name(CONSENT_COOKIE, &transaction.id));
        return about(answer);
    }
    let as_decided = match decision {
        Decision::AllowAsSomebodyElse => &transaction.for_somebody_else(),
        Decision::Allow | Decision::Deny => &transaction,
    };
    about(match redirect_to_cognito(request, as_decided, context) {
        Ok(response) => Answer::new(response, Level::Info, Event::ConsentGiven),
        Err(error) => redirect_with_error(StatusCode::SEE_OTHER, back, &error, config),
    })
}

/// Where the identity provider is asked to sign a user in; `None` if the settings have changed since.
pub(super) fn cognito_url(transaction: &Transaction, config: &Config) -> Option<String> {
    let resource = config.resource(Some(&transaction.resource))?;
    let scopes = resource.upstream_scopes(&transaction.scope);
    upstream::authorization_url(&config.cognito, &scopes, &callback_uri(&config.issuer), transaction)
}

/// To the identity provider, with the transaction in a cookie.
pub(super) fn redirect_to_cognito<P: Platform>(
    request: &Request,
    transaction: &Transaction,
    context: &RequestContext<'_, P>,
) -> Result<Response<String>, AuthorizationError> {
    let sealed = seal_pending(transaction, context)?;
    let location = cognito_url(transaction, context.config).ok_or(AuthorizationError::ServerError)?;
    let mut response = redirect(StatusCode::SEE_OTHER, &location);
    let name = cookie_name(PENDING_COOKIE, &transaction.id);
    for surplus in surplus_cookies(request, PENDING_COOKIE, &name) {
        clear_cookie(&mut response, &surplus);
    }
    set_cookie(&mut response, &name, &sealed, max_age::<PendingAuthorization>());
    Ok(response)
}

/// What the cookie of a sign-in under way holds, if it fits in one.
fn seal_pending<P: Platform>(
    transaction: &Transaction,
    context: &RequestContext<'_, P>,
) -> Result<String, AuthorizationError> {
    let pending = PendingAuthorization(transaction.clone());
    let sealed = context.seal(&pending, &transaction.id).map_err(|_| AuthorizationError::ServerError)?;
    let is_known = matches!(transaction.remembered, Some(Remembered::By(_)));
    let max_bytes = MAX_PENDING_BYTES + if is_known { SUBJECT_BYTES } else { 0 };
    if sealed.len() > max_bytes { Err(AuthorizationError::TooLong) } else { Ok(sealed) }
}

/// Whether the transaction fits in a cookie, whatever the user decides: to sign in as somebody else makes a prompt longer only
/// where there is none.
fn check_length<P: Platform>(
    transaction: &Transaction,
    context: &RequestContext<'_, P>,
) -> Result<(), AuthorizationError> {
    let prompt = if transaction.prompt.is_empty() { Prompt::LOGIN } else { transaction.prompt };
    let longest = Transaction { prompt, remembered: Some(Remembered::Wanted), ..transaction.clone() };
    seal_pending(&longest, context).map(drop)
}

/// What came back from the consent page.
struct Decided {
    transaction: Transaction,
    decision: Decision,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Decision {
    Allow,
    /// As somebody else than the user that the identity provider knows.
    AllowAsSomebodyElse,
    Deny,
}

fn read_decision<P: Platform>(
    received: &Received<'_>,
    context: &RequestContext<'_, P>,
) -> Result<Decided, DecisionError> {
    let (Received { request, parameters: form, .. }, config) = (received, context.config);
    // Browsers send `Origin` with every form; a form on another site's page shows that site's.
    if request.header(header::ORIGIN) != Some(config.issuer.as_str()) {
        return Err(DecisionError::ForeignOrigin);
    }
    request.body()?;
    if request.media_type().as_deref() != Some("application/x-www-form-urlencoded") {
        return Err(DecisionError::NotAForm);
    }
    let field = |name| form.get(name).ok().flatten().ok_or(DecisionError::Incomplete);
    let (id, sealed, decision) = (field("transaction")?, field("sealed")?, field("decision")?);
    let decision = match decision {
        "allow" => Decision::Allow,
        "allow-as-somebody-else" => Decision::AllowAsSomebodyElse,
        "deny" => Decision::Deny,
        _ => return Err(DecisionError::Incomplete),
    };
    let binding = request.cookie(&cookie_name(CONSENT_COOKIE, id)).ok_or(DecisionError::NoCookie)?;
    let ConsentTransaction(mut transaction) = context.open(sealed, &consent_context(id, &binding))?;
    if bool::from(transaction.id.as_bytes().ct_eq(id.as_bytes())) {
        if config.pages.consent == ConsentMode::Remember && form.get("remember") == Ok(Some("yes")) {
            transaction.remembered = Some(Remembered::Wanted);
        }
        Ok(Decided { transaction, decision })
    } else {
        Err(DecisionError::Incomplete)
    }
}

/// Binds the form to its transaction and to the cookie of the render it came from.
fn consent_context(transaction_id: &str, binding: &str) -> String {
    format!("{transaction_id} {binding}")
}

fn max_age<T: Seal>() -> u32 {
    u32::try_from(T::LIFETIME).unwrap_or(u32::MAX)
}

/// Why a decision is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum DecisionError {
    #[error("the form does not come from this site's page")]
    ForeignOrigin,
    #[error(transparent)]
    Body(#[from] BodyError),
    #[error("the body is no form")]
    NotAForm,
    #[error("the form is incomplete")]
    Incomplete,
    #[error("the browser has no cookie for this form")]
    NoCookie,
    #[error("the form's transaction: {0}")]
    Sealed(#[from] OpenError),
}

fn refuse_decision(error: &DecisionError, config: &Config) -> Answer {
    let status = match error {
        DecisionError::ForeignOrigin | DecisionError::NoCookie => StatusCode::FORBIDDEN,
        DecisionError::Body(error) => error.status(),
        DecisionError::NotAForm | DecisionError::Incomplete | DecisionError::Sealed(_) => StatusCode::BAD_REQUEST,
    };
    let what = match error {
        DecisionError::ForeignOrigin => "This page can only be used from its own form.",
        DecisionError::NoCookie => {
            "The page was answered already, or was shown in another browser, or this browser keeps no cookies."
        }
        DecisionError::Sealed(OpenError::Expired) => "The page was open for more than ten minutes.",
        DecisionError::Body(_)
        | DecisionError::NotAForm
        | DecisionError::Incomplete
        | DecisionError::Sealed(OpenError::Malformed | OpenError::UnknownKey | OpenError::NotOurs) => {
            "The form that was sent is not one of ours."
        }
    };
    let response = page::error(status, "This sign-in cannot go on", what, WAY_ON, &config.pages.brand);
    Answer::new(response, Level::Warn, Event::ConsentRefused).because(error)
}

/// The way on, where the user can do nothing else.
pub const WAY_ON: &str = "Go back to the application that you came from and connect again.";

fn refuse_with_page(error: &PageError, config: &Config) -> Answer {
    let what = match error {
        PageError::Client(ClientError::Document { url, error }) => {
            format!("The application describes itself at {url}, and the document there cannot be used: {error}.")
        }
        PageError::Client(ClientError::DocumentUrl(_)) | PageError::Repeated(_) => {
            format!("The application's request is refused: {error}.")
        }
        PageError::NoClient | PageError::Client(_) => {
            "The application is not known here. If it was connected before, remove the connection and add it again."
                .into()
        }
        PageError::NoRedirectUri | PageError::RedirectUri(_) | PageError::RedirectUriNotRegistered(_) => {
            format!("The application asked to be answered at an address that it may not use: {error}.")
        }
    };
    let is_temporary = matches!(error, PageError::Client(error) if error.is_temporary());
    let (status, level, title, way_on) = match is_temporary {
        true => (StatusCode::SERVICE_UNAVAILABLE, Level::Warn, "Not at the moment", "Try again in a minute."),
        false => (StatusCode::BAD_REQUEST, Level::Info, "This application cannot be connected", WAY_ON),
    };
    let response = page::error(status, title, &what, way_on, &config.pages.brand);
    Answer::new(response, level, Event::AuthorizationRefused).because(error)
}

fn redirect_refused_request(request: &RedirectableRequest, error: &AuthorizationError, config: &Config) -> Answer {
    redirect_with_error(StatusCode::FOUND, request.into(), error, config).about(&request.client.digest, None)
}

/// The client's redirect URI with an error (RFC 6749 §4.1.2.1) and `iss` (RFC 9207).
pub(super) fn error_uri(back: ClientReturn<'_>, error: &AuthorizationError, config: &Config) -> String {
    let description = error.to_string();
    let mut parameters = vec![("error", error.code().as_str()), ("error_description", &description)];
    parameters.extend(back.state.map(|state| ("state", state)));
    parameters.push(("iss", &config.issuer));
    back.target.with(parameters)
}

/// Tells the client.
pub(super) fn redirect_with_error(
    status: StatusCode,
    back: ClientReturn<'_>,
    error: &AuthorizationError,
    config: &Config,
) -> Answer {
    let response = redirect_to_client_uri(status, back.target, &error_uri(back, error, config), config);
    let level = if matches!(error, AuthorizationError::ServerError) { Level::Alert } else { Level::Info };
    let event = if *error == AuthorizationError::Denied { Event::ConsentDenied } else { Event::AuthorizationRefused };
    Answer::new(response, level, event).because(error)
}
