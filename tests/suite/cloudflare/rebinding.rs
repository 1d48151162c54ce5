//! The platform gives other variables and secrets to an isolate that lives. They hold from the next request on, and nothing
//! that was decided with the old ones is used again.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use edgeward_identity::names::edge as names;
use edgeward_tests::{
    by_hand::{self, HandMade, http},
    edge::{
        Capability, Edge, Variables,
        wrangler::{Rebinding, configured_and_begun, rebind},
    },
    fault_origin::Behaviour,
    keys,
};
use reqwest::{StatusCode, header::WWW_AUTHENTICATE};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::{
    faulty::Faulty,
    machines, policy,
    settings::{JUDGED_RESOURCE, MACHINE},
    world::{World, part, tests},
};

tests![
    a_signing_key_is_rotated_in_a_living_isolate,
    an_isolate_without_secrets_serves_once_they_are_there,
    what_is_remembered_goes_with_the_settings_it_was_decided_with,
    the_same_settings_are_not_read_again,
    a_message_that_arrives_while_settings_change_is_answered,
];

const ALL: [Rebinding; 3] = [Rebinding::Replaced, Rebinding::Mutated, Rebinding::Copied];

/// With the variables, and in front of an origin that does not look at identities: it would not know new keys.
async fn living_edge(world: &World) -> Result<(Edge, &Variables)> {
    let Faulty { origin, variables, .. } = world.faulty().await?;
    origin.set(Behaviour::Answers(Duration::ZERO));
    Ok((world.stack.start_edge("living-edge", Capability::Bindings, variables).await?, variables))
}

fn with(variables: &Variables, name: &str, value: &str) -> Variables {
    let mut changed = variables.clone();
    changed.insert(name.to_owned(), value.to_owned());
    changed
}

fn without(variables: &Variables, name: &str) -> Variables {
    let mut changed = variables.clone();
    changed.remove(name);
    changed
}

/// The edge's keys, with this one as the first.
fn and_key(jwks: &Value, first: &Value) -> Value {
    let keys = jwks["keys"].as_array().into_iter().flatten();
    json!({ "keys": std::iter::once(first).chain(keys).collect::<Vec<_>>() })
}

fn without_key(jwks: &Value, key_id: &Value) -> Value {
    let keys = jwks["keys"].as_array().into_iter().flatten().filter(|key| &key["kid"] != key_id);
    json!({ "keys": keys.collect::<Vec<_>>() })
}

async fn call(edge: &Edge, token: &str) -> Result<StatusCode> {
    let answer = by_hand::whoami(&format!("{}/mcp", edge.url()))?.bearer_auth(token).send().await?;
    let status = answer.status();
    answer.bytes().await?;
    Ok(status)
}

async fn key_ids(edge: &Edge) -> Result<Vec<Value>> {
    let url = format!("{}/.well-known/jwks.json", edge.url());
    let document: Value = http()?.get(url).send().await?.json().await?;
    Ok(document["keys"].as_array().context("no keys")?.iter().map(|key| key["kid"].clone()).collect())
}

async fn a_signing_key_is_rotated_in_a_living_isolate(world: Arc<World>) -> Result<()> {
    let (edge, variables) = living_edge(&world).await?;
    let old: Value = serde_json::from_str(&world.keys)?;
    let generated: Value = serde_json::from_str(&keys::generate()?)?;
    let mut key = generated["keys"][0].clone();
    for how in ALL {
        key["kid"] = format!("sign-{how:?}").into();
        let old_id = &old["keys"][0]["kid"];
        let (both, new) = (and_key(&old, &key), without_key(&and_key(&old, &key), old_id));
        let client = HandMade::register(&world.stack).await?;
        let tokens = client.tokens().await?;
        let signed_by_old = tokens.text("access_token");
        rebind(&edge, how, variables).await?;
        // The second time from what is remembered.
        for _ in 0..2 {
            assert_eq!(call(&edge, signed_by_old).await?, StatusCode::OK, "{how:?}");
        }

        rebind(&edge, how, &with(variables, names::KEYS, &both.to_string())).await?;
        let refreshed = client.clone().at(edge.url()).token(&client.refreshing(tokens.text("refresh_token"))).await?;
        let signed_by_new = refreshed.text("access_token");
        assert_eq!(refreshed.status, StatusCode::OK, "{how:?}: {}", refreshed.text("error"));
        assert_eq!(part(signed_by_new, 0)["kid"], key["kid"], "{how:?}: the key that signs");
        assert_eq!(key_ids(&edge).await?, [key["kid"].clone(), old_id.clone()], "{how:?}");
        for token in [signed_by_old, signed_by_new, signed_by_old] {
            assert_eq!(call(&edge, token).await?, StatusCode::OK, "{how:?}");
        }

        rebind(&edge, how, &with(variables, names::KEYS, &new.to_string())).await?;
        assert_eq!(call(&edge, signed_by_old).await?, StatusCode::UNAUTHORIZED, "{how:?}: the key is removed");
        assert_eq!(call(&edge, signed_by_new).await?, StatusCode::OK, "{how:?}");
        assert_eq!(key_ids(&edge).await?, [key["kid"].clone()], "{how:?}");
    }
    Ok(())
}

