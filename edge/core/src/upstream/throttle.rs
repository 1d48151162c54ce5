//! Asking Cognito for little more than it answers: client-side throttling, as in "Handling Overload" of Google's *Site
//! Reliability Engineering* (chapter 21).
//!
//! When Cognito is back after an outage, or over a quota of its own, everybody who was refused comes again. What it cannot
//! answer then is refused here, so that it is not run down once more. It answers, whatever it says: no stranger's bad
//! tokens shut the door.

use crate::platform::UnixTime;

/// After so many seconds a request counts half, after twice as many a quarter.
pub const HALF_LIFE_SECONDS: u64 = 10;
/// Half as many again as were answered of late are sent, and so many more: they find out whether Cognito answers again. An
/// instance to which no more come refuses none.
pub const PROBES: u32 = 6;
/// While one of them is remembered that was too many for Cognito it is a tenth, and so many more: whoever is over a quota must
/// ask for less. A quota that one in ten meets, for what others in the account do, still has nobody refused here.
const PROBES_OVER_QUOTA: u64 = 1;

/// What came of a request that needed Cognito.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// An answer, whatever it says.
    Answered,
    /// 429 (RFC 6585 §4): it is over a quota.
    TooMany,
    /// No answer, or one of a failing server; or it was not sent.
    NotAnswered,
}

/// What an instance remembers of its requests.
#[derive(Clone, Copy)]
pub struct Throttle {
    /// Needed Cognito, those included that never reached it.
    wanted: u32,
    /// Of those.
    answered: u32,
    /// Of those, with 429.
    too_many: u32,
    halved: UnixTime,
}

impl Default for Throttle {
    fn default() -> Self {
        Self { wanted: 0, answered: 0, too_many: 0, halved: UnixTime::from_secs(0) }
    }
}

impl Throttle {
    /// Whether a request is refused. Chance decides: `draw` gives any number, or none, which refuses nothing.
    pub fn refuses(&mut self, now: UnixTime, draw: impl FnOnce() -> Option<u64>) -> bool {
        self.forget(now);
        if self.wanted <= PROBES {
            return false;
        }
        let [wanted, answered, probes] = [self.wanted, self.answered, PROBES].map(u64::from);
        let allowed =
            answered + if self.too_many == 0 { answered / 2 + probes } else { answered / 10 + PROBES_OVER_QUOTA };
        let surplus = wanted.saturating_sub(allowed);
        surplus > 0 && draw().is_some_and(|drawn| drawn % wanted < surplus)
    }

    /// Counts a request, now that it is known what came of it.
    pub fn count(&mut self, outcome: Outcome, now: UnixTime) {
        self.forget(now);
        self.wanted = self.wanted.saturating_add(1);
        match outcome {
            Outcome::Answered => self.answered = self.answered.saturating_add(1),
            Outcome::TooMany => self.too_many = self.too_many.saturating_add(1),
            Outcome::NotAnswered => {}
        }
    }

    fn forget(&mut self, now: UnixTime) {
        // How long ago it was cannot be said after the clock was set back.
        let passed = if now < self.halved { u64::MAX } else { now.secs_since(self.halved) };
        let halvings = u32::try_from(passed / HALF_LIFE_SECONDS).unwrap_or(u32::MAX);
        if halvings > 0 {
            for count in [&mut self.wanted, &mut self.answered, &mut self.too_many] {
                *count = count.checked_shr(halvings).unwrap_or_default();
            }
            // Not a multiple of the half-life: instances must not all forget in the same second.
            self.halved = now;
        }
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use proptest::prelude::*;

    use super::{
        Outcome::{Answered, NotAnswered, TooMany},
        *,
    };

    const NOW: UnixTime = UnixTime::from_secs(1_000);

    fn throttle(wanted: u32, answered: u32, too_many: u32) -> Throttle {
        Throttle { wanted, answered, too_many, halved: NOW }
    }

    /// The share of a hundred thousand numbers, evenly spread, that refuse.
    fn refused(throttle: Throttle) -> f64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let draws = (0..100_000_u64).map(|number| number.wrapping_mul(STEP));
        draws.filter(|drawn| throttle.clone().refuses(NOW, || Some(*drawn))).count() as f64 / 100_000.0
    }

