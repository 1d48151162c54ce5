//! Tokens that have passed: remembered until they expire, so that the next request costs neither signature nor JSON.

use std::{cell::RefCell, num::NonZeroUsize, rc::Rc};

use edgeward_identity::Identity;
use lru::LruCache;
use siphasher::sip128::SipHasher24;

use crate::{keys::Keys, platform::UnixTime};

/// Remembered tokens.
const CAPACITY: NonZeroUsize = NonZeroUsize::MIN.saturating_add(8191);
/// Bytes of all admissions. A token of a user without groups takes three kilobytes, the longest possible token 25.
const MAX_BYTES: usize = 16 * 1024 * 1024;
const PURPOSE: &str = "remembered tokens/1";

/// Tokens that have passed.
pub struct Admissions {
    remembered: RefCell<Remembered>,
    fingerprints: SipHasher24,
}

struct Remembered {
    admissions: LruCache<Fingerprint, Admission>,
    bytes: usize,
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
    /// What it takes of the memory, about: what the token says, the assertion that will be made of it, which is as long as the
    /// token, and what is around them.
    pub(super) bytes: usize,
}

/// [`Admission::bytes`] for a token.
pub(super) const fn bytes_for(token: &str) -> usize {
    3 * token.len() + 512
}

impl Admissions {
    /// None yet.
    pub fn new(keys: &Keys) -> Self {
        let fingerprints = SipHasher24::new_with_key(&keys.registration().derive(PURPOSE));
        let remembered = Remembered { admissions: LruCache::new(CAPACITY), bytes: 0 };
        Self { remembered: RefCell::new(remembered), fingerprints }
    }

    pub(super) fn fingerprint(&self, token: &str) -> Fingerprint {
        Fingerprint(self.fingerprints.hash(token.as_bytes()).as_u128())
    }

    /// Gives `then` the admission of a token that has not expired; `None` if there is none.
    pub(super) fn of<T>(&self, token: Fingerprint, now: UnixTime, then: impl FnOnce(&mut Admission) -> T) -> Option<T> {
        let mut remembered = self.remembered.borrow_mut();
        remembered.admissions.get_mut(&token).filter(|admission| admission.expires_at > now).map(then)
    }

    /// Remembers a token, in place of those that were not used for the longest time.
    pub(super) fn put(&self, token: Fingerprint, admission: Admission) {
        let Remembered { admissions, bytes } = &mut *self.remembered.borrow_mut();
        *bytes += admission.bytes;
        // What was known of the same token, or the oldest of too many.
        let mut gone = admissions.push(token, admission);
        loop {
            *bytes -= gone.map_or(0, |(_, admission)| admission.bytes);
            if *bytes <= MAX_BYTES {
                break;
            }
            gone = admissions.pop_lru();
        }
    }
}

#[cfg(test)]
mod tests {
    use edgeward_identity::Kind;

    use super::*;

    fn admission(bytes: usize) -> Admission {
        let identity = Identity {
            issuer: String::new(),
            audience: String::new(),
            subject: String::new(),
            kind: Kind::User,
            client_id: String::new(),
            scopes: Vec::new(),
            username: None,
            email: None,
            unverified_email: None,
            groups: Vec::new(),
            auth_time: None,
            grant_id: String::new(),
        };
        let expires_at = UnixTime::from_secs(1);
        Admission { identity, resource: String::new(), expires_at, assertion: None, bytes }
    }

    fn admissions() -> Admissions {
        let remembered = Remembered { admissions: LruCache::new(CAPACITY), bytes: 0 };
        Admissions { remembered: RefCell::new(remembered), fingerprints: SipHasher24::new() }
    }

    fn sum(admissions: &Admissions) -> (usize, usize) {
        let Remembered { admissions, bytes } = &*admissions.remembered.borrow();
        assert_eq!(*bytes, admissions.iter().map(|(_, admission)| admission.bytes).sum::<usize>());
        (admissions.len(), *bytes)
    }

    #[test]
    fn the_memory_is_bounded_in_entries_and_in_bytes() {
        let (few, many) = (admissions(), admissions());
        for token in 0..20_000 {
            few.put(Fingerprint(token), admission(10_000));
            many.put(Fingerprint(token), admission(100));
            // The same again takes no more.
            many.put(Fingerprint(token), admission(200));
        }
        assert_eq!(sum(&few), (MAX_BYTES / 10_000, MAX_BYTES / 10_000 * 10_000));
        assert_eq!(sum(&many), (CAPACITY.get(), CAPACITY.get() * 200));
        // Those that were used last are there.
        let is_there = |token| few.of(Fingerprint(token), UnixTime::from_secs(0), |_| ()).is_some();
        assert_eq!((is_there(0), is_there(19_999)), (false, true));
        few.put(Fingerprint(0), admission(MAX_BYTES));
        assert_eq!(sum(&few), (1, MAX_BYTES));
    }
}
