//! What a request calls on its way, and how often: the same on every machine, and most of what it costs beside core.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::{Context as _, Result};
use edgeward_tests::{
    by_hand::{self, HandMade},
    edge::{Capability, Edge, wrangler::calls},
};
use reqwest::StatusCode;

use crate::{
    edge_faults::Back,
    world::{World, tests},
};

tests![
    a_gated_request_calls_as_often_as_is_written_here,
    a_sign_in_stores_nothing,
    a_refresh_calls_the_object_of_its_grant_twice,
];

type Calls = BTreeMap<String, u64>;

async fn counted_edge(world: &World) -> Result<Edge> {
    world.stack.start_edge("counted-edge", Capability::CountedCalls, world.stack.variables()).await
}

fn sum(calls: &Calls, what: &str) -> u64 {
    calls.iter().filter(|(name, _)| name.starts_with(what)).map(|(_, count)| count).sum()
}

/// Should one of these change, write the new number down here if it is worth it, and say why in the commit.
async fn a_gated_request_calls_as_often_as_is_written_here(world: Arc<World>) -> Result<()> {
    let tokens = HandMade::register(&world.stack).await?.tokens().await?;
    let token = Some(tokens.text("access_token"));
    let edge = counted_edge(&world).await?;
    // Calls into wasm, out of it, and to `fetch`.
    for (what, path, token, status, written) in [
        ("no token", "/mcp", None, StatusCode::UNAUTHORIZED, [4, 4, 0]),
        // Once in ten times, for ids of traces.
        ("nor this time", "/mcp", None, StatusCode::UNAUTHORIZED, [2, 1, 0]),
        ("nor now", "/mcp", None, StatusCode::UNAUTHORIZED, [0, 0, 0]),
        ("a token for the first time", "/mcp", token, StatusCode::OK, [5, 1, 1]),
        ("the same again", "/mcp", token, StatusCode::OK, [0, 0, 1]),
        ("the token for something else", "/mcp?else", token, StatusCode::OK, [5, 1, 1]),
    ] {
        let mut request = by_hand::whoami(&format!("{}{path}", edge.url()))?;
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        calls(&edge).await?;
        let answer = request.send().await?;
        assert_eq!(answer.status(), status, "{what}");
        answer.bytes().await?;
        let calls = calls(&edge).await?;
        assert_eq!(["into wasm", "out of wasm", "fetch"].map(|kind| sum(&calls, kind)), written, "{what}: {calls:#?}");
        assert_eq!(sum(&calls, "binding"), 0, "{what}: {calls:#?}");
    }
    Ok(())
}

async fn a_sign_in_stores_nothing(world: Arc<World>) -> Result<()> {
    let public = world.stack.edge_traffic().context("not recorded")?;
    let edge = counted_edge(&world).await?;
    let back = Back(&world);
    public.forward_to(edge.url());
    calls(&edge).await?;
    let tokens = HandMade::register(&world.stack).await?.tokens().await?;
    let calls = calls(&edge).await?;
    drop(back);
    assert!(!tokens.text("refresh_token").is_empty());
    assert_eq!(sum(&calls, "fetch"), 2, "Cognito's tokens and its keys: {calls:#?}");
    // Counters are asked; nothing else is that could keep something.
    let bindings: Vec<_> = calls.keys().filter_map(|name| name.strip_prefix("binding ")).collect();
    assert_eq!(bindings, ["ADDRESS_LIMIT", "CLIENT_LIMIT", "REDIRECT_HOST_LIMIT"]);
    Ok(())
}

/// To claim it, and to publish the answer; once to get an answer that is there. Cloudflare bills each call.
async fn a_refresh_calls_the_object_of_its_grant_twice(world: Arc<World>) -> Result<()> {
    let edge = counted_edge(&world).await?;
    let client = HandMade::register(&world.stack).await?;
    let form = client.refreshing(client.tokens().await?.text("refresh_token"));
    let client = client.at(edge.url());
    for (what, fetches, objects) in [("a refresh", 2, 2), ("the same again", 0, 1)] {
        calls(&edge).await?;
        assert_eq!(client.token(&form).await?.status, StatusCode::OK, "{what}");
        let calls = calls(&edge).await?;
        // Cognito's keys, at the first one, and its tokens.
        assert_eq!(sum(&calls, "fetch"), fetches, "{what}: {calls:#?}");
        assert_eq!(sum(&calls, "binding REFRESHES"), objects, "{what}: {calls:#?}");
    }
    Ok(())
}
