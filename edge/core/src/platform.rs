//! What core asks of the platform it runs on. Each doc comment is the contract an adapter must keep.

use std::future::Future;

pub use edgeward_identity::UnixTime;
use serde::Serialize;

use crate::secret::Secret;

/// Tells the time.
pub trait Clock {
    /// Now. A clock that runs behind accepts tokens longer than it should; one that runs ahead refuses fresh ones.
    fn now(&self) -> UnixTime;
}

/// Gives unpredictable bytes.
pub trait Randomness {
    /// Fills `bytes` from the platform's cryptographically secure generator.
    ///
    /// Predictable bytes here let an attacker forge states and reuse sealing nonces: an adapter that cannot reach its
    /// generator must fail, never fall back.
    ///
    /// # Errors
    /// When the generator cannot be reached.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomnessError>;
}

/// Makes HTTP requests: to the identity provider, and for documents that clients name.
pub trait Fetch {
    /// Sends `request` and reads the answer, whatever its status.
    ///
    /// Follows no redirect, ends at `request.deadline_ms`, and fails rather than return a body cut at
    /// `request.max_bytes`. Asks for JSON; sends no other headers but those given and what HTTP itself needs.
    ///
    /// Where the platform can see what address a name leads to, it must not let a request reach one that the public
    /// Internet does not: a stranger may have chosen the name.
    fn fetch(&self, request: FetchRequest) -> impl Future<Output = Result<FetchReply, FetchError>>;
}

/// Waits.
pub trait Timer {
    /// Ends after `milliseconds`, or later. One that ends at once makes requests that wait for each other spin.
    fn sleep(&self, milliseconds: u32) -> impl Future<Output = ()>;
}

/// Writes log lines.
pub trait Log {
    /// Writes one record as one line of JSON.
    fn log(&self, record: &Record);
}

/// All of it.
pub trait Platform: Clock + Randomness + Fetch + Timer + Log {}

impl<T: Clock + Randomness + Fetch + Timer + Log> Platform for T {}

/// The generator could not be reached.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no randomness from the platform")]
pub struct RandomnessError;

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

/// An answer to an outbound request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FetchReply {
    /// HTTP status.
    pub status: u16,
    /// `Retry-After` in seconds, when it was sent in that form.
    pub retry_after: Option<u32>,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `Cache-Control`.
    pub cache_control: Option<String>,
    /// `Age` in seconds: how long a cache has had the answer.
    pub age: Option<u32>,
    /// `Expires`; one that is no date has passed (RFC 9111 §5.3).
    pub expires: Option<UnixTime>,
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
    /// The body is longer than allowed.
    #[error("the answer is too long")]
    TooLong,
}

/// How much a log line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// For the record.
    Info,
    /// Somebody else's mistake, worth counting.
    Warn,
    /// Ours to mend: someone should be told.
    Alert,
}

/// One log line. It has no field that could hold a secret: reasons are the texts of our own error types.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Record {
    /// How much it matters.
    pub level: Level,
    /// What happened, in a word or two that never change.
    pub event: &'static str,
    /// The status answered, if this is about a request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// A pseudonym of the client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// The grant, or the transaction that becomes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant: Option<String>,
}

impl Record {
    /// A record of `event`.
    pub const fn new(level: Level, event: &'static str) -> Self {
        Self { level, event, status: None, reason: None, client: None, grant: None }
    }

    /// With the reason.
    #[must_use]
    pub fn because(mut self, reason: impl ToString) -> Self {
        self.reason = Some(reason.to_string());
        self
    }
}
