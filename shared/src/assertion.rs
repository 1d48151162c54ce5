//! The identity assertion: an [`Identity`] as a short-lived compact JWS in [`IDENTITY_HEADER`].
//!
//! [`IDENTITY_HEADER`]: crate::names::IDENTITY_HEADER

use crate::{
    Identity, SigningKey, UnixTime, VerifyingKeys,
    jws::{self, JwsError, Verified},
};

/// `typ` of an identity assertion.
pub const TYPE: &str = "edgeward-identity+jwt";

/// No assertion lives longer than this many seconds.
pub const MAX_LIFETIME: u64 = 60;

/// The edge's clock may be this many seconds ahead of the origin's.
pub const MAX_SKEW: u64 = 5;

/// Signs `identity` into an assertion that is valid for `lifetime` seconds, at most [`MAX_LIFETIME`].
///
/// # Errors
/// [`JwsError::Unrepresentable`] when a time is out of range, and [`JwsError::Overlong`] when the identity says too much.
pub fn mint(identity: &Identity, key: &SigningKey, now: UnixTime, lifetime: u64) -> Result<String, JwsError> {
    jws::sign(TYPE, identity, now, now.plus(lifetime.min(MAX_LIFETIME)), key)
}

/// Verifies assertions of one edge for one origin.
#[derive(Debug, Clone)]
pub struct Verifier {
    issuer: String,
    audience: String,
}

impl Verifier {
    /// A verifier that believes `issuer` and stands for `audience`.
    pub fn new(issuer: impl Into<String>, audience: impl Into<String>) -> Self {
        Self { issuer: issuer.into(), audience: audience.into() }
    }

    /// Verifies the header's value.
    ///
    /// # Errors
    /// The first check that fails.
    pub fn verify(&self, assertion: &str, keys: &VerifyingKeys, now: UnixTime) -> Result<Identity, AssertionError> {
        self.verify_with_times(assertion, keys, now).map(|verified| verified.claims)
    }

    /// As [`Verifier::verify`], with what lets the outcome be used again while it lasts.
    ///
    /// # Errors
    /// As [`Verifier::verify`].
    pub fn verify_with_times(
        &self,
        assertion: &str,
        keys: &VerifyingKeys,
        now: UnixTime,
    ) -> Result<Verified<Identity>, AssertionError> {
        let verified = jws::verify::<Identity>(TYPE, assertion, keys)?;
        if verified.claims.issuer != self.issuer {
            return Err(AssertionError::WrongIssuer);
        }
        if verified.claims.audience != self.audience {
            return Err(AssertionError::WrongAudience);
        }
        is_current(&verified, now)?;
        // Two users without a name would be one user.
        if verified.claims.subject.is_empty() {
            return Err(AssertionError::NoSubject);
        }
        Ok(verified)
    }
}

/// Whether an assertion, or what was kept of one, is good at `now`, by its times alone.
///
/// # Errors
/// When it is from the future, lives too long, or has expired.
pub fn is_current<T>(verified: &Verified<T>, now: UnixTime) -> Result<(), AssertionError> {
    if verified.issued_at > now.plus(MAX_SKEW) {
        return Err(AssertionError::IssuedInFuture);
    }
    if verified.expires_at.secs_since(verified.issued_at) > MAX_LIFETIME {
        return Err(AssertionError::LifetimeTooLong);
    }
    if verified.expires_at <= now {
        return Err(AssertionError::Expired);
    }
    Ok(())
}

/// Which check an assertion failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AssertionError {
    /// It is not a token of this kind, signed with a known key.
    #[error("identity assertion: {0}")]
    Jws(#[from] JwsError),
    /// `iss` is another edge.
    #[error("identity assertion: wrong issuer")]
    WrongIssuer,
    /// `aud` is another origin.
    #[error("identity assertion: wrong audience")]
    WrongAudience,
    /// `iat` is more than [`MAX_SKEW`] seconds ahead.
    #[error("identity assertion: issued in the future")]
    IssuedInFuture,
    /// It claims a longer life than [`MAX_LIFETIME`] seconds.
    #[error("identity assertion: lifetime over {MAX_LIFETIME} s")]
    LifetimeTooLong,
    /// `exp` has passed.
    #[error("identity assertion: expired")]
    Expired,
    /// `sub` is empty.
    #[error("identity assertion: no subject")]
    NoSubject,
}
