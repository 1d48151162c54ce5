//! Documents that clients name, fetched and remembered: their metadata, and their keys.
//!
//! Strangers choose the URLs, so everything is bounded: what may be asked for ([`DocumentUrl`], the settings' hosts), how
//! long and how much is read, how much is remembered, how often one URL is asked, and how many of one host.
//!
//! A host's failure is remembered for a few seconds, so that nobody can have a third party stormed from here. A document that
//! fails a check is not remembered as bad: a stranger may have named it as what it is not. A document that was good is used for
//! another day while its host fails (stale-if-error, RFC 9111 §4.2.4).

mod host;
mod known;

use std::{
    borrow::Cow,
    cell::{Cell, Ref, RefCell},
    rc::Rc,
};

pub use self::host::HostFailure;
use self::{
    host::{MIN_SECONDS, fetch, lifetime},
    known::{Known, name_of},
};
use crate::{
    config::{Config, MetadataDocuments},
    oauth::{
        DocumentUrl,
        document_url::DocumentUrlError,
        error_code::{MAX_QUOTED, quotable, quotable_uri},
    },
    platform::{Event, Level, Platform, Recalled, Record, UnixTime},
    request_context::RequestContext,
    shared_memory::{SharedMemory, is_shared, name, together},
};

/// A fetch that has not ended after this long never will: the platform has ended its request.
const GIVEN_UP_AFTER_MS: u64 = 6_000;
/// A request waits at most this long for others that fetch the same document.
const PATIENCE_MS: u64 = 8_000;
const POLL_MS: u32 = 50;

/// After its life, a document is still used for so long while its host fails.
const STALE_SECONDS: u64 = 24 * 3600;
/// No second fetch sooner than this after one that brought nothing.
const UNAVAILABLE_SECONDS: u64 = 5;
const REFUSED_SECONDS: u64 = 30;
/// At most two and a half megabytes of documents, and an eighth of it of one host in one role.
const CAPACITY: usize = 256;
const CAPACITY_OF_HOST: usize = 32;
/// An instance fetches as many documents of one host in a minute that it does not know yet. To renew one that it knows costs nothing of
/// that: strangers cannot use up what a client needs that is in use here.
const FETCHES_OF_HOST: u32 = 32;
const BUDGET_SECONDS: u64 = 60;
/// Of those that a host has in a minute among all instances, a request tries so many, one after the other.
const TRIES: u32 = 4;
/// How long a request waits for another instance: longer than that may take for a fetch.
const SHARED_PATIENCE_MS: u32 = 6_000;
/// So many requests may fetch documents, or wait for others that do, at a time: strangers choose hosts that are slow.
const MAX_WAITING: usize = 128;

/// What a document is for. What is known of a URL in one role says nothing of it in the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A client's metadata.
    Metadata,
    /// A client's keys (`jwks_uri`).
    KeySet,
}

impl Role {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Metadata => "metadata",
            Self::KeySet => "keys",
        }
    }
}

/// Which document is wanted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// Where it is.
    pub(super) url: &'a DocumentUrl,
    /// What it is for.
    pub(super) role: Role,
    /// One that was fetched earlier is of no use, not even while the host fails.
    pub(super) not_before: UnixTime,
}

/// Documents remembered between requests, the last used last. So few that a list is searched faster than the code of a
/// map is loaded.
#[derive(Default)]
pub struct Documents {
    entries: RefCell<Vec<Entry>>,
    budgets: RefCell<Vec<Budget>>,
    waiting: Cell<usize>,
}

struct Entry {
    url: DocumentUrl,
    role: Role,
    kept: Option<Kept>,
    /// How its host failed the last time, and until when it is not asked again.
    failed: Option<(HostFailure, UnixTime)>,
    /// Since when a request is fetching it, in milliseconds after the epoch.
    fetching: Option<u64>,
    /// The number of the last fetch.
    fetch: u32,
    /// Why what the fetch with this number brought is no good: for those who have waited for it.
    refused: Option<(u32, Unfit)>,
    /// When a fetch last ended, by this instance or another one.
    noted_at: UnixTime,
    /// When the document that was kept was dropped: what was asked for before is of no use.
    dropped_at: UnixTime,
}

