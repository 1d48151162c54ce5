//! `{issuer}/.well-known/openid-configuration`.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::pool::Pool;

/// The members seen on real pools, and no others: no `code_challenge_methods_supported` although `S256` works, no
/// registration, no grant types, and scopes that are the same for every pool whatever its clients may ask for.
pub(crate) async fn handle(State(pool): State<Arc<Pool>>, Path(pool_id): Path<String>) -> Response {
    if pool_id != pool.config.pool_id {
        return no_such_pool(&pool_id);
    }
    let domain = &pool.domain;
    let issuer = pool.issuer_of(pool.issuers.lock().discovery);
    Json(json!({
        "authorization_endpoint": format!("{domain}/oauth2/authorize"),
        "end_session_endpoint": format!("{domain}/logout"),
        "id_token_signing_alg_values_supported": ["RS256"],
        "issuer": issuer,
        "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
        "response_types_supported": ["code", "token"],
        "revocation_endpoint": format!("{domain}/oauth2/revoke"),
        "scopes_supported": ["openid", "email", "phone", "profile"],
        "subject_types_supported": ["public"],
        "token_endpoint": format!("{domain}/oauth2/token"),
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "userinfo_endpoint": format!("{domain}/oauth2/userInfo"),
    }))
    .into_response()
}

/// The answer's form is assumed.
pub(super) fn no_such_pool(pool_id: &str) -> Response {
    let message = format!("User pool {pool_id} does not exist.");
    (StatusCode::BAD_REQUEST, Json(json!({ "message": message }))).into_response()
}
