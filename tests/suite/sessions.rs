//! Sessions of clients before 2026-07-28, in front of two origins that are asked in turn.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use edgeward_tests::{
    browser::{Browser, User},
    by_hand,
    client::{self, ERAS, Era, SignedIn},
};
use futures_util::future::try_join_all;
use reqwest::{RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::{
    faulty::access_token,
    world::{World, tests},
};

tests![
    a_session_is_used_at_both_origins,
    an_ended_stream_is_opened_again_and_a_session_is_not_deleted,
    a_rolling_replacement_of_both_origins_loses_nothing,
];

/// A session that was opened by hand.
pub(crate) struct Session {
    pub(crate) mcp: String,
    token: String,
    id: String,
}

impl Session {
    pub(crate) async fn open(world: &Arc<World>) -> Result<Self> {
        Self::open_at(world.stack.mcp().to_string(), access_token(world).await?).await
    }

    /// At another edge, with a token for that.
    pub(crate) async fn open_at(mcp: String, token: String) -> Result<Self> {
        let info = json!({ "name": "by hand", "version": "0" });
        let params = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": info });
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params });
        let request = by_hand::http()?.post(&mcp).bearer_auth(&token).json(&message);
        let opened = request.header("accept", "application/json, text/event-stream").send().await?;
        let id = opened.headers().get("mcp-session-id").context("no session")?.to_str()?.to_owned();
        opened.text().await?;
        Ok(Self { mcp, token, id })
    }

    pub(crate) fn in_it(&self, request: RequestBuilder) -> RequestBuilder {
        request
            .bearer_auth(&self.token)
            .header("mcp-session-id", &self.id)
            .header("mcp-protocol-version", "2025-11-25")
            .header("accept", "application/json, text/event-stream")
    }

    pub(crate) async fn whoami(&self, id: u64) -> Result<String> {
        let params = json!({ "name": "whoami", "arguments": {} });
        let call = json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params });
        let answer = self.in_it(by_hand::http()?.post(&self.mcp).json(&call)).send().await?;
        ensure!(answer.status() == StatusCode::OK, "{}", answer.status());
        Ok(answer.text().await?)
    }

    /// A standing stream.
    async fn listen(&self) -> Result<Response> {
        let answer = self.in_it(by_hand::http()?.get(&self.mcp)).send().await?;
        ensure!(answer.status() == StatusCode::OK, "{}", answer.status());
        Ok(answer)
    }
}

async fn a_session_is_used_at_both_origins(world: Arc<World>) -> Result<()> {
    let session = Session::open(&world).await?;
    // One call for the origin that it was opened at would be enough, wherever others of these tests are in their turns.
    for id in 2..12 {
        assert!(session.whoami(id).await?.contains("demo@example.com"));
    }
    let mut connections = Vec::new();
    for era in ERAS {
        let client = SignedIn::with(&mut Browser::new()?, &world.stack.mcp(), User::DEMO).await?;
        connections.push(client.connect(era).await?);
    }
    for connection in &connections {
        let calls = (0..10).map(|_| client::call(connection, "whoami", json!({})));
        for answer in try_join_all(calls).await? {
            assert_eq!(answer.structured_content.context("nobody")?["username"], "demo");
        }
    }
    Ok(())
}

async fn an_ended_stream_is_opened_again_and_a_session_is_not_deleted(world: Arc<World>) -> Result<()> {
    let session = Session::open(&world).await?;
    for _ in 0..4 {
        drop(session.listen().await?);
    }
    // Of a call that some other origin has, or none: nothing to resume, and no hanging.
    let resumed =
        session.in_it(by_hand::http()?.get(&session.mcp)).header("last-event-id", "elsewhere.3/0").send().await?;
    assert_eq!(resumed.status(), StatusCode::OK);
    assert_eq!(timeout(Duration::from_secs(5), resumed.text()).await??, "");
    let cancelled = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 99 } });
    let answer = json!({ "jsonrpc": "2.0", "id": 0, "result": {} });
    for message in [cancelled, answer] {
        for _ in 0..2 {
            let sent = session.in_it(by_hand::http()?.post(&session.mcp).json(&message)).send().await?;
            assert_eq!(sent.status(), StatusCode::ACCEPTED, "{message}");
        }
    }
    let deleted = session.in_it(by_hand::http()?.delete(&session.mcp)).send().await?;
    assert_eq!(deleted.status(), StatusCode::METHOD_NOT_ALLOWED);
    session.whoami(2).await.map(drop)
}

