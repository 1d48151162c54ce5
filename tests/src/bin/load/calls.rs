//! Users who call a tool, one call after the other, as many users at once as it takes.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Result;
use edgeward_tests::{
    by_hand::{call_over, http},
    stack::Stack,
};
use serde_json::json;
use tokio::{task::JoinSet, time::MissedTickBehavior};

use crate::{
    figures::Figures,
    hostile::{Attacks, Hostility},
    people::{People, is_for},
};

/// So many calls are under way at once.
const WORKERS: usize = 48;

/// Calls for a while, at most `per_second`.
///
/// # Errors
/// When the clients cannot be made.
pub(crate) async fn run(
    stack: &Arc<Stack>,
    people: &Arc<People>,
    per_second: u32,
    hostility: Hostility,
    time: Duration,
) -> Result<Figures> {
    let attacks = Arc::new(Attacks::prepare(stack, &people.of(0).token)?);
    let begun = Instant::now();
    let pace = Duration::from_secs(1) / per_second * u32::try_from(WORKERS)?;
    let mut workers = JoinSet::new();
    for worker in 0..WORKERS {
        let (people, attacks) = (Arc::clone(people), Arc::clone(&attacks));
        let (mcp, http) = (stack.mcp(), http()?);
        workers.spawn(async move {
            let mut ticks = tokio::time::interval(pace);
            // Behind what was asked for, it does what it can.
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let (mut figures, person) = (Figures::default(), people.of(worker));
            let mut number = worker;
            while begun.elapsed() < time {
                ticks.tick().await;
                number += 1;
                if hostility.strikes(number) {
                    match attacks.strike(&http, number / WORKERS).await {
                        Ok(()) => figures.refused += 1,
                        Err(error) => figures.failures.push(format!("{error:#}")),
                    }
                    continue;
                }
                let asked = Instant::now();
                let request = call_over(&http, mcp.as_str(), "whoami", &json!({}), "load").bearer_auth(&person.token);
                let outcome = async { is_for(request.send().await?, person).await }.await;
                figures.note(outcome.map(|()| asked.elapsed()));
            }
            figures
        });
    }
    Figures::of(workers, begun).await
}
