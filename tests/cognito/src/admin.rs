//! The library's switches over HTTP, under `/__admin/` on the domain, for tests in other processes.
//!
//! Off unless asked for. Requests here are neither recorded nor logged. Answers are JSON; an order without an answer
//! gets 204. See the README for the list.

mod merge;

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post, put};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::config::Mode;
use crate::custom_claims::CustomClaims;
use crate::fault::Fault;
use crate::forgery::{self, Forgery, TokenKind};
use crate::issued::SecretKind;
use crate::issuers::Issuers;
use crate::pool::Pool;
use crate::trigger::{Trigger, TriggerFailure};

/// The routes under `/__admin/`.
pub(crate) fn router(pool: &Arc<Pool>) -> Router {
    Router::new()
        .route("/__admin/advance", post(advance))
        .route("/__admin/mode", put(set_mode).get(mode))
        .route("/__admin/faults", post(add_fault).get(faults).delete(clear_faults))
        .route("/__admin/users", get(users))
        .route("/__admin/users/{name}", patch(update_user).delete(delete_user))
        .route("/__admin/identity-providers/{name}", patch(update_identity_provider))
        .route("/__admin/triggers/{trigger}", put(set_trigger).delete(clear_trigger))
        .route("/__admin/custom-claims", put(set_custom_claims))
        .route("/__admin/issuers", put(set_issuers))
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

async fn users(State(pool): State<Arc<Pool>>) -> Response {
    Json(pool.users.list()).into_response()
}

async fn update_user(State(pool): State<Arc<Pool>>, Path(name): Path<String>, Json(change): Json<Value>) -> StatusCode {
    let Some(user) = pool.users.find(&name) else { return StatusCode::NOT_FOUND };
    let Some(changed) = merge::into(&user, change) else { return StatusCode::UNPROCESSABLE_ENTITY };
    done(pool.update_user(&name, |user| *user = changed))
}

async fn delete_user(State(pool): State<Arc<Pool>>, Path(name): Path<String>) -> StatusCode {
    if pool.delete_user(&name) { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND }
}

async fn update_identity_provider(
    State(pool): State<Arc<Pool>>,
    Path(name): Path<String>,
    Json(change): Json<Value>,
) -> StatusCode {
    let Some(provider) = pool.provider(&name) else { return StatusCode::NOT_FOUND };
    let Some(changed) = merge::into(&provider, change) else { return StatusCode::UNPROCESSABLE_ENTITY };
    done(pool.update_provider(&name, |provider| *provider = changed))
}

async fn set_trigger(
    State(pool): State<Arc<Pool>>,
    Path(trigger): Path<Trigger>,
    Json(failure): Json<TriggerFailure>,
) -> StatusCode {
    pool.triggers.set(trigger, Some(failure));
    StatusCode::NO_CONTENT
}

async fn clear_trigger(State(pool): State<Arc<Pool>>, Path(trigger): Path<Trigger>) -> StatusCode {
    pool.triggers.set(trigger, None);
    StatusCode::NO_CONTENT
}

async fn set_custom_claims(State(pool): State<Arc<Pool>>, Json(claims): Json<CustomClaims>) -> StatusCode {
    *pool.custom_claims.lock() = claims;
    StatusCode::NO_CONTENT
}

async fn set_issuers(State(pool): State<Arc<Pool>>, Json(issuers): Json<Issuers>) -> StatusCode {
    *pool.issuers.lock() = issuers;
    StatusCode::NO_CONTENT
}

/// A change that a pool would refuse is unprocessable.
fn done(is_done: bool) -> StatusCode {
    if is_done { StatusCode::NO_CONTENT } else { StatusCode::UNPROCESSABLE_ENTITY }
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