/// What goes on while origins are replaced.
#[derive(Default)]
struct Traffic {
    stop: AtomicBool,
    /// Rounds of each worker.
    rounds: [AtomicUsize; WORKERS],
    /// Standing streams that have ended and were opened again.
    reopened: AtomicUsize,
}

/// Of each era two real clients, a session by hand, and a standing stream.
const WORKERS: usize = 6;

impl Traffic {
    fn goes_on(&self) -> bool {
        !self.stop.load(Ordering::SeqCst)
    }

    fn done(&self, worker: usize) {
        self.rounds[worker].fetch_add(1, Ordering::SeqCst);
    }

    /// Waits until each worker has begun and ended a round.
    async fn settle(&self) -> Result<()> {
        let counts = || self.rounds.each_ref().map(|rounds| rounds.load(Ordering::SeqCst));
        // The standing stream comes round when its origin is replaced.
        let wanted: Vec<_> = counts()[..WORKERS - 1].iter().map(|count| count + 2).collect();
        let settling = async {
            while counts().iter().zip(&wanted).any(|(count, wanted)| count < wanted) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let settled = timeout(Duration::from_secs(20), settling).await;
        settled.with_context(|| format!("a client does not come on: {:?}", counts()))
    }

    async fn calls(&self, worker: usize, world: &World, era: Era) -> Result<()> {
        let client = SignedIn::with(&mut Browser::new()?, &world.stack.mcp(), User::DEMO).await?;
        let connection = client.connect(era).await?;
        while self.goes_on() {
            client::call(&connection, "whoami", json!({})).await?;
            let counted = client::call(&connection, "count_slowly", json!({ "steps": 3, "interval_ms": 50 })).await?;
            ensure!(client::text(&counted) == "Counted to 3.", "{counted:?}");
            self.done(worker);
        }
        connection.cancel().await?;
        Ok(())
    }

    async fn calls_by_hand(&self, worker: usize, session: &Session) -> Result<()> {
        let mut id = 1;
        while self.goes_on() {
            id += 1;
            let answer = session.whoami(id).await?;
            let data = answer.lines().filter_map(|line| line.strip_prefix("data:"));
            let told = data.filter_map(|data| serde_json::from_str::<Value>(data).ok()).any(|told| told["id"] == id);
            ensure!(told, "{answer}");
            self.done(worker);
        }
        Ok(())
    }

    /// A client that listens, and listens again as soon as a stream has ended.
    async fn listens(&self, worker: usize, session: &Session) -> Result<()> {
        while self.goes_on() {
            let mut standing = session.listen().await?;
            while let Some(_event) = standing.chunk().await? {
                if !self.goes_on() {
                    return Ok(());
                }
            }
            self.reopened.fetch_add(1, Ordering::SeqCst);
            self.done(worker);
        }
        Ok(())
    }
}

async fn a_rolling_replacement_of_both_origins_loses_nothing(world: Arc<World>) -> Result<()> {
    let (traffic, session) = (Traffic::default(), Session::open(&world).await?);
    let clients = async {
        tokio::try_join!(
            traffic.calls(0, &world, Era::Legacy),
            traffic.calls(1, &world, Era::Legacy),
            traffic.calls(2, &world, Era::Modern),
            traffic.calls(3, &world, Era::Modern),
            traffic.calls_by_hand(4, &session),
        )
    };
    let replacing = async {
        traffic.settle().await?;
        for _ in 0..2 {
            world.stack.origins().replace().await?;
            traffic.settle().await?;
        }
        traffic.stop.store(true, Ordering::SeqCst);
        anyhow::Ok(())
    };
    let listening = traffic.listens(5, &session);
    // The stream stands for as long as it may: it ends when both others have.
    tokio::select! {
        ended = async { tokio::try_join!(clients, replacing) } => drop(ended?),
        ended = listening => ended.and_then(|()| anyhow::bail!("nobody listens any more"))?,
    }
    assert!(traffic.reopened.load(Ordering::SeqCst) >= 1, "both origins are others, so the stream has ended");
    assert!(
        session.whoami(1_000_000).await?.contains("demo@example.com"),
        "a session outlives every origin it has seen"
    );
    Ok(())
}
