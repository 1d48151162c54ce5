//! What an edge says about itself when it is asked to: how long it took, and how many requests there were.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use edgeward_identity::names::edge as names;
use edgeward_tests::{
    by_hand::{HandMade, http, whoami},
    edge::Capability,
};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    faulty::until,
    world::{World, tests},
};

tests![an_edge_counts_requests_and_says_how_long_they_took, an_edge_that_is_not_asked_says_nothing];

async fn an_edge_counts_requests_and_says_how_long_they_took(world: Arc<World>) -> Result<()> {
    let token = HandMade::register(&world.stack).await?.tokens().await?.text("access_token").to_owned();
    let mut variables = world.stack.variables().clone();
    variables.insert(names::SERVER_TIMING.to_owned(), "on".to_owned());
    let edge = world.stack.start_edge("observed-edge", Capability::DataPoints, &variables).await?;
    let http = http()?;
    let mcp = format!("{}/mcp", edge.url());

    let passed = whoami(&mcp)?.bearer_auth(&token).send().await?;
    let refused = whoami(&mcp)?.send().await?;
    let preflight = http.request(reqwest::Method::OPTIONS, format!("{}/token", edge.url())).send().await?;
    let nothing = http.get(format!("{}/a/path/of/somebodys/choice", edge.url())).send().await?;
    let answers =
        [(&passed, 200, "origin"), (&refused, 401, "edge"), (&preflight, 204, "edge"), (&nothing, 404, "edge")];
    for (answer, status, by) in answers {
        assert_eq!(answer.status().as_u16(), status);
        let timing = answer.headers().get("server-timing").context("no Server-Timing")?.to_str()?;
        let milliseconds = timing.strip_prefix(&format!("{by};dur=")).context("another name")?;
        assert!(milliseconds.parse::<u32>()? < 60_000, "{timing}");
    }
    assert!(passed.text().await?.contains("demo@example.com"));

    let points =
        || -> Vec<Value> { edge.records().into_iter().filter_map(|line| line.get("point").cloned()).collect() };
    let expected =
        [["/mcp", "200", "origin"], ["/mcp", "401", "edge"], ["/token", "204", "edge"], ["other", "404", "edge"]];
    let is_there = |blobs: &[&str; 3]| points().iter().any(|point| point["blobs"] == json!(blobs));
    until("each request is counted", || expected.iter().all(is_there)).await?;
    edge.stop();
    let points = points();
    for point in &points {
        assert_eq!(point["indexes"], json!([point["blobs"][0]]));
        assert_eq!(point["doubles"].as_array().map(Vec::len), Some(1));
        assert!(point["doubles"][0].is_u64(), "{point}");
    }
    assert!(!Value::from(points).to_string().contains("choice"), "strangers choose what is told apart");
    Ok(())
}

async fn an_edge_that_is_not_asked_says_nothing(world: Arc<World>) -> Result<()> {
    let token = HandMade::register(&world.stack).await?.tokens().await?.text("access_token").to_owned();
    let passed = world.whoami(&token).await?;
    assert_eq!(passed.status(), StatusCode::OK);
    let page = http()?.get(world.stack.url("/authorize")).send().await?;
    for answer in [passed, page] {
        assert!(!answer.headers().contains_key("server-timing"));
    }
    assert!(!world.stack.edge().log().contains("\"point\""));
    Ok(())
}
