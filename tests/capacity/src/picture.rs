//! The figures as a picture.

use std::ops::Range;

use crate::{
    cases::{NEITHER_NAME, SHIPPED_NAME, UNTHROTTLED_NAME},
    cognito::{APP_CLIENT, DOMAIN, USER_AUTHENTICATION},
    document::{Results, grouped, name},
    largest::Walls,
    needs::{DEFAULT, LIFETIMES, Need, PEOPLE},
    plot::{Axis, Panel, Scale, svg},
    recovery::{Recovery, outage},
};

const RATE: &str = "requests a second";

/// All panels.
pub(crate) fn draw(results: &Results) -> String {
    svg(&[day(&results.needs), walls(&results.needs), recovery(results)])
}

/// A day of a hundred thousand.
fn day(needs: &[Need]) -> Panel {
    let people = PEOPLE[1];
    let days = needs.iter().filter(|need| need.people == people);
    let points = |need: &Need| {
        let minutes = need.minutes.iter().enumerate().map(|(minute, rate)| (minute as f64 / 60.0, *rate));
        minutes.filter(|(hour, _)| (7.0..=19.0).contains(hour)).collect()
    };
    Panel {
        title: format!("A day of {} users: authentications at Cognito, by lifetime of access tokens", grouped(people)),
        x: Axis {
            label: "hour of the day",
            scale: Scale::Linear,
            from: 7.0,
            to: 19.0,
            ticks: (7..=19).map(|hour| (f64::from(hour), hour.to_string())).collect(),
        },
        y: Axis {
            label: RATE,
            scale: Scale::Linear,
            from: 0.0,
            to: 200.0,
            ticks: (0..=4).map(|step| (f64::from(step * 50), (step * 50).to_string())).collect(),
        },
        lines: days.map(|need| (name(need.lifetime).to_owned(), points(need))).collect(),
        limits: vec![(f64::from(USER_AUTHENTICATION), "120, authentications".to_owned())],
    }
}

/// Ever more people, and the quotas.
fn walls(needs: &[Need]) -> Panel {
    let line = |lifetime: u32| {
        let needs = needs.iter().filter(move |need| need.lifetime == lifetime);
        needs.map(|need| (f64::from(need.people), f64::from(need.authentications.p99))).collect()
    };
    Panel {
        title: "Authentications in the busiest hour, p99 of its seconds".to_owned(),
        x: Axis {
            label: "users",
            scale: Scale::Logarithmic,
            from: 10_000.0,
            to: 10_000_000.0,
            ticks: PEOPLE.map(|people| (f64::from(people), grouped(people))).into(),
        },
        y: powers(1..6),
        lines: LIFETIMES.map(|(lifetime, name)| (name.to_owned(), line(lifetime))).into(),
        limits: vec![
            (f64::from(USER_AUTHENTICATION), String::new()),
            (f64::from(APP_CLIENT), String::new()),
            (f64::from(DOMAIN), "120, 300, 500: quotas".to_owned()),
        ],
    }
}

/// Before, during and after an outage.
fn recovery(results: &Results) -> Panel {
    const STEP: usize = 5;
    let Walls { lifetime, first, .. } = &results.walls[DEFAULT];
    let outage = outage(*lifetime);
    let minutes = |second: usize| (second as f64 - outage.start as f64) / 60.0;
    let line = |recovery: &Recovery| {
        let window = outage.start - 300..outage.end + 1200;
        let requests = &recovery.series.requests()[window.clone()];
        // The most in some seconds: an average would hide what is looked for.
        let steps = requests.chunks(STEP).map(|step| step.iter().copied().max().unwrap_or_default());
        steps.enumerate().map(|(step, most)| (minutes(window.start + step * STEP), f64::from(most))).collect()
    };
    let found = |wanted: &str| results.policies.iter().find(|(case, _)| case.name == wanted);
    let names =
        [(NEITHER_NAME, "without both"), (UNTHROTTLED_NAME, "without a throttle"), (SHIPPED_NAME, "as shipped")];
    let lines =
        names.iter().filter_map(|(wanted, shown)| found(wanted).map(|(_, made)| ((*shown).to_owned(), line(made))));
    Panel {
        title: format!("Ten minutes without Cognito, {} users, tokens of 15 min: requests at Cognito", grouped(*first)),
        x: Axis {
            label: "minutes since Cognito went away; it is back at 10",
            scale: Scale::Linear,
            from: -5.0,
            to: 30.0,
            ticks: (-1..=6).map(|step| (f64::from(step * 5), (step * 5).to_string())).collect(),
        },
        y: powers(0..5),
        lines: lines.collect(),
        limits: vec![(f64::from(APP_CLIENT), "300, the app client's".to_owned())],
    }
}

fn powers(exponents: Range<i32>) -> Axis {
    let ticks: Vec<_> =
        exponents.map(|exponent| 10_f64.powi(exponent)).map(|tick| (tick, grouped(tick as u32))).collect();
    let ends = (ticks.first().map_or(1.0, |tick| tick.0), ticks.last().map_or(10.0, |tick| tick.0));
    Axis { label: RATE, scale: Scale::Logarithmic, from: ends.0, to: ends.1, ticks }
}
