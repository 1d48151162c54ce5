//! An outage, and what comes after it.

use std::ops::Range;

use crate::{
    cognito::{APP_CLIENT, USER_AUTHENTICATION},
    edge::{Policy, SHIPPED},
    paper,
    people::{Mix, USUAL},
    series::{Series, mean},
    simulation::{INSTANCES, Scenario},
};

/// Cognito does not answer for ten minutes: when most of its work is to be done, which with short lifetimes is when everybody
/// is at work, with long ones when they begin.
pub(crate) fn outage(lifetime: u32) -> Range<usize> {
    let begin = if paper::begins() > paper::refreshes(lifetime, USUAL) { 9 * 3600 } else { 11 * 3600 };
    begin..begin + 600
}

/// Before the first go home.
const EVENING: usize = 14 * 3600;
const HALF_AN_HOUR: usize = 1800;
const MINUTE: usize = 60;

/// What is tried.
#[derive(Clone, Copy)]
pub(crate) struct Variation {
    pub(crate) policy: Policy,
    pub(crate) mix: Mix,
    pub(crate) instances: u32,
    /// Authentications a second that Cognito allows.
    pub(crate) quota: u32,
}

/// What is shipped, and what is assumed unless said otherwise.
pub(crate) const AS_IT_IS: Variation =
    Variation { policy: SHIPPED, mix: USUAL, instances: INSTANCES, quota: USER_AUTHENTICATION };

/// What came of it.
pub(crate) struct Recovery {
    pub(crate) series: Series,
    /// Requests at Cognito a second, on average in the half hour before.
    pub(crate) steady: f64,
    /// The most in a second, while nothing was answered.
    pub(crate) during: u32,
    /// The most in a second, afterwards.
    pub(crate) peak: u32,
    /// Afterwards so many seconds had more than the app client may send.
    pub(crate) over: usize,
    /// The most that clients asked the edge for in a second, afterwards.
    pub(crate) asked: u32,
    /// After so many seconds the edge refused no more than one in a hundred, for a minute.
    pub(crate) back: Option<usize>,
    /// The share of all people who were refused.
    pub(crate) met: f64,
}

impl Recovery {
    pub(crate) fn of(people: u32, lifetime: u32, variation: Variation) -> Self {
        let Variation { policy, mix, instances, quota } = variation;
        let Range { start, end } = outage(lifetime);
        let outage = start as u32..end as u32;
        let until = EVENING as u32;
        let demand = Scenario::demand(people, lifetime);
        let scenario = Scenario { mix, policy, instances, quota: Some(quota), outage, until, ..demand };
        let series = scenario.run();
        let requests = series.requests();
        let most = |counts: &[u32]| counts.iter().copied().max().unwrap_or_default();
        let is_back = |from: &usize| {
            let minute = *from..*from + MINUTE;
            mean(&series.refused[minute.clone()]) <= 0.01 * mean(&series.asked[minute])
        };
        Self {
            steady: mean(&requests[start - HALF_AN_HOUR..start]),
            during: most(&requests[start..end]),
            peak: most(&requests[end..EVENING]),
            over: over(&requests[end..EVENING]),
            asked: most(&series.asked[end..EVENING]),
            back: (end..=EVENING - MINUTE).find(is_back).map(|from| from - end),
            met: f64::from(series.met) / f64::from(people),
            series,
        }
    }

    /// Whether the bound holds.
    pub(crate) fn bound(&self) -> Bound {
        if self.over == 0 { Bound::Holds } else { Bound::Exceeded }
    }
}

/// The bound after an outage: no second has more requests at Cognito than one app client may send, a quota that no account
/// can have raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bound {
    Holds,
    Exceeded,
}

fn over(requests: &[u32]) -> usize {
    requests.iter().filter(|requests| **requests > APP_CLIENT).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_seconds_with_more_than_the_quota_are_over_it() {
        assert_eq!(over(&[0, 299, 300]), 0);
        assert_eq!(over(&[301, 300, 1_000]), 2);
    }

    /// Few people, so that it is quick: with neither throttle nor spread they still exceed the bound.
    #[test]
    fn a_recovery_is_judged_by_its_seconds() {
        let policy = Policy { throttles: false, spread: 0 };
        let judged = |policy| {
            let recovery = Recovery::of(40_000, 300, Variation { policy, ..AS_IT_IS });
            (recovery.bound(), recovery.over > 0, recovery.peak > APP_CLIENT)
        };
        assert_eq!(judged(SHIPPED), (Bound::Holds, false, false));
        assert_eq!(judged(policy), (Bound::Exceeded, true, true));
    }
}