    #[test]
    fn what_is_over_what_was_answered_is_refused() {
        for (wanted, answered, too_many, share) in [
            (6, 0, 0, 0.0),
            (6, 0, 6, 0.0),
            (7, 0, 0, 1.0 / 7.0),
            (7, 0, 7, 6.0 / 7.0),
            (400, 0, 0, 394.0 / 400.0),
            (400, 0, 400, 399.0 / 400.0),
            (400, 200, 0, 94.0 / 400.0),
            (400, 200, 1, 179.0 / 400.0),
            (400, 200, 100, 179.0 / 400.0),
            (400, 263, 0, 0.0),
            (400, 363, 37, 0.0),
            (400, 362, 38, 1.0 / 400.0),
            (u32::MAX, u32::MAX, 0, 0.0),
            (u32::MAX, 0, u32::MAX, 1.0),
        ] {
            let refused = refused(throttle(wanted, answered, too_many));
            assert!((refused - share).abs() < 0.005, "{wanted}, {answered}, {too_many}: {refused}");
            assert_eq!(refused > 0.0, share > 0.0, "{wanted}, {answered}, {too_many}");
        }
    }

    #[test]
    fn without_chance_nothing_is_refused() {
        assert!(throttle(1_000, 0, 0).refuses(NOW, || Some(0)));
        assert!(!throttle(1_000, 0, 0).refuses(NOW, || None));
    }

    #[test]
    fn half_is_forgotten_in_each_half_life() {
        for (passed, left) in [
            (HALF_LIFE_SECONDS - 1, (1_001, 101, 12)),
            (HALF_LIFE_SECONDS, (501, 51, 6)),
            (2 * HALF_LIFE_SECONDS - 1, (501, 51, 6)),
            (2 * HALF_LIFE_SECONDS, (251, 26, 3)),
            (32 * HALF_LIFE_SECONDS, (1, 1, 0)),
            (u64::MAX - 1_000, (1, 1, 0)),
        ] {
            let mut throttle = throttle(1_000, 100, 12);
            throttle.count(Answered, NOW.plus(passed));
            assert_eq!((throttle.wanted, throttle.answered, throttle.too_many), left, "after {passed} s");
        }
    }

    #[test]
    fn each_outcome_counts_as_what_it_is() {
        let mut throttle = throttle(0, 0, 0);
        for outcome in [Answered, Answered, Answered, TooMany, TooMany, NotAnswered] {
            throttle.count(outcome, NOW);
        }
        assert_eq!((throttle.wanted, throttle.answered, throttle.too_many), (6, 3, 2));
    }

    #[test]
    fn all_is_forgotten_when_the_clock_is_set_back() {
        let mut throttle = throttle(1_000, 100, 100);
        throttle.count(NotAnswered, UnixTime::from_secs(0));
        assert_eq!((throttle.wanted, throttle.answered, throttle.too_many), (1, 0, 0));
        throttle.count(NotAnswered, UnixTime::from_secs(HALF_LIFE_SECONDS - 1));
        assert_eq!(throttle.wanted, 2);
    }

    fn outcome() -> impl Strategy<Value = Outcome> {
        prop_oneof![Just(Answered), Just(TooMany), Just(NotAnswered)]
    }

    proptest! {
        #[test]
        fn more_answers_never_refuse_more(wanted: u32, answered: u32, too_many: u32, more: u32, drawn: u64) {
            let refuses = |answered, too_many| throttle(wanted, answered, too_many).refuses(NOW, || Some(drawn));
            let before = refuses(answered, too_many);
            prop_assert!(before || !refuses(answered.saturating_add(more), too_many));
            prop_assert!(before || !refuses(answered, too_many.saturating_sub(more)));
        }

        #[test]
        fn nothing_is_refused_while_all_is_answered_or_little_comes(
            outcomes in prop::collection::vec((0..30_u64, outcome()), 0..200),
            drawn: u64,
        ) {
            let (mut answered, mut quiet) = (Throttle::default(), Throttle::default());
            let mut now = NOW;
            for (passed, outcome) in outcomes {
                now = now.plus(passed);
                prop_assert!(!answered.refuses(now, || Some(drawn)));
                answered.count(Answered, now);
                // So few that no more than the probes are remembered.
                if passed >= HALF_LIFE_SECONDS / 4 {
                    prop_assert!(!quiet.refuses(now, || Some(drawn)));
                    quiet.count(outcome, now);
                    now = now.plus(HALF_LIFE_SECONDS / 4);
                }
            }
        }

        #[test]
        fn there_are_no_more_outcomes_than_requests(
            outcomes in prop::collection::vec((0..30_u64, outcome()), 0..200),
        ) {
            let mut throttle = Throttle::default();
            let mut now = NOW;
            for (passed, outcome) in outcomes {
                now = now.plus(passed);
                throttle.count(outcome, now);
                prop_assert!(throttle.answered + throttle.too_many <= throttle.wanted);
            }
        }
    }
}
