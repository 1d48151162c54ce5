//! What is remembered of a document: the last good one, and how the last fetch ended.

use std::rc::Rc;

use super::{
    error::{DocumentError, Unfit},
    host::{HostFailure, MIN_SECONDS},
    known::{GoodDocument, Known, STALE_SECONDS},
    wanted::Wanted,
};
use crate::platform::UnixTime;

/// No second fetch sooner than this after one that brought nothing.
const UNAVAILABLE_SECONDS: u64 = 5;
const REFUSED_SECONDS: u64 = 30;

/// What is remembered of a document.
pub(super) struct Entry {
    pub(super) kept: Option<GoodDocument>,
    /// How its host failed the last time, and until when it is not asked again.
    pub(super) failed: Option<(HostFailure, UnixTime)>,
    /// Since when a request is fetching it, in milliseconds after the epoch.
    pub(super) fetching: Option<u64>,
    /// The number of the last fetch.
    pub(super) fetch: u32,
    /// Why what the fetch with this number brought is no good: for those who have waited for it.
    pub(super) refused: Option<(u32, Unfit)>,
    /// When a fetch last ended, by this instance or another one.
    noted_at: UnixTime,
    /// When its host last withdrew the document. One that was asked for before does not count.
    dropped_at: UnixTime,
}

impl Default for Entry {
    /// One that knows nothing.
    fn default() -> Self {
        let never = UnixTime::from_secs(0);
        let (noted_at, dropped_at) = (never, never);
        Self { kept: None, failed: None, fetching: None, fetch: 0, refused: None, noted_at, dropped_at }
    }
}

impl Entry {
    /// What other instances are told of it.
    pub(super) fn known(&self) -> Known {
        let Self { kept, failed, refused, noted_at, dropped_at, .. } = self;
        let refused = refused.as_ref().filter(|(fetch, _)| *fetch == self.fetch).map(|(_, unfit)| unfit.clone());
        Known { noted_at: *noted_at, dropped_at: *dropped_at, kept: kept.clone(), failed: *failed, refused }
    }

    /// Takes over what another instance knows: of the documents the newest that was not dropped since, and how the last fetch ended.
    pub(super) fn learn(&mut self, known: Known) {
        let is_gone = known.failed.is_some_and(|(failure, _)| failure.is_gone());
        let gone_at = if is_gone { known.noted_at } else { known.dropped_at };
        self.dropped_at = self.dropped_at.max(gone_at);
        let both = self.kept.take().into_iter().chain(known.kept);
        self.kept = both.filter(|kept| kept.at > self.dropped_at).max_by_key(|kept| (kept.at, kept.until));
        if known.noted_at >= self.noted_at {
            self.refused = known.refused.map(|unfit| (self.fetch, unfit));
            (self.noted_at, self.failed) = (known.noted_at, known.failed);
        }
    }

    /// The document, if it may be used while its host fails.
    pub(super) fn stale(&self, wanted: &Wanted<'_>, now: UnixTime) -> Option<Rc<[u8]>> {
        let is_usable = |kept: &&GoodDocument| kept.at >= wanted.not_before && now < kept.stale_until;
        self.kept.as_ref().filter(is_usable).map(|kept| Rc::clone(&kept.body))
    }

    fn drop_kept(&mut self, now: UnixTime) {
        if self.kept.take().is_some() {
            self.dropped_at = now;
        }
    }

    /// Remembers what a fetch has brought. Gives the document that is used in its place, if the host has failed.
    pub(super) fn note(
        &mut self,
        outcome: &Result<(u64, Rc<[u8]>), DocumentError>,
        wanted: &Wanted<'_>,
        asked_at: UnixTime,
        now: UnixTime,
    ) -> Option<Rc<[u8]>> {
        self.fetching = None;
        self.failed = None;
        self.noted_at = now;
        match outcome {
            Ok((seconds, body)) => {
                let until = asked_at.plus(*seconds);
                let stale_until = until.plus(STALE_SECONDS);
                self.dropped_at = UnixTime::from_secs(0);
                self.kept = Some(GoodDocument { body: Rc::clone(body), at: asked_at, until, stale_until });
                None
            }
            Err(DocumentError::Host(failure)) => {
                let seconds = if failure.is_temporary() { UNAVAILABLE_SECONDS } else { REFUSED_SECONDS };
                self.failed = Some((*failure, now.plus(seconds)));
                // The host does not fail: it says that there is no such client.
                if failure.is_gone() {
                    self.drop_kept(now);
                }
                self.stale(wanted, now)
            }
            Err(DocumentError::Refused(unfit)) => match &mut self.kept {
                // What it said last holds, also for who wanted a newer one: or a key that nobody knows would have the good ones
                // forgotten.
                Some(kept) if unfit.is_foreign && now < kept.stale_until => {
                    (kept.at, kept.until) = (asked_at, now.plus(MIN_SECONDS).min(kept.stale_until));
                    Some(Rc::clone(&kept.body))
                }
                _ => {
                    self.drop_kept(now);
                    self.refused = Some((self.fetch, unfit.clone()));
                    None
                }
            },
            Err(DocumentError::Busy(_)) => None,
        }
    }
}
