//! One limit for the body of an MCP request, at the edge and at the origin behind it: as long passes, one byte more is
//! refused, announced or in chunks, and whoever sends it can read why.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use edgeward_identity::{limits::MAX_BODY_BYTES, names::edge as names};
use edgeward_tests::{
    browser::Browser,
    by_hand::{HandMade, http},
    edge::Edge,
};
use futures_util::stream;
use reqwest::{Body, Response, StatusCode};
use serde_json::{Value, json};

use crate::{
    other_settings::other_edge,
    settings::JUDGED_RESOURCE,
    world::{World, tests},
};

tests![
    a_body_at_the_limit_passes_and_one_byte_more_does_not,
    a_request_that_repeats_another_has_the_same_limit,
    what_a_policy_reads_is_less_and_says_so,
];

/// What an older client begins with: no header fields say what it asks for.
fn message(length: usize) -> String {
    let client = json!({ "name": "by hand", "version": "0" });
    let params = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client });
    let mut text = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params }).to_string();
    text.push_str(&" ".repeat(length.saturating_sub(text.len())));
    text
}

/// In chunks, so that nothing announces its length.
fn chunked(text: &str) -> Body {
    let chunks: Vec<_> = text.as_bytes().chunks(64 * 1024).map(|chunk| anyhow::Ok(chunk.to_vec())).collect();
    Body::wrap_stream(stream::iter(chunks))
}

/// An edge right in front of the origin. The suite's recorders would announce what came in chunks, and keep all of it.
async fn direct_edge(world: &World) -> Result<Edge> {
    let audience = world.stack.variables().get(names::ORIGIN_URL).context("no origin")?;
    other_edge(world, &[(names::ORIGIN_URL, &world.stack.origin_url()), (names::ORIGIN_AUDIENCE, audience)]).await
}

/// Sent by a page that may read the answer.
async fn post(world: &World, edge: &Edge, path: &str, token: &str, body: impl Into<Body>) -> Result<Response> {
    let request = http()?.post(format!("{}{path}", edge.url())).header("origin", world.stack.issuer());
    let request = request.header("content-type", "application/json");
    let request = request.header("accept", "application/json, text/event-stream");
    Ok(request.bearer_auth(token).body(body).send().await?)
}

async fn refused(world: &World, answer: Response, limit: &str) -> Result<()> {
    assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
    // The edge's, or the origin's.
    assert!(answer.headers()["cache-control"].as_bytes().starts_with(b"no-store"));
    assert_eq!(answer.headers()["access-control-allow-origin"], world.stack.issuer());
    let body: Value = answer.json().await?;
    assert_eq!(body["error"], "body_too_long");
    assert!(body["error_description"].as_str().is_some_and(|text| text.contains(limit)), "{body}");
    Ok(())
}

async fn a_body_at_the_limit_passes_and_one_byte_more_does_not(world: Arc<World>) -> Result<()> {
    let edge = direct_edge(&world).await?;
    let tokens = HandMade::register(&world.stack).await?.tokens().await?;
    let token = tokens.text("access_token");
    let (at, over) = (message(MAX_BODY_BYTES), message(MAX_BODY_BYTES + 1));
    for body in [chunked(&at), at.into()] {
        assert_eq!(post(&world, &edge, "/mcp", token, body).await?.status(), StatusCode::OK);
    }
    let log = world.stack.origins().log().len();
    refused(&world, post(&world, &edge, "/mcp", token, over.clone()).await?, "4194304 bytes").await?;
    assert_eq!(world.stack.origins().log().len(), log, "the origin was not asked");
    refused(&world, post(&world, &edge, "/mcp", token, chunked(&over)).await?, "4194304 bytes").await?;
    edge.stop();
    Ok(())
}

async fn a_request_that_repeats_another_has_the_same_limit(world: Arc<World>) -> Result<()> {
    let edge = direct_edge(&world).await?;
    let tokens = HandMade::register(&world.stack).await?.tokens().await?;
    // No `Origin`: with one, the gate is asked each time.
    let ask = async |length: usize| -> Result<Response> {
        let request = http()?.post(format!("{}/mcp", edge.url())).header("content-type", "application/json");
        let request = request.header("accept", "application/json, text/event-stream");
        Ok(request.bearer_auth(tokens.text("access_token")).body(message(length)).send().await?)
    };
    for length in [0, 0, MAX_BODY_BYTES] {
        assert_eq!(ask(length).await?.status(), StatusCode::OK);
    }
    assert_eq!(ask(MAX_BODY_BYTES + 1).await?.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(ask(0).await?.status(), StatusCode::OK);
    edge.stop();
    let refused = edge.records().into_iter().find(|record| record["event"] == "gate refused");
    let refused = refused.context("the refusal is not logged")?;
    assert_eq!((&refused["level"], &refused["status"]), (&"info".into(), &413.into()), "{refused}");
    Ok(())
}

async fn what_a_policy_reads_is_less_and_says_so(world: Arc<World>) -> Result<()> {
    let mut client = HandMade::register(&world.stack).await?;
    client.resource = world.stack.url(JUDGED_RESOURCE).into();
    let code = client.code_for(&client.authorization().with("scope", "use"), &mut Browser::new()?).await?;
    let tokens = client.token(&client.redemption(&code)).await?;
    let edge = direct_edge(&world).await?;
    let ask = async |body: Body| post(&world, &edge, JUDGED_RESOURCE, tokens.text("access_token"), body).await;
    let judged = 1024 * 1024;
    assert_eq!(ask(message(judged).into()).await?.status(), StatusCode::OK);
    let longer = message(judged + 1);
    refused(&world, ask(chunked(&longer)).await?, "1048576 bytes").await?;
    refused(&world, ask(longer.into()).await?, "1048576 bytes").await?;
    refused(&world, ask(message(MAX_BODY_BYTES + 1).into()).await?, "4194304 bytes").await?;
    edge.stop();
    Ok(())
}
