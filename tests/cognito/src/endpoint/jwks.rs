//! `{issuer}/.well-known/jwks.json`.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};

use super::discovery::no_such_pool;
use crate::fault::FaultKind;
use crate::pool::Pool;

/// Two keys, or four while they are being rotated.
pub(crate) async fn handle(
    State(pool): State<Arc<Pool>>,
    Path(pool_id): Path<String>,
    fault: Option<Extension<FaultKind>>,
) -> Response {
    if pool_id != pool.config.pool_id {
        return no_such_pool(&pool_id);
    }
    let keys = pool.keys.lock();
    let document = match fault {
        Some(Extension(FaultKind::WrongJwks)) => keys.wrong_jwks(),
        _ => keys.jwks(),
    };
    Json(document).into_response()
}
