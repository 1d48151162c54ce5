//! What an instance remembers of refreshes: what Cognito answered, and tokens that it has refused.
//!
//! Clients refresh from two places at once, and again when an answer was lost. Where Cognito rotates refresh tokens, a
//! second request with the same token may fork its family: of the two tokens that Cognito then has given out, only the newer
//! one may go on. So the edge shows Cognito each of its refresh tokens once: one request asks, the others get what it
//! was answered, for as long as Cognito's grace period may last. The requests of an instance coordinate here; instances
//! coordinate through the platform, where it has a coordinator or a memory that they share ([`Coordination`]). All of it may be
//! lost: then Cognito is asked, and its grace period does the rest.

mod coordination;
mod through_memory;

use std::{
    cell::{Cell, RefCell},
    future::Future,
    pin::{Pin, pin},
    rc::Rc,
};

pub use coordination::{Answered, Coordination, UpstreamRefresh};
use sha2::{Digest, Sha256};

use crate::{
    bounded::Bounded,
    platform::{Platform, Timer, UnixTime},
    request_context::RequestContext,
    sealed::{Profile, RefreshToken},
    upstream::UpstreamGrant,
};

/// How long an answer with a new refresh token is given again: the longest grace period that Cognito can be set to
/// (`RetryGracePeriodSeconds`).
pub const ROTATED_SECONDS: u64 = 60;
/// How long an answer without one is given again: Cognito may be asked as often as needed, and knows what has changed about
/// the user.
pub const UNROTATED_SECONDS: u64 = 5;
/// How long Cognito is not asked about a token again that it has refused.
pub const REFUSED_SECONDS: u64 = 60;
/// How long a request waits for another's answer. Clients give up after ten seconds.
const PATIENCE_MS: u32 = 9_000;
const POLL_MS: u32 = 50;
/// How often a request that asks Cognito shows that it is alive.
const HEARTBEAT_MS: u32 = 500;
/// A request that has not shown it for so long has been ended by the platform.
const SILENCE_MS: u32 = 2_000;
/// So many answers and pending requests, and as many refusals.
const CAPACITY: usize = 1024;
/// Of all answers. One is two kilobytes as a rule, and sixty at the most: Cognito lets a user be in a hundred groups, each with
/// a name of 128 characters, of four bytes.
const MAX_BYTES: usize = 2 * 1024 * 1024;

/// How many replacements of a token are followed. More do not happen within a grace period.
pub const MAX_GENERATIONS: usize = 64;

type Digest256 = [u8; 32];

/// The memory.
#[derive(Default)]
pub struct Refreshes {
    /// By Cognito's token that was presented.
    entries: RefCell<Bounded<Digest256, Entry, CAPACITY>>,
    /// Why, and until when Cognito is not asked again.
    refused: RefCell<Bounded<Digest256, (&'static str, UnixTime), CAPACITY>>,
    pulse: Cell<u64>,
    /// Whether Cognito's last answer had no new refresh token.
    is_unrotated: Cell<bool>,
    warned_unrotated: Cell<bool>,
    warned_uncoordinated: Cell<bool>,
    /// No more warnings before that the platform fails.
    warned_failing_until: Cell<Option<UnixTime>>,
}

struct Entry {
    grant_id: String,
    state: State,
}

enum State {
    /// A request is asking. The number changes as long as it lives, and no two requests ever have the same.
    Asking(u64),
    /// Cognito answered.
    Answered(KnownAnswer),
}

/// What Cognito answered to a refresh.
#[derive(Clone)]
pub struct KnownAnswer {
    /// The answer.
    pub grant: Rc<UpstreamGrant>,
    /// When it came.
    at: UnixTime,
    /// Whether the other instances get it.
    is_published: bool,
}

/// Who asks Cognito.
pub enum Role<'a> {
    /// This request does.
    Ask(Lease<'a>),
    /// Another did.
    Answered(KnownAnswer),
    /// Another does, and has for so long that the client will not wait for what comes of it.
    Busy,
}

/// The right to ask Cognito about a token. Dropped without an answer, it passes to the next request that waits.
pub struct Lease<'a> {
    refreshes: &'a Refreshes,
    token: Digest256,
    pulse: Cell<u64>,
    /// What this instance has been answered before and has published. Another instance may know better.
    pub known: Option<KnownAnswer>,
}

