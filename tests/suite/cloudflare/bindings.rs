//! Bindings that the Worker is deployed without.

use std::sync::Arc;

use anyhow::Result;
use edgeward_identity::names::edge as names;
use edgeward_tests::by_hand::http;
use reqwest::StatusCode;

use crate::{
    faulty::until,
    world::{World, tests},
};

tests![an_edge_without_limits_says_so_once];

async fn an_edge_without_limits_says_so_once(world: Arc<World>) -> Result<()> {
    let said = |records: Vec<serde_json::Value>| {
        let said = records.into_iter().filter(|record| record["event"] == "requests are not limited");
        said.map(|record| record["reason"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    // With hundreds of others, where the whole suite runs.
    let health = format!("{}/healthz", world.stack.edge().url());
    assert_eq!(http()?.get(health).header("host", world.host()).send().await?.status(), StatusCode::OK);
    // What it logs comes in its own time.
    until("it says so", || !said(world.stack.edge().records()).is_empty()).await?;
    assert_eq!(said(world.stack.edge().records()), ["GRANT_LIMIT, CLIENT_LIMIT, REDIRECT_HOST_LIMIT, ADDRESS_LIMIT"]);
    assert!(world.stack.variables().get(names::RATE_LIMITS).is_none());
    Ok(())
}
