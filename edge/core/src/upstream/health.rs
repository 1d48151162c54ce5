//! The health of the user pool's domain, as instances tell it one another: it does not answer, or answers 429.
//!
//! An instance that lives shortly has seen too little for a circuit or a throttle of its own. So here it learns what the others
//! have seen, before it spends a deadline. It is no exact count, and need not be: two that write at once count as one.

use super::{
    UpstreamError,
    circuit::{OPEN_SECONDS, THRESHOLD, TRIAL_SECONDS},
    throttle::{HALF_LIFE_SECONDS, Outcome},
};
use crate::{
    config::Config,
    platform::{Event, Level, MemoryName, Platform, Record, UnixTime},
    request_context::RequestContext,
    shared_memory::{SharedMemory, name, take_byte, take_past, take_time, write_time},
};

/// How long it is remembered how often the domain has failed.
const KEPT_SECONDS: u64 = 60;
/// At most one request in 64 is sent.
const MAX_HALVINGS: u8 = 6;
/// One answer in so many has more sent again: it must be about a fifth that is too much before less is sent.
const ANSWERS_TO_A_DOUBLING: u64 = 4;

/// What is known of the domain.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Health {
    /// In a row.
    failures: u8,
    /// After [`THRESHOLD`] failures: about when one request tries. By the clock of the instance that has seen the last one.
    until: UnixTime,
    /// The number of the outage. It names the trial that ends it.
    outage: u32,
    /// How often the share of requests that are sent was halved.
    halvings: u8,
    /// When that last changed.
    changed: UnixTime,
    /// When this was last told.
    noted_at: UnixTime,
}

impl Health {
    const GOOD: Self = {
        let never = UnixTime::from_secs(0);
        Self { failures: 0, until: never, outage: 0, halvings: 0, changed: never, noted_at: never }
    };

    /// Whether a request is sent, as far as others know: before anything is spent.
    ///
    /// # Errors
    /// When no answer can be expected.
    pub(super) async fn admit<P: Platform>(context: &RequestContext<'_, P>) -> Result<(), UpstreamError> {
        let (memory, platform) = (SharedMemory::of(context), context.platform);
        let health = Self::look(&memory, context).await;
        let now = platform.now();
        if health.failures >= THRESHOLD {
            // A memory that is broken now holds nobody up.
            let trial = health.trial(context.config);
            let is_trial = memory.insert_if_absent(&trial, TRIAL_SECONDS).await.unwrap_or(true);
            if !is_trial {
                let left = health.until.secs_since(now).min(OPEN_SECONDS);
                let retry_after = u32::try_from(left).ok().filter(|seconds| *seconds > 0);
                return Err(UpstreamError::Unavailable {
                    reason: "it has not answered others of late".into(),
                    retry_after,
                });
            }
        } else if draw(1 << health.halvings_at(now), platform).is_some_and(|drawn| drawn > 0) {
            let reason = "it has said to others that it is asked too much".into();
            return Err(UpstreamError::Unavailable { reason, retry_after: None });
        }
        Ok(())
    }

    /// Tells the others what came of a request that was admitted.
    pub(super) async fn note<P: Platform>(outcome: Outcome, context: &RequestContext<'_, P>) {
        let (memory, platform) = (SharedMemory::of(context), context.platform);
        // It may have changed since the request was admitted.
        let known = Self::look(&memory, context).await;
        let now = platform.now();
        let next = known.after(outcome, now, || draw(ANSWERS_TO_A_DOUBLING, platform) == Some(0));
        if next == known {
            return;
        }
        memory.put(&name_of(context.config), &Self { noted_at: now, ..next }.write(), KEPT_SECONDS).await;
        if next.outage != known.outage {
            // Until this ends, no instance tries. It ends by the memory's clock: those of instances differ.
            memory.insert_if_absent(&next.trial(context.config), OPEN_SECONDS).await;
        }
        if known.failures < THRESHOLD && next.failures >= THRESHOLD {
            context.log(Record::new(Level::Alert, Event::UpstreamLeftAlone));
        } else if known.failures >= THRESHOLD && next.failures == 0 {
            context.log(Record::new(Level::Info, Event::UpstreamBack));
        }
    }

    fn after(self, outcome: Outcome, now: UnixTime, may_double: impl FnOnce() -> bool) -> Self {
        let halvings = self.halvings_at(now);
        // Once a second, as many requests are under way that were sent before the last change.
        let may_change = self.changed != now;
        match outcome {
            Outcome::NotAnswered => {
                let failures = self.failures.saturating_add(1);
                let outage = if failures < THRESHOLD { self.outage } else { self.outage.wrapping_add(1) };
                Self { failures, until: now.plus(OPEN_SECONDS), outage, ..self }
            }
            Outcome::TooMany if may_change => {
                Self { failures: 0, halvings: (halvings + 1).min(MAX_HALVINGS), changed: now, ..self }
            }
            Outcome::Answered if halvings > 0 && may_change && may_double() => {
                Self { failures: 0, halvings: halvings - 1, changed: now, ..self }
            }
            Outcome::Answered | Outcome::TooMany => Self { failures: 0, ..self },
        }
    }

    /// The name of the trial that ends this outage.
    fn trial(self, config: &Config) -> MemoryName {
        name("Cognito's trial/1", &[&config.issuer, &config.cognito.domain, &self.outage.to_string()])
    }

    /// One less in each half-life in which nothing was said.
    fn halvings_at(self, now: UnixTime) -> u8 {
        let passed = now.secs_since(self.changed) / HALF_LIFE_SECONDS;
        self.halvings.saturating_sub(u8::try_from(passed).unwrap_or(u8::MAX))
    }

