//! HTTP requests of the edge's own.

use std::future::Future;

use http::{HeaderMap, HeaderName, header};

use crate::secret::Secret;

/// Makes HTTP requests: to the identity provider, and for documents that clients name.
pub trait Fetch {
    /// Sends `request` and reads the answer, whatever its status.
    ///
    /// Follows no redirect, ends at `request.deadline_ms`, and fails rather than return a body cut at
    /// `request.max_bytes`. Asks for JSON and names itself as [`USER_AGENT`]; sends no other headers but those given and what
    /// HTTP itself needs.
    ///
    /// No cache on the way answers: keys and documents change, and answers may be for one party only.
    ///
    /// Where the platform can see what address a name leads to, it must not let a request reach one that the public
    /// Internet does not: a stranger may have chosen the name.
    fn fetch(&self, request: FetchRequest) -> impl Future<Output = Result<FetchReply, FetchError>>;
}

/// The `User-Agent` of every request that the edge makes, and of one that it forwards for a client that sends none.
///
/// Firewalls refuse requests without it: AWS WAF's managed rule `NoUserAgent_HEADER`, in front of a user pool or an MCP
/// server, and hosts of client metadata documents.
pub const USER_AGENT: &str = concat!("Edgeward/", env!("CARGO_PKG_VERSION"));

/// An outbound request.
#[derive(Debug)]
pub struct FetchRequest {
    /// Absolute URL.
    pub url: String,
    /// `Authorization`, if any.
    pub authorization: Option<Secret<String>>,
    /// A form to POST; `None` makes it a GET.
    pub form: Option<Secret<String>>,
    /// The longest body to read.
    pub max_bytes: usize,
    /// When to give up, in milliseconds.
    pub deadline_ms: u32,
}

/// The header fields of answers that are looked at: an adapter need hand over no others.
pub const REPLY_HEADERS: [HeaderName; 5] =
    [header::AGE, header::CACHE_CONTROL, header::CONTENT_TYPE, header::EXPIRES, header::RETRY_AFTER];

/// An answer to an outbound request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FetchReply {
    /// HTTP status.
    pub status: u16,
    /// The header fields, of which those of [`REPLY_HEADERS`] count. A repeated one comes as often, or joined by a comma: never
    /// only one of its values, which could be another one than the sender means.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// No answer before the deadline.
    #[error("no answer before the deadline")]
    DeadlineExceeded,
    /// The connection could not be made or broke.
    #[error("the connection failed")]
    Connection,
    /// The platform says that the host cannot be reached, and why, in words for the log.
    #[error("the host cannot be reached: {0}")]
    Unreachable(&'static str),
    /// The body is longer than allowed.
    #[error("the answer is too long")]
    TooLong,
}