/// A document that is good.
#[derive(Clone)]
struct Kept {
    body: Rc<[u8]>,
    /// When it was asked for, or its host last answered with something else.
    at: UnixTime,
    /// Until when it need not be asked for again.
    until: UnixTime,
    /// Until when it is used while its host fails.
    stale_until: UnixTime,
}

/// What one host has been asked for in this minute.
struct Budget {
    host: String,
    since: UnixTime,
    fetches: u32,
}

/// Why a document is no good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfit {
    /// In words.
    pub reason: Cow<'static, str>,
    /// Whether it is something else than the document that is wanted, as a host that fails may answer. It says nothing of the
    /// client then.
    pub is_foreign: bool,
}

impl Unfit {
    /// The document breaks a rule.
    pub(super) fn breaks(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { reason: reason.into(), is_foreign: false }
    }

    /// It is not the document that is wanted.
    pub(super) const fn foreign(reason: &'static str) -> Self {
        Self { reason: Cow::Borrowed(reason), is_foreign: true }
    }
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
        let (mut waited, mut awaited) = (0, None);
        if let Found::Document(outcome) = self.look(&wanted, awaited, now, waited) {
            return outcome;
        }
        let _waiting = match Waiting::among(&self.waiting) {
            Ok(waiting) => waiting,
            // What is known is not lost to strangers who have slow hosts asked.
            Err(error) => return self.entry(&wanted).and_then(|entry| entry.stale(&wanted, now)).ok_or(error),
        };
        let turn = loop {
            loop {
                match self.look(&wanted, awaited, now, waited) {
                    Found::Document(outcome) => return outcome,
                    Found::Nothing => break,
                    Found::Fetching(_) if waited >= PATIENCE_MS => return Err(DocumentError::Busy(OTHERS_WAIT)),
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
                waited = waited.max(milliseconds(platform.now()).saturating_sub(milliseconds(now)));
                match recalled {
                    Recalled::Value(outcome) => return outcome,
                    Recalled::Turn(taken) => turn = Some(taken),
                    Recalled::Busy => {
                        let stale = self.entry(&wanted).and_then(|entry| entry.stale(&wanted, now));
                        return stale.ok_or(DocumentError::Busy(OTHERS_WAIT));
                    }
                    Recalled::Nothing => {}
                }
            }
            // Another request of this instance may have begun while this one asked the memory.
            if !is_shared(platform) || matches!(self.look(&wanted, awaited, now, waited), Found::Nothing) {
                break turn;
            }
        };
        let is_known = self.entry(&wanted).is_some_and(|entry| entry.kept.is_some());
        if !is_known {
            self.spend(wanted.url.host(), now)?;
        }
        self.at(&wanted, |entry| {
            entry.fetching = Some(milliseconds(now) + waited);
            entry.fetch = entry.fetch.wrapping_add(1);
        });
        if is_shared(platform)
            && !is_known
            && !together(platform, || is_within_budget(wanted.url.host(), context)).await
        {
            self.at(&wanted, |entry| entry.fetching = None);
            return Err(DocumentError::Busy(HOST_IS_BUSY));
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
        let stale = self.at(&wanted, |entry| entry.note(&outcome, &wanted, now, then));
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
            self.at(wanted, |entry| entry.learn(known));
            match (self.look(wanted, None, now, 0), awaited) {
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
        let known = self.at(wanted, |entry| Known::of(entry));
        memory.keep(turn, &name_of(wanted, context.config), &known.write(), known.lifetime(now)).await;
    }

    fn look(&self, wanted: &Wanted<'_>, awaited: Option<u32>, now: UnixTime, waited: u64) -> Found {
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

    /// What is remembered of a document, which does not count as its use.
    #[inline(never)]
    fn entry(&self, wanted: &Wanted<'_>) -> Option<Ref<'_, Entry>> {
        Ref::filter_map(self.entries.borrow(), |entries| entries.iter().find(|entry| entry.is(wanted))).ok()
    }

    /// Does something with what is remembered of a document, which is used last thereby.
    fn at<T>(&self, wanted: &Wanted<'_>, act: impl FnOnce(&mut Entry) -> T) -> T {
        let mut entry = self.take(wanted);
        let done = act(&mut entry);
        self.entries.borrow_mut().push(entry);
        done
    }

    /// Apart from [`Self::at`], so that it is compiled once and not for each use.
    #[inline(never)]
    fn take(&self, wanted: &Wanted<'_>) -> Entry {
        let mut entries = self.entries.borrow_mut();
        if let Some(at) = entries.iter().position(|entry| entry.is(wanted)) {
            return entries.remove(at);
        }
        // Keys that strangers have fetched from a host do not displace what it says of its own clients.
        let is_alike = |entry: &Entry| entry.url.host() == wanted.url.host() && entry.role == wanted.role;
        if entries.iter().filter(|entry| is_alike(entry)).count() >= CAPACITY_OF_HOST {
            forget_one(&mut entries, is_alike);
        } else if entries.len() == CAPACITY {
            let count = |host: &str| entries.iter().filter(|entry| entry.url.host() == host).count();
            let most = entries.iter().rev().map(|entry| entry.url.host()).max_by_key(|host| count(host));
            let most = most.unwrap_or_default().to_owned();
            forget_one(&mut entries, |entry| entry.url.host() == most);
        }
        Entry::new(wanted)
    }

    /// Counts a fetch from a host.
    ///
    /// # Errors
    /// When there were as many in this minute as may be.
    fn spend(&self, host: &str, now: UnixTime) -> Result<(), DocumentError> {
        let mut budgets = self.budgets.borrow_mut();
        budgets.retain(|budget| now.secs_since(budget.since) < BUDGET_SECONDS && budget.since <= now);
        match budgets.iter_mut().find(|budget| budget.host == host) {
            Some(budget) if budget.fetches >= FETCHES_OF_HOST => Err(DocumentError::Busy(HOST_IS_BUSY)),
            Some(budget) => {
                budget.fetches += 1;
                Ok(())
            }
            // Never one that is used up for those of a stranger who names so many hosts in a minute.
            None => {
                let fewest = budgets.iter().enumerate().min_by_key(|(_, budget)| budget.fetches);
                if let (true, Some((at, _))) = (budgets.len() == CAPACITY, fewest) {
                    budgets.remove(at);
                }
                budgets.push(Budget { host: host.to_owned(), since: now, fetches: 1 });
                Ok(())
            }
        }
    }
}

impl Entry {
    fn new(wanted: &Wanted<'_>) -> Self {
        let (url, role) = (wanted.url.clone(), wanted.role);
        let never = UnixTime::from_secs(0);
        let (noted_at, dropped_at) = (never, never);
        Self { url, role, kept: None, failed: None, fetching: None, fetch: 0, refused: None, noted_at, dropped_at }
    }

    /// Takes over what another instance knows: of the documents the newest that was not dropped since, and how the last fetch ended.
    fn learn(&mut self, known: Known) {
        self.dropped_at = self.dropped_at.max(known.dropped_at);
        let both = self.kept.take().into_iter().chain(known.kept);
        self.kept = both.filter(|kept| kept.at > self.dropped_at).max_by_key(|kept| (kept.at, kept.until));
        if known.noted_at >= self.noted_at {
            self.refused = known.refused.map(|unfit| (self.fetch, unfit));
            (self.noted_at, self.failed) = (known.noted_at, known.failed);
        }
    }

    fn is(&self, wanted: &Wanted<'_>) -> bool {
        self.role == wanted.role && self.url == *wanted.url
    }

    /// The document, if it may be used while its host fails.
    fn stale(&self, wanted: &Wanted<'_>, now: UnixTime) -> Option<Rc<[u8]>> {
        let is_usable = |kept: &&Kept| kept.at >= wanted.not_before && now < kept.stale_until;
        self.kept.as_ref().filter(is_usable).map(|kept| Rc::clone(&kept.body))
    }

    fn drop_kept(&mut self, now: UnixTime) {
        if self.kept.take().is_some() {
            self.dropped_at = now;
        }
    }

    /// Remembers what a fetch has brought. Gives the document that is used in its place, if the host has failed.
    fn note(
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
                self.kept = Some(Kept { body: Rc::clone(body), at: asked_at, until, stale_until });
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

/// Counts a fetch from a host among those of all instances: there is a name for each that it may have in a minute.
async fn is_within_budget<P: Platform>(host: &str, context: &RequestContext<'_, P>) -> bool {
    let RequestContext { config, platform, now, .. } = *context;
    let memory = SharedMemory::of(context);
    let mut random = [0; 4];
    // Without randomness all begin with the same name, which costs tries.
    let _ = platform.fill(&mut random);
    let (first, minute) = (u32::from_le_bytes(random) % FETCHES_OF_HOST, now.as_secs() / BUDGET_SECONDS);
    for number in (0..TRIES).map(|at| (first + at) % FETCHES_OF_HOST) {
        let parts = [&config.issuer, host, &minute.to_string(), &number.to_string()];
        match memory.insert_if_absent(&name("fetch from a host/1", &parts), BUDGET_SECONDS).await {
            Some(false) => {}
            // This instance's own budget holds where the others' cannot be told.
            Some(true) | None => return true,
        }
    }
    false
}

/// Forgets the one that was used longest ago, of those that hold no document if there are any.
fn forget_one(entries: &mut Vec<Entry>, of: impl Fn(&Entry) -> bool) {
    let is_empty = |entry: &Entry| entry.kept.is_none() && of(entry);
    let found = entries.iter().position(is_empty).or_else(|| entries.iter().position(&of));
    found.map(|at| entries.remove(at));
}

/// One of the requests that wait, until it is dropped.
struct Waiting<'a>(&'a Cell<usize>);

impl<'a> Waiting<'a> {
    fn among(all: &'a Cell<usize>) -> Result<Self, DocumentError> {
        if all.get() >= MAX_WAITING {
            return Err(DocumentError::Busy("too many requests wait for documents"));
        }
        all.set(all.get() + 1);
        Ok(Self(all))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

enum Found {
    Document(Result<Rc<[u8]>, DocumentError>),
    /// The fetch with this number is under way.
    Fetching(u32),
    Nothing,
}

const fn milliseconds(time: UnixTime) -> u64 {
    time.as_secs().saturating_mul(1000)
}

/// A URL that we may be sent to: of good form, not our own, and at a host that the settings allow.
///
/// # Errors
/// The first rule that it breaks.
pub(super) fn allowed_url(text: &str, config: &Config) -> Result<DocumentUrl, NotAllowed> {
    let MetadataDocuments::On { allowed, denied } = &config.metadata_documents else { return Err(NotAllowed::Off) };
    let quoted = || quotable_uri(text, MAX_QUOTED);
    let url = DocumentUrl::parse(text).map_err(|error| NotAllowed::Url { error, url: quoted() })?;
    let host = url.host();
    // The edge would wait for itself.
    if config.issuer.strip_prefix("https://").is_some_and(|own| own.split(':').next() == Some(host)) {
        return Err(NotAllowed::OwnHost(quoted()));
    }
    if denied.matches(host) || !(allowed.is_empty() || allowed.matches(host)) {
        return Err(NotAllowed::Host(quotable(host, MAX_QUOTED)));
    }
    Ok(url)
}

/// Why we do not go to a URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAllowed {
    /// The settings say that we go to none.
    #[error("metadata documents are off (EDGEWARD_CLIENT_METADATA_DOCUMENTS)")]
    Off,
    /// Its form.
    #[error("{error}: {url}")]
    Url {
        /// The rule that it breaks.
        error: DocumentUrlError,
        /// The URL, as much of it as is fit to be quoted.
        url: String,
    },
    /// It is the edge's own.
    #[error("URL at the edge's own host: {0}")]
    OwnHost(String),
    /// The settings do not allow this host.
    #[error(
        "URL at the host {0}, which is not allowed here (EDGEWARD_CLIENT_METADATA_HOSTS, EDGEWARD_CLIENT_METADATA_DENIED_HOSTS)"
    )]
    Host(String),
}

/// Why there is no document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// Its host gives none.
    #[error(transparent)]
    Host(HostFailure),
    /// It is no good.
    #[error("{}", .0.reason)]
    Refused(Unfit),
    /// It was not asked for: others come first.
    #[error("{0}")]
    Busy(&'static str),
}

impl DocumentError {
    /// Whether the same request may work soon.
    pub const fn is_temporary(&self) -> bool {
        match self {
            Self::Host(failure) => failure.is_temporary(),
            Self::Refused(_) => false,
            Self::Busy(_) => true,
        }
    }
}

const OTHERS_WAIT: &str = "other requests wait for it too";
const HOST_IS_BUSY: &str = "too many documents of this host were asked for in the last minute";
