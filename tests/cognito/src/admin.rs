//! The library's switches over HTTP, under `/__admin/` on the domain, for tests in other processes.
//!
//! Off unless asked for. Requests here are neither recorded nor logged. Answers are JSON; an order without an answer
//! gets 204. See the README for the list.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;

use crate::config::Mode;
use crate::fault::Fault;
use crate::forgery::{self, Forgery, TokenKind};
use crate::issued::SecretKind;
use crate::pool::Pool;

/// The routes under `/__admin/`.
pub(crate) fn router(pool: &Arc<Pool>) -> Router {
    Router::new()
        .route("/__admin/advance", post(advance))
        .route("/__admin/mode", put(set_mode).get(mode))
        .route("/__admin/faults", post(add_fault).get(faults).delete(clear_faults))
        .route("/__admin/keys/publish", post(publish_keys))
        .route("/__admin/keys/rotate", post(rotate_keys))
        .route("/__admin/keys/retire", post(retire_keys))
        .route("/__admin/requests", get(requests).delete(clear_requests))
        .route("/__admin/issued-secrets", get(issued_secrets))
        .route("/__admin/mint/access-token", post(mint_access_token))
        .route("/__admin/mint/id-token", post(mint_id_token))
        .with_state(Arc::clone(pool))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    seconds: u64,
}

async fn advance(State(pool): State<Arc<Pool>>, Json(by): Json<Advance>) -> StatusCode {
    pool.clock.advance(by.seconds);
    StatusCode::NO_CONTENT
}

async fn mode(State(pool): State<Arc<Pool>>) -> Response {
    Json(pool.mode()).into_response()
}

async fn set_mode(State(pool): State<Arc<Pool>>, Json(mode): Json<Mode>) -> StatusCode {
    pool.set_mode(mode);
    StatusCode::NO_CONTENT
}

async fn faults(State(pool): State<Arc<Pool>>) -> Response {
    Json(pool.faults.list()).into_response()
}

async fn add_fault(State(pool): State<Arc<Pool>>, Json(fault): Json<Fault>) -> StatusCode {
    pool.faults.push(fault);
    StatusCode::NO_CONTENT
}

async fn clear_faults(State(pool): State<Arc<Pool>>) -> StatusCode {
    pool.faults.clear();
    StatusCode::NO_CONTENT
}

async fn publish_keys(State(pool): State<Arc<Pool>>) -> StatusCode {
    pool.keys.lock().publish_next();
    StatusCode::NO_CONTENT
}

async fn rotate_keys(State(pool): State<Arc<Pool>>) -> StatusCode {
    pool.keys.lock().rotate();
    StatusCode::NO_CONTENT
}

async fn retire_keys(State(pool): State<Arc<Pool>>) -> StatusCode {
    pool.keys.lock().retire_old();
    StatusCode::NO_CONTENT
}

async fn requests(State(pool): State<Arc<Pool>>) -> Response {
    Json(pool.recordings.list()).into_response()
}

async fn clear_requests(State(pool): State<Arc<Pool>>) -> StatusCode {
    pool.recordings.clear();
    StatusCode::NO_CONTENT
}

async fn issued_secrets(State(pool): State<Arc<Pool>>) -> Response {
    Json(pool.issued.list()).into_response()
}

async fn mint_access_token(State(pool): State<Arc<Pool>>, Json(forgery): Json<Forgery>) -> Response {
    mint(&pool, TokenKind::Access, SecretKind::AccessToken, &forgery)
}

async fn mint_id_token(State(pool): State<Arc<Pool>>, Json(forgery): Json<Forgery>) -> Response {
    mint(&pool, TokenKind::Id, SecretKind::IdToken, &forgery)
}

fn mint(pool: &Pool, kind: TokenKind, secret: SecretKind, forgery: &Forgery) -> Response {
    match forgery::mint(pool, kind, forgery) {
        Some(token) => Json(json!({ "token": pool.issued.note(secret, token) })).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
