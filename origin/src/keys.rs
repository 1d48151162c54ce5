//! The edge's public keys: given once, or fetched from the edge, or read from wherever they are kept, and then kept here.

use std::{fmt, future::Future, sync::Arc, time::Duration};

use edgeward_identity::{KeyError, UnixTime, VerifyingKeys};
use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use parking_lot::Mutex;
use url::Url;

use crate::outbound::{Limits, Outbound, OutboundError};

/// After an attempt to fetch, this many seconds pass before an unknown `kid` may cause another.
pub const REFRESH_FLOOR: u64 = 10;

/// While keys have never been had, this many seconds pass between attempts: the edge may just be starting.
pub const FIRST_FETCH_FLOOR: u64 = 1;

/// Keys older than this are fetched again in the background, so that a key the edge withdraws is forgotten here.
pub const MAX_AGE: u64 = 600;

/// Where the edge's public keys come from. Clones share what was fetched.
#[derive(Debug, Clone)]
pub struct Keys(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Fixed(Arc<VerifyingKeys>),
    Fetched(Arc<Fetched>),
}

impl Keys {
    /// These keys, for ever.
    pub fn fixed(keys: VerifyingKeys) -> Self {
        Self(Kind::Fixed(Arc::new(keys)))
    }

    /// The JWKS at `url`, fetched when it is first needed, again when a `kid` is unknown (at most every
    /// [`REFRESH_FLOOR`] seconds, one request at a time) and in the background after [`MAX_AGE`] seconds.
    ///
    /// A fetch that fails changes nothing: the keys had before stay good.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn fetched(url: Url) -> Result<Self, KeysError> {
        let outbound = Outbound::new()?;
        let read = move || {
            let (outbound, url) = (outbound.clone(), url.clone());
            async move {
                let reply = outbound.get(&url, "application/json", LIMITS).await?;
                if reply.status.as_u16() == 200 {
                    Ok(reply.body)
                } else {
                    Err(KeysError::Status(reply.status.as_u16()))
                }
            }
        };
        Ok(Self::kept(read, State::default()))
    }

    /// These keys at first; then the JWKS that `read` gives, asked for as [`Self::fetched`] asks a URL.
    pub fn refreshed<R, F>(given: VerifyingKeys, read: R) -> Self
    where
        R: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = Result<Vec<u8>, KeysError>> + Send + 'static,
    {
        Self::kept(read, State { keys: Some(Arc::new(given)), ..State::default() })
    }

    fn kept<R, F>(read: R, state: State) -> Self
    where
        R: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = Result<Vec<u8>, KeysError>> + Send + 'static,
    {
        let read: Read = Box::new(move || read().boxed());
        Self(Kind::Fetched(Arc::new(Fetched { read, state: Mutex::new(state) })))
    }

    /// The keys known now; waits for the first fetch if there are none.
    pub(crate) async fn current(&self, now: UnixTime) -> Result<Arc<VerifyingKeys>, Unavailable> {
        match &self.0 {
            Kind::Fixed(keys) => Ok(keys.clone()),
            Kind::Fetched(fetched) => fetched.current(now).await,
        }
    }

    /// Keys newer than `seen`, which lack a `kid`; `None` when there are none to be had now.
    pub(crate) async fn newer_than(
        &self,
        seen: &Arc<VerifyingKeys>,
        now: UnixTime,
    ) -> Result<Option<Arc<VerifyingKeys>>, Unavailable> {
        match &self.0 {
            Kind::Fixed(_) => Ok(None),
            Kind::Fetched(fetched) => fetched.newer_than(seen, now).await,
        }
    }
}

/// There are no keys that could decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unavailable {
    pub(crate) retry_after: u64,
}

struct Fetched {
    read: Read,
    state: Mutex<State>,
}

/// Gives a JWKS document, from wherever it is.
type Read = Box<dyn Fn() -> BoxFuture<'static, Result<Vec<u8>, KeysError>> + Send + Sync>;

/// Everybody who needs the same fetch awaits the same flight.
type Flight = Shared<BoxFuture<'static, ()>>;

#[derive(Default)]
struct State {
    keys: Option<Arc<VerifyingKeys>>,
    fetched_at: Option<UnixTime>,
    last_attempt: Option<UnixTime>,
    last_failed: bool,
    flight: Option<Flight>,
}

impl State {
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

    /// The age of keys that were given counts from their first use.
    fn is_stale(&mut self, now: UnixTime) -> bool {
        now.secs_since(*self.fetched_at.get_or_insert(now)) > MAX_AGE
    }
}

impl Fetched {
    async fn current(self: &Arc<Self>, now: UnixTime) -> Result<Arc<VerifyingKeys>, Unavailable> {
        let flight = {
            let mut state = self.state.lock();
            if let Some(keys) = state.keys.clone() {
                if state.is_stale(now) {
                    self.take_off(&mut state, now);
                }
                return Ok(keys);
            }
            self.take_off(&mut state, now)
        };
        if let Some(flight) = flight {
            flight.await;
        }
        let state = self.state.lock();
        state.keys.clone().ok_or_else(|| Unavailable { retry_after: state.wait(now) })
    }

    async fn newer_than(
        self: &Arc<Self>,
        seen: &Arc<VerifyingKeys>,
        now: UnixTime,
    ) -> Result<Option<Arc<VerifyingKeys>>, Unavailable> {
        let is_newer = |state: &State| state.keys.clone().filter(|keys| !Arc::ptr_eq(keys, seen));
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
        // The `kid` may belong to a key that the edge has already published and we could not fetch.
        if state.last_failed { Err(Unavailable { retry_after: state.wait(now) }) } else { Ok(None) }
    }

    /// Starts a fetch, or joins the one under way; `None` when the last attempt is too recent.
    fn take_off(self: &Arc<Self>, state: &mut State, now: UnixTime) -> Option<Flight> {
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
                    tracing::info!("the edge's keys were fetched");
                }
                Err(error) => {
                    let kept = state.keys.is_some();
                    drop(state);
                    tracing::warn!(%error, kept, "the edge's keys could not be fetched");
                }
            }
        });
        let flight = task.map(|_| ()).boxed().shared();
        state.flight = Some(flight.clone());
        Some(flight)
    }

    async fn fetch(&self) -> Result<VerifyingKeys, KeysError> {
        let document = tokio::time::timeout(LIMITS.deadline, (self.read)());
        let document = document.await.map_err(|_| OutboundError::TimedOut)??;
        Ok(VerifyingKeys::from_jwks(&document)?)
    }
}

impl fmt::Debug for Fetched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetched").finish_non_exhaustive()
    }
}

const LIMITS: Limits = Limits { deadline: Duration::from_secs(5), max_bytes: 64 * 1024 };

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
