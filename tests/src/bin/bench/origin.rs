//! The origin that all have behind them: it answers at once. It runs in a process of its own, so that its time is nobody
//! else's.

use std::{
    convert::Infallible,
    net::SocketAddr,
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result};
use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::{Query, Request, State},
    http::{StatusCode, Uri, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use edgeward_tests::{
    origin::ready,
    port::{Port, loopback},
    process::Process,
};
use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};
use tokio::{net::TcpListener, time::MissedTickBehavior};

/// The running origin.
#[derive(Debug)]
pub(crate) struct Origin {
    process: Process,
    url: String,
}

/// The argument that makes this program the origin.
pub(crate) const ARGUMENT: &str = "origin";

impl Origin {
    /// Starts it, with its log in `folder`.
    ///
    /// # Errors
    /// When it does not serve.
    pub(crate) async fn start(folder: &Path) -> Result<Self> {
        let address = loopback(Port::Free.choose()?);
        let mut command = Command::new(std::env::current_exe()?);
        command.env_clear().args([ARGUMENT, &address.to_string()]);
        let this = Self { process: Process::spawn("origin", &mut command, folder)?, url: format!("http://{address}") };
        ready(&this.process, &format!("{}/healthz", this.url), StatusCode::OK, Duration::from_secs(10)).await?;
        Ok(this)
    }

    /// Its URL, without a trailing slash.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// How many requests to `/mcp` it has had.
    ///
    /// # Errors
    /// When it does not answer.
    pub(crate) async fn requests(&self) -> Result<u64> {
        let http = edgeward_tests::by_hand::http()?;
        Ok(http.get(format!("{}/requests", self.url)).send().await?.text().await?.parse()?)
    }
}

/// Serves until the process is stopped.
///
/// # Errors
/// When it cannot listen.
pub(crate) async fn serve(address: SocketAddr) -> Result<()> {
    let seen = Arc::new(AtomicU64::new(0));
    let router = Router::new()
        .route("/mcp", get(async || StatusCode::METHOD_NOT_ALLOWED).post(answer))
        .route("/requests", get(async |State(seen): State<Arc<AtomicU64>>| seen.load(Ordering::Relaxed).to_string()))
        .fallback(async || "ok")
        .with_state(seen);
    let listener = TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
    axum::serve(listener, router).await?;
    Ok(())
}

async fn answer(State(seen): State<Arc<AtomicU64>>, request: Request) -> Response {
    seen.fetch_add(1, Ordering::Relaxed);
    let (parts, body) = request.into_parts();
    match parts.headers.get("mcp-name").map(|name| name.as_bytes()) {
        Some(b"stream") => stream(&parts.uri),
        Some(b"upload") => swallow(body).await,
        Some(_) => {
            drain(body).await;
            ([(header::CONTENT_TYPE, "application/json")], Bytes::from_static(RESULT)).into_response()
        }
        // Of a client that says in the body only what it wants: FastMCP's.
        None => Json(reply(body).await).into_response(),
    }
}

const RESULT: &[u8] = br#"{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"Sunny, 21 degrees, a light wind from the west."}],"structuredContent":{"condition":"sunny","temperature":21},"isError":false}}"#;

async fn drain(body: Body) -> usize {
    body.into_data_stream().fold(0, async |sum, chunk| sum + chunk.map_or(0, |chunk| chunk.len())).await
}

async fn swallow(body: Body) -> Response {
    drain(body).await.to_string().into_response()
}

/// Events, each with the time at which it was sent.
fn stream(uri: &Uri) -> Response {
    let Ok(Query(asked)) = Query::<Vec<(String, u64)>>::try_from_uri(uri) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let number = |name: &str| asked.iter().find(|(known, _)| known == name).map_or(1, |(_, value)| *value);
    let mut ticks = tokio::time::interval(Duration::from_millis(number("interval").max(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let events = stream::unfold((ticks, number("events")), async |(mut ticks, left)| {
        ticks.tick().await;
        let event = format!("event: message\ndata: {}\n\n", nanoseconds());
        (left > 0).then(|| (Ok::<_, Infallible>(event), (ticks, left - 1)))
    });
    ([(header::CONTENT_TYPE, "text/event-stream")], Body::from_stream(events)).into_response()
}

/// The time, for two processes of one machine.
pub(crate) fn nanoseconds() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// As much of a server as FastMCP's client asks for.
async fn reply(body: Body) -> Value {
    let message = axum::body::to_bytes(body, 1024 * 1024).await.unwrap_or_default();
    let message: Value = serde_json::from_slice(&message).unwrap_or_default();
    let result = match message["method"].as_str() {
        Some("initialize") => json!({
            "protocolVersion": message["params"]["protocolVersion"],
            "capabilities": { "tools": {} },
            "serverInfo": { "name": "bench", "version": "0" },
        }),
        Some("tools/list") => json!({ "tools": [{ "name": "weather", "inputSchema": { "type": "object" } }] }),
        Some("tools/call") => serde_json::from_slice::<Value>(RESULT).unwrap_or_default()["result"].clone(),
        _ => json!({}),
    };
    json!({ "jsonrpc": "2.0", "id": message["id"], "result": result })
}
