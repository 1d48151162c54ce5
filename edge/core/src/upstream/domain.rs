//! The host of the user pool's domain: the circuit to it, and the throttle before that.

use std::cell::Cell;

use super::{
    UpstreamError,
    circuit::{Admission, Circuit, Deadlines, is_down},
    throttle::{Outcome, Throttle},
};
use crate::{
    platform::{FetchError, FetchReply, FetchRequest, Platform, UnixTime},
    request_context::RequestContext,
};

/// What an instance remembers of it.
#[derive(Default)]
pub(super) struct Domain {
    circuit: Circuit,
    throttle: Cell<Throttle>,
}

impl Domain {
    /// Whether it is asked, as far as this instance knows: before anything is spent. What is refused counts, too, as something that
    /// it has not answered.
    ///
    /// # Errors
    /// When it does not answer, or not all that it is asked.
    pub(super) fn admit<P: Platform>(&self, platform: &P) -> Result<Admission, UpstreamError> {
        let now = platform.now();
        let refused = match self.circuit.admit(now) {
            // It finds out for all the others.
            Ok(trial @ Admission::Trial(_)) => return Ok(trial),
            Ok(Admission::Usual) if !self.is_refused(now, platform) => return Ok(Admission::Usual),
            Ok(Admission::Usual) => {
                UpstreamError::Unavailable { reason: "it has answered too little of late".into(), retry_after: None }
            }
            Err(error) => error,
        };
        self.count(Outcome::NotAnswered, now);
        Err(refused)
    }

    /// Notes that an admitted request is not sent, because other instances expect no answer.
    pub(super) fn give_back(&self, admission: &Admission, now: UnixTime) {
        if let Admission::Trial(trial) = admission {
            self.circuit.give_back(*trial, now);
        }
        self.count(Outcome::NotAnswered, now);
    }

    /// Sends what was admitted, and once more what may be, which counts as one.
    ///
    /// # Errors
    /// When there is no answer.
    pub(super) async fn send<P: Platform>(
        &self,
        prepare: &dyn Fn(u32) -> FetchRequest,
        deadlines: Deadlines,
        context: &RequestContext<'_, P>,
    ) -> Result<FetchReply, FetchError> {
        let reply = self.circuit.send(prepare, deadlines, context).await;
        self.count(outcome_of(&reply), context.platform.now());
        reply
    }

    fn is_refused<P: Platform>(&self, now: UnixTime, platform: &P) -> bool {
        let draw = || {
            let mut drawn = [0; 8];
            platform.fill(&mut drawn).ok().map(|()| u64::from_le_bytes(drawn))
        };
        let mut throttle = self.throttle.get();
        let is_refused = throttle.refuses(now, draw);
        self.throttle.set(throttle);
        is_refused
    }

    /// Counts a request.
    pub(super) fn count(&self, outcome: Outcome, now: UnixTime) {
        let mut throttle = self.throttle.get();
        throttle.count(outcome, now);
        self.throttle.set(throttle);
    }
}

/// What came of a request.
pub(super) fn outcome_of(reply: &Result<FetchReply, FetchError>) -> Outcome {
    match reply {
        Ok(FetchReply { status: 429, .. }) => Outcome::TooMany,
        reply if is_down(reply) => Outcome::NotAnswered,
        _ => Outcome::Answered,
    }
}
