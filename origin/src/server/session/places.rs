//! How many sessions a task keeps: of one user, and in all.
//!
//! Each session is a worker with channels and a copy of the server, and any user can open as many as they like. At a limit
//! the session that has been idle longest ends: its client does not notice, as the id that it has restores the session. A
//! session with a request or a stream in flight never ends for another one.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use parking_lot::Mutex;
use rmcp::transport::streamable_http_server::SessionId;
use serde_json::json;

/// How many sessions a task keeps in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLimits {
    /// Of one subject, so that nobody uses up what is there for all.
    pub per_subject: usize,
    /// Of all subjects.
    pub total: usize,
}

impl Default for SessionLimits {
    /// A session takes about 60 KB, so all of them take 120 MB of the 512 MB of the smallest task. A user has a handful; a machine that runs many agents has
    /// more. A session that is idle for five minutes ends in any case.
    fn default() -> Self {
        Self { per_subject: 100, total: 2000 }
    }
}

/// The sessions that a task keeps. Clones are the same.
#[derive(Debug, Clone)]
pub(super) struct Places(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    limits: SessionLimits,
    all: Mutex<All>,
}

#[derive(Debug, Default)]
struct All {
    taken: HashMap<SessionId, Arc<Place>>,
    /// Sessions that ended for others and whose workers have not said yet that they are gone, with the number of workers.
    ending: HashMap<SessionId, usize>,
}

#[derive(Debug)]
struct Place {
    subject: Arc<str>,
    /// When it was last in use.
    used: Mutex<Instant>,
}

/// Keeps a session in use. A session without any is idle: nothing but the list of places owns its place then.
#[derive(Debug)]
pub(super) struct InUse(Arc<Place>);

impl Drop for InUse {
    fn drop(&mut self) {
        *self.0.used.lock() = Instant::now();
    }
}

impl Places {
    pub(super) fn new(limits: SessionLimits) -> Self {
        Self(Arc::new(Inner { limits, all: Mutex::default() }))
    }

    /// A place for a session of this subject, and the session that must be ended for it, if one must.
    ///
    /// # Errors
    /// [`Full`] when every session that could end for it is in use.
    pub(super) fn take(&self, id: &SessionId, subject: &Arc<str>) -> Result<(InUse, Option<SessionId>), Full> {
        let SessionLimits { per_subject, total } = self.0.limits;
        let mut all = self.0.all.lock();
        let of_subject = all.taken.values().filter(|place| place.subject == *subject).count();
        let ended = if of_subject >= per_subject {
            Some(all.longest_idle(Some(subject)).ok_or(Full::Subject(per_subject))?)
        } else if all.taken.len() >= total {
            Some(all.longest_idle(None).ok_or(Full::Task(total))?)
        } else {
            None
        };
        if let Some(ended) = &ended {
            all.taken.remove(ended);
            *all.ending.entry(Arc::clone(ended)).or_default() += 1;
        }
        let place = Arc::new(Place { subject: Arc::clone(subject), used: Mutex::new(Instant::now()) });
        all.taken.insert(Arc::clone(id), Arc::clone(&place));
        Ok((InUse(place), ended))
    }

    /// Keeps a session from ending for another one. `None` if there is no such session.
    pub(super) fn hold(&self, id: &SessionId) -> Option<InUse> {
        self.0.all.lock().taken.get(id).map(|place| InUse(Arc::clone(place)))
    }

    /// The session was not begun: there is nothing to close.
    pub(super) fn give_back(&self, id: &SessionId) {
        self.0.all.lock().taken.remove(id);
    }

    /// How many places are taken, and how many sessions have ended whose workers have not said so yet.
    #[cfg(test)]
    pub(super) fn counts(&self) -> (usize, usize) {
        let all = self.0.all.lock();
        (all.taken.len(), all.ending.len())
    }

    /// A session has ended. Says whether it is still to be closed: the worker of one that ended for another says so later,
    /// when the same session may have been restored.
    pub(super) fn leave(&self, id: &SessionId) -> bool {
        let mut all = self.0.all.lock();
        let Some(workers) = all.ending.get_mut(id) else {
            all.taken.remove(id);
            return true;
        };
        *workers -= 1;
        if *workers == 0 {
            all.ending.remove(id);
        }
        false
    }
}

impl All {
    /// The session that has been idle longest, of one subject or of all.
    fn longest_idle(&self, subject: Option<&Arc<str>>) -> Option<SessionId> {
        let idle = self.taken.iter().filter(|(_, place)| {
            // Only who has this lock can make another owner.
            Arc::strong_count(place) == 1 && subject.is_none_or(|subject| place.subject == *subject)
        });
        idle.min_by_key(|(_, place)| *place.used.lock()).map(|(id, _)| Arc::clone(id))
    }
}

