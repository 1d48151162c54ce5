//! Tokens that have passed: remembered until they expire, so that the next request costs neither signature nor JSON.

use std::{cell::RefCell, num::NonZeroUsize, rc::Rc};

use edgeward_identity::Identity;
use lru::LruCache;
use siphasher::sip128::SipHasher24;

use crate::{keys::Keys, platform::UnixTime};

/// Remembered tokens: some kilobytes each, so some tens of megabytes at the most.
const CAPACITY: NonZeroUsize = NonZeroUsize::MIN.saturating_add(8191);
const PURPOSE: &str = "remembered tokens/1";

/// Tokens that have passed.
pub struct Admissions {
    remembered: RefCell<LruCache<Fingerprint, Admission>>,
    fingerprints: SipHasher24,
}

/// A code over a token with a key that only this deployment has (SipHash-2-4 of 128 bits), so that nobody can find a text
/// that has the fingerprint of another's token. SHA-256 would do as well, at ten times the cost for every request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Fingerprint(u128);

/// What is remembered of a token.
pub(super) struct Admission {
    pub(super) identity: Identity,
    /// The resource it is for.
    pub(super) resource: String,
    pub(super) expires_at: UnixTime,
    /// When it was minted, and the assertion.
    pub(super) assertion: Option<(UnixTime, Rc<str>)>,
}

impl Admissions {
    /// None yet.
    pub fn new(keys: &Keys) -> Self {
        let fingerprints = SipHasher24::new_with_key(&keys.registration().derive(PURPOSE));
        Self { remembered: RefCell::new(LruCache::new(CAPACITY)), fingerprints }
    }

    pub(super) fn fingerprint(&self, token: &str) -> Fingerprint {
        Fingerprint(self.fingerprints.hash(token.as_bytes()).as_u128())
    }

    /// Gives `then` the admission of a token that has not expired; `None` if there is none.
    pub(super) fn of<T>(&self, token: Fingerprint, now: UnixTime, then: impl FnOnce(&mut Admission) -> T) -> Option<T> {
        let mut remembered = self.remembered.borrow_mut();
        remembered.get_mut(&token).filter(|admission| admission.expires_at > now).map(then)
    }

    /// Remembers a token, in place of the one that was not used for the longest time.
    pub(super) fn put(&self, token: Fingerprint, admission: Admission) {
        self.remembered.borrow_mut().put(token, admission);
    }
}
