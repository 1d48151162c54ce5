//! How many users one deployment carries before Cognito's quotas end it, and whether Cognito is run down after an outage:
//! `make capacity`. [CAPACITY.md](../../CAPACITY.md) says what is assumed and what the figures mean.
//!
//! Nothing here talks to anything. The same seed gives the same figures.

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

use anyhow::Result;

use crate::{
    cognito::APP_CLIENT,
    document::{BOTH_NAME, Results, SHIPPED_NAME, SPREAD_NAME},
    edge::{Policy, SHIPPED},
    largest::Walls,
    needs::{DEFAULT, LIFETIMES, Need},
    people::Mix,
    recovery::{AS_IT_IS, Recovery, Variation},
};

fn main() -> Result<ExitCode> {
    let results = simulate();
    println!("{}", document::tables(&results));
    if std::env::var_os("CAPACITY_WRITE").is_some() {
        document::write(&results)?;
    }
    let broken = results.recoveries.iter().filter(|(_, recovery)| !recovery.is_within_bound()).count();
    if broken > 0 {
        println!("after an outage more than {APP_CLIENT} requests/s reach Cognito at {broken} of the lifetimes");
    }
    println!("capacity: {}", if broken > 0 { "FAILED" } else { "ok" });
    Ok(if broken > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn simulate() -> Results {
    let lifetimes = LIFETIMES.map(|(lifetime, _)| lifetime);
    let walls = lifetimes.map(Walls::of);
    let recoveries = walls.map(|walls| (walls, Recovery::of(walls.first, walls.lifetime, AS_IT_IS)));
    let Walls { lifetime, first, .. } = walls[DEFAULT];
    let half = Recovery::of(first / 2, lifetime, AS_IT_IS);
    let variations = variations(first).into_iter();
    let variations = variations.map(|(name, people, variation)| (name, Recovery::of(people, lifetime, variation)));
    let variations = variations.collect();
    let needs = lifetimes.into_iter().flat_map(Need::all).collect();
    Results { needs, recoveries: recoveries.into(), half, variations }
}

/// What an edge could do, and what clients could.
fn variations(people: u32) -> Vec<(&'static str, u32, Variation)> {
    let edge = |spread, ratio| Variation { policy: Policy { spread, ratio }, ..AS_IT_IS };
    let both = edge(25, Some(1.5));
    let mix = Mix { as_told: 100, ahead: 0 };
    vec![
        (SHIPPED_NAME, people, AS_IT_IS),
        ("`Retry-After` 5 to 30 s, at random", people, edge(25, SHIPPED.ratio)),
        (SPREAD_NAME, people, edge(55, SHIPPED.ratio)),
        ("ratio 1.5", people, edge(SHIPPED.spread, Some(1.5))),
        (BOTH_NAME, people, both),
        ("as shipped; all clients come back as told", people, Variation { mix, ..AS_IT_IS }),
        ("both; all clients come back as told", people, Variation { mix, ..both }),
        ("both; 16 instances", people, Variation { instances: 16, ..both }),
        ("both; 1,024 instances", people, Variation { instances: 1024, ..both }),
        ("as shipped; a tenth of the users", people / 10, AS_IT_IS),
        ("both; a tenth of the users", people / 10, both),
    ]
}