/// There is no place for a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Full {
    /// The subject has as many sessions as it may have, and all are in use.
    #[error(
        "Too many sessions: you have {0} here, as many as one user may have, and each has a request or stream in flight. \
         End one of them, or try again later."
    )]
    Subject(usize),
    /// The task has as many sessions as it keeps, and all are in use.
    #[error(
        "Too many sessions: this server has {0}, as many as it keeps, and each has a request or stream in flight. Try \
         again later."
    )]
    Task(usize),
}

impl IntoResponse for Full {
    fn into_response(self) -> Response {
        let status = match self {
            Self::Subject(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Task(_) => StatusCode::SERVICE_UNAVAILABLE,
        };
        // The id of the request is unknown here; a refusal may have none (MCP 2025-11-25, "Sending Messages to the Server").
        let error = json!({ "code": SERVER_ERROR, "message": self.to_string() });
        let mut response = (status, Json(json!({ "jsonrpc": "2.0", "id": null, "error": error }))).into_response();
        let headers = response.headers_mut();
        headers.insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER.as_secs()));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

/// The first of JSON-RPC's codes that servers may use as they like.
const SERVER_ERROR: i32 = -32000;
/// Calls take seconds; a standing stream ends after five idle minutes at the latest.
const RETRY_AFTER: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    fn places(per_subject: usize, total: usize) -> Places {
        Places::new(SessionLimits { per_subject, total })
    }

    fn subject(name: &str) -> Arc<str> {
        Arc::from(name)
    }

    /// Takes a place that is idle from then on.
    fn open(places: &Places, id: &str, name: &str) -> Result<Option<String>, Full> {
        let (in_use, ended) = places.take(&id.into(), &subject(name))?;
        drop(in_use);
        Ok(ended.map(|id| id.to_string()))
    }

    #[test]
    fn the_session_that_was_idle_longest_ends_for_one_of_the_same_subject() {
        let places = places(2, 10);
        assert_eq!(open(&places, "bob", "bob"), Ok(None));
        assert_eq!(open(&places, "a", "alice"), Ok(None));
        assert_eq!(open(&places, "b", "alice"), Ok(None));
        // It was opened first and used last.
        drop(places.hold(&"a".into()).unwrap());
        assert_eq!(open(&places, "c", "alice"), Ok(Some("b".into())));
        assert_eq!(open(&places, "d", "alice"), Ok(Some("a".into())));
        assert!(places.hold(&"bob".into()).is_some(), "nobody ends the session of another user below the total");
    }

    #[test]
    fn at_the_total_the_session_that_was_idle_longest_of_all_ends() {
        let places = places(10, 2);
        assert_eq!(open(&places, "a", "alice"), Ok(None));
        assert_eq!(open(&places, "b", "bob"), Ok(None));
        assert_eq!(open(&places, "c", "carol"), Ok(Some("a".into())));
    }

    #[test]
    fn a_session_in_use_does_not_end() {
        let places = places(1, 2);
        open(&places, "a", "alice").unwrap();
        let in_use = places.hold(&"a".into()).unwrap();
        assert_eq!(open(&places, "b", "alice"), Err(Full::Subject(1)));
        open(&places, "c", "carol").unwrap();
        let also_in_use = places.hold(&"c".into()).unwrap();
        assert_eq!(open(&places, "d", "dave"), Err(Full::Task(2)));
        drop(in_use);
        assert_eq!(open(&places, "d", "dave"), Ok(Some("a".into())));
        assert_eq!(open(&places, "e", "erin"), Ok(Some("d".into())), "a refusal takes no place");
        drop(also_in_use);
    }

    #[test]
    fn a_session_that_is_restored_outlives_the_worker_that_it_had_before() {
        let places = places(1, 10);
        open(&places, "a", "alice").unwrap();
        assert_eq!(open(&places, "b", "alice"), Ok(Some("a".into())));
        assert_eq!(open(&places, "a", "alice"), Ok(Some("b".into())), "restored");
        assert!(!places.leave(&"a".into()), "the first worker");
        assert!(places.hold(&"a".into()).is_some());
        assert!(places.leave(&"a".into()), "the second");
        assert!(places.hold(&"a".into()).is_none());
    }

    #[test]
    fn a_session_that_ends_by_itself_makes_room() {
        let places = places(1, 1);
        let (in_use, _) = places.take(&"a".into(), &subject("alice")).unwrap();
        assert!(places.leave(&"a".into()));
        assert_eq!(open(&places, "b", "alice"), Ok(None));
        drop(in_use);
    }
}
