//! What people and their clients do. Times are seconds, those of day since midnight.
//!
//! Everybody works in one time zone, which is the worst case: from about nine for eight hours, in spells with breaks
//! between them. A break ends with a call. Lengths of spells and breaks and the time between calls are memoryless, so that
//! what somebody does next depends on nothing but whether they are at it.

use crate::dice::Dice;

/// A spell of work with the tools, on average.
pub(crate) const SPELL: f64 = 20.0 * 60.0;
/// A break, on average.
pub(crate) const BREAK: f64 = 20.0 * 60.0;
/// Between two calls in a spell, on average.
pub(crate) const CALL_GAP: f64 = 30.0;
/// The day begins at nine, give or take (standard deviation) half an hour …
pub(crate) const BEGINS: f64 = 9.0 * 3600.0;
pub(crate) const BEGINS_DEVIATION: f64 = 1800.0;
/// … each day anew by so much.
const BEGINS_VARIES: f64 = 600.0;
/// It ends eight hours later.
pub(crate) const WORKDAY: u32 = 8 * 3600;
pub(crate) const DAY: u32 = 24 * 3600;
/// Clocks and the answer's way make a client take its token for expired up to so much too early.
pub(crate) const CLOCK_JITTER: f64 = 10.0;
/// Of those who begin their day, so many sign in: Cognito's refresh tokens live for thirty days by default, and one in a
/// hundred connects a new client.
pub(crate) const SIGN_INS: f64 = 1.0 / 30.0 + 0.01;
/// Whoever signs in types for so long at the login page, on average.
pub(crate) const TYPING: f64 = 15.0;
/// Who could not sign in tries again after so long, on average.
pub(crate) const SIGN_IN_GAP: f64 = 60.0;
/// Clients that refresh ahead do so when this share of the lifetime is over.
pub(crate) const AHEAD: f64 = 0.9;
/// They come back after 5 s, 10 s and so on, but not later than this.
const LONGEST_BACKOFF: f64 = 60.0;

/// How a client refreshes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Client {
    /// At the first call after the token's end. A refusal is a failed call; the next call tries again.
    AtCalls,
    /// The same, but after a refusal it comes back by itself exactly when `Retry-After` says.
    AsTold,
    /// Before the token's end, by a timer; after a refusal when `Retry-After` says, or later and later.
    Ahead,
}

/// Which clients there are, in hundredths; the rest is `AtCalls`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mix {
    pub(crate) as_told: u32,
    pub(crate) ahead: u32,
}

/// What is assumed unless said otherwise.
pub(crate) const USUAL: Mix = Mix { as_told: 25, ahead: 25 };

impl Mix {
    pub(crate) fn draw(self, dice: &mut Dice) -> Client {
        match dice.below(100) {
            drawn if drawn < self.as_told => Client::AsTold,
            drawn if drawn < self.as_told + self.ahead => Client::Ahead,
            _ => Client::AtCalls,
        }
    }
}

/// When somebody begins their day.
pub(crate) fn begins(dice: &mut Dice) -> u32 {
    seconds(dice.normal(BEGINS, BEGINS_DEVIATION))
}

/// When they do the day after.
pub(crate) fn begins_again(before: u32, dice: &mut Dice) -> u32 {
    seconds(f64::from(before + DAY) + dice.normal(0.0, BEGINS_VARIES))
}

impl Client {
    /// How long after an answer the next refresh is, for someone who is at it now.
    pub(crate) fn until_refresh(self, lifetime: u32, dice: &mut Dice) -> f64 {
        let lifetime = f64::from(lifetime);
        let jitter = dice.unit() * CLOCK_JITTER;
        match self {
            Self::Ahead => until_at_it(lifetime * AHEAD - jitter, dice),
            Self::AtCalls | Self::AsTold => until_call(lifetime - jitter, dice),
        }
    }

    /// How long after a refusal the client tries again; `tries` were refused before it.
    pub(crate) fn until_retry(self, retry_after: u32, tries: u8, dice: &mut Dice) -> f64 {
        // Answer and request take some time on their way.
        let told = f64::from(retry_after) + dice.unit();
        match self {
            Self::AtCalls => until_call(0.0, dice),
            Self::AsTold => until_at_it(told, dice),
            Self::Ahead => {
                let backoff = (5.0 * f64::from(1_u32 << tries.min(4))).min(LONGEST_BACKOFF);
                until_at_it(told.max(backoff + dice.unit()), dice)
            }
        }
    }
}

/// Until somebody is at it, `delay` from now or later.
fn until_at_it(delay: f64, dice: &mut Dice) -> f64 {
    if dice.unit() < still_at_it(delay) { delay } else { delay + dice.exponential(BREAK) }
}

/// Until somebody makes a call, `delay` from now or later.
fn until_call(delay: f64, dice: &mut Dice) -> f64 {
    if dice.unit() >= still_at_it(delay) {
        return delay + dice.exponential(BREAK);
    }
    let (call, stop) = (dice.exponential(CALL_GAP), dice.exponential(SPELL));
    delay + if call < stop { call } else { stop + dice.exponential(BREAK) }
}

/// How likely it is that somebody who is at it now is at it after `delay`.
pub(crate) fn still_at_it(delay: f64) -> f64 {
    let share = SPELL / (SPELL + BREAK);
    share + (1.0 - share) * (-delay * (1.0 / SPELL + 1.0 / BREAK)).exp()
}

/// Whole seconds, none below zero.
pub(crate) fn seconds(time: f64) -> u32 {
    time.round().max(0.0) as u32
}
