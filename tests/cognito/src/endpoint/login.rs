//! `/login`: the form, and its submission.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use super::authorize::{send_back, sign_in_failed};
use super::idp_response::start_session;
use crate::authorization::{AuthorizationError, AuthorizationRequest, ProviderChoice};
use crate::config::{LambdaErrors, LoginPages};
use crate::cookies;
use crate::issued::SecretKind;
use crate::page::{self, LoginForm};
use crate::parameters::Parameters;
use crate::pool::Pool;
use crate::store::{FormAge, Session};
use crate::trigger::Trigger;
use crate::{federation, reply};

/// The form. It takes the parameters of authorize and checks them again.
pub(crate) async fn show(State(pool): State<Arc<Pool>>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let parameters = Parameters::parse(query.as_bytes());
    match AuthorizationRequest::check(&pool, &parameters) {
        Ok(request) => {
            if let ProviderChoice::Named(name) | ProviderChoice::Only(name) = &request.provider {
                return federation::start(&pool, &request, name, &query);
            }
            let hint = match pool.mode().login {
                LoginPages::Classic => None,
                LoginPages::Managed => parameters.first("login_hint"),
            };
            form(&pool, &request, &query, hint.unwrap_or_default(), None)
        }
        Err(refusal) => refusal.into_response(&pool),
    }
}

/// Username and password. The form's hidden token must equal the `XSRF-TOKEN` cookie and be one of ours.
pub(crate) async fn submit(
    State(pool): State<Arc<Pool>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let query = query.unwrap_or_default();
    let request = match AuthorizationRequest::check(&pool, &Parameters::parse(query.as_bytes())) {
        Ok(request) => request,
        Err(refusal) => return refusal.into_response(&pool),
    };
    let fields = Parameters::parse(&body);
    match form_age(&pool, &headers, &fields) {
        Some(FormAge::InTime) => {}
        // Both statuses are assumed; the page is documented for the five minutes only.
        Some(FormAge::TooLate) => return reply::page(StatusCode::BAD_REQUEST, page::something_went_wrong()),
        None => return reply::page(StatusCode::FORBIDDEN, page::something_went_wrong()),
    }
    if !matches!(request.provider, ProviderChoice::LoginPage { local: true, .. }) {
        // There was no form to send.
        return reply::page(StatusCode::FORBIDDEN, page::something_went_wrong());
    }
    let username = fields.first("username").unwrap_or_default();
    match authenticate(&pool, username, fields.first("password").unwrap_or_default()) {
        Ok(session) => (start_session(&pool, &session), send_back(&pool, &request, &session)).into_response(),
        Err(Denial::Trigger(message)) if pool.mode().lambda_errors == LambdaErrors::AtCallback => {
            sign_in_failed(&request, &AuthorizationError::described("invalid_request", format!("{message} ")))
        }
        Err(Denial::Trigger(message)) => form(&pool, &request, &query, username, Some(&message)),
        Err(Denial::User(message)) => form(&pool, &request, &query, username, Some(message)),
    }
}

/// Why a native user is not let in.
enum Denial {
    Trigger(String),
    User(&'static str),
}

/// The pre authentication trigger runs before the password is looked at: with a trigger that refuses, a wrong password was
/// seen to give the trigger's message.
fn authenticate(pool: &Pool, username: &str, password: &str) -> Result<Session, Denial> {
    let wrong = Denial::User("Incorrect username or password.");
    // A federated user has no password to give.
    let Some(user) = pool.users.find(username).filter(|user| !user.password.is_empty()) else { return Err(wrong) };
    pool.triggers.run(Trigger::PreAuthentication).map_err(Denial::Trigger)?;
    if user.password != password {
        return Err(wrong);
    }
    if !user.enabled {
        // Seen on the login page: amazon-cognito-auth-js#148.
        return Err(Denial::User("User is disabled."));
    }
    if !user.confirmed {
        return Err(Denial::User("User is not confirmed."));
    }
    pool.triggers.run(Trigger::PostAuthentication).map_err(Denial::Trigger)?;
    Ok(Session { username: user.username, auth_time: pool.now() })
}

fn form(
    pool: &Pool,
    request: &AuthorizationRequest<'_>,
    query: &str,
    username: &str,
    message: Option<&str>,
) -> Response {
    let token = pool.store.lock().add_login_form(pool.now());
    let csrf_token = pool.issued.note(SecretKind::CsrfToken, token);
    let (is_local, providers) = match &request.provider {
        ProviderChoice::LoginPage { local, providers } => (*local, providers.as_slice()),
        ProviderChoice::Named(_) | ProviderChoice::Only(_) => (false, [].as_slice()),
    };
    let pages = pool.mode().login;
    let form = LoginForm { query, csrf_token: &csrf_token, username, message, pages, is_local, providers };
    (cookies::login_form(&csrf_token), reply::page(StatusCode::OK, page::login(&form))).into_response()
}

fn form_age(pool: &Pool, headers: &HeaderMap, fields: &Parameters) -> Option<FormAge> {
    let cookie = cookies::find(headers, cookies::XSRF_TOKEN)?;
    let field = fields.first(page::csrf_field(pool.mode().login))?;
    if cookie != field {
        return None;
    }
    pool.store.lock().login_form(field, pool.now())
}
