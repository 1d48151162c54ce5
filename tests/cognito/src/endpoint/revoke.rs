//! `POST /oauth2/revoke`.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use crate::client_authentication::{ClientAuthenticationError, authenticate};
use crate::parameters::Parameters;
use crate::pool::Pool;
use crate::{jws, reply};

/// Revokes a refresh token and, as [`Revocation`](crate::Revocation) says, the tokens that descend from the same code. The
/// access tokens still verify until they
/// expire; only the pool's own userInfo notices. Unlike at the token endpoint, `invalid_client` is a 401.
pub(crate) async fn handle(State(pool): State<Arc<Pool>>, headers: HeaderMap, body: Bytes) -> Response {
    match revoke(&pool, &headers, &Parameters::parse(&body)) {
        // Also for a token that is unknown, expired or already revoked.
        Ok(()) => reply::api(StatusCode::OK, Body::empty()),
        Err((status, code)) => reply::error(status, code),
    }
}

fn revoke(pool: &Pool, headers: &HeaderMap, form: &Parameters) -> Result<(), (StatusCode, &'static str)> {
    let client = authenticate(pool, headers, form).map_err(|error| match error {
        ClientAuthenticationError::NoClient => (StatusCode::BAD_REQUEST, "invalid_request"),
        ClientAuthenticationError::Failed => (StatusCode::UNAUTHORIZED, "invalid_client"),
    })?;
    let token = form.first("token").ok_or((StatusCode::BAD_REQUEST, "invalid_request"))?;
    if !client.token_revocation {
        return Err((StatusCode::BAD_REQUEST, "invalid_request"));
    }
    if jws::is_jws(token) {
        return Err((StatusCode::BAD_REQUEST, "unsupported_token_type"));
    }
    let mut store = pool.store.lock();
    if let Some(known) = store.known_refresh_token(token) {
        // Documented: only the client it was issued to may revoke it. The error is assumed.
        if known.grant.client_id != client.id {
            return Err((StatusCode::BAD_REQUEST, "invalid_request"));
        }
        store.revoke(token, pool.mode().revocation);
    }
    Ok(())
}
