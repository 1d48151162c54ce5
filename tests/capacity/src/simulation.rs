//! A day, event by event.

use std::{mem::take, ops::Range, sync::OnceLock};

use crate::{
    cognito::{Answer, Cognito, Request},
    dice::Dice,
    edge::{DEADLINE, Instance, Policy, SHIPPED, retry_after},
    people::{self, Client, DAY, Mix, SIGN_IN_GAP, SIGN_INS, TYPING, USUAL, WORKDAY, seconds},
    series::Series,
};

/// So many instances of the edge have requests at a time; each knows only what it has seen itself.
pub(crate) const INSTANCES: u32 = 128;
/// Any other gives other figures in the last digits.
const SEED: u64 = 6749;
static SEED_GIVEN: OnceLock<u64> = OnceLock::new();

/// Has all scenarios from now on draw other chances than usual.
pub(crate) fn seed_with(seed: u64) {
    // Only the program calls this, and once.
    let _ = SEED_GIVEN.set(seed);
}
/// From this lifetime on a token outlives the night.
const OVERNIGHT: u32 = 12 * 3600;
/// Set in an event where a request that was never answered ends.
const GIVEN_UP: u32 = 1 << 31;

/// What is simulated.
#[derive(Clone)]
pub(crate) struct Scenario {
    pub(crate) people: u32,
    /// Of access tokens, in seconds.
    pub(crate) lifetime: u32,
    pub(crate) mix: Mix,
    pub(crate) policy: Policy,
    pub(crate) instances: u32,
    /// Authentications a second that Cognito allows. `None`: Cognito enforces no quota, so the counts are what people need.
    pub(crate) quota: Option<u32>,
    /// Seconds of the day in which Cognito does not answer.
    pub(crate) outage: Range<u32>,
    /// Ends at this second of the day.
    pub(crate) until: u32,
    pub(crate) seed: u64,
}

impl Scenario {
    /// What people need on a day on which nothing fails.
    pub(crate) fn demand(people: u32, lifetime: u32) -> Self {
        Self {
            people,
            lifetime,
            mix: USUAL,
            policy: SHIPPED,
            instances: INSTANCES,
            quota: None,
            outage: 0..0,
            until: DAY,
            seed: *SEED_GIVEN.get().unwrap_or(&SEED),
        }
    }

    /// Lives through the day.
    pub(crate) fn run(self) -> Series {
        let days = if self.lifetime >= OVERNIGHT { 2 } else { 1 };
        let end = (days - 1) * DAY + self.until;
        let mut simulation = Simulation::new(self, days);
        for now in 0..end {
            let mut events = take(&mut simulation.events[now as usize]);
            if simulation.scenario.quota.is_some() {
                // Who comes first in a second is served.
                simulation.dice.shuffle(&mut events);
            }
            for event in events {
                simulation.happens(event, now);
            }
        }
        simulation.series
    }
}

struct Person {
    client: Client,
    instance: u16,
    /// In a row that were refused.
    tries: u8,
    /// What they need next.
    next: Request,
    met: bool,
    begins: u32,
}

struct Simulation {
    scenario: Scenario,
    dice: Dice,
    people: Vec<Person>,
    instances: Vec<Instance>,
    cognito: Cognito,
    /// By second: whose request it is.
    events: Vec<Vec<u32>>,
    series: Series,
    /// The day that is counted begins here; the one before it, if any, only leaves tokens behind.
    counted: u32,
}

impl Simulation {
    fn new(scenario: Scenario, days: u32) -> Self {
        let mut dice = Dice::new(scenario.seed);
        let counted = (days - 1) * DAY;
        let mut events = vec![Vec::new(); (days * DAY) as usize];
        let people = (0..scenario.people).map(|person| {
            let begins = people::begins(&mut dice);
            events[begins as usize].push(person);
            Person {
                client: scenario.mix.draw(&mut dice),
                instance: dice.below(scenario.instances) as u16,
                tries: 0,
                next: if dice.unit() < SIGN_INS { Request::LoginPage } else { Request::Refresh },
                met: false,
                begins,
            }
        });
        let people = people.collect();
        let outage = counted + scenario.outage.start..counted + scenario.outage.end;
        Self {
            cognito: Cognito::new(scenario.quota, outage),
            instances: vec![Instance::default(); scenario.instances as usize],
            series: Series::default(),
            scenario,
            dice,
            people,
            events,
            counted,
        }
    }

    fn happens(&mut self, event: u32, now: u32) {
        let person = event & !GIVEN_UP;
        if event != person {
            self.instances[usize::from(self.people[person as usize].instance)].has_failed(now);
            let told = retry_after(self.scenario.policy, &mut self.dice);
            self.refuse(person, told, now);
        } else {
            match self.people[person as usize].next {
                Request::Refresh => self.refresh(person, now),
                Request::LoginPage => self.begin_to_sign_in(person, now),
                Request::Login => self.log_in(person, now),
            }
        }
    }

    fn begin_to_sign_in(&mut self, person: u32, now: u32) {
        count(&mut self.series.begun, now, self.counted);
        if self.cognito.ask(Request::LoginPage, now) == Answer::Given {
            count(&mut self.series.pages, now, self.counted);
            self.people[person as usize].next = Request::Login;
            let delay = self.dice.exponential(TYPING);
            self.comes_back(person, delay, now);
        } else {
            self.signs_in_later(person, now);
        }
    }

