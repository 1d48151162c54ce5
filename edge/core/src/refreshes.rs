//! What an instance remembers of refreshes, for some seconds: answers, and tokens that are over.
//!
//! Clients refresh from two places at once, and again when an answer was lost. One of them asks Cognito and the others
//! get its answer. A token that Cognito has refused for good is not shown to it again and again. All of it may be lost:
//! then Cognito is asked, and its grace for a token that it has just replaced does the rest.

use std::cell::{Cell, RefCell};

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{
    oauth::{ClientDigest, Scope},
    platform::{Clock, Platform, UnixTime},
    secret::Secret,
};

/// How long an answer is given again.
pub const ANSWER_SECONDS: u64 = 5;
/// How long Cognito is not asked about a token again that it has said is over.
pub const OVER_SECONDS: u64 = 60;
/// A request waits at most this long for another's answer: then it still has time to ask Cognito itself.
const PATIENCE_MS: u64 = 2_000;
const POLL_MS: u32 = 50;
/// A request that has asked this long ago never gets an answer: the platform has ended it.
const GIVEN_UP_AFTER_SECONDS: u64 = 10;
/// Of each kind. So few that a list is searched faster than the code of a map is loaded.
const CAPACITY: usize = 256;

type Digest256 = [u8; 32];

/// The memory.
#[derive(Default)]
pub struct Refreshes {
    answers: RefCell<Vec<(Digest256, Entry)>>,
    over: RefCell<Vec<(Digest256, (&'static str, UnixTime))>>,
    told: Cell<bool>,
}

enum Entry {
    /// A request is asking, since then.
    Asking(UnixTime),
    Answered {
        /// The token response.
        body: Secret<String>,
        grant_id: String,
        at: UnixTime,
    },
}

/// One refresh: the token as presented, the client, the scope asked for. Any other is another refresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefreshKey(Digest256);

impl RefreshKey {
    /// The key. None of the parts holds a zero byte.
    pub fn of(presented: &str, client: &ClientDigest, scope: &Scope) -> Self {
        let parts = [presented, client.as_str(), &scope.to_string()].join("\0");
        Self(Sha256::digest(Secret::new(parts).expose()).into())
    }
}

/// Whose turn it is.
pub enum Turn<'a> {
    /// Ask Cognito, and say what came of it.
    Ask(Asking<'a>),
    /// This was answered a moment ago.
    Answered(Answered),
}

/// An answer that is given again.
pub struct Answered {
    /// The token response.
    pub body: Value,
    /// The grant.
    pub grant_id: String,
}

/// The right to ask. Dropped without an answer, it passes to the next in line.
pub struct Asking<'a> {
    refreshes: &'a Refreshes,
    key: RefreshKey,
}

impl Refreshes {
    /// Waits for another request's answer, if there is one that asks the same.
    ///
    /// Platforms tie I/O to the request that began it, so nobody can wait for another's fetch. It can look, from time to
    /// time, whether the other has left something.
    pub async fn turn<P: Platform>(&self, key: RefreshKey, platform: &P) -> Turn<'_> {
        let mut waited = 0;
        loop {
            let now = platform.now();
            if let Some(answered) = self.answered(key, now) {
                return Turn::Answered(answered);
            }
            if !self.is_asked(key, now) || waited >= PATIENCE_MS {
                self.put(key, Entry::Asking(now));
                return Turn::Ask(Asking { refreshes: self, key });
            }
            platform.sleep(POLL_MS).await;
            waited += u64::from(POLL_MS);
        }
    }

    /// What was answered to the same request within [`ANSWER_SECONDS`].
    pub fn answered(&self, key: RefreshKey, now: UnixTime) -> Option<Answered> {
        let answers = self.answers.borrow();
        let (_, Entry::Answered { body, grant_id, at }) = answers.iter().find(|(known, _)| *known == key.0)? else {
            return None;
        };
        let age = now.secs_since(*at);
        if age >= ANSWER_SECONDS {
            return None;
        }
        let mut body: Value = serde_json::from_slice(body.expose().as_bytes()).ok()?;
        let left = body["expires_in"].as_u64()?.saturating_sub(age);
        body["expires_in"] = left.into();
        Some(Answered { body, grant_id: grant_id.clone() })
    }

    fn is_asked(&self, key: RefreshKey, now: UnixTime) -> bool {
        let answers = self.answers.borrow();
        let entry = answers.iter().find(|(known, _)| *known == key.0);
        matches!(entry, Some((_, Entry::Asking(since))) if now.secs_since(*since) < GIVEN_UP_AFTER_SECONDS)
    }

    fn put(&self, key: RefreshKey, entry: Entry) {
        remember(&mut self.answers.borrow_mut(), key.0, entry);
    }

    /// Forgets the answers that belong to a grant: it is over.
    pub fn forget(&self, grant: &str) {
        let kept = |entry: &Entry| !matches!(entry, Entry::Answered { grant_id, .. } if grant_id == grant);
        self.answers.borrow_mut().retain(|(_, entry)| kept(entry));
    }

