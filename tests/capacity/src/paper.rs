//! The same by a formula: what the simulation is held to.

use crate::people::{AHEAD, BREAK, CALL_GAP, CLOCK_JITTER, Mix, SPELL, still_at_it};

/// How often one person who is at work refreshes, a second, once the morning is over.
///
/// A refresh is followed by the token's lifetime `L`. At its end the person is still at it with probability `p`, and then
/// the next call takes `W` on average; or they are not, and are back after a break.
/// So there is one refresh in `L + p·W + (1 − p)·break`.
pub(crate) fn refreshes(lifetime: u32, mix: Mix) -> f64 {
    let jitter = CLOCK_JITTER / 2.0;
    let wait = (1.0 + BREAK / SPELL) / (1.0 / CALL_GAP + 1.0 / SPELL);
    let rate = |lifetime: f64, wait: f64| {
        let still = still_at_it(lifetime);
        1.0 / (lifetime + still * wait + (1.0 - still) * BREAK)
    };
    let ahead = f64::from(mix.ahead) / 100.0;
    let lifetime = f64::from(lifetime);
    ahead * rate(lifetime * AHEAD - jitter, 0.0) + (1.0 - ahead) * rate(lifetime - jitter, wait)
}

/// How often one person begins the day, a second, in its busiest hour: within one standard deviation of half an hour to
/// either side lie 68 %.
pub(crate) fn begins() -> f64 {
    0.6827 / 3600.0
}

/// So many people make `limit` authentications a second in the busiest hour.
pub(crate) fn people(limit: u32, lifetime: u32, mix: Mix) -> f64 {
    f64::from(limit) / refreshes(lifetime, mix).max(begins())
}