    fn log_in(&mut self, person: u32, now: u32) {
        count(&mut self.series.logins, now, self.counted);
        if self.cognito.ask(Request::Login, now) == Answer::Given {
            count(&mut self.series.codes, now, self.counted);
            self.people[person as usize].next = Request::Refresh;
            self.has_tokens(person, now);
        } else {
            self.signs_in_later(person, now);
        }
    }

    fn signs_in_later(&mut self, person: u32, now: u32) {
        self.people[person as usize].next = Request::LoginPage;
        let delay = self.dice.exponential(SIGN_IN_GAP);
        self.comes_back(person, delay, now);
    }

    fn refresh(&mut self, person: u32, now: u32) {
        count(&mut self.series.asked, now, self.counted);
        let policy = self.scenario.policy;
        let instance = &mut self.instances[usize::from(self.people[person as usize].instance)];
        if let Err(told) = instance.admit(policy, now, &mut self.dice) {
            return self.refuse(person, told, now);
        }
        count(&mut self.series.refreshes, now, self.counted);
        match self.cognito.ask(Request::Refresh, now) {
            Answer::Given => self.has_tokens(person, now),
            Answer::Throttled => {
                instance.is_over_quota(now);
                let told = retry_after(policy, &mut self.dice);
                self.refuse(person, told, now);
            }
            Answer::Nothing => self.schedule(person | GIVEN_UP, now + DEADLINE),
        }
    }

    fn has_tokens(&mut self, person: u32, now: u32) {
        let Person { client, instance, tries, .. } = &mut self.people[person as usize];
        *tries = 0;
        if self.instances[usize::from(*instance)].has_tokens(now) {
            count(&mut self.series.keys, now, self.counted);
        }
        let delay = client.until_refresh(self.scenario.lifetime, &mut self.dice);
        self.comes_back(person, delay, now);
    }

    fn refuse(&mut self, person: u32, told: u32, now: u32) {
        count(&mut self.series.refused, now, self.counted);
        let Person { client, tries, met, .. } = &mut self.people[person as usize];
        let delay = client.until_retry(told, *tries, &mut self.dice);
        *tries = tries.saturating_add(1);
        if !*met && now >= self.counted + self.scenario.outage.start {
            *met = true;
            self.series.met += 1;
        }
        self.comes_back(person, delay, now);
    }

    /// The person needs Cognito `delay` from now, if they still work then; else when they begin the next day, if the token
    /// is over by then.
    fn comes_back(&mut self, person: u32, delay: f64, now: u32) {
        let Person { client, begins, next, .. } = &mut self.people[person as usize];
        let mut at = now + seconds(delay).max(1);
        if at >= *begins + WORKDAY {
            let is_over = now + self.scenario.lifetime;
            *begins = people::begins_again(*begins, &mut self.dice);
            // A login page is not left open overnight.
            if *next != Request::Refresh || self.dice.unit() < SIGN_INS {
                *next = Request::LoginPage;
            }
            at = *begins;
            if at < is_over && *next == Request::Refresh {
                at += seconds(client.until_refresh(is_over - at, &mut self.dice));
            }
        }
        self.schedule(person, at);
    }

    fn schedule(&mut self, event: u32, at: u32) {
        if let Some(second) = self.events.get_mut(at as usize) {
            second.push(event);
        }
    }
}

fn count(counts: &mut [u32], now: u32, counted: u32) {
    if let Some(second) = now.checked_sub(counted) {
        counts[second as usize] += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{cognito::USER_AUTHENTICATION, paper, series::mean};

    /// From the end of the morning to the first who leave.
    const STEADY: Range<usize> = 11 * 3600..14 * 3600;

    #[test]
    fn a_day_has_the_refreshes_that_the_formula_has() {
        for lifetime in [300, 900, 3600] {
            for mix in [USUAL, Mix { as_told: 0, ahead: 0 }, Mix { as_told: 0, ahead: 100 }] {
                let series = Scenario { mix, ..Scenario::demand(20_000, lifetime) }.run();
                let ratio = mean(&series.refreshes[STEADY]) / (20_000.0 * paper::refreshes(lifetime, mix));
                assert!((ratio - 1.0).abs() < 0.02, "{lifetime} s, {mix:?}: {ratio}");
            }
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_day_and_another_one_another() {
        let scenario =
            Scenario { quota: Some(USER_AUTHENTICATION), outage: 39_600..40_200, ..Scenario::demand(20_000, 300) };
        let day = |scenario: &Scenario| {
            let series = scenario.clone().run();
            (series.refreshes, series.refused, series.met)
        };
        assert!(day(&scenario) == day(&scenario));
        assert!(day(&scenario) != day(&Scenario { seed: 1, ..scenario.clone() }));
    }

    #[test]
    fn cognito_is_left_alone_while_it_is_down() {
        let outage = 39_600..40_200;
        let scenario = Scenario { outage: outage.clone(), ..Scenario::demand(100_000, 900) };
        let series = scenario.run();
        let down = outage.start as usize + 30..outage.end as usize;
        let (asked, sent) = (mean(&series.asked[down.clone()]), mean(&series.refreshes[down]));
        // An instance tries once in a deadline and a pause.
        assert!(sent < f64::from(INSTANCES) / 10.0 && asked > 100.0, "{asked} {sent}");
        let later = series.refused[outage.end as usize..].iter().rposition(|refused| *refused > 0);
        assert!(later.is_none_or(|seconds| seconds < 120), "{later:?}");
    }
}