async fn an_isolate_without_secrets_serves_once_they_are_there(world: Arc<World>) -> Result<()> {
    let (edge, variables) = living_edge(&world).await?;
    let tokens = HandMade::register(&world.stack).await?.tokens().await?;
    for how in ALL {
        for name in [names::KEYS, names::COGNITO_CLIENT_SECRET, names::ORIGIN_URL] {
            rebind(&edge, how, &without(variables, name)).await?;
            for _ in 0..2 {
                let status = call(&edge, tokens.text("access_token")).await?;
                assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR, "{how:?} {name}");
            }
            rebind(&edge, how, variables).await?;
            assert_eq!(call(&edge, tokens.text("access_token")).await?, StatusCode::OK, "{how:?} {name}");
        }
    }
    Ok(())
}

async fn what_is_remembered_goes_with_the_settings_it_was_decided_with(world: Arc<World>) -> Result<()> {
    let (edge, variables) = living_edge(&world).await?;
    let refusal = async || {
        let answer = by_hand::whoami(&format!("{}/mcp", edge.url()))?.send().await?;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        let challenge = answer.headers()[WWW_AUTHENTICATE].to_str()?.to_owned();
        answer.bytes().await?;
        anyhow::Ok(challenge)
    };
    for how in ALL {
        for scope in ["one", "two", "one"] {
            let scopes = json!({ "mcp": "Use it", scope: "Use it" });
            let resources = json!([{ "path": "/mcp", "scopes": scopes, "default_scopes": [scope] }]);
            rebind(&edge, how, &with(variables, names::RESOURCES, &resources.to_string())).await?;
            for _ in 0..2 {
                let challenge = refusal().await?;
                assert!(challenge.contains(&format!("scope=\"{scope}\"")), "{how:?}: {challenge}");
            }
        }
    }
    Ok(())
}

async fn the_same_settings_are_not_read_again(world: Arc<World>) -> Result<()> {
    let (edge, variables) = living_edge(&world).await?;
    let tokens = HandMade::register(&world.stack).await?.tokens().await?;
    call(&edge, tokens.text("access_token")).await?;
    let configured = async || anyhow::Ok(configured_and_begun(&edge).await?[0]);
    let before = configured().await?;
    assert!(before > 0, "settings are read");
    for how in ALL {
        rebind(&edge, how, variables).await?;
        for _ in 0..3 {
            assert_eq!(call(&edge, tokens.text("access_token")).await?, StatusCode::OK, "{how:?}");
        }
    }
    assert_eq!(configured().await?, before, "none of them is another setting");
    rebind(&edge, Rebinding::Replaced, &with(variables, names::SERVER_TIMING, "on")).await?;
    call(&edge, tokens.text("access_token")).await?;
    assert_eq!(configured().await?, before + 1);
    Ok(())
}

/// Its token was verified with the settings before, and has to be verified again.
async fn a_message_that_arrives_while_settings_change_is_answered(world: Arc<World>) -> Result<()> {
    let (edge, variables) = living_edge(&world).await?;
    let token = machines::token(&world, MACHINE).await?;
    let body = policy::message("tools/list", &json!({}));
    let (first, second) = body.split_at(body.len() / 2);
    let head = format!(
        "POST {JUDGED_RESOURCE} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Accept: application/json, text/event-stream\r\nAuthorization: Bearer {token}\r\nContent-Length: {}\r\n\r\n",
        edge.url().trim_start_matches("http://"),
        body.len(),
    );
    let changed = with(variables, names::SERVER_TIMING, "on");
    for (settings, status) in [(variables, 200), (&changed, 503), (&changed, 200)] {
        let mut stream = TcpStream::connect(edge.url().trim_start_matches("http://")).await?;
        let [_, before] = configured_and_begun(&edge).await?;
        stream.write_all([&head, first].concat().as_bytes()).await?;
        let has_begun = async {
            while configured_and_begun(&edge).await?[1] == before {}
            anyhow::Ok(())
        };
        timeout(Duration::from_secs(10), has_begun).await.context("it has not begun")??;
        rebind(&edge, Rebinding::Replaced, settings).await?;
        // They reach the edge with the next request.
        key_ids(&edge).await?;
        stream.write_all(second.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        let expected = format!("HTTP/1.1 {status} ");
        assert!(answer.starts_with(&expected), "{answer}");
        let retry = answer.to_ascii_lowercase().contains("\r\nretry-after: 1\r\n");
        assert_eq!(retry, status == 503, "{answer}");
    }
    Ok(())
}
