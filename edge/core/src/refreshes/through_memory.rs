//! Coordinating a refresh through a memory that instances share, where the platform has no coordinator: one instance asks Cognito
//! about a token, the others get its answer, and nobody asks about a token that is known to be dead.
//!
//! A value is sealed with the edge's own key, for the grant, and opened for its user only. A grant that was revoked leaves a mark
//! (a tombstone), and none of its answers counts.

use super::{
    Answered, Coordination, KnownAnswer, MAX_GENERATIONS, PATIENCE_MS, REFUSED_SECONDS, UpstreamRefresh,
    coordination::{token_name, tombstone},
};
use crate::{
    platform::{MemoryName, MemoryUnavailable, Platform, Recalled, UnixTime},
    shared_memory::{MAX_SKEW, SharedMemory, name, take_byte, take_past, write_time},
    upstream::{UpstreamError, UpstreamGrant},
};

/// How often an answer whose newest token is dead is passed over.
const MAX_DEAD: usize = 3;
const INVALID_GRANT: &str = "invalid_grant";

/// What is kept of one of Cognito's tokens.
enum Known {
    Answer(KnownAnswer),
    /// Cognito refused it at this time.
    Dead(UnixTime),
}

const ANSWER: u8 = 1;
const DEAD: u8 = 2;

/// What the others know of a token.
enum Found<Turn> {
    Answer(KnownAnswer),
    /// Cognito refused it at this time.
    Dead(UnixTime),
    /// Nothing: this request asks. Where it has the turn, the others wait for it.
    Nothing(Option<Turn>),
    /// Another request asks, and has for as long as this one waits.
    Busy,
    /// The memory is broken.
    Broken,
}

