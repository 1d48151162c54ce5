//! Cookies as a browser keeps them: by host, whatever the port, and `Secure` ones also for http on this machine.

use cookie::{Cookie, time::OffsetDateTime};
use http::{HeaderMap, header::SET_COOKIE};
use reqwest::Url;

/// The cookies of one browser.
#[derive(Debug, Clone, Default)]
pub struct CookieJar(Vec<Kept>);

#[derive(Debug, Clone)]
struct Kept {
    host: String,
    path: String,
    cookie: Cookie<'static>,
}

impl CookieJar {
    /// Takes over the cookies that an answer from `url` sets.
    pub fn store(&mut self, url: &Url, headers: &HeaderMap) {
        for header in headers.get_all(SET_COOKIE) {
            let Some(cookie) = header.to_str().ok().and_then(|text| Cookie::parse(text.to_owned()).ok()) else {
                continue;
            };
            let host = url.host_str().unwrap_or_default().to_owned();
            if !is_acceptable(&cookie, &host) {
                continue;
            }
            let path =
                cookie.path().filter(|path| path.starts_with('/')).map_or_else(|| default_path(url), str::to_owned);
            self.0.retain(|kept| (&*kept.host, &*kept.path, kept.cookie.name()) != (&*host, &*path, cookie.name()));
            if !is_over(&cookie) {
                self.0.push(Kept { host, path, cookie });
            }
        }
    }

    /// The value of `Cookie` for a request to `url`.
    pub fn header(&self, url: &Url) -> Option<String> {
        let kept =
            self.0.iter().filter(|kept| Some(&*kept.host) == url.host_str() && is_within(url.path(), &kept.path));
        let pairs: Vec<_> = kept.map(|kept| format!("{}={}", kept.cookie.name(), kept.cookie.value())).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    /// Names and values of all cookies of a host.
    pub fn of(&self, host: &str) -> Vec<(&str, &str)> {
        let kept = self.0.iter().filter(|kept| kept.host == host);
        kept.map(|kept| (kept.cookie.name(), kept.cookie.value())).collect()
    }

    /// Forgets the cookies of a host.
    pub fn forget(&mut self, host: &str) {
        self.0.retain(|kept| kept.host != host);
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

/// RFC 6265bis 4.1.3: what a name's prefix promises must be so.
fn is_acceptable(cookie: &Cookie<'_>, host: &str) -> bool {
    let secure = cookie.secure() == Some(true);
    let domain_fits = cookie.domain().is_none_or(|domain| domain == host);
    if cookie.name().starts_with("__Host-") {
        return secure && cookie.domain().is_none() && cookie.path() == Some("/");
    }
    domain_fits && (secure || !cookie.name().starts_with("__Secure-"))
}

fn is_over(cookie: &Cookie<'_>) -> bool {
    if let Some(age) = cookie.max_age() {
        return !age.is_positive();
    }
    cookie.expires_datetime().is_some_and(|end| end <= OffsetDateTime::now_utc())
}

/// RFC 6265 5.1.4.
fn default_path(url: &Url) -> String {
    match url.path().rsplit_once('/') {
        Some((folder, _)) if !folder.is_empty() => folder.to_owned(),
        _ => "/".to_owned(),
    }
}

fn is_within(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| folder.ends_with('/') || rest.is_empty() || rest.starts_with('/'))
}
