//! Documents that clients name, fetched and remembered: their metadata, and their keys.
//!
//! Strangers choose the URLs, so everything is bounded: what may be asked for (the form of the URL, the settings' hosts), how
//! long and how much is read, how much is remembered, how often one URL is asked, and how many of one host.
//!
//! A host's failure is remembered for a few seconds, so that nobody can have a third party stormed from here. A document that
//! fails a check is not remembered as bad: a stranger may have named it as what it is not. A document that was good is used for
//! another day while its host fails (stale-if-error, RFC 9111 §4.2.4).

mod wanted;

mod host;

mod error;

mod allowed;
mod budget;
mod known;
mod waiting;

mod entry;

mod entries;

use std::{cell::Cell, rc::Rc};

pub use self::{
    allowed::NotAllowed,
    error::{DocumentError, Unfit},
    host::HostFailure,
};
pub(super) use self::{
    allowed::allowed_url,
    wanted::{Role, Wanted},
};
use self::{
    budget::{Budgets, HOST_IS_BUSY, is_within_budget},
    entries::{Entries, Found, milliseconds},
    host::{fetch, lifetime},
    known::{Known, name_of},
    waiting::Waiting,
};
use crate::{
    platform::{Event, Level, Platform, Recalled, Record, UnixTime},
    request_context::RequestContext,
    shared_memory::{SharedMemory, is_shared, together},
};

/// A request waits at most this long for others that fetch the same document.
const PATIENCE_MS: u64 = 8_000;
const POLL_MS: u32 = 50;
/// How long a request waits for another instance: longer than that may take for a fetch.
const SHARED_PATIENCE_MS: u32 = 6_000;
const OTHERS_WAIT: DocumentError = DocumentError::Busy("other requests wait for it too");

/// Documents remembered between requests, and what is under way.
#[derive(Default)]
pub struct Documents {
    entries: Entries,
    budgets: Budgets,
    waiting: Cell<usize>,
}

/// Judges a document.
type Check<'a> = &'a dyn Fn(&[u8]) -> Result<(), Unfit>;

