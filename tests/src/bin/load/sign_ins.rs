//! Users who sign in, each with a client that registers first.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use edgeward_tests::{
    by_hand::{call_over, http},
    stack::Stack,
};
use serde_json::json;
use tokio::task::JoinSet;

use crate::{
    figures::Figures,
    people::{is_for, sign_in},
};

/// Begins so many sign-ins a minute, whether those before have ended or not.
///
/// # Errors
/// When the clients cannot be made.
pub(crate) async fn run(stack: &Arc<Stack>, per_minute: u32, time: Duration) -> Result<Figures> {
    let (begun, http) = (Instant::now(), http()?);
    let mut ticks = tokio::time::interval(Duration::from_secs(60) / per_minute);
    let mut under_way = JoinSet::new();
    let mut number = 0;
    while begun.elapsed() < time {
        ticks.tick().await;
        number += 1;
        let (stack, http) = (Arc::clone(stack), http.clone());
        under_way.spawn(async move {
            let asked = Instant::now();
            let person = sign_in(&stack, number).await?;
            let latency = asked.elapsed();
            let request = call_over(&http, stack.mcp().as_str(), "whoami", &json!({}), "load");
            is_for(request.bearer_auth(&person.token).send().await?, &person).await?;
            Ok(latency)
        });
    }
    let mut figures = Figures::default();
    while let Some(ended) = under_way.join_next().await {
        figures.note(ended.context("a sign-in was lost")?);
    }
    figures.elapsed = begun.elapsed();
    Ok(figures)
}