    async fn look<P: Platform>(memory: &SharedMemory<'_, P>, context: &RequestContext<'_, P>) -> Self {
        let now = context.platform.now();
        let found = memory.look(&name_of(context.config), |value| Self::read(value, now)).await;
        found.ok().flatten().unwrap_or(Self::GOOD)
    }

    fn write(self) -> Vec<u8> {
        let times = [self.until, self.changed, self.noted_at].map(write_time).concat();
        [&times[..], &[self.failures, self.halvings], &self.outage.to_be_bytes()].concat()
    }

    fn read(mut value: &[u8], now: UnixTime) -> Option<Self> {
        let until = take_time(&mut value).filter(|until| *until <= now.plus(KEPT_SECONDS))?;
        let changed = take_past(&mut value, now)?;
        let noted_at = take_past(&mut value, now).filter(|at| now.secs_since(*at) < KEPT_SECONDS)?;
        let (failures, halvings) = (take_byte(&mut value)?, take_byte(&mut value)?);
        let outage = u32::from_be_bytes(*value.first_chunk()?);
        (halvings <= MAX_HALVINGS).then_some(Self { failures, until, outage, halvings, changed, noted_at })
    }
}

fn name_of(config: &Config) -> MemoryName {
    name("Cognito's health/1", &[&config.issuer, &config.cognito.domain])
}

/// One of so many numbers, if there is chance: without it nothing is refused.
fn draw<P: Platform>(of: u64, platform: &P) -> Option<u64> {
    let mut drawn = [0; 8];
    platform.fill(&mut drawn).ok().map(|()| u64::from_le_bytes(drawn) % of)
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime::from_secs(1_000);

    fn after(health: Health, outcomes: &[Outcome]) -> Health {
        outcomes.iter().fold(health, |health, outcome| health.after(*outcome, NOW, || true))
    }

    #[test]
    fn failures_count_in_a_row() {
        use Outcome::{Answered, NotAnswered, TooMany};
        for (outcomes, failures) in [
            (&[NotAnswered; 3][..], 3),
            (&[NotAnswered, NotAnswered, Answered, NotAnswered], 1),
            (&[NotAnswered, NotAnswered, TooMany], 0),
            (&[NotAnswered; 300], u8::MAX),
        ] {
            let health = after(Health::GOOD, outcomes);
            assert_eq!(health.failures, failures, "{outcomes:?}");
        }
        assert_eq!(after(Health::GOOD, &[NotAnswered]).until, NOW.plus(OPEN_SECONDS));
    }

    #[test]
    fn what_is_sent_is_halved_once_a_second_and_doubles_again() {
        let once = after(Health::GOOD, &[Outcome::TooMany; 5]);
        assert_eq!(once.halvings, 1);
        let mut health = once;
        for second in 1..=10 {
            health = health.after(Outcome::TooMany, NOW.plus(second), || true);
        }
        assert_eq!(health.halvings, MAX_HALVINGS);
        let later = NOW.plus(11);
        assert_eq!(health.after(Outcome::Answered, later, || false).halvings, MAX_HALVINGS);
        assert_eq!(health.after(Outcome::Answered, later, || true).halvings, MAX_HALVINGS - 1);
        let since = health.changed;
        assert_eq!(health.halvings_at(since.plus(HALF_LIFE_SECONDS - 1)), MAX_HALVINGS);
        assert_eq!(health.halvings_at(since.plus(HALF_LIFE_SECONDS)), MAX_HALVINGS - 1);
        assert_eq!(health.halvings_at(since.plus(1_000_000)), 0);
    }

    #[test]
    fn what_an_instance_whose_clock_is_ahead_has_halved_doubles_again() {
        let health = Health { halvings: 3, changed: NOW.plus(60), ..Health::GOOD };
        assert_eq!(health.after(Outcome::Answered, NOW, || true).halvings, 2);
    }

    /// Draws are spread evenly, and a second has a hundred requests.
    fn settled(is_too_much: impl Fn(u64) -> bool) -> u8 {
        let (mut health, mut drawn) = (Health::GOOD, 0_u64);
        for second in 0..60 {
            for _ in 0..100 {
                drawn = drawn.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let outcome = if is_too_much(drawn >> 33) { Outcome::TooMany } else { Outcome::Answered };
                health = health.after(outcome, NOW.plus(second), || (drawn >> 50) % ANSWERS_TO_A_DOUBLING == 0);
            }
        }
        health.halvings
    }

    #[test]
    fn a_few_that_are_too_much_shut_nobody_out_for_long() {
        assert!(settled(|drawn| drawn % 20 == 0) <= 2);
        assert!(settled(|drawn| drawn % 2 == 0) >= MAX_HALVINGS - 1);
    }

    #[test]
    fn what_was_written_is_read_and_nothing_else() {
        let health =
            Health { failures: 3, until: NOW.plus(OPEN_SECONDS), outage: 7, halvings: 2, changed: NOW, noted_at: NOW };
        assert_eq!(Health::read(&health.write(), NOW), Some(health));
        assert!((0..30).all(|length| Health::read(&health.write()[..length], NOW).is_none()));
        assert_eq!(Health::read(&health.write(), NOW.plus(KEPT_SECONDS - 1)), Some(health));
        assert_eq!(Health::read(&health.write(), NOW.plus(KEPT_SECONDS)), None, "it says nothing of today");
        for broken in [
            Health { until: NOW.plus(KEPT_SECONDS + 1), ..health },
            Health { changed: NOW.plus(1_000), ..health },
            Health { noted_at: NOW.plus(1_000), ..health },
            Health { halvings: MAX_HALVINGS + 1, ..health },
        ] {
            assert_eq!(Health::read(&broken.write(), NOW), None, "{broken:?}");
        }
    }
}
