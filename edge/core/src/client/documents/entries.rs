//! The documents that an instance remembers, the last used last.

use std::{
    cell::{Ref, RefCell},
    mem,
    rc::Rc,
};

use super::{
    entry::Entry,
    error::DocumentError,
    wanted::{Role, Wanted},
};
use crate::{bounded::Bounded, oauth::DocumentUrl, platform::UnixTime};

/// A fetch that has not ended after this long never will: the platform has ended its request.
const GIVEN_UP_AFTER_MS: u64 = 6_000;
/// At most two and a half megabytes of documents, and an eighth of it of one host in one role.
const CAPACITY: usize = 256;
const CAPACITY_OF_HOST: usize = 32;

/// What an instance remembers.
#[derive(Default)]
pub(super) struct Entries(RefCell<Bounded<Key, Entry, CAPACITY>>);

#[derive(PartialEq, Eq)]
struct Key {
    url: DocumentUrl,
    role: Role,
}

impl PartialEq<Wanted<'_>> for Key {
    fn eq(&self, wanted: &Wanted<'_>) -> bool {
        self.role == wanted.role && self.url == *wanted.url
    }
}

/// What is known of a document that a request wants.
pub(super) enum Found {
    Document(Result<Rc<[u8]>, DocumentError>),
    /// The fetch with this number is under way.
    Fetching(u32),
    Nothing,
}

impl Entries {
    /// What a request finds that has waited for so many milliseconds, for the fetch with the number `awaited` if for any.
    pub(super) fn look(&self, wanted: &Wanted<'_>, awaited: Option<u32>, now: UnixTime, waited: u64) -> Found {
        let waiting_since = milliseconds(now) + waited;
        if self.entry(wanted).is_none() {
            return Found::Nothing;
        }
        self.at(wanted, |entry| {
            if let Some(kept) = entry.kept.as_ref().filter(|kept| kept.at >= wanted.not_before && now < kept.until) {
                return Found::Document(Ok(Rc::clone(&kept.body)));
            }
            let is_fetched = entry.fetching.is_some_and(|since| waiting_since < since + GIVEN_UP_AFTER_MS);
            let failure = entry.failed.filter(|(_, until)| now < *until);
            match (entry.stale(wanted, now), &entry.refused) {
                (Some(body), _) if is_fetched || failure.is_some() => Found::Document(Ok(body)),
                _ if is_fetched => Found::Fetching(entry.fetch),
                (_, Some((fetch, unfit))) if awaited == Some(*fetch) => {
                    Found::Document(Err(DocumentError::Refused(unfit.clone())))
                }
                _ => match failure {
                    Some((failure, _)) => Found::Document(Err(DocumentError::Host(failure))),
                    None => Found::Nothing,
                },
            }
        })
    }

    /// The document, if it may be used while its host fails.
    pub(super) fn stale(&self, wanted: &Wanted<'_>, now: UnixTime) -> Option<Rc<[u8]>> {
        self.entry(wanted)?.stale(wanted, now)
    }

    /// Whether there is a document, be it old.
    pub(super) fn is_known(&self, wanted: &Wanted<'_>) -> bool {
        self.entry(wanted).is_some_and(|entry| entry.kept.is_some())
    }

    /// What is remembered of a document, which does not count as its use.
    #[inline(never)]
    fn entry(&self, wanted: &Wanted<'_>) -> Option<Ref<'_, Entry>> {
        Ref::filter_map(self.0.borrow(), |entries| entries.get(wanted)).ok()
    }

    /// Does something with what is remembered of a document, which is used last thereby.
    pub(super) fn at<T>(&self, wanted: &Wanted<'_>, act: impl FnOnce(&mut Entry) -> T) -> T {
        let mut entry = self.take(wanted);
        let done = act(&mut entry);
        self.put(wanted, entry);
        done
    }

    /// Apart from [`Self::at`], as [`Self::put`] is, so that it is compiled once and not for each use.
    #[inline(never)]
    fn take(&self, wanted: &Wanted<'_>) -> Entry {
        self.0.borrow_mut().touch(wanted).map(mem::take).unwrap_or_default()
    }

    #[inline(never)]
    fn put(&self, wanted: &Wanted<'_>, entry: Entry) {
        let mut entries = self.0.borrow_mut();
        if let Some(known) = entries.get_mut(wanted) {
            *known = entry;
            return;
        }
        let (host, role) = (wanted.url.host(), wanted.role);
        // Keys that strangers have fetched from a host do not displace what it says of its own clients.
        let is_alike = |key: &Key| key.url.host() == host && key.role == role;
        if entries.iter().filter(|(key, _)| is_alike(key)).count() >= CAPACITY_OF_HOST {
            forget_one(&mut entries, is_alike);
        } else if entries.is_full() {
            let count = |host: &str| entries.iter().filter(|(key, _)| key.url.host() == host).count();
            let most = entries.iter().rev().map(|(key, _)| key.url.host()).max_by_key(|host| count(host));
            let most = most.unwrap_or_default().to_owned();
            forget_one(&mut entries, |key| key.url.host() == most);
        }
        entries.add(Key { url: wanted.url.clone(), role }, entry, |_, _| true);
    }
}

/// Forgets the one that was used longest ago, of those that hold no document if there are any.
fn forget_one(entries: &mut Bounded<Key, Entry, CAPACITY>, of: impl Fn(&Key) -> bool) {
    if !entries.evict(|key, entry| entry.kept.is_none() && of(key)) {
        entries.evict(|key, _| of(key));
    }
}

pub(super) const fn milliseconds(time: UnixTime) -> u64 {
    time.as_secs().saturating_mul(1000)
}
