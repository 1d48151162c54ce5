//! Several MCP servers behind one edge, and one that demands a credential of its own.

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result};
use axum::{
    Json, Router,
    extract::Request,
    http::{HeaderMap, Uri},
};
use edgeward_identity::{
    UnixTime, Verifier, VerifyingKeys,
    names::{IDENTITY_HEADER, edge as names},
};
use edgeward_tests::{
    browser::Browser,
    by_hand::{self, HandMade},
    edge::Edge,
    port::loopback,
};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

use crate::{
    faulty::until,
    other_settings::other_edge,
    settings::OTHER_RESOURCE,
    world::{World, tests},
};

tests![each_resource_has_its_own_server_and_its_own_credentials, credentials_for_no_resource_stop_the_edge];

const CREDENTIAL: &str = "Bearer credential-of-the-origin-0001";

/// An MCP server that says what it was sent.
struct Echo {
    url: String,
    serving: JoinHandle<()>,
}

impl Echo {
    async fn start() -> Result<Self> {
        let listener = TcpListener::bind(loopback(0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let router = Router::new().fallback(async |uri: Uri, request: Request| Json(seen(&uri, request.headers())));
        let serving = tokio::spawn(async move {
            // Ends only when the task is aborted.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { url, serving })
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn seen(uri: &Uri, headers: &HeaderMap) -> Value {
    let all = |name: &str| -> Vec<_> {
        headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect()
    };
    json!({
        "path": uri.to_string(),
        "identity": all(IDENTITY_HEADER),
        "authorization": all("authorization"),
        "x-api-key": all("x-api-key"),
    })
}

/// Signs a user in for a resource.
async fn token(world: &World, path: &str) -> Result<String> {
    let mut client = HandMade::register(&world.stack).await?;
    client.resource = world.stack.url(path).into();
    let code = client.code_for(&client.authorization().without("scope"), &mut Browser::new()?).await?;
    Ok(client.token(&client.redemption(&code)).await?.text("access_token").to_owned())
}

/// What the server behind a resource was sent, with credentials of the client's own.
async fn call(edge: &Edge, path: &str, token: &str) -> Result<Value> {
    let request = by_hand::whoami(&format!("{}{path}?a=b", edge.url()))?.bearer_auth(token);
    let answer = request.header("x-api-key", "the-clients-own").send().await?;
    assert_eq!(answer.status(), StatusCode::OK, "{path}");
    Ok(answer.json().await?)
}

async fn each_resource_has_its_own_server_and_its_own_credentials(world: Arc<World>) -> Result<()> {
    let (first, second) = (Echo::start().await?, Echo::start().await?);
    let base = format!("{}/base", first.url);
    let resources = json!([
        { "path": "/mcp", "origin_url": base, "scopes": { "mcp": "Use it" } },
        { "path": OTHER_RESOURCE, "origin_url": second.url, "origin_path": "/mcp/", "scopes": { "second": "Use it" } },
    ]);
    let credentials = json!({ "/mcp": { "Authorization": CREDENTIAL, "X-Api-Key": "key-of-the-origin" } });
    let settings = [
        (names::ORIGIN_URL, ""),
        (names::RESOURCES, &*resources.to_string()),
        // It names scopes of the usual resources.
        (names::CLIENTS, ""),
        (names::ORIGIN_CREDENTIALS, &*credentials.to_string()),
    ];
    let edge = other_edge(&world, &settings).await?;
    let (one, two) = (token(&world, "/mcp").await?, token(&world, OTHER_RESOURCE).await?);

    // The second call repeats the first one.
    for _ in 0..2 {
        let sent = call(&edge, "/mcp", &one).await?;
        assert_eq!(sent["path"], "/base/mcp?a=b");
        assert_eq!(sent["authorization"], json!([CREDENTIAL]));
        assert_eq!(sent["x-api-key"], json!(["key-of-the-origin"]));
        assert!(is_for(&world, &sent, &base).await? && !is_for(&world, &sent, &second.url).await?);

        let sent = call(&edge, OTHER_RESOURCE, &two).await?;
        assert_eq!(sent["path"], "/mcp/?a=b");
        assert_eq!((&sent["authorization"], &sent["x-api-key"]), (&json!([]), &json!(["the-clients-own"])));
        assert!(is_for(&world, &sent, &second.url).await? && !is_for(&world, &sent, &base).await?);
    }
    for (path, token) in [(OTHER_RESOURCE, &one), ("/mcp", &two)] {
        let answer = by_hand::whoami(&format!("{}{path}", edge.url()))?.bearer_auth(token).send().await?;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "a token is for one resource");
    }
    assert!(!edge.log().contains("credential-of-the-origin"));
    Ok(())
}

/// Whether a server with this audience accepts the identity that was sent.
async fn is_for(world: &World, sent: &Value, audience: &str) -> Result<bool> {
    let jwks = reqwest::get(format!("{}/.well-known/jwks.json", world.stack.issuer())).await?.bytes().await?;
    let keys = VerifyingKeys::from_jwks(&jwks)?;
    let [identity] = sent["identity"].as_array().context("no list")?.as_slice() else { return Ok(false) };
    let verifier = Verifier::new(world.stack.issuer(), audience);
    Ok(verifier.verify(identity.as_str().context("no text")?, &keys, now()?).is_ok())
}

async fn credentials_for_no_resource_stop_the_edge(world: Arc<World>) -> Result<()> {
    let mut variables = world.stack.variables().clone();
    let credentials = json!({ "/nowhere": { "Authorization": CREDENTIAL } }).to_string();
    variables.insert(names::ORIGIN_CREDENTIALS.to_owned(), credentials);
    let edge = world.stack.start_misconfigured_edge("origin-credentials", &variables).await?;
    let answer = by_hand::whoami(&format!("{}/mcp", edge.url()))?.send().await?;
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    until("its refusal is logged", || edge.log().contains("EDGEWARD_ORIGIN_CREDENTIALS names")).await?;
    assert!(edge.log().contains("/nowhere") && !edge.log().contains("credential-of-the-origin"), "{}", edge.log());
    Ok(())
}

fn now() -> Result<UnixTime> {
    Ok(UnixTime::from_secs(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs()))
}
