//! What core asks of the platform it runs on. Each doc comment is the contract an adapter must keep.

mod coordination;

use std::future::Future;

pub use coordination::{
    CLAIM_MS, CoordinateRefreshes, CoordinationError, LEASE_MS, PublishedAnswer, RENEW_MS, RefreshClaim, RefreshUpdate,
    Turn,
};
pub use edgeward_identity::UnixTime;

pub use crate::audit::{Event, Level, Record};
use crate::{jose::RsaPublicKey, limit::Limit, secret::Secret};

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

/// 128 random bits as 22 characters of base64url: the only shape of `state` that Cognito is known to return unharmed.
///
/// # Errors
/// As [`Randomness::fill`].
pub fn random_id(randomness: &impl Randomness) -> Result<String, RandomnessError> {
    let mut bytes = [0; 16];
    randomness.fill(&mut bytes)?;
    Ok(edgeward_base64url::encode(&bytes))
}

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

/// Waits.
pub trait Timer {
    /// Ends after `milliseconds`, or later. One that ends at once makes requests that wait for each other spin.
    fn sleep(&self, milliseconds: u32) -> impl Future<Output = ()>;
}

/// Counts requests.
pub trait Count {
    /// Counts a request for `name`, and says whether `name` is still within `limit`. Names are counted apart, and so are
    /// limits.
    ///
    /// It need not be exact, and a platform that cannot count says yes: users must not be shut out because a counter is
    /// gone.
    fn is_within(&self, limit: Limit, name: String) -> impl Future<Output = bool>;
}

/// Verifies RSA signatures: a platform does it many times faster than code that is brought along.
pub trait VerifyRs256 {
    /// Whether `signature` is the one of `key` over `message`: RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 §3.3, RFC 8017
    /// §8.2.2). Everything that is not, however malformed, is `false`.
    ///
    /// # Errors
    /// When the platform cannot tell. The request is then refused as one that may be sent again, and someone is told.
    fn verify_rs256(
        &self,
        key: &RsaPublicKey,
        message: &[u8],
        signature: &[u8],
    ) -> impl Future<Output = Result<bool, VerificationError>>;
}

/// Writes log lines.
pub trait Log {
    /// Writes one record as one line of JSON.
    fn log(&self, record: &Record);
}

/// All of it.
pub trait Platform: Clock + Randomness + Fetch + Timer + Count + VerifyRs256 + CoordinateRefreshes + Log {}

impl<T: Clock + Randomness + Fetch + Timer + Count + VerifyRs256 + CoordinateRefreshes + Log> Platform for T {}

/// The generator could not be reached.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no randomness from the platform")]
pub struct RandomnessError;

/// Signatures cannot be verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no verification of RS256 from the platform")]
pub struct VerificationError;

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
    /// The platform says that the host cannot be reached, and why, in words for the log.
    #[error("the host cannot be reached: {0}")]
    Unreachable(&'static str),
    /// The body is longer than allowed.
    #[error("the answer is too long")]
    TooLong,
}
