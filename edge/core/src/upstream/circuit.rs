//! Asking one of Cognito's hosts: when it is asked again, and when it is left alone.

use std::cell::Cell;

use super::UpstreamError;
use crate::{
    platform::{Event, FetchError, FetchReply, FetchRequest, Level, Platform, Record, UnixTime},
    request_context::RequestContext,
};

/// After so many failures in a row (no answer, or a status of the 500s) the circuit opens.
pub const THRESHOLD: u8 = 3;
/// How long the circuit stays open, in seconds. Then one request tries (half-open), and its answer closes the circuit.
pub const OPEN_SECONDS: u64 = 5;
/// If the trial has not ended after so many seconds, the platform has ended it, and another request tries.
pub const TRIAL_SECONDS: u64 = 10;
/// A second attempt comes so many milliseconds after the first, and up to 255 more.
const PAUSE_MS: u32 = 100;

/// Within how many milliseconds a request must be answered; what changes nothing if it is sent twice has a second one.
#[derive(Clone, Copy)]
pub(super) struct Deadlines {
    pub(super) first_ms: u32,
    /// `None` for a request that must not be sent twice.
    pub(super) second_ms: Option<u32>,
}

/// How a request is sent.
pub(super) enum Admission {
    /// Like any other.
    Usual,
    /// As the trial of a half-open circuit. If it has not ended by this time, another one tries.
    Trial(UnixTime),
}

/// The circuit breaker for a host.
pub(super) struct Circuit(Cell<State>);

#[derive(Clone, Copy)]
struct State {
    /// In a row, the last one included.
    failures: u8,
    /// No more requests before.
    until: UnixTime,
}

impl Default for Circuit {
    fn default() -> Self {
        Self(Cell::new(State { failures: 0, until: UnixTime::from_secs(0) }))
    }
}

impl Circuit {
    /// Sends a request that was admitted and is made for each deadline. Only the first failure in a row has it sent again: a
    /// host that is down gets no more requests from this than one.
    ///
    /// # Errors
    /// When there is no answer.
    pub(super) async fn send<P: Platform>(
        &self,
        prepare: &dyn Fn(u32) -> FetchRequest,
        deadlines: Deadlines,
        context: &RequestContext<'_, P>,
    ) -> Result<FetchReply, FetchError> {
        let Deadlines { first_ms, second_ms: mut second } = deadlines;
        let (mut request, platform) = (prepare(first_ms), context.platform);
        loop {
            let outcome = platform.fetch(request).await;
            if !is_down(&outcome) {
                self.has_answered(context);
                return outcome;
            }
            let failures = self.has_failed(context);
            let Some(deadline) = second.take().filter(|_| failures == 1) else { return outcome };
            let mut jitter = [0];
            // Without randomness there is no jitter, which does no harm.
            let _ = platform.fill(&mut jitter);
            platform.sleep(PAUSE_MS + u32::from(jitter[0])).await;
            request = prepare(deadline);
        }
    }

    /// Whether the last request failed, and that was a moment ago.
    pub(super) fn is_doubtful(&self, now: UnixTime) -> bool {
        let State { failures, until } = self.0.get();
        failures > 0 && now < until
    }

    /// Whether a request is sent, and as what.
    ///
    /// # Errors
    /// When no answer can be expected.
    pub(super) fn admit(&self, now: UnixTime) -> Result<Admission, UpstreamError> {
        let State { failures, until } = self.0.get();
        if failures >= THRESHOLD {
            if now < until {
                let retry_after = u32::try_from(until.secs_since(now)).ok();
                return Err(UpstreamError::Unavailable { reason: "it has not answered of late".into(), retry_after });
            }
            let until = now.plus(TRIAL_SECONDS);
            self.0.set(State { failures, until });
            return Ok(Admission::Trial(until));
        }
        Ok(Admission::Usual)
    }

    /// Leaves a trial that is not sent to the next request, unless a request has ended meanwhile.
    pub(super) fn give_back(&self, trial: UnixTime, now: UnixTime) {
        let State { failures, until } = self.0.get();
        if until == trial {
            self.0.set(State { failures, until: now });
        }
    }

    /// Notes a failure, and says how many there were in a row.
    pub(super) fn has_failed<P: Platform>(&self, context: &RequestContext<'_, P>) -> u8 {
        let failures = self.0.get().failures.saturating_add(1);
        self.0.set(State { failures, until: context.platform.now().plus(OPEN_SECONDS) });
        if failures == THRESHOLD {
            context.log(Record::new(Level::Alert, Event::UpstreamLeftAlone));
        }
        failures
    }

    fn has_answered<P: Platform>(&self, context: &RequestContext<'_, P>) {
        let State { failures, until } = self.0.get();
        self.0.set(State { failures: 0, until });
        if failures >= THRESHOLD {
            context.log(Record::new(Level::Info, Event::UpstreamBack));
        }
    }
}

/// Whether the host failed: no answer, or a status of the 500s. An answer that is too long came from a host that is up.
pub(super) fn is_down(outcome: &Result<FetchReply, FetchError>) -> bool {
    match outcome {
        Ok(reply) => reply.status >= 500,
        Err(error) => *error != FetchError::TooLong,
    }
}