    /// Remembers that Cognito has refused its token for good.
    pub fn bury(&self, upstream_token: &str, reason: &'static str, now: UnixTime) {
        let digest = Sha256::digest(upstream_token).into();
        remember(&mut self.over.borrow_mut(), digest, (reason, now.plus(OVER_SECONDS)));
    }

    /// Why Cognito has refused its token, if that was a moment ago.
    pub fn buried(&self, upstream_token: &str, now: UnixTime) -> Option<&'static str> {
        let digest: Digest256 = Sha256::digest(upstream_token).into();
        let over = self.over.borrow();
        let (_, (reason, until)) = over.iter().find(|(known, _)| *known == digest)?;
        (now < *until).then_some(*reason)
    }

    /// Whether something is said for the first time that is worth saying once.
    pub fn is_first_time(&self) -> bool {
        !self.told.replace(true)
    }
}

impl Asking<'_> {
    /// Leaves the answer to those who ask the same.
    pub fn answer(self, body: &Value, grant_id: &str, clock: &impl Clock) {
        let body = Secret::new(body.to_string());
        self.refreshes.put(self.key, Entry::Answered { body, grant_id: grant_id.to_owned(), at: clock.now() });
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        let ours = |(known, entry): &(Digest256, Entry)| *known == self.key.0 && matches!(entry, Entry::Asking(_));
        self.refreshes.answers.borrow_mut().retain(|entry| !ours(entry));
    }
}

/// Puts an entry at the end; the oldest goes.
fn remember<T>(entries: &mut Vec<(Digest256, T)>, key: Digest256, entry: T) {
    entries.retain(|(known, _)| *known != key);
    if entries.len() == CAPACITY {
        entries.remove(0);
    }
    entries.push((key, entry));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    struct At(u64);

    impl Clock for At {
        fn now(&self) -> UnixTime {
            UnixTime::from_secs(self.0)
        }
    }

    fn key(presented: &str, client: &str, scope: &str) -> RefreshKey {
        RefreshKey::of(presented, &ClientDigest::of(client), &Scope::parse(scope).unwrap())
    }

    fn answer(refreshes: &Refreshes, key: RefreshKey, at: u64) {
        refreshes.put(key, Entry::Asking(UnixTime::from_secs(at)));
        Asking { refreshes, key }.answer(&json!({ "expires_in": 900 }), "grant", &At(at));
    }

    #[test]
    fn an_answer_is_for_the_same_token_client_and_scope_and_for_seconds_only() {
        let refreshes = Refreshes::default();
        let asked = key("token", "client", "a b");
        answer(&refreshes, asked, 100);
        let answered = |key, at| refreshes.answered(key, UnixTime::from_secs(at));
        assert_eq!(answered(asked, 103).unwrap().body, json!({ "expires_in": 897 }));
        assert_eq!(answered(asked, 104).unwrap().grant_id, "grant");
        assert!(answered(asked, 100 + ANSWER_SECONDS).is_none());
        for other in [key("other", "client", "a b"), key("token", "other", "a b"), key("token", "client", "a")] {
            assert!(answered(other, 101).is_none());
        }
        refreshes.forget("another grant");
        assert!(answered(asked, 101).is_some());
        refreshes.forget("grant");
        assert!(answered(asked, 101).is_none());
    }

    #[test]
    fn whoever_asks_in_vain_leaves_the_turn_to_others() {
        let refreshes = Refreshes::default();
        let (asked, now) = (key("token", "client", "a"), UnixTime::from_secs(100));
        refreshes.put(asked, Entry::Asking(now));
        assert!(refreshes.is_asked(asked, now));
        drop(Asking { refreshes: &refreshes, key: asked });
        assert!(!refreshes.is_asked(asked, now));
        refreshes.put(asked, Entry::Asking(now));
        assert!(!refreshes.is_asked(asked, now.plus(GIVEN_UP_AFTER_SECONDS)), "the platform has ended it");
    }

    #[test]
    fn a_token_is_over_for_a_minute() {
        let (refreshes, now) = (Refreshes::default(), UnixTime::from_secs(100));
        refreshes.bury("token", "invalid_grant", now);
        assert_eq!(refreshes.buried("token", now.plus(OVER_SECONDS - 1)), Some("invalid_grant"));
        assert_eq!(refreshes.buried("token", now.plus(OVER_SECONDS)), None);
        assert_eq!(refreshes.buried("other", now), None);
    }

    #[test]
    fn the_memory_is_bounded_and_the_oldest_goes() {
        let (refreshes, now) = (Refreshes::default(), UnixTime::from_secs(100));
        for number in 0..=CAPACITY {
            refreshes.bury(&number.to_string(), "invalid_grant", now);
            answer(&refreshes, key(&number.to_string(), "client", "a"), 100);
        }
        assert_eq!((refreshes.over.borrow().len(), refreshes.answers.borrow().len()), (CAPACITY, CAPACITY));
        assert_eq!(refreshes.buried("0", now), None);
        assert!(refreshes.answered(key("0", "client", "a"), now).is_none());
        assert_eq!(refreshes.buried("1", now), Some("invalid_grant"));
    }
}
