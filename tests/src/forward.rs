//! Passing a request on as it came, and the answer back as it arrives: what all proxies here have in common.

use std::{
    error::Error,
    sync::{Mutex, MutexGuard, PoisonError},
};

use anyhow::Result;
use axum::{
    body::{Body, Bytes, to_bytes},
    extract::Request,
    http::{HeaderMap, Method, StatusCode, header},
    response::Response,
};
use futures_util::Stream;
use reqwest::{Client, redirect::Policy};

/// A request that was read to its end.
#[derive(Debug, Clone)]
pub struct Received {
    /// The method.
    pub method: Method,
    /// Path and query.
    pub path: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Received {
    /// Reads a request.
    ///
    /// # Errors
    /// The status to answer with when its body is too long.
    pub async fn read(request: Request) -> Result<Self, StatusCode> {
        let (head, body) = request.into_parts();
        let body = to_bytes(body, MAX_BODY).await.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?;
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        Ok(Self { method: head.method, path, headers: head.headers, body })
    }
}

/// An HTTP client that changes nothing on the way.
///
/// # Errors
/// When it cannot be made.
pub fn client() -> Result<Client> {
    Ok(Client::builder().no_proxy().redirect(Policy::none()).build()?)
}

/// Sends a request to `base`. The answer's headers lack those that are between two hops only.
///
/// # Errors
/// When nobody answers there.
pub async fn send(http: &Client, base: &str, request: Received) -> reqwest::Result<(HeaderMap, reqwest::Response)> {
    let mut headers = request.headers;
    remove_hop_by_hop(&mut headers);
    let url = format!("{base}{}", request.path);
    let answer = http.request(request.method, url).headers(headers).body(request.body).send().await?;
    let mut headers = answer.headers().clone();
    remove_hop_by_hop(&mut headers);
    Ok((headers, answer))
}

/// An answer whose body goes on as it arrives.
pub fn answer<E: Into<Box<dyn Error + Send + Sync>>>(
    status: StatusCode,
    headers: HeaderMap,
    body: impl Stream<Item = Result<Bytes, E>> + Send + 'static,
) -> Response {
    let mut response = Response::new(Body::from_stream(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

fn remove_hop_by_hop(headers: &mut HeaderMap) {
    for name in [header::CONNECTION, header::TRANSFER_ENCODING, header::TE, header::TRAILER, header::UPGRADE] {
        headers.remove(name);
    }
    headers.remove("keep-alive");
}

/// A task that panicked elsewhere leaves the data whole.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The longest body that is read.
const MAX_BODY: usize = 64 << 20;
