//! The web ACL in front of the pool.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::USER_AGENT;
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};

use crate::config::Firewall;
use crate::pool::Pool;

/// Middleware: stops what the firewall does not let through. AWS WAF looks at all requests to a pool's domain and at the
/// API's unauthenticated ones; that it does so at discovery and the key set is assumed.
pub(crate) async fn apply(State(pool): State<Arc<Pool>>, request: Request, next: Next) -> Response {
    let is_named = request.headers().get(USER_AGENT).is_some_and(|value| !value.is_empty());
    match pool.mode().firewall {
        Firewall::CommonRules if !is_named => forbidden(),
        Firewall::CommonRules | Firewall::Off => next.run(request).await,
    }
}

/// A page, also where JSON was asked for.
pub(crate) fn forbidden() -> Response {
    let page = "<html><head><title>403 Forbidden</title></head><h1>403 Forbidden</h1></html>";
    (StatusCode::FORBIDDEN, Html(page)).into_response()
}

/// The page of the action `challenge` or `captcha`, for a request without AWS WAF's token (WAF Developer Guide, "CAPTCHA and
/// Challenge action behavior").
pub(crate) fn interstitial(status: StatusCode, action: &'static str) -> Response {
    let page = "<!doctype html><title></title><script src=\"https://example.token.awswaf.com/challenge.js\"></script>";
    (status, [("x-amzn-waf-action", action)], Html(page)).into_response()
}
