//! Assertions that were verified: the edge sends the same one for half a minute, and its signature need be checked once.

use std::{num::NonZeroUsize, sync::Arc};

use edgeward_identity::{AssertionError, UnixTime, Verifier, VerifyingKeys, assertion::is_current, jws::Verified};
use lru::LruCache;
use parking_lot::Mutex;

use crate::Caller;

/// About a kilobyte and a half each.
const CAPACITY: NonZeroUsize = NonZeroUsize::MIN.saturating_add(4095);

/// The assertions that were used last.
#[derive(Debug)]
pub(crate) struct Remembered(Mutex<LruCache<Box<str>, Entry>>);

#[derive(Debug)]
struct Entry {
    verified: Verified<Caller>,
    /// What verified it: newer keys have to do it again, as one of these may have been withdrawn.
    keys: Arc<VerifyingKeys>,
}

impl Default for Remembered {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(CAPACITY)))
    }
}

impl Remembered {
    /// Whom an assertion is about, as [`Verifier::verify`] says.
    ///
    /// # Errors
    /// As [`Verifier::verify`].
    pub(crate) fn verify(
        &self,
        assertion: &str,
        verifier: &Verifier,
        keys: &Arc<VerifyingKeys>,
        now: UnixTime,
    ) -> Result<Caller, AssertionError> {
        let is_good = |entry: &&Entry| Arc::ptr_eq(&entry.keys, keys) && is_current(&entry.verified, now).is_ok();
        if let Some(entry) = self.0.lock().get(assertion).filter(is_good) {
            return Ok(entry.verified.claims.clone());
        }
        let Verified { issued_at, expires_at, claims } = verifier.verify_with_times(assertion, keys, now)?;
        let caller = Caller::from(claims);
        let verified = Verified { issued_at, expires_at, claims: caller.clone() };
        self.0.lock().put(assertion.into(), Entry { verified, keys: keys.clone() });
        Ok(caller)
    }
}
