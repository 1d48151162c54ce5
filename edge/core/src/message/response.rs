//! Building answers.

use http::{HeaderValue, Response, StatusCode, header};
use serde::Serialize;

/// `Cache-Control` of what nobody may keep.
pub const NO_STORE: &str = "no-store, no-transform";

/// How long others may keep an answer. Nobody may change one (`no-transform`): Cloudflare documents that it then transforms no
/// body (cache/concepts/cache-control), so no feature of the zone, such as e-mail obfuscation, puts scripts into pages. It also
/// means that nothing is compressed, which costs little: pages and documents are of a few kilobytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caching {
    /// Not at all.
    NoStore,
    /// Five minutes: documents that change with a deploy.
    Briefly,
}

/// A JSON answer of a machine's endpoint, readable by scripts of any origin: none of these answers depends on cookies.
pub fn json(status: StatusCode, body: &impl Serialize, caching: Caching) -> Response<String> {
    let text = serde_json::to_string(body).unwrap_or_default();
    let mut response = with_status(status, text);
    set(&mut response, header::CONTENT_TYPE, "application/json");
    set(&mut response, header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    cache(&mut response, caching);
    response
}

/// A redirect. After a POST it is 303, so that no browser sends the form again to where it goes (RFC 9700 §4.12).
pub fn redirect(status: StatusCode, location: &str) -> Response<String> {
    let mut response = with_status(status, String::new());
    set(&mut response, header::LOCATION, location);
    // The location holds codes and states: it must not be sent on as a referrer.
    set(&mut response, header::REFERRER_POLICY, "no-referrer");
    cache(&mut response, Caching::NoStore);
    response
}

/// An answer with a body that is set up by the caller.
pub fn with_status(status: StatusCode, body: String) -> Response<String> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    set(&mut response, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    response
}

/// Sets a header. A value that cannot be one is left out: ours never are, and a stranger's must not split the answer.
pub fn set(response: &mut Response<String>, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// Sets `Cache-Control`.
pub fn cache(response: &mut Response<String>, caching: Caching) {
    match caching {
        Caching::NoStore => {
            set(response, header::CACHE_CONTROL, NO_STORE);
            // For caches of HTTP/1.0, RFC 6749 §5.1.
            set(response, header::PRAGMA, "no-cache");
        }
        Caching::Briefly => set(response, header::CACHE_CONTROL, "public, max-age=300, no-transform"),
    }
}

/// Adds a cookie that only this host can set and only this host sees (`__Host-`), that scripts cannot read, and that
/// comes along when another site sends the browser here. Name and value are ours: nothing in them needs quoting.
pub fn set_cookie(response: &mut Response<String>, name: &str, value: &str, max_age: u32) {
    let cookie = format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={max_age}");
    if let Ok(value) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

/// Takes a cookie of [`set_cookie`] back.
pub fn clear_cookie(response: &mut Response<String>, name: &str) {
    set_cookie(response, name, "", 0);
}
