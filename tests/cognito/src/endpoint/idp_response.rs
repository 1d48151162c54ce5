//! `/oauth2/idpresponse` and `/saml2/idpresponse`: where an identity provider sends the browser back to.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use super::authorize::{send_back, sign_in_failed};
use crate::authorization::{AuthorizationError, AuthorizationRequest};
use crate::issued::SecretKind;
use crate::parameters::Parameters;
use crate::pool::Pool;
use crate::store::Session;
use crate::{cookies, federation, page, reply};

/// Finishes the sign-in that `state` names, within five minutes of its start and once.
pub(crate) async fn handle(State(pool): State<Arc<Pool>>, RawQuery(query): RawQuery) -> Response {
    let answer = Parameters::parse(query.unwrap_or_default().as_bytes());
    let state = answer.first("state").unwrap_or_default();
    let sign_in = pool.store.lock().take_federated_sign_in(state, pool.now());
    let Some(sign_in) = sign_in else {
        // What a real pool shows is unknown.
        return reply::page(StatusCode::BAD_REQUEST, page::something_went_wrong());
    };
    let request = match AuthorizationRequest::check(&pool, &Parameters::parse(sign_in.query.as_bytes())) {
        Ok(request) => request,
        Err(refusal) => return refusal.into_response(&pool),
    };
    match session(&pool, &sign_in.provider, &answer) {
        Ok(session) => (start_session(&pool, &session), send_back(&pool, &request, &session)).into_response(),
        Err(error) => sign_in_failed(&request, &error),
    }
}

fn session(pool: &Pool, provider: &str, answer: &Parameters) -> Result<Session, AuthorizationError> {
    if let Some(error) = answer.first("error") {
        let description = answer.first("error_description").unwrap_or_default();
        return Err(AuthorizationError::described(error.to_owned(), description.to_owned()));
    }
    let user = answer.first("code").and_then(|code| pool.store.lock().take_provider_code(code));
    let (Some(provider), Some(user)) = (pool.provider(provider), user) else {
        return Err(AuthorizationError::INVALID_REQUEST);
    };
    federation::sign_in(pool, &provider, &user)
}

/// The cookies of a browser that has just signed in.
pub(super) fn start_session(pool: &Pool, session: &Session) -> HeaderMap {
    let cookie = pool.store.lock().add_session(session.clone());
    cookies::signed_in(&pool.issued.note(SecretKind::SessionCookie, cookie))
}
