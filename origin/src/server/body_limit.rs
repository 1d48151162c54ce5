//! The longest body of an MCP request, and what the sender of a longer one is told.

use axum::{
    Json,
    body::{Body, BodyDataStream},
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use edgeward_identity::limits::{BODY_TOO_LONG, BODY_TOO_LONG_CODE, MAX_BODY_BYTES};
use futures_util::{StreamExt as _, stream};
use serde_json::json;

/// Middleware around rmcp. rmcp collects a body and refuses one that is longer than [`MAX_BODY_BYTES`]; this replaces its
/// answer with one that names the limit.
pub(crate) async fn limit_body(request: Request, next: Next) -> Response {
    let response = next.run(request.map(drained)).await;
    if response.status() == StatusCode::PAYLOAD_TOO_LARGE { too_long() } else { response }
}

/// Reads and discards the rest of a body, up to another [`MAX_BODY_BYTES`], before rmcp sees that it is too long. Many clients
/// send everything before they read the answer, and closing the connection early would reset it.
fn drained(body: Body) -> Body {
    let counted = stream::unfold((body.into_data_stream(), 0), |(mut chunks, before)| async move {
        let chunk = chunks.next().await?;
        let length = before + chunk.as_ref().map_or(0, |chunk| chunk.len());
        if length > MAX_BODY_BYTES {
            discard(&mut chunks).await;
        }
        Some((chunk, (chunks, length)))
    });
    Body::from_stream(counted)
}

async fn discard(chunks: &mut BodyDataStream) {
    let mut length = 0;
    while let Some(Ok(chunk)) = chunks.next().await {
        length += chunk.len();
        if length > MAX_BODY_BYTES {
            break;
        }
    }
}

fn too_long() -> Response {
    let body = json!({ "error": BODY_TOO_LONG_CODE, "error_description": BODY_TOO_LONG });
    let mut response = (StatusCode::PAYLOAD_TOO_LARGE, Json(body)).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