impl Refreshes {
    /// Waits for the answer of another request that presents the same token of Cognito's, or the one that has replaced it, if
    /// there is one. Where instances coordinate, an answer that this one has published a while ago does not count: another may
    /// have a newer one.
    ///
    /// Platforms tie I/O to the request that began it, so nobody can wait for another's fetch. It can look, from time to
    /// time, whether the other has left something.
    pub async fn role<P: Platform>(
        &self,
        token: &RefreshToken,
        coordination: Option<&Coordination<'_, P>>,
        context: &RequestContext<'_, P>,
    ) -> Role<'_> {
        let platform = context.platform;
        let digest = digest(&token.upstream_token);
        let (mut waited, mut silent, mut last_pulse) = (0, 0, None);
        let before = self.answered(&token.upstream_token, platform.now()).map(|known| known.grant);
        let is_new = |known: &KnownAnswer| before.as_ref().is_none_or(|before| !Rc::ptr_eq(before, &known.grant));
        loop {
            let known = self.answered(&token.upstream_token, platform.now());
            // Another request asks about this token, or about the one that Cognito has replaced it with.
            let newest = known.as_ref().and_then(|known| known.grant.new_token());
            let pulse = self.pulse_of(newest.map_or(digest, self::digest));
            if pulse != last_pulse {
                (silent, last_pulse) = (0, pulse);
            }
            if pulse.is_none() || silent >= SILENCE_MS {
                let known = match known {
                    Some(answer) if is_new(&answer) || coordination.is_none() || !answer.is_published => {
                        return Role::Answered(answer);
                    }
                    known => known,
                };
                let lease = Lease { refreshes: self, token: digest, pulse: Cell::new(self.next_pulse()), known };
                let state = State::Asking(lease.pulse.get());
                self.remember(digest, Entry { grant_id: token.grant_id.clone(), state }, platform.now());
                return Role::Ask(lease);
            }
            if waited >= PATIENCE_MS {
                return Role::Busy;
            }
            platform.sleep(POLL_MS).await;
            waited += POLL_MS;
            silent += POLL_MS;
        }
    }

    /// What Cognito answered to this token within its grace period. If the token that it returned has been replaced since, the
    /// answer with the newest one.
    pub fn answered(&self, upstream_token: &str, now: UnixTime) -> Option<KnownAnswer> {
        let mut newest = self.answer(upstream_token, now)?;
        for _ in 0..MAX_GENERATIONS {
            let Some(token) = newest.grant.new_token() else { break };
            // Another instance has forked the family. Cognito is asked for a newer token.
            if self.refusal(token, now).is_some() {
                return None;
            }
            // An answer without a new token leaves this one good.
            let Some(next) = self.answer(token, now).filter(|next| next.grant.refresh_token.is_some()) else { break };
            newest = KnownAnswer { grant: next.grant, ..newest };
        }
        Some(newest)
    }

    fn answer(&self, upstream_token: &str, now: UnixTime) -> Option<KnownAnswer> {
        let entries = self.entries.borrow();
        let entry = entries.get(&digest(upstream_token)).filter(|entry| entry.is_current(now))?;
        if let State::Answered(answer) = &entry.state { Some(answer.clone()) } else { None }
    }

    fn pulse_of(&self, token: Digest256) -> Option<u64> {
        let entries = self.entries.borrow();
        match entries.get(&token)?.state {
            State::Asking(pulse) => Some(pulse),
            State::Answered(_) => None,
        }
    }

    fn next_pulse(&self) -> u64 {
        self.pulse.set(self.pulse.get().wrapping_add(1));
        self.pulse.get()
    }

    /// Puts an entry at the end; what has passed goes, and the oldest answers if there is too much. The entry of a request that is
    /// asking stays: without it another request would ask with the same token. There are no more of them than requests under way.
    fn remember(&self, token: Digest256, entry: Entry, now: UnixTime) {
        let mut entries = self.entries.borrow_mut();
        let is_answered = |_: &Digest256, entry: &Entry| matches!(entry.state, State::Answered(_));
        entries.retain(|_, known| known.is_current(now));
        entries.take(&token);
        entries.add(token, entry, is_answered);
        while entries.iter().map(|(_, known)| known.bytes()).sum::<usize>() > MAX_BYTES && entries.evict(is_answered) {}
    }

    /// Forgets a grant that is over: nobody gets its answers any more, nor one that is still to come.
    pub fn forget(&self, grant_id: &str) {
        self.entries.borrow_mut().retain(|_, entry| entry.grant_id != grant_id);
    }

    /// Remembers that Cognito refused its token at `at`, by the clock of the instance that asked. Others of the same family may be
    /// good. Does not extend a refusal that is remembered already.
    pub fn remember_refusal(&self, upstream_token: &str, reason: &'static str, at: UnixTime, now: UnixTime) {
        let token = digest(upstream_token);
        let mut refused = self.refused.borrow_mut();
        refused.retain(|_, (_, until)| now < *until);
        if refused.get(&token).is_none() {
            refused.add(token, (reason, at.min(now).plus(REFUSED_SECONDS)), |_, _| true);
        }
    }

    /// Why Cognito has refused its token, if that was within [`REFUSED_SECONDS`].
    pub fn refusal(&self, upstream_token: &str, now: UnixTime) -> Option<&'static str> {
        let refused = self.refused.borrow();
        let (reason, _) = refused.get(&digest(upstream_token)).filter(|(_, until)| now < *until)?;
        Some(reason)
    }
}

