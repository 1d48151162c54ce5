//! Keys that are read from elsewhere, kept here, and read again: when one is missing, and when they are old.

use std::{
    fmt,
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use edgeward_identity::{KeyError, UnixTime};
use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use parking_lot::Mutex;

use crate::outbound::OutboundError;

/// After an attempt to fetch, this many seconds pass before an unknown `kid` may cause another.
pub const REFRESH_FLOOR: u64 = 10;

/// While keys have never been had, this many seconds pass between attempts: the edge may just be starting.
pub const FIRST_FETCH_FLOOR: u64 = 1;

/// Keys older than this are fetched again before they are used, so that a key the edge withdraws is forgotten here. If that
/// takes more than a second or fails, they are used all the same.
pub const MAX_AGE: u64 = 600;

/// Why the keys could not be fetched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeysError {
    /// No answer.
    #[error("{0}")]
    Outbound(String),
    /// They could not be read from where they are kept.
    #[error("{0}")]
    Unreadable(String),
    /// An answer that is not 200.
    #[error("status {0}")]
    Status(u16),
    /// The answer is not a usable JWKS.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl From<OutboundError> for KeysError {
    fn from(error: OutboundError) -> Self {
        Self::Outbound(error.to_string())
    }
}

/// There are no keys that could decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unavailable {
    pub(crate) retry_after: u64,
}

/// Where keys come from. Clones share what was read.
#[derive(Debug)]
pub(crate) enum Source<K> {
    /// They were given once.
    Fixed(Arc<K>),
    /// They are read again.
    Refreshed(Arc<Refreshed<K>>),
}

impl<K> Clone for Source<K> {
    fn clone(&self) -> Self {
        match self {
            Self::Fixed(keys) => Self::Fixed(keys.clone()),
            Self::Refreshed(keys) => Self::Refreshed(keys.clone()),
        }
    }
}

impl<K: Send + Sync + 'static> Source<K> {
    /// The keys as they were read less than [`MAX_AGE`] ago; older ones if they cannot be read now. A key that leaked and was
    /// withdrawn must not be good for whoever comes first after a quiet hour.
    pub(crate) async fn current(&self, now: UnixTime) -> Result<Arc<K>, Unavailable> {
        match self {
            Self::Fixed(keys) => Ok(keys.clone()),
            Self::Refreshed(keys) => keys.current(now).await,
        }
    }

    /// Keys newer than `seen`, which lack a `kid`; `None` when there are none to be had now.
    pub(crate) async fn newer_than(&self, seen: &Arc<K>, now: UnixTime) -> Result<Option<Arc<K>>, Unavailable> {
        match self {
            Self::Fixed(_) => Ok(None),
            Self::Refreshed(keys) => keys.newer_than(seen, now).await,
        }
    }
}

/// Keys, kept with where they are read.
pub(crate) struct Refreshed<K> {
    /// What they are called in the log.
    name: &'static str,
    read: Read<K>,
    state: Mutex<State<K>>,
}

/// Reads them from wherever they are.
type Read<K> = Box<dyn Fn() -> BoxFuture<'static, Result<K, KeysError>> + Send + Sync>;

/// Everybody who needs the same fetch awaits the same flight.
type Flight = Shared<BoxFuture<'static, ()>>;

struct State<K> {
    keys: Option<Arc<K>>,
    fetched_at: Option<UnixTime>,
    /// When keys were given, if any were, in time that no request has told yet.
    given_at: Instant,
    last_attempt: Option<UnixTime>,
    last_failed: bool,
    flight: Option<Flight>,
}

impl<K> State<K> {
    fn floor(&self) -> u64 {
        if self.keys.is_some() { REFRESH_FLOOR } else { FIRST_FETCH_FLOOR }
    }

    /// Seconds until the next attempt may start.
    fn wait(&self, now: UnixTime) -> u64 {
        match self.last_attempt {
            // A clock that was set back must not stop refreshing until it has caught up.
            Some(last) if last <= now => last.plus(self.floor()).secs_since(now),
            _ => 0,
        }
    }

