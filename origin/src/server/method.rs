//! Methods of HTTP, for logs and metrics.

use axum::http::Method;

/// A method may be any token, so only known ones are written down.
pub(super) fn known_method(method: &Method) -> Option<&'static str> {
    KNOWN_METHODS.into_iter().find(|known| *known == method.as_str())
}

const KNOWN_METHODS: [&str; 7] = ["GET", "POST", "DELETE", "HEAD", "OPTIONS", "PUT", "PATCH"];
