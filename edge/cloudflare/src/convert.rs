//! Between the platform's types and core's.

use edgeward_core::{Body, Forward, MAX_BODY_BYTES, REQUEST_HEADERS, Request, message::cors};
use futures_util::StreamExt;
use http::{HeaderMap, HeaderValue, Method};
use js_sys::Array;
use wasm_bindgen::JsValue;
use worker::{Headers, Response, Result};

/// Path and query of an absolute URL, as the platform's parser spelled them.
pub(crate) fn path_and_query(url: &str) -> (&str, Option<&str>) {
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    let target = after_scheme.find('/').map_or("/", |at| &after_scheme[at..]);
    match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    }
}

/// A request with its body, of which no more is read than core looks at.
pub(crate) async fn request(mut request: worker::Request) -> Result<Request> {
    let method = Method::from_bytes(request.inner().method().as_bytes()).unwrap_or(Method::GET);
    let url = request.inner().url();
    let (path, query) = path_and_query(&url);
    let mut headers = HeaderMap::new();
    for name in REQUEST_HEADERS {
        let value = request.headers().get(name.as_str())?;
        if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
            headers.insert(name, value);
        }
    }
    let body = if announced(&request)?.is_some_and(|length| length > MAX_BODY_BYTES as u64) {
        Body::TooLong
    } else if request.inner().body().is_some() {
        read(&mut request).await.unwrap_or(Body::BrokenOff)
    } else {
        Body::Complete(Vec::new())
    };
    // The platform overwrites what a client sends under this name.
    let address = request.headers().get("cf-connecting-ip")?;
    Ok(Request { method, path: path.to_owned(), query: query.map(str::to_owned), headers, body, address })
}

/// How long the client says that the body is; it is counted all the same.
fn announced(request: &worker::Request) -> Result<Option<u64>> {
    Ok(request.headers().get("content-length")?.and_then(|value| value.parse().ok()))
}

async fn read(request: &mut worker::Request) -> Result<Body> {
    let mut body = Vec::new();
    let mut chunks = request.stream()?;
    while let Some(chunk) = chunks.next().await {
        body.extend_from_slice(&chunk?);
        if body.len() > MAX_BODY_BYTES {
            return Ok(Body::TooLong);
        }
    }
    Ok(Body::Complete(body))
}

/// An answer as the platform's. Header fields are appended: several `Set-Cookie` stay several.
pub(crate) fn response(response: http::Response<String>) -> Result<Response> {
    let headers = Headers::new();
    for (name, value) in response.headers() {
        headers.append(name.as_str(), value.to_str().unwrap_or_default())?;
    }
    let status = response.status().as_u16();
    let body = response.into_body();
    let answer = if body.is_empty() { Response::empty()? } else { Response::from_bytes(body.into_bytes())? };
    Ok(answer.with_status(status).with_headers(headers))
}

/// How to forward, in one crossing: URL, identity, `traceparent` if it is a new one, and what the answer's header is to say,
/// each on a line of its own.
pub(crate) fn forward(forward: &Forward) -> String {
    let traceparent = forward.traceparent.as_deref().unwrap_or_default();
    let mut lines = format!("{}\n{}\n{traceparent}", forward.url, forward.identity);
    for (name, value) in forward.page_origin.iter().flat_map(|origin| cors::fields(origin)) {
        lines.extend(["\n", name.as_str(), "\n", value]);
    }
    lines
}

/// An answer in one crossing: status, header names and values in turn, body.
pub(crate) fn response_parts(response: &http::Response<String>) -> JsValue {
    let headers = Array::new();
    for (name, value) in response.headers() {
        headers.push(&name.as_str().into());
        headers.push(&value.to_str().unwrap_or_default().into());
    }
    Array::of3(&response.status().as_u16().into(), &headers, &response.body().as_str().into()).into()
}
