//! One instance of the edge, as far as it decides whether Cognito is asked: the circuit breaker of
//! `edge/core/src/upstream/circuit.rs`, whose own numbers it takes, and what clients are told.
//!
//! Refreshes are never sent twice, so the second attempt after a pause plays no part. Live tokens need no Cognito at all:
//! the gate is not here.

use edgeward_core::upstream::{OPEN_SECONDS, THRESHOLD, TRIAL_SECONDS};

use crate::dice::Dice;

/// `RETRY_AFTER_SECONDS` of `edge/core/src/endpoint/token_error.rs`.
pub(crate) const RETRY_AFTER: u32 = 5;
/// `ONCE` of `edge/core/src/upstream/post.rs`: an answer to a refresh is waited for so long.
pub(crate) const DEADLINE: u32 = 8;
/// `MAX_AGE_SECONDS` of `edge/core/src/upstream/jwks.rs`.
pub(crate) const KEYS_LIVE: u32 = 3600;
/// Two thirds of what was longer ago than so many seconds plays no part in what a ratio refuses …
const MEMORY: f64 = 15.0;
/// … and so many requests in that time are sent whatever it says.
const PROBES: f64 = 1.0;

/// What an edge does beside breaking the circuit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Policy {
    /// `Retry-After` is up to so many seconds more, at random.
    pub(crate) spread: u32,
    /// An instance sends at most so many times as many refreshes as were answered of late. Of `requests` at it, of which
    /// `answers` got tokens, it refuses the share `(requests − ratio · answers − PROBES) / requests`, known as client-side
    /// throttling. Those that an open circuit refuses count as requests.
    pub(crate) ratio: Option<f64>,
}

/// What `edge/core` does.
pub(crate) const SHIPPED: Policy = Policy { spread: 0, ratio: None };

/// What an instance remembers.
#[derive(Clone, Default)]
pub(crate) struct Instance {
    failures: u8,
    until: u32,
    keys_at: Option<u32>,
    requests: f64,
    answers: f64,
    balanced_at: u32,
}

impl Instance {
    /// Whether Cognito is asked. `Err` says after how many seconds the client may come back.
    pub(crate) fn admit(&mut self, policy: Policy, now: u32, dice: &mut Dice) -> Result<(), u32> {
        self.balance(now);
        if self.failures >= THRESHOLD {
            if now < self.until {
                return Err(self.until - now + spread(policy, dice));
            }
            self.until = now + TRIAL_SECONDS as u32;
            return Ok(());
        }
        let surplus = policy.ratio.map_or(0.0, |ratio| self.requests - ratio * self.answers - PROBES);
        if dice.unit() < surplus / self.requests { Err(retry_after(policy, dice)) } else { Ok(()) }
    }

    /// Counts a request, and forgets what was long ago.
    fn balance(&mut self, now: u32) {
        let fade = (-f64::from(now - self.balanced_at) / MEMORY).exp();
        self.balanced_at = now;
        self.requests = self.requests * fade + 1.0;
        self.answers *= fade;
    }

    /// Tokens came. Whether Cognito's keys are fetched to verify them.
    pub(crate) fn has_tokens(&mut self, now: u32) -> bool {
        self.answers += 1.0;
        self.has_answered();
        let stale = self.keys_at.is_none_or(|at| now - at >= KEYS_LIVE);
        if stale {
            self.keys_at = Some(now);
        }
        stale
    }

    /// An answer is no failure, whatever it says.
    pub(crate) fn has_answered(&mut self) {
        self.failures = 0;
    }

    /// No answer came.
    pub(crate) fn has_failed(&mut self, now: u32) {
        self.failures = self.failures.saturating_add(1);
        self.until = now + OPEN_SECONDS as u32;
    }
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
                include_str!("../../../edge/core/src/upstream/post.rs"),
                format!("ONCE: Deadlines = ({DEADLINE}_000, None);"),
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
        let mut admit = |instance: &mut Instance, now| instance.admit(SHIPPED, now, &mut dice);
        for _ in 0..THRESHOLD {
            assert_eq!(admit(&mut instance, 100), Ok(()));
            instance.has_failed(108);
        }
        let open = OPEN_SECONDS as u32;
        assert_eq!(admit(&mut instance, 109), Err(open - 1));
        assert_eq!(admit(&mut instance, 108 + open), Ok(()), "the trial");
        assert_eq!(admit(&mut instance, 108 + open), Err(TRIAL_SECONDS as u32));
        instance.has_answered();
        assert_eq!(admit(&mut instance, 108 + open), Ok(()));
    }

    #[test]
    fn a_ratio_refuses_what_is_not_answered_and_nothing_that_is() {
        let policy = Policy { ratio: Some(1.5), ..SHIPPED };
        let mut dice = Dice::new(1);
        let mut sent = |answered: u32| {
            let mut instance = Instance::default();
            let mut sent = [0; 2];
            for now in 0..600 {
                let mut left = answered;
                for _ in 0..10 {
                    if instance.admit(policy, now, &mut dice).is_ok() {
                        sent[usize::from(now >= 300)] += 1;
                        if left > 0 {
                            left -= 1;
                            instance.has_tokens(now);
                        }
                    }
                }
            }
            f64::from(sent[1]) / 300.0
        };
        assert!((sent(10) - 10.0).abs() < 0.01);
        assert!((sent(2) - 3.0).abs() < 0.3);
        assert!(sent(0) < 0.1);
    }
}