impl Lease<'_> {
    /// Runs what asks Cognito, and shows those who wait that it goes on.
    pub async fn hold<T>(&self, asking: Pin<&mut dyn Future<Output = T>>, timer: &impl Timer) -> T {
        let beating = pin!(async {
            loop {
                timer.sleep(HEARTBEAT_MS).await;
                self.beat();
            }
        });
        coordination::beside(asking, beating).await
    }

    fn beat(&self) {
        let mut entries = self.refreshes.entries.borrow_mut();
        if let Some(entry) = entries.get_mut(&self.token).filter(|entry| self.is_own(entry)) {
            self.pulse.set(self.refreshes.next_pulse());
            entry.state = State::Asking(self.pulse.get());
        }
    }

    /// Leaves Cognito's answer to those who present the same token, unless its grant has been revoked meanwhile.
    pub fn answer(self, answer: KnownAnswer, now: UnixTime) -> Rc<UpstreamGrant> {
        let grant = Rc::clone(&answer.grant);
        if let Some(entry) = self.withdraw() {
            self.refreshes.remember(self.token, Entry { state: State::Answered(answer), ..entry }, now);
        }
        grant
    }

    /// Whether the entry of the token is this request's, and not that of one that has taken over.
    fn is_own(&self, entry: &Entry) -> bool {
        matches!(entry.state, State::Asking(pulse) if pulse == self.pulse.get())
    }

    /// Takes this request's entry back.
    fn withdraw(&self) -> Option<Entry> {
        let mut entries = self.refreshes.entries.borrow_mut();
        entries.get(&self.token).filter(|entry| self.is_own(entry))?;
        entries.take(&self.token)
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        self.withdraw();
    }
}

impl Entry {
    /// A request that asks has no age: whether it lives shows otherwise.
    fn is_current(&self, now: UnixTime) -> bool {
        match &self.state {
            State::Asking(_) => true,
            State::Answered(answer) => answer.is_current(now),
        }
    }

    /// What it takes, roughly.
    fn bytes(&self) -> usize {
        let State::Answered(KnownAnswer { grant, .. }) = &self.state else { return size_of::<Self>() };
        let Profile { username, email, unverified_email, groups } = &grant.subject.profile;
        let texts = [username, email, unverified_email]
            .into_iter()
            .flatten()
            .chain(groups)
            .map(|text| size_of::<String>() + text.len());
        let token = grant.new_token().map_or(0, str::len);
        size_of::<Self>() + size_of::<UpstreamGrant>() + grant.scope.len() + token + texts.sum::<usize>()
    }
}

impl KnownAnswer {
    /// One that no other instance knows.
    pub fn new(grant: UpstreamGrant, at: UnixTime) -> Self {
        Self { grant: Rc::new(grant), at, is_published: false }
    }

    /// How long it is given again.
    fn lifetime(&self) -> u64 {
        if self.grant.refresh_token.is_some() { ROTATED_SECONDS } else { UNROTATED_SECONDS }
    }

    fn is_current(&self, now: UnixTime) -> bool {
        now.secs_since(self.at) < self.lifetime()
    }
}

fn digest(upstream_token: &str) -> Digest256 {
    Sha256::digest(upstream_token).into()
}

#[cfg(test)]
mod tests;
