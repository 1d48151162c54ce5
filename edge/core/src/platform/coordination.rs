//! Coordinating the refreshes of a grant among the instances of one edge.

use std::future::Future;

/// How long a holder may be silent before its lease ends. The holder renews it every [`RENEW_MS`].
pub const LEASE_MS: u32 = 3_000;
/// How often a request that is still asking Cognito renews its lease.
pub const RENEW_MS: u32 = 1_000;
/// How long [`CoordinateRefreshes::claim`] waits for the answer of another holder before it says [`ClaimOutcome::Busy`].
pub const CLAIM_MS: u32 = 700;

/// A memory that all instances of an edge share, in which one request at a time may ask about a refresh token and the others
/// get its answer (single-flight, with expiry). It knows nothing of OAuth: names are digests, and answers are sealed.
///
/// Leases and answers are exact and immediate: where two requests hold one lease, or an answer is not found that was
/// published, Cognito is shown a refresh token twice, and a client may have to sign its user in again. Nothing here can let
/// anybody in: core opens an answer only for the grant that it was sealed for.
///
/// No call may take longer than about two seconds. A platform that does not answer in that time fails, and core goes on
/// without it.
pub trait CoordinateRefreshes {
    /// Whether there is such a memory. Without one, nothing else here is called.
    fn coordinates_refreshes(&self) -> bool;

    /// Whose turn it is to ask. The first one gets a lease for [`LEASE_MS`]; while another holds it, this waits up to
    /// [`CLAIM_MS`] for an answer. A lease that ends without one passes to a request that waits.
    ///
    /// An answer that replaced the token leads to the newest one: where it names the next token and there is an answer for that
    /// one which names another, that is the answer, and so on. While another claim holds the lease for the newest token, this
    /// waits for it as for the token itself.
    ///
    /// # Errors
    /// When the platform fails.
    fn claim(&self, claim: &RefreshClaim) -> impl Future<Output = Result<ClaimOutcome, CoordinationError>>;

    /// Tells the others what has become of a claim, or of a grant.
    ///
    /// # Errors
    /// When the platform fails.
    fn update(&self, update: RefreshUpdate<'_>) -> impl Future<Output = Result<(), CoordinationError>>;
}

/// One request that wants to ask about one refresh token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshClaim {
    /// The grant, by a digest.
    pub grant: String,
    /// The token, by a digest.
    pub token: String,
    /// The request, by a random name.
    pub holder: String,
}

/// The outcome of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimOutcome {
    /// This request has the lease and asks.
    Ask,
    /// Another one has asked. The sealed answer.
    Answered(String),
    /// Another one is asking and has not answered yet. Claim again.
    Busy,
}

/// What the others are told.
#[derive(Debug, Clone, Copy)]
pub enum RefreshUpdate<'a> {
    /// The holder is alive: its lease is prolonged. If the claim holds no lease, nothing changes.
    Renew(&'a RefreshClaim),
    /// Cognito has answered. Ends the lease; the answer is given to everybody who claims the same token until its lifetime is
    /// over. Then it is deleted. The answer is dropped if another claim holds the lease, or if the grant was forgotten since
    /// this one was made. A claim whose lease has ended publishes only if the token has no answer and the grant was not
    /// forgotten.
    Publish(&'a RefreshClaim, &'a PublishedAnswer),
    /// There was no answer. Ends the lease.
    Withdraw(&'a RefreshClaim),
    /// Cognito says that the token is over. Ends the lease, and deletes the answers that name this token as the next one. If
    /// another claim holds the lease, or has published an answer, nothing changes.
    Refuse(&'a RefreshClaim),
    /// A grant is over. Deletes all its answers, and drops those that are still to come.
    Forget(&'a str),
}

/// An answer for those who claim the same token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedAnswer {
    /// The token that replaces the claimed one, by a digest. None if the claimed one stays good.
    pub next: Option<String>,
    /// The answer, sealed.
    pub sealed: String,
    /// How long it is given, in seconds.
    pub lifetime_seconds: u32,
}

/// The platform does not coordinate refreshes at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CoordinationError {
    /// No answer in time.
    #[error("no answer in time")]
    TooSlow,
    /// An error.
    #[error("an error of the platform")]
    Failed,
}
