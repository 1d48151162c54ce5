//! The domain's cookies.
//!
//! All are host-only with path `/`, `Secure` and `HttpOnly`. `csrf-state` must also come back on cross-site requests
//! (`SameSite=None`); `csrf-state-legacy` is the same for browsers that do not know that value.

use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue};
use base64ct::Encoding;
use cookie::time::Duration;
use cookie::{Cookie, SameSite};

use crate::pool::Pool;
use crate::store::SESSION_LIFETIME;

/// The session cookie.
pub(crate) const SESSION: &str = "cognito";
/// Half of the login form's double submit; the other half is a hidden field.
pub(crate) const XSRF_TOKEN: &str = "XSRF-TOKEN";
const CSRF_STATE: &str = "csrf-state";
const CSRF_STATE_LEGACY: &str = "csrf-state-legacy";

/// A cookie of the request.
pub(crate) fn find(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(Cookie::split_parse)
        .filter_map(Result::ok)
        .find(|cookie| cookie.name() == name)
        .map(|cookie| cookie.value().to_owned())
}

/// Cookies that go with a login form.
pub(crate) fn login_form(token: &str) -> HeaderMap {
    set([
        host_cookie(XSRF_TOKEN, token).same_site(SameSite::Lax),
        host_cookie(CSRF_STATE, token).same_site(SameSite::None),
        host_cookie(CSRF_STATE_LEGACY, token),
    ])
}

/// Cookies after an interactive sign-in.
pub(crate) fn signed_in(session: &str) -> HeaderMap {
    set([
        host_cookie(SESSION, session).same_site(SameSite::Lax).max_age(Duration::seconds(SESSION_LIFETIME)),
        host_cookie(CSRF_STATE, "").same_site(SameSite::None).max_age(Duration::ZERO),
        host_cookie(CSRF_STATE_LEGACY, "").max_age(Duration::ZERO),
    ])
}

/// Name of the cookie by which a stand-in for an identity provider knows the browser. Signing out of the pool leaves it, as
/// Cognito leaves the sessions of OIDC and social providers.
fn provider_session(pool: &Pool, provider: &str) -> String {
    let number = pool.providers.lock().iter().position(|known| known.name == provider);
    format!("idp-session-{}", number.unwrap_or_default())
}

/// Cookie after a sign-in at an identity provider.
pub(crate) fn signed_in_at_provider(pool: &Pool, provider: &str, user_id: &str) -> HeaderMap {
    let name = provider_session(pool, provider);
    let value = base64ct::Base64UrlUnpadded::encode_string(user_id.as_bytes());
    set([host_cookie(&name, &value).same_site(SameSite::Lax)])
}

/// Who is signed in at an identity provider.
pub(crate) fn provider_user(pool: &Pool, provider: &str, headers: &HeaderMap) -> Option<String> {
    let value = find(headers, &provider_session(pool, provider))?;
    String::from_utf8(base64ct::Base64UrlUnpadded::decode_vec(&value).ok()?).ok()
}

/// Cookies after signing out.
pub(crate) fn signed_out() -> HeaderMap {
    set([host_cookie(SESSION, "").same_site(SameSite::Lax).max_age(Duration::ZERO)])
}

fn host_cookie<'c>(name: &'c str, value: &'c str) -> cookie::CookieBuilder<'c> {
    Cookie::build((name, value)).path("/").secure(true).http_only(true)
}

/// One `Set-Cookie` header each; folding them into one is not allowed.
fn set<const N: usize>(cookies: [cookie::CookieBuilder<'_>; N]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for cookie in cookies {
        // Names are constants and values UUIDs or empty, so every cookie is a valid header.
        if let Ok(value) = HeaderValue::from_str(&cookie.build().to_string()) {
            headers.append(SET_COOKIE, value);
        }
    }
    headers
}