impl Documents {
    /// The document that is wanted, which has passed `check`.
    ///
    /// # Errors
    /// When it cannot be had, or is refused.
    pub(super) async fn find<P: Platform>(
        &self,
        wanted: Wanted<'_>,
        check: Check<'_>,
        context: &RequestContext<'_, P>,
    ) -> Result<Rc<[u8]>, DocumentError> {
        let RequestContext { platform, now, .. } = *context;
        // Platforms tie I/O to the request that began it, so no request can wait for another's fetch. It can look, from
        // time to time, whether the other has left something, and take over from one that was broken off.
        let mut awaited = None;
        // The document may be the second that the request needs.
        let since_it_came = || milliseconds(platform.now()).saturating_sub(milliseconds(now));
        let mut waited = since_it_came();
        if let Found::Document(outcome) = self.entries.look(&wanted, awaited, now, waited) {
            return outcome;
        }
        let _waiting = match Waiting::among(&self.waiting) {
            Ok(waiting) => waiting,
            // Slow hosts of strangers must not make a known document unusable.
            Err(error) => return self.entries.stale(&wanted, now).ok_or(error),
        };
        let turn = loop {
            loop {
                match self.entries.look(&wanted, awaited, now, waited) {
                    Found::Document(outcome) => return outcome,
                    Found::Nothing => break,
                    Found::Fetching(_) if waited >= PATIENCE_MS => return Err(OTHERS_WAIT),
                    Found::Fetching(fetch) => {
                        awaited = Some(fetch);
                        platform.sleep(POLL_MS).await;
                        waited += u64::from(POLL_MS);
                    }
                }
            }
            let mut turn = None;
            if is_shared(platform) {
                let left = PATIENCE_MS.saturating_sub(waited);
                let recalled = together(platform, || self.recall(&wanted, left, context)).await;
                waited = waited.max(since_it_came());
                match recalled {
                    Recalled::Value(outcome) => return outcome,
                    Recalled::Turn(taken) => turn = Some(taken),
                    Recalled::Busy => {
                        let stale = self.entries.stale(&wanted, now);
                        return stale.ok_or(OTHERS_WAIT);
                    }
                    Recalled::Nothing => {}
                }
            }
            // Another request of this instance may have begun while this one asked the memory.
            if !is_shared(platform) || matches!(self.entries.look(&wanted, awaited, now, waited), Found::Nothing) {
                break turn;
            }
        };
        let is_known = self.entries.is_known(&wanted);
        if !is_known {
            self.budgets.spend(wanted.url.host(), platform.now())?;
        }
        self.entries.at(&wanted, |entry| {
            entry.fetching = Some(milliseconds(now) + waited);
            entry.fetch = entry.fetch.wrapping_add(1);
        });
        if is_shared(platform)
            && !is_known
            && !together(platform, || is_within_budget(wanted.url.host(), context)).await
        {
            self.entries.at(&wanted, |entry| entry.fetching = None);
            return Err(HOST_IS_BUSY);
        }
        let outcome = match fetch(wanted.url, platform).await {
            Ok(reply) => match check(&reply.body) {
                Ok(()) => Ok((lifetime(&reply, now), Rc::<[u8]>::from(reply.body))),
                Err(unfit) => Err(DocumentError::Refused(unfit)),
            },
            Err(failure) => Err(DocumentError::Host(failure)),
        };
        // The time after the fetch, which may have taken as long as a failure is remembered.
        let then = platform.now();
        let stale = self.entries.at(&wanted, |entry| entry.note(&outcome, &wanted, now, then));
        if is_shared(platform)
            && let Some(turn) = turn
        {
            together(platform, || self.tell(turn, &wanted, context, then)).await;
        }
        if let (Some(_), Err(error)) = (&stale, &outcome) {
            let reason = format!("{}: {error}", wanted.url);
            context.log(Record::new(Level::Warn, Event::StaleDocument).because(&reason));
        }
        stale.map_or_else(|| outcome.map(|(_, body)| body), Ok)
    }

    /// What another instance has found, or the turn to find out. What others found before, though it is not good enough, is
    /// remembered here: a document that is used while its host fails.
    async fn recall<P: Platform>(
        &self,
        wanted: &Wanted<'_>,
        patience_ms: u64,
        context: &RequestContext<'_, P>,
    ) -> Recalled<Result<Rc<[u8]>, DocumentError>, P::Turn> {
        let (memory, now) = (SharedMemory::of(context), context.now);
        let read = |value: &[u8]| {
            let known = Known::read(value, now)?;
            // It came of a fetch that ended while this request waited for it.
            let awaited = known.refused.clone().filter(|_| known.noted_at >= now);
            self.entries.at(wanted, |entry| entry.learn(known));
            match (self.entries.look(wanted, None, now, 0), awaited) {
                (Found::Document(outcome), _) => Some(outcome),
                (Found::Fetching(_) | Found::Nothing, Some(unfit)) => Some(Err(DocumentError::Refused(unfit))),
                (Found::Fetching(_) | Found::Nothing, None) => None,
            }
        };
        let patience_ms = u32::try_from(patience_ms).map_or(SHARED_PATIENCE_MS, |left| left.min(SHARED_PATIENCE_MS));
        memory.recall(&name_of(wanted, context.config), read, patience_ms).await
    }

    /// Tells the other instances what has come of a turn.
    async fn tell<P: Platform>(
        &self,
        turn: P::Turn,
        wanted: &Wanted<'_>,
        context: &RequestContext<'_, P>,
        now: UnixTime,
    ) {
        let memory = SharedMemory::of(context);
        let known = self.entries.at(wanted, |entry| entry.known());
        memory.keep(turn, &name_of(wanted, context.config), &known.write(), known.lifetime(now)).await;
    }
}
