//! How many people fit under a limit.

use crate::{
    cases::Load,
    cognito::{APP_CLIENT, USER_AUTHENTICATION},
    paper,
    people::USUAL,
    series::{Figures, Series},
    simulation::Scenario,
};

/// How many people a lifetime carries.
#[derive(Clone, Copy)]
pub(crate) struct Walls {
    pub(crate) lifetime: u32,
    /// So many make 120 authentications a second,
    pub(crate) first: u32,
    /// and so many 300 requests as one app client.
    pub(crate) second: u32,
}

impl Walls {
    pub(crate) fn of(lifetime: u32) -> Self {
        let paper = paper::people(USER_AUTHENTICATION, lifetime, USUAL);
        // What is left over for chance is a fifth at such rates.
        let first = largest(paper * 0.8, lifetime, (USER_AUTHENTICATION, 2), Series::authentications);
        let scale = f64::from(APP_CLIENT) / f64::from(USER_AUTHENTICATION);
        let second = largest(first * scale, lifetime, (APP_CLIENT, 1), Series::requests);
        let rounded = |people: f64| people as u32 / 1000 * 1000;
        Self { lifetime, first: rounded(first), second: rounded(second) }
    }

    /// As many people as the first wall lets through.
    pub(crate) fn load(&self) -> Load {
        Load { people: self.first, lifetime: self.lifetime }
    }
}

/// The most people whose requests stay within `limit` in ninety-nine of a hundred seconds of the busiest hour, to a
/// percent or so. `people` is where the search begins.
fn largest(mut people: f64, lifetime: u32, (limit, steps): (u32, u32), requests: fn(&Series) -> Vec<u32>) -> f64 {
    // Almost in proportion, but for what is left over for chance: each step brings the error down to a tenth or so.
    for _ in 0..steps {
        let p99 = Figures::of(&requests(&Scenario::demand(people as u32, lifetime).run())).p99;
        people *= f64::from(limit) / f64::from(p99);
    }
    people
}
