//! Passing a request on as it came, and the answer back as it arrives: what all proxies here have in common.

use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use axum::{
    body::Bytes,
    http::{HeaderMap, Method, header},
};
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
pub(crate) const MAX_BODY: usize = 64 << 20;