    fn is_stale(&mut self, now: UnixTime) -> bool {
        let given_at = || UnixTime::from_secs(now.as_secs().saturating_sub(self.given_at.elapsed().as_secs()));
        now.secs_since(*self.fetched_at.get_or_insert_with(given_at)) > MAX_AGE
    }
}

impl<K: Send + Sync + 'static> Refreshed<K> {
    /// The keys that `read` gives, after those `given`, if any.
    pub(crate) fn new<R, F>(name: &'static str, given: Option<K>, read: R) -> Arc<Self>
    where
        R: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = Result<K, KeysError>> + Send + 'static,
    {
        let keys = given.map(Arc::new);
        let given_at = Instant::now();
        let state = State { keys, fetched_at: None, given_at, last_attempt: None, last_failed: false, flight: None };
        Arc::new(Self { name, read: Box::new(move || read().boxed()), state: Mutex::new(state) })
    }

    async fn current(self: &Arc<Self>, now: UnixTime) -> Result<Arc<K>, Unavailable> {
        let (flight, patience) = {
            let mut state = self.state.lock();
            let patience = match state.keys.clone() {
                Some(keys) if !state.is_stale(now) => return Ok(keys),
                Some(_) => PATIENCE,
                None => DEADLINE,
            };
            (self.take_off(&mut state, now), patience)
        };
        if let Some(flight) = flight {
            // The flight goes on; whoever comes meanwhile has the keys that there are.
            let _ = tokio::time::timeout(patience, flight).await;
        }
        let state = self.state.lock();
        state.keys.clone().ok_or_else(|| Unavailable { retry_after: state.wait(now) })
    }

    async fn newer_than(self: &Arc<Self>, seen: &Arc<K>, now: UnixTime) -> Result<Option<Arc<K>>, Unavailable> {
        let is_newer = |state: &State<K>| state.keys.clone().filter(|keys| !Arc::ptr_eq(keys, seen));
        let flight = {
            let mut state = self.state.lock();
            if let Some(keys) = is_newer(&state) {
                return Ok(Some(keys));
            }
            self.take_off(&mut state, now)
        };
        if let Some(flight) = flight {
            flight.await;
        }
        let state = self.state.lock();
        if let Some(keys) = is_newer(&state) {
            return Ok(Some(keys));
        }
        // The `kid` may belong to a key that is there already and could not be fetched.
        if state.last_failed { Err(Unavailable { retry_after: state.wait(now) }) } else { Ok(None) }
    }

    /// Starts a fetch, or joins the one under way; `None` when the last attempt is too recent.
    fn take_off(self: &Arc<Self>, state: &mut State<K>, now: UnixTime) -> Option<Flight> {
        if let Some(flight) = &state.flight {
            return Some(flight.clone());
        }
        if state.wait(now) > 0 {
            return None;
        }
        state.last_attempt = Some(now);
        let this = self.clone();
        // A task of its own, so that the fetch outlives the request that caused it.
        let task = tokio::spawn(async move {
            let result = this.fetch().await;
            let mut state = this.state.lock();
            state.flight = None;
            state.last_failed = result.is_err();
            match result {
                Ok(keys) => {
                    state.keys = Some(Arc::new(keys));
                    state.fetched_at = Some(now);
                    drop(state);
                    tracing::info!("the {} were fetched", this.name);
                }
                Err(error) => {
                    let kept = state.keys.is_some();
                    drop(state);
                    tracing::warn!(%error, kept, "the {} could not be fetched", this.name);
                }
            }
        });
        let flight = task.map(|_| ()).boxed().shared();
        state.flight = Some(flight.clone());
        Some(flight)
    }

    async fn fetch(&self) -> Result<K, KeysError> {
        tokio::time::timeout(DEADLINE, (self.read)()).await.map_err(|_| OutboundError::TimedOut)?
    }
}

impl<K> fmt::Debug for Refreshed<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refreshed").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Longest that one reading may take.
pub(crate) const DEADLINE: Duration = Duration::from_secs(5);

/// Longest that a request waits for others in place of keys that are too old. They may be all that can be had.
const PATIENCE: Duration = Duration::from_secs(1);
