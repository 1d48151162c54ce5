//! Between the platform's types and core's.

use edgeward_core::{
    Body, Forward, REQUEST_HEADERS, Request,
    message::cors,
    platform::{Record, UnixTime},
};
use http::{HeaderMap, HeaderValue, Method};
use wasm_bindgen::JsValue;
use worker::web_sys::{self, Headers, ResponseInit};

use crate::log;

/// A body as it was read, or what was wrong with it.
pub(crate) fn body(body: Option<Vec<u8>>, fault: Option<&str>) -> Body {
    match fault {
        None => Body::Complete(body.unwrap_or_default()),
        Some("too_long") => Body::TooLong,
        Some("too_slow") => Body::TooSlow,
        Some(_) => Body::BrokenOff,
    }
}

/// A request with its body.
///
/// # Errors
/// When the platform does not know the name of a header field: never.
pub(crate) fn request(request: &web_sys::Request, body: Body) -> Result<Request, JsValue> {
    let method = Method::from_bytes(request.method().as_bytes()).unwrap_or(Method::GET);
    let fields = request.headers();
    let mut headers = HeaderMap::new();
    for name in REQUEST_HEADERS {
        let value = fields.get(name.as_str())?;
        if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
            headers.insert(name, value);
        }
    }
    // The platform overwrites what a client sends under this name.
    let address = fields.get("cf-connecting-ip")?;
    Ok(Request { method, url: request.url(), headers, body, address })
}

/// An answer as the platform's. Header fields are appended: several `Set-Cookie` stay several.
///
/// # Errors
/// When the platform does not accept a header field of core's: never.
pub(crate) fn response(response: &http::Response<String>) -> Result<web_sys::Response, JsValue> {
    let headers = Headers::new()?;
    for (name, value) in response.headers() {
        headers.append(name.as_str(), value.to_str().unwrap_or_default())?;
    }
    let init = ResponseInit::new();
    init.set_status(response.status().as_u16());
    init.set_headers(&headers);
    let body = Some(response.body().as_str()).filter(|body| !body.is_empty());
    web_sys::Response::new_with_opt_str_and_init(body, &init)
}

/// How to forward, in one crossing: a line that says so, URL, identity, `traceparent` if it is a new one, until when it repeats or
/// zero, under which name it is counted or nothing, and what the answer's header is to say, each on a line of its own.
pub(crate) fn forward(forward: &Forward) -> String {
    let traceparent = forward.traceparent.as_deref().unwrap_or_default();
    let repeats_until = forward.repeats_until.map_or(0, UnixTime::as_secs);
    let counted = forward.counted.as_deref().unwrap_or_default();
    let mut lines = ["forward\n", &forward.url, "\n", &forward.identity, "\n", traceparent, "\n"].concat();
    lines.extend([&*repeats_until.to_string(), "\n", counted]);
    for (name, value) in forward.page_origin.iter().flat_map(|origin| cors::fields(origin)) {
        lines.extend(["\n", name.as_str(), "\n", value]);
    }
    lines
}

/// An answer, in one crossing: status, body, what the log is to be told if it repeats or nothing, and names and values of the
/// header, each on a line of its own. The gate's bodies have no more than one.
pub(crate) fn refusal(response: &http::Response<String>, repeats: Option<&Record>) -> String {
    let record = repeats.map(log::line).unwrap_or_default();
    let mut lines = format!("{}\n{}\n{record}", response.status().as_u16(), response.body());
    for (name, value) in response.headers() {
        lines.extend(["\n", name.as_str(), "\n", value.to_str().unwrap_or_default()]);
    }
    lines
}
