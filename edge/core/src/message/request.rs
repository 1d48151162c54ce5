//! A request as the adapter hands it over.

use edgeward_identity::traceparent;
use headers::{Cookie, Header};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};

use super::{media_type::media_type, target::Target};

/// The header fields that are looked at: an adapter need hand over no others.
pub const REQUEST_HEADERS: [HeaderName; 8] = [
    header::AUTHORIZATION,
    header::CONTENT_TYPE,
    header::COOKIE,
    header::ORIGIN,
    SEC_FETCH_DEST,
    SEC_FETCH_MODE,
    SEC_FETCH_SITE,
    TRACEPARENT,
];

/// What the browser makes a request for (Fetch Metadata).
pub const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");
/// How it was made.
pub const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
/// Who made it: a page of which site, or the user.
pub const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The trace that a request belongs to (W3C Trace Context).
pub const TRACEPARENT: HeaderName = HeaderName::from_static(traceparent::HEADER);

/// The longest request body that is looked at.
pub const MAX_BODY_BYTES: usize = 32 * 1024;

/// A request to one of the edge's own endpoints, with its body.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The absolute URL, as the platform spells it: see [`Request::target`].
    pub url: String,
    /// The header fields, of which those of [`REQUEST_HEADERS`] count.
    pub headers: HeaderMap,
    /// The body.
    pub body: Body,
    /// Where it comes from, if the platform knows: never what the request itself says.
    pub address: Option<String>,
}

/// A request body.
#[derive(Debug, Clone)]
pub enum Body {
    /// All of it.
    Complete(Vec<u8>),
    /// It is longer than [`MAX_BODY_BYTES`]; nothing of it was kept.
    TooLong,
    /// It took too long to come; nothing of it was kept.
    TooSlow,
    /// It broke off; nothing of it was kept.
    BrokenOff,
}

/// Why there is no body to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// It is longer than is read.
    #[error("the body is longer than {MAX_BODY_BYTES} bytes")]
    TooLong,
    /// It did not arrive in time.
    #[error("the body took too long to arrive")]
    TooSlow,
    /// It did not arrive whole.
    #[error("the body breaks off")]
    BrokenOff,
}

impl Body {
    /// All of it.
    ///
    /// # Errors
    /// When it is too long, or did not come whole or in time.
    pub fn bytes(&self) -> Result<&[u8], BodyError> {
        match self {
            Self::Complete(body) => Ok(body),
            Self::TooLong => Err(BodyError::TooLong),
            Self::TooSlow => Err(BodyError::TooSlow),
            Self::BrokenOff => Err(BodyError::BrokenOff),
        }
    }
}

impl BodyError {
    /// What it is answered with.
    pub(crate) const fn status(self) -> StatusCode {
        match self {
            Self::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::BrokenOff => StatusCode::BAD_REQUEST,
        }
    }
}

impl Request {
    /// What it asks for.
    pub fn target(&self) -> Target<'_> {
        Target::of(&self.url)
    }

    /// The whole body.
    ///
    /// # Errors
    /// When it is too long, or did not come whole.
    pub(crate) fn body(&self) -> Result<&[u8], BodyError> {
        self.body.bytes()
    }

    /// A header field that must not be repeated; `None` when it is absent, repeated or not text.
    pub(crate) fn header(&self, name: HeaderName) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let first = values.next()?.to_str().ok()?;
        values.next().is_none().then_some(first)
    }

    /// The value of [`TRACEPARENT`].
    pub fn traceparent(&self) -> Option<&str> {
        self.header(TRACEPARENT)
    }

    /// The media type of the body, without its parameters.
    pub(crate) fn media_type(&self) -> Option<String> {
        self.header(header::CONTENT_TYPE).map(media_type)
    }

    /// The cookies.
    ///
    /// Those of other sites under the same domain come along. The library ends no cookie within quotes, though quotes
    /// mean nothing here (RFC 6265 §5.4), and gives up at bytes beyond ASCII; as none of ours has either, both are
    /// replaced. By something, for without its first character another site's cookie could become one of ours.
    pub(crate) fn cookies(&self) -> Option<Cookie> {
        let plain = |byte: &u8| if byte.is_ascii() && *byte != b'"' { *byte } else { b'?' };
        let values = self.headers.get_all(header::COOKIE).iter();
        let values: Vec<HeaderValue> = values
            .filter_map(|value| HeaderValue::from_bytes(&value.as_bytes().iter().map(plain).collect::<Vec<u8>>()).ok())
            .collect();
        Cookie::decode(&mut values.iter()).ok()
    }

    /// The one cookie called `name`; `None` when it is absent or there are several, of which one may be planted.
    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        let cookies = self.cookies()?;
        let mut found = cookies.iter().filter(|(other, _)| *other == name);
        let (_, value) = found.next()?;
        found.next().is_none().then(|| value.to_owned())
    }
}
