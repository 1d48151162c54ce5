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
    document::{NEITHER_NAME, Results, SHIPPED_NAME, UNTHROTTLED_NAME},
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

/// What an edge could do without, and what clients could do.
fn variations(people: u32) -> Vec<(&'static str, u32, Variation)> {
    let edge = |policy| Variation { policy, ..AS_IT_IS };
    let at_once = Policy { spread: 0, ..SHIPPED };
    let neither = edge(Policy { throttles: false, ..at_once });
    let mix = Mix { as_told: 100, ahead: 0 };
    vec![
        (SHIPPED_NAME, people, AS_IT_IS),
        ("without a spread: `Retry-After` 5 s, or what is left", people, edge(at_once)),
        (UNTHROTTLED_NAME, people, edge(Policy { throttles: false, ..SHIPPED })),
        (NEITHER_NAME, people, neither),
        ("as shipped; all clients come back as told", people, Variation { mix, ..AS_IT_IS }),
        ("with neither; all clients come back as told", people, Variation { mix, ..neither }),
        ("as shipped; 16 instances", people, Variation { instances: 16, ..AS_IT_IS }),
        ("as shipped; 1,024 instances", people, Variation { instances: 1024, ..AS_IT_IS }),
        ("as shipped; a tenth of the users", people / 10, AS_IT_IS),
        ("with neither; a tenth of the users", people / 10, neither),
        ("as shipped; a hundredth of the users", people / 100, AS_IT_IS),
    ]
}
