//! What browsers let pages of other origins do with the protected resources (CORS, the Fetch standard §3.2).

use http::{HeaderName, Response, StatusCode, header};

use super::response::{set, with_status};

/// What pages may read of an answer beside its body: how to sign in, when to come back, and the session of older clients.
const EXPOSED: &str = "WWW-Authenticate, Retry-After, Mcp-Session-Id";
const ALLOWED_METHODS: &str = "GET, POST, DELETE";
/// Of the protocol's headers there are more with each revision, and `*` does not stand for `Authorization`.
pub const ALLOWED_HEADERS: &str = "Authorization, *";
/// Browsers ask again after a day at the latest.
const MAX_AGE: &str = "86400";

/// The fields that let a page of `origin` read an answer. `Vary` joins what is there; the others stand alone.
pub fn fields(origin: &str) -> [(HeaderName, &str); 3] {
    [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, origin),
        (header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED),
        (header::VARY, "Origin"),
    ]
}

/// Lets a page of `origin` read an answer of ours.
pub fn share(response: &mut Response<String>, origin: &str) {
    for (name, value) in fields(origin) {
        set(response, name, value);
    }
}

/// The answer to the question that a browser asks before it sends a page's request.
pub fn preflight(origin: &str) -> Response<String> {
    let mut response = with_status(StatusCode::NO_CONTENT, String::new());
    share(&mut response, origin);
    set(&mut response, header::ACCESS_CONTROL_ALLOW_METHODS, ALLOWED_METHODS);
    set(&mut response, header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED_HEADERS);
    set(&mut response, header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    response
}