impl<P: Platform> Coordination<'_, P> {
    /// Asks Cognito, if no other instance has asked or is asking. `known` is what this instance has been answered before: it counts
    /// only while the memory is broken.
    ///
    /// # Errors
    /// As [`UpstreamError`] says.
    pub(super) async fn ask_through_memory(
        &self,
        known: Option<KnownAnswer>,
        asking: UpstreamRefresh<'_>,
    ) -> Result<Answered, UpstreamError> {
        let memory = SharedMemory::of(self.context);
        let turn = match self.find(&memory).await {
            // The mark is read last: a grant may be revoked while this request waits. If the memory cannot tell, the edge asks Cognito.
            Found::Answer(answer) => match self.is_revoked(&memory).await {
                Ok(false) => return Ok(Answered::FromMemory(answer)),
                Ok(true) | Err(_) => None,
            },
            Found::Broken => match known {
                Some(known) => return Ok(Answered::FromMemory(known)),
                None => None,
            },
            // The memory may have lost the mark of a revocation together with the answer. So `known` does not count.
            Found::Nothing(turn) => turn,
            Found::Dead(at) => {
                let now = self.context.platform.now();
                self.refreshes.remember_refusal(&self.token.upstream_token, INVALID_GRANT, at, now);
                return Err(UpstreamError::InvalidGrant(INVALID_GRANT));
            }
            Found::Busy => return Err(UpstreamError::still_asked()),
        };
        match asking.await {
            Ok(grant) => self.share(grant, turn, &memory).await,
            Err(error @ UpstreamError::InvalidGrant(_)) => self.share_refusal(error, turn, &memory).await,
            Err(error) => Err(error),
        }
    }

    async fn share(
        &self,
        grant: UpstreamGrant,
        turn: Option<P::Turn>,
        memory: &SharedMemory<'_, P>,
    ) -> Result<Answered, UpstreamError> {
        // The grant was revoked while Cognito answered.
        if self.is_revoked(memory).await == Ok(true) {
            return Err(UpstreamError::InvalidGrant(INVALID_GRANT));
        }
        let mut answer = KnownAnswer::new(grant, self.context.platform.now());
        // Whether it is shared or not: this instance must not give it again without a look at the memory.
        answer.is_published = true;
        // Sealing fails without randomness. The client's own token is sealed next, which reports that.
        if let Some(sealed) = self.seal(&answer) {
            let value = [&[ANSWER], sealed.as_bytes()].concat();
            self.keep(turn, &value, answer.lifetime(), memory).await;
        }
        Ok(Answered::Anew(answer))
    }

    async fn share_refusal(
        &self,
        error: UpstreamError,
        turn: Option<P::Turn>,
        memory: &SharedMemory<'_, P>,
    ) -> Result<Answered, UpstreamError> {
        // Another request may have taken over, and may have got the token that replaces this one. Then its answer counts.
        let faster = memory.look(&self.name(&self.claim.token), |value| self.read(value)).await;
        if let Ok(Some(Known::Answer(answer))) = faster
            && let Found::Answer(answer) = self.newest(answer, memory).await
            && self.is_revoked(memory).await == Ok(false)
        {
            return Ok(Answered::FromMemory(answer));
        }
        let value = [&[DEAD][..], &write_time(self.context.platform.now())].concat();
        self.keep(turn, &value, REFUSED_SECONDS, memory).await;
        Err(error)
    }

    async fn keep(&self, turn: Option<P::Turn>, value: &[u8], seconds: u64, memory: &SharedMemory<'_, P>) {
        let name = self.name(&self.claim.token);
        match turn {
            Some(turn) => memory.keep(turn, &name, value, seconds).await,
            None => memory.put(&name, value, seconds).await,
        }
    }

    /// Whether the grant was revoked.
    async fn is_revoked(&self, memory: &SharedMemory<'_, P>) -> Result<bool, MemoryUnavailable> {
        Ok(memory.look(&tombstone(&self.claim.grant), |_| Some(())).await?.is_some())
    }

    /// The newest answer to the token, or the turn to ask.
    async fn find(&self, memory: &SharedMemory<'_, P>) -> Found<P::Turn> {
        let mut dead: Option<String> = None;
        for _ in 0..MAX_DEAD {
            let read = |value: &[u8]| {
                self.read(value).filter(|known| match known {
                    Known::Answer(answer) => dead.is_none() || answer.grant.new_token() != dead.as_deref(),
                    Known::Dead(_) => true,
                })
            };
            let name = self.name(&self.claim.token);
            let answer = match memory.recall(&name, read, self.patience()).await {
                Recalled::Value(Known::Answer(answer)) => answer,
                Recalled::Value(Known::Dead(at)) => return Found::Dead(at),
                Recalled::Turn(turn) => return Found::Nothing(Some(turn)),
                Recalled::Busy => return Found::Busy,
                // `known` may lead to the token that is dead.
                Recalled::Nothing if dead.is_some() => break,
                Recalled::Nothing => return Found::Broken,
            };
            // What this answer leads to may be dead: another instance has forked the family. Cognito is asked for a newer token.
            let first = answer.grant.new_token().map(str::to_owned);
            match self.newest(answer, memory).await {
                Found::Dead(_) => dead = first,
                found => return found,
            }
        }
        Found::Nothing(None)
    }

    /// Follows an answer to the one with the newest token. While another request asks about that one, this waits for it.
    async fn newest(&self, first: KnownAnswer, memory: &SharedMemory<'_, P>) -> Found<P::Turn> {
        let mut newest = first;
        for _ in 0..MAX_GENERATIONS {
            let Some(next) = newest.grant.new_token() else { break };
            let now = self.context.platform.now();
            if self.refreshes.refusal(next, now).is_some() {
                return Found::Dead(now);
            }
            let name = self.name(&token_name(next));
            match memory.recall(&name, |value| self.read(value), self.patience()).await {
                Recalled::Value(Known::Dead(at)) => return Found::Dead(at),
                // An answer without a new token leaves this one good.
                Recalled::Value(Known::Answer(later)) if later.grant.new_token().is_some_and(|token| token != next) => {
                    newest = KnownAnswer { grant: later.grant, ..newest };
                }
                Recalled::Busy => return Found::Busy,
                // Nobody asks about it. The turn ends at once.
                Recalled::Value(Known::Answer(_)) | Recalled::Turn(_) | Recalled::Nothing => break,
            }
        }
        Found::Answer(newest)
    }

    /// For how long this request still waits for others, in milliseconds: what is left of [`PATIENCE_MS`] since it came.
    fn patience(&self) -> u32 {
        let passed = self.context.platform.now().secs_since(self.context.now).saturating_mul(1000);
        PATIENCE_MS.saturating_sub(u32::try_from(passed).unwrap_or(u32::MAX))
    }

    fn name(&self, token: &str) -> MemoryName {
        name("refresh/1", &[&self.claim.grant, token])
    }

    /// The memory forgets by its own clock what is too old, and the clock of who has put it there may be behind.
    fn read(&self, mut value: &[u8]) -> Option<Known> {
        let now = self.context.platform.now();
        match take_byte(&mut value)? {
            ANSWER => {
                let answer = self.open(std::str::from_utf8(value).ok()?)?;
                (now.secs_since(answer.at) < answer.lifetime() + MAX_SKEW).then_some(Known::Answer(answer))
            }
            DEAD => {
                let at = take_past(&mut value, now)?;
                (now.secs_since(at) < REFUSED_SECONDS + MAX_SKEW).then_some(Known::Dead(at))
            }
            _ => None,
        }
    }
}
