//! What Cloudflare's network answers in place of a server that it cannot reach.

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, SERVER};
use axum::response::{IntoResponse, Response};
use futures_util::stream;

/// The statuses that it has for that: the server breaks the connection, refuses it, does not take it in time, has no route,
/// does not answer in time, fails the TLS handshake, shows a bad certificate, or has no address.
pub const UNREACHABLE: [u16; 8] = [520, 521, 522, 523, 524, 525, 526, 530];

/// Such an answer, with the status: a page, of which `held` is dropped when nobody reads it any more. It does not end before.
pub fn unreachable(status: StatusCode, held: impl Send + 'static) -> Response {
    let page = format!("<!DOCTYPE html><title>example | {status}</title><h1>Error code {}</h1>", status.as_u16());
    let begun = stream::iter([Ok::<_, std::io::Error>(Bytes::from(page))]);
    let rest = stream::once(async move {
        let _held = held;
        std::future::pending().await
    });
    let headers = [
        (SERVER, "cloudflare"),
        (CONTENT_TYPE, "text/html; charset=UTF-8"),
        (CACHE_CONTROL, "private, max-age=0, no-store, no-cache, must-revalidate, post-check=0, pre-check=0"),
    ];
    (status, headers, Body::from_stream(futures_util::StreamExt::chain(begun, rest))).into_response()
}
