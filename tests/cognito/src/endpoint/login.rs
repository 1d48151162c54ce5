//! `/login`: the form, and its submission.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use super::authorize::send_back;
use crate::authorization::AuthorizationRequest;
use crate::config::LoginPages;
use crate::cookies;
use crate::issued::SecretKind;
use crate::page::{self, LoginForm};
use crate::parameters::Parameters;
use crate::pool::Pool;
use crate::reply;
use crate::store::{FormAge, Session};

/// The form. It takes the parameters of authorize and checks them again.
pub(crate) async fn show(State(pool): State<Arc<Pool>>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let parameters = Parameters::parse(query.as_bytes());
    match AuthorizationRequest::check(&pool, &parameters) {
        Ok(_) => {
            let hint = match pool.mode().login {
                LoginPages::Classic => None,
                LoginPages::Managed => parameters.first("login_hint"),
            };
            form(&pool, &query, hint.unwrap_or_default(), None)
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
    let username = fields.first("username").unwrap_or_default();
    let password = fields.first("password");
    let Some(user) = pool.config.user(username).filter(|user| password == Some(user.password.as_str())) else {
        return form(&pool, &query, username, Some("Incorrect username or password."));
    };
    let session = Session { username: user.username.clone(), auth_time: pool.now() };
    let cookie = pool.store.lock().add_session(session.clone());
    let cookie = pool.issued.note(SecretKind::SessionCookie, cookie);
    (cookies::signed_in(&cookie), send_back(&pool, &request, &session)).into_response()
}

fn form(pool: &Pool, query: &str, username: &str, message: Option<&str>) -> Response {
    let token = pool.store.lock().add_login_form(pool.now());
    let csrf_token = pool.issued.note(SecretKind::CsrfToken, token);
    let form = LoginForm { query, csrf_token: &csrf_token, username, message, pages: pool.mode().login };
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
