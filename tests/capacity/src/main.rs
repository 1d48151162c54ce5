//! How many users one deployment carries before Cognito's quotas end it, and whether Cognito is run down after an outage:
//! `make capacity`. [CAPACITY.md](../../CAPACITY.md) says what is assumed and what the figures mean.
//!
//! Nothing here talks to anything. The same seed gives the same figures.

mod cases;
mod cognito;
mod dice;
mod document;
mod edge;
mod largest;
mod needs;
mod paper;
mod people;
mod picture;
mod plot;
mod recovery;
mod series;
mod simulation;

use std::process::ExitCode;

use anyhow::{Context as _, Result, ensure};

use crate::{
    cases::{Case, Load},
    cognito::APP_CLIENT,
    document::Results,
    largest::Walls,
    needs::{DEFAULT, LIFETIMES, LONG, Need},
    recovery::{AS_IT_IS, Bound},
};

fn main() -> Result<ExitCode> {
    if let Ok(seed) = std::env::var("CAPACITY_SEED") {
        simulation::seed_with(seed.parse().context("CAPACITY_SEED is no number")?);
        ensure!(std::env::var_os("CAPACITY_WRITE").is_none(), "CAPACITY.md has the figures of the usual seed");
    }
    let results = simulate();
    println!("{}", document::tables(&results));
    if std::env::var_os("CAPACITY_WRITE").is_some() {
        document::write(&results)?;
    }
    let bounds: Vec<_> = results.cases().map(|(_, found)| found.bound()).collect();
    let exceeded = bounds.iter().filter(|bound| **bound == Bound::Exceeded).count();
    println!("more than {APP_CLIENT} requests/s reach Cognito after {exceeded} of the {} outages", bounds.len());
    let contradictions: Vec<_> = results.cases().filter_map(|(case, found)| case.contradiction(found)).collect();
    for contradiction in &contradictions {
        println!("{contradiction}");
    }
    println!("capacity: {}", if contradictions.is_empty() { "ok" } else { "FAILED" });
    Ok(if contradictions.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn simulate() -> Results {
    let lifetimes = LIFETIMES.map(|(lifetime, _)| lifetime);
    let walls = lifetimes.map(Walls::of);
    let [default, long] = [DEFAULT, LONG].map(|lifetime| walls[lifetime].load());
    let shipped = |(name, load)| Case { name, load, variation: AS_IT_IS, expected: Bound::Holds };
    let full = walls.iter().map(|walls| ("full", walls.load()));
    let half = ("half", Load { people: default.people / 2, ..default });
    let all = |cases: Vec<Case>| cases.into_iter().map(Case::run).collect();
    Results {
        needs: lifetimes.into_iter().flat_map(Need::all).collect(),
        walls: walls.into(),
        lifetimes: all(full.chain([half]).map(shipped).collect()),
        policies: all(cases::policies(default)),
        instances: all(cases::instances(default, long)),
    }
}
