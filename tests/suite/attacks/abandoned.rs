//! Requests that are begun and never ended: reset, closed half-way, or sent so slowly that they never end. What they take up
//! must come back, and others must be served meanwhile.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, Result, ensure};
use edgeward_tests::{
    by_hand::http,
    client::REDIRECT_URI,
    edge::{Capability, Edge, Sandbox},
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use super::case::{Case, Cases};
use crate::{policy, settings::JUDGED_RESOURCE, world::World};

const GROUP: &str = "abandoned";
/// More than an isolate lets in at once, which is 512.
const MANY: usize = 600;
/// Bodies at the edge's own endpoints may be of 32 KiB.
const BODY: usize = 31 * 1024;
/// As many connections are opened at the same time.
const AT_ONCE: usize = 32;
/// So much more memory may the wasm have afterwards: far less than all those bodies.
const GROWTH: u64 = 2 * 1024 * 1024;

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// It is sent whole, and its answer is read.
    Whole,
    /// Half of its body is sent, then the connection is reset.
    Reset,
    /// Half of its body is sent, then the connection is closed.
    Closed,
    /// Half of its body is sent, and the connection stays open.
    Open,
    /// It is sent whole, and its answer is not waited for.
    Unread,
}

/// An endpoint, with the media type of what it takes.
#[derive(Debug, Clone, Copy)]
struct At(&'static str, &'static str);

const ENDPOINTS: [(&str, At); 5] = [
    ("registration", At("/register", "application/json")),
    ("token_request", At("/token", "application/x-www-form-urlencoded")),
    ("revocation", At("/revoke", "application/x-www-form-urlencoded")),
    ("decision", At("/authorize", "application/x-www-form-urlencoded")),
    ("judged_message", At(JUDGED_RESOURCE, "application/json")),
];

/// Something between client and edge might not pass on that a client goes away.
async fn edge(world: &World) -> Result<&Edge> {
    let sandbox = || Sandbox::from(Capability::Direct).with(Capability::Memory);
    let start = async || world.stack.start_edge("abandoned-edge", sandbox(), world.stack.variables()).await;
    world.abandoned.get_or_try_init(start).await
}

pub(super) fn cases() -> Vec<Case> {
    async fn send(world: Arc<World>, (At(path, kind), end): (At, End)) -> Result<String> {
        let edge = edge(&world).await?;
        let is_judged = path == JUDGED_RESOURCE;
        let token = if is_judged { policy::token(&world, "use").await? } else { String::new() };
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nContent-Type: {kind}\r\nContent-Length: {BODY}\r\n\
             Accept: application/json, text/event-stream\r\nAuthorization: Bearer {token}\r\n\r\n",
            host = world.host(),
        );
        let before = edge.wasm_memory().await?;
        let streams = stream::iter(0..MANY).map(|_| begin(edge, &head, end)).buffered(AT_ONCE);
        let held: Vec<_> = streams.try_collect().await?;
        let served = if is_judged { call(&world, edge).await? } else { register(&world, edge).await? };
        let mut held = held.into_iter().flatten();
        let refused = match (end, if is_judged { held.next_back() } else { held.next() }) {
            (End::Open, Some(stream)) if is_judged => format!(", the last {}", status(stream).await?),
            (End::Open, Some(stream)) => format!(", the first {}", status(stream).await?),
            _ => String::new(),
        };
        let grown = edge.wasm_memory().await?.saturating_sub(before);
        let memory = if grown <= GROWTH { "as before".to_owned() } else { format!("{grown} bytes more") };
        Ok(format!("others {served}, memory {memory}{refused}"))
    }
    let mut cases = Vec::new();
    for (name, at) in ENDPOINTS {
        let At(path, _) = at;
        // Others are clients that register; or call, which needs the room that messages have.
        let (served, stopped) = if path == JUDGED_RESOURCE {
            // It has its share, and no more.
            ("others 200, memory as before", "others 200, memory as before, the last 503")
        } else {
            ("others 201, memory as before", "others 201, memory as before, the first 408")
        };
        let group = Cases::new(GROUP, send, ((at, End::Whole), served));
        let group = group
            .add(
                format!("a_{name}_reset"),
                format!("`POST {path}`, {MANY} times half a body and a reset"),
                (at, End::Reset),
                served,
            )
            .add(
                format!("a_{name}_cut_off"),
                format!("`POST {path}`, {MANY} times half a body, and the end"),
                (at, End::Closed),
                served,
            )
            .add(
                format!("a_{name}_held_open"),
                format!("`POST {path}`, {MANY} times half a body, and the connection stays open"),
                (at, End::Open),
                stopped,
            )
            .add(
                format!("a_{name}_unread"),
                format!("`POST {path}`, {MANY} times, and nobody waits for the answer"),
                (at, End::Unread),
                served,
            );
        cases.extend(group.list());
    }
    cases
}

/// Begins a request; the connection if it stays open.
async fn begin(edge: &Edge, head: &str, end: End) -> Result<Option<TcpStream>> {
    let mut stream = TcpStream::connect(edge.url().trim_start_matches("http://")).await?;
    stream.write_all(head.as_bytes()).await?;
    let sent = if matches!(end, End::Whole | End::Unread) { BODY } else { BODY / 2 };
    // Who is refused early may find the connection closed.
    let written = stream.write_all("a".repeat(sent).as_bytes()).await;
    match end {
        End::Open => return Ok(Some(stream)),
        End::Whole => {
            let mut answer = [0];
            timeout(PATIENCE, stream.read(&mut answer)).await.context("no answer")??;
        }
        End::Reset => stream.set_zero_linger()?,
        End::Closed | End::Unread => written?,
    }
    Ok(None)
}

/// What a call of another user is answered with meanwhile.
async fn call(world: &World, edge: &Edge) -> Result<u16> {
    let request = http()?.post(format!("{}{JUDGED_RESOURCE}", edge.url())).header("host", world.host());
    let request = request.bearer_auth(policy::token(world, "use").await?).header("content-type", "application/json");
    let request = request.header("accept", "application/json, text/event-stream");
    let parameters = json!({
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "other", "version": "0" },
    });
    Ok(request.body(policy::message("initialize", &parameters)).send().await?.status().as_u16())
}

/// What a registration is answered with meanwhile.
async fn register(world: &World, edge: &Edge) -> Result<u16> {
    let metadata = json!({ "redirect_uris": [REDIRECT_URI], "token_endpoint_auth_method": "none" });
    let request = http()?.post(format!("{}/register", edge.url())).header("host", world.host()).json(&metadata);
    Ok(request.send().await?.status().as_u16())
}

async fn status(mut stream: TcpStream) -> Result<u16> {
    let mut head = [0; 12];
    timeout(PATIENCE, stream.read_exact(&mut head)).await.context("no answer")??;
    let status = std::str::from_utf8(&head)?.rsplit(' ').next().unwrap_or_default();
    ensure!(head.starts_with(b"HTTP/1.1 "), "no HTTP");
    Ok(status.parse()?)
}

const PATIENCE: Duration = Duration::from_secs(20);
