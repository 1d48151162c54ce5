//! `GET /logout`: ends the browser's session, the only thing that does before its hour is over.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};

use crate::authorization::Refusal;
use crate::cookies;
use crate::parameters::Parameters;
use crate::pool::Pool;
use crate::reply;

/// With an allowed `logout_uri` the browser goes there; otherwise with `redirect_uri` and `response_type` it goes to
/// the login page. `post_logout_redirect_uri` and `id_token_hint` are ignored, although discovery advertises an
/// `end_session_endpoint`.
pub(crate) async fn handle(State(pool): State<Arc<Pool>>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let parameters = Parameters::parse(query.unwrap_or_default().as_bytes());
    let destination = match destination(&pool, &parameters) {
        Ok(destination) => destination,
        Err(refusal) => return refusal.into_response(&pool),
    };
    if let Some(session) = cookies::find(&headers, cookies::SESSION) {
        pool.store.lock().end_session(&session);
    }
    (cookies::signed_out(), reply::redirect(&destination)).into_response()
}

fn destination(pool: &Pool, parameters: &Parameters) -> Result<String, Refusal> {
    let Some(client_id) = parameters.first("client_id") else {
        return Err(Refusal::error_page("Required String parameter 'client_id' is not present", None));
    };
    let client =
        pool.config.app_client(client_id).ok_or_else(|| Refusal::error_page("invalid_request", Some(client_id)))?;
    if let Some(logout_uri) = parameters.first("logout_uri").filter(|uri| client.logout_urls.iter().any(|u| u == uri)) {
        return Ok(logout_uri.to_owned());
    }
    // A logout_uri that is not registered is as good as none, hence a message about another parameter.
    let Some(redirect_uri) = parameters.first("redirect_uri") else {
        let message = "Required String parameter 'redirect_uri' is not present";
        return Err(Refusal::error_page(message, Some(client_id)));
    };
    if !client.callback_urls.iter().any(|url| url == redirect_uri) {
        return Err(Refusal::error_page("redirect_mismatch", Some(client_id)));
    }
    let mut login = form_urlencoded::Serializer::new(String::new());
    for name in ["client_id", "redirect_uri", "response_type", "scope", "state", "nonce"] {
        login.extend_pairs(parameters.first(name).map(|value| (name, value)));
    }
    Ok(format!("{}/login?{}", pool.domain, login.finish()))
}
