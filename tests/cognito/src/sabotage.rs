//! Carries out the ordered faults, around the endpoints.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_LENGTH, RETRY_AFTER};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use futures_util::{StreamExt, stream};
use serde_json::json;

use crate::fault::{Endpoint, FaultKind};
use crate::firewall;
use crate::pool::Pool;
use crate::reply;
use crate::reset::ResetHandle;
use crate::unreachable::unreachable;

/// Middleware: the next ordered fault for the endpoint, or the endpoint itself.
pub(crate) async fn apply(State(pool): State<Arc<Pool>>, mut request: Request, next: Next) -> Response {
    let endpoint = Endpoint::of(request.uri().path());
    let Some(kind) = endpoint.and_then(|endpoint| pool.faults.strike(endpoint)) else {
        return next.run(request).await;
    };
    match kind {
        FaultKind::TooManyRequests { retry_after } => too_many_requests(retry_after),
        FaultKind::InternalServerError => (StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error").into_response(),
        FaultKind::ServiceUnavailable => (StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable").into_response(),
        FaultKind::HtmlInsteadOfJson => Html("<!doctype html><title>Hello</title><h1>Hello</h1>").into_response(),
        FaultKind::WafForbidden => firewall::forbidden(),
        FaultKind::WafChallenge => firewall::interstitial(StatusCode::ACCEPTED, "challenge"),
        FaultKind::WafCaptcha => firewall::interstitial(StatusCode::METHOD_NOT_ALLOWED, "captcha"),
        FaultKind::Unreachable { status } => {
            unreachable(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), ())
        }
        FaultKind::InvalidClient if endpoint == Some(Endpoint::Revoke) => {
            reply::error(StatusCode::UNAUTHORIZED, "invalid_client")
        }
        FaultKind::InvalidClient => reply::error(StatusCode::BAD_REQUEST, "invalid_client"),
        FaultKind::OAuthError { code, description } => {
            reply::described_error(StatusCode::BAD_REQUEST, &code, description.as_deref())
        }
        FaultKind::Hang => {
            pool.stopped().await;
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
        FaultKind::Delay { milliseconds } => {
            tokio::time::sleep(Duration::from_millis(milliseconds)).await;
            next.run(request).await
        }
        FaultKind::KeyRotation => {
            pool.keys.lock().rotate();
            next.run(request).await
        }
        // These are the endpoint's business.
        FaultKind::ClockSkew { .. } | FaultKind::ForgedIdToken(_) | FaultKind::WrongJwks => {
            request.extensions_mut().insert(kind);
            next.run(request).await
        }
        FaultKind::TruncatedJson => truncate(next.run(request).await).await,
        FaultKind::ConnectionReset => {
            let connection = request.extensions().get::<ConnectInfo<ResetHandle>>().cloned();
            reset(connection, next.run(request).await).await
        }
    }
}

fn too_many_requests(retry_after: Option<u32>) -> Response {
    let body = Json(json!({ "message": "Too Many Requests" }));
    let mut response = (StatusCode::TOO_MANY_REQUESTS, body).into_response();
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    response
}

/// Half the body, as a whole and valid HTTP message.
async fn truncate(response: Response) -> Response {
    let (mut head, body) = response.into_parts();
    let whole = collect(body).await;
    head.headers.remove(CONTENT_LENGTH);
    Response::from_parts(head, Body::from(whole.slice(..whole.len() / 2)))
}

/// The head and half of the body it announces, then the end of the connection.
async fn reset(connection: Option<ConnectInfo<ResetHandle>>, response: Response) -> Response {
    let (mut head, body) = response.into_parts();
    let whole = collect(body).await;
    head.headers.insert(CONTENT_LENGTH, whole.len().into());
    let half = stream::iter([Ok(whole.slice(..whole.len() / 2))]);
    let end = stream::once(async move {
        // Long enough for the half to leave; the reset would discard what has not.
        tokio::time::sleep(Duration::from_millis(50)).await;
        if let Some(ConnectInfo(connection)) = connection {
            connection.reset_on_close();
        }
        Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset))
    });
    Response::from_parts(head, Body::from_stream(half.chain(end)))
}

async fn collect(body: Body) -> Bytes {
    // Bodies of the endpoints are complete already; there is nothing that could fail to arrive.
    to_bytes(body, usize::MAX).await.unwrap_or_default()
}
