//! One instance of the edge, as far as it decides whether Cognito is asked: the circuit breaker of
//! `edge/core/src/upstream/circuit.rs`, whose own numbers it takes, the throttle of `edge/core/src/upstream/throttle.rs`
//! itself, and what clients are told.
//!
//! Refreshes are never sent twice, so the second attempt after a pause plays no part. Live tokens need no Cognito at all:
//! the gate is not here.

use edgeward_core::{
    platform::UnixTime,
    upstream::{OPEN_SECONDS, Outcome, THRESHOLD, TRIAL_SECONDS, Throttle},
};

use crate::dice::Dice;

/// `RETRY_AFTER_SECONDS` of `edge/core/src/endpoint/token_error.rs`.
pub(crate) const RETRY_AFTER: u32 = 5;
/// `SPREAD_SECONDS` there.
const SPREAD: u32 = 25;
/// `ONCE` of `edge/core/src/upstream/post.rs`: an answer to a refresh is waited for so long.
pub(crate) const DEADLINE: u32 = 8;
/// `MAX_AGE_SECONDS` of `edge/core/src/upstream/jwks.rs`.
pub(crate) const KEYS_LIVE: u32 = 3600;

/// What an edge does beside breaking the circuit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Policy {
    /// `Retry-After` is up to so many seconds more, at random.
    pub(crate) spread: u32,
    /// Whether an instance asks for little more than is answered.
    pub(crate) throttles: bool,
}

/// What `edge/core` does.
pub(crate) const SHIPPED: Policy = Policy { spread: SPREAD, throttles: true };

/// What an instance remembers.
#[derive(Clone, Default)]
pub(crate) struct Instance {
    failures: u8,
    until: u32,
    keys_at: Option<u32>,
    throttle: Throttle,
}

impl Instance {
    /// Whether Cognito is asked. `Err` says after how many seconds the client may come back.
    pub(crate) fn admit(&mut self, policy: Policy, now: u32, dice: &mut Dice) -> Result<(), u32> {
        let least = if self.failures >= THRESHOLD {
            if now >= self.until {
                self.until = now + TRIAL_SECONDS as u32;
                return Ok(());
            }
            self.until - now
        } else if policy.throttles && self.throttle.refuses(time(now), || Some(dice.word())) {
            RETRY_AFTER
        } else {
            return Ok(());
        };
        self.throttle.count(Outcome::NotAnswered, time(now));
        Err(least + spread(policy, dice))
    }

    /// Tokens came. Whether Cognito's keys are fetched to verify them.
    pub(crate) fn has_tokens(&mut self, now: u32) -> bool {
        self.failures = 0;
        self.throttle.count(Outcome::Answered, time(now));
        let stale = self.keys_at.is_none_or(|at| now - at >= KEYS_LIVE);
        if stale {
            self.keys_at = Some(now);
        }
        stale
    }

    /// 429 came: Cognito is not down, but has not answered.
    pub(crate) fn is_over_quota(&mut self, now: u32) {
        self.failures = 0;
        self.throttle.count(Outcome::TooMany, time(now));
    }

    /// No answer came.
    pub(crate) fn has_failed(&mut self, now: u32) {
        self.failures = self.failures.saturating_add(1);
        self.until = now + OPEN_SECONDS as u32;
        self.throttle.count(Outcome::NotAnswered, time(now));
    }
}

fn time(now: u32) -> UnixTime {
    UnixTime::from_secs(now.into())
}

/// What a client is told that is refused without a reason to say a time.
pub(crate) fn retry_after(policy: Policy, dice: &mut Dice) -> u32 {
    RETRY_AFTER + spread(policy, dice)
}

fn spread(policy: Policy, dice: &mut Dice) -> u32 {
    dice.below(policy.spread + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// They are private there.
    #[test]
    fn numbers_are_those_of_the_edge() {
        let sources = [
            (
                include_str!("../../../edge/core/src/endpoint/token_error.rs"),
                format!("RETRY_AFTER_SECONDS: u32 = {RETRY_AFTER};"),
            ),
            (
                include_str!("../../../edge/core/src/endpoint/token_error.rs"),
                format!("SPREAD_SECONDS: u32 = {SPREAD};"),
            ),
            (
                include_str!("../../../edge/core/src/upstream/post.rs"),
                format!("ONCE: Deadlines = Deadlines {{ first_ms: {DEADLINE}_000, second_ms: None }};"),
            ),
            (include_str!("../../../edge/core/src/upstream/jwks.rs"), format!("MAX_AGE_SECONDS: u64 = {KEYS_LIVE};")),
        ];
        for (source, number) in sources {
            assert!(source.contains(&number), "{number}");
        }
    }

    #[test]
    fn after_three_failures_one_request_tries() {
        let (mut instance, mut dice) = (Instance::default(), Dice::new(1));
        let policy = Policy { spread: 0, ..SHIPPED };
        let mut admit = |instance: &mut Instance, now| instance.admit(policy, now, &mut dice);
        for _ in 0..THRESHOLD {
            assert_eq!(admit(&mut instance, 100), Ok(()));
            instance.has_failed(108);
        }
        let open = OPEN_SECONDS as u32;
        assert_eq!(admit(&mut instance, 109), Err(open - 1));
        assert_eq!(admit(&mut instance, 108 + open), Ok(()), "the trial");
        assert_eq!(admit(&mut instance, 108 + open), Err(TRIAL_SECONDS as u32));
        instance.has_tokens(108 + open);
        assert_eq!(admit(&mut instance, 108 + open), Ok(()));
    }

    #[test]
    fn what_is_not_answered_is_refused_and_nothing_that_is() {
        let mut dice = Dice::new(1);
        let sent = |answered: u32| {
            let mut instance = Instance::default();
            let mut sent = [0; 2];
            for now in 0..600 {
                let mut left = answered;
                for _ in 0..10 {
                    if instance.admit(SHIPPED, now, &mut dice).is_ok() {
                        sent[usize::from(now >= 300)] += 1;
                        if left > 0 {
                            left -= 1;
                            instance.has_tokens(now);
                        } else {
                            instance.is_over_quota(now);
                        }
                    }
                }
            }
            f64::from(sent[1]) / 300.0
        };
        let sent = [10, 2, 0].map(sent);
        assert!(sent[0] > 9.99 && (0.9..2.5).contains(&sent[1]) && sent[2] < 0.2, "{sent:?}");
    }
}
