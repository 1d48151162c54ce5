//! The forms of answer the pool gives.

use axum::body::Body;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, EXPIRES, LOCATION, PRAGMA, SERVER,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS, X_XSS_PROTECTION,
};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use maud::Markup;
use serde_json::{Value, json};

use crate::mint;

/// A 302, which is what Cognito uses throughout.
pub(crate) fn redirect(to: &str) -> Response {
    (StatusCode::FOUND, PAGE_HEADERS, [(LOCATION, to)]).into_response()
}

/// A page of the domain.
pub(crate) fn page(status: StatusCode, markup: Markup) -> Response {
    (status, PAGE_HEADERS, Html(markup.into_string())).into_response()
}

/// A JSON answer of the token, userInfo or revocation endpoint.
pub(crate) fn json(status: StatusCode, body: &Value) -> Response {
    api(status, Body::from(body.to_string()))
}

/// A refusal of the token or revocation endpoint: the code and nothing else, no `error_description`.
pub(crate) fn error(status: StatusCode, code: &str) -> Response {
    described_error(status, code, None)
}

/// A refusal that may say more.
pub(crate) fn described_error(status: StatusCode, code: &str, description: Option<&str>) -> Response {
    match description {
        Some(description) => json(status, &json!({ "error": code, "error_description": description })),
        None => json(status, &json!({ "error": code })),
    }
}

/// An answer with the headers those endpoints share. Documented for userInfo, inferred for the others.
pub(crate) fn api(status: StatusCode, body: Body) -> Response {
    let mut response = (status, SHARED_HEADERS, body).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json;charset=UTF-8"));
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    if let Ok(id) = HeaderValue::from_str(&mint::uuid()) {
        headers.insert("x-amz-cognito-request-id", id);
    }
    response
}

const SHARED_HEADERS: [(HeaderName, &str); 8] = [
    (CACHE_CONTROL, "no-cache, no-store, max-age=0, must-revalidate"),
    (PRAGMA, "no-cache"),
    (EXPIRES, "0"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_XSS_PROTECTION, "1; mode=block"),
    (STRICT_TRANSPORT_SECURITY, "max-age=31536000 ; includeSubDomains"),
    (X_FRAME_OPTIONS, "DENY"),
    (SERVER, "Server"),
];

const PAGE_HEADERS: [(HeaderName, &str); 3] =
    [(CACHE_CONTROL, "no-cache, no-store, max-age=0, must-revalidate"), (X_FRAME_OPTIONS, "DENY"), (SERVER, "Server")];
