//! A request as the adapter hands it over.

use cookie::Cookie;
use http::{HeaderMap, Method, header};

/// The longest request body that is looked at.
pub const MAX_BODY_BYTES: usize = 32 * 1024;

/// A request to one of the edge's own endpoints, with its body.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The path as it was sent, still percent-encoded.
    pub path: String,
    /// The query as it was sent, without `?`.
    pub query: Option<String>,
    /// All header fields.
    pub headers: HeaderMap,
    /// The body.
    pub body: Body,
}

/// A request body.
#[derive(Debug, Clone)]
pub enum Body {
    /// All of it.
    Complete(Vec<u8>),
    /// It is longer than [`MAX_BODY_BYTES`]; nothing of it was kept.
    TooLong,
}

impl Request {
    /// A header field that must not be repeated; `None` when it is absent, repeated or not text.
    pub(crate) fn header(&self, name: header::HeaderName) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let first = values.next()?.to_str().ok()?;
        values.next().is_none().then_some(first)
    }

    /// The media type of the body, without its parameters.
    pub(crate) fn media_type(&self) -> Option<String> {
        let value = self.header(header::CONTENT_TYPE)?;
        Some(value.split(';').next().unwrap_or("").trim().to_ascii_lowercase())
    }

    /// Every cookie, in the order sent.
    pub(crate) fn cookies(&self) -> impl Iterator<Item = Cookie<'_>> {
        let values = self.headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        values.flat_map(Cookie::split_parse).filter_map(Result::ok)
    }

    /// The one cookie called `name`; `None` when it is absent or there are several, of which one may be planted.
    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        let mut found = self.cookies().filter(|cookie| cookie.name() == name);
        let first = found.next()?;
        found.next().is_none().then(|| first.value().to_owned())
    }
}
