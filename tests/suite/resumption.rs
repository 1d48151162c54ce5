//! The edge goes away under open streams, as a process of Cloudflare's does some minutes after an update of the runtime: new
//! requests have gone to another one for long, and what is still open is cut. Clients go on, without signing in again.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, Result, ensure};
use edgeward_tests::{
    browser::{Browser, User},
    by_hand,
    client::{self, Era, SignedIn},
    edge::{Edge, Sandbox},
    recorder::{Exchange, Recorder},
};
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::{
    edge_faults::Back,
    faulty::until,
    sessions::Session,
    streaming::Listener,
    world::{World, tests},
};

tests![
    a_real_client_gets_the_rest_of_a_call_and_its_standing_stream_again,
    a_call_without_a_session_fails_and_works_when_it_is_sent_again,
    the_rest_of_a_call_comes_from_its_own_task_and_nothing_from_the_other,
];

/// Longer than the client waits between attempts.
const PATIENCE: Duration = Duration::from_secs(30);

/// A process of the edge that serves at the public address, until an update replaces it by the stack's own.
struct Old<'a> {
    public: &'a Recorder,
    edge: Edge,
    back: Back<'a>,
}

impl<'a> Old<'a> {
    async fn start(world: &'a World) -> Result<Self> {
        let public = world.stack.edge_traffic().context("not recorded")?;
        let edge = world.stack.start_edge("old-edge", Sandbox::default(), world.stack.variables()).await?;
        public.forward_to(edge.url());
        Ok(Self { public, edge, back: Back(world) })
    }

    /// Requests go to the new one, and what is open at this one is cut.
    fn replace(&self) {
        self.public.forward_to(self.back.0.stack.edge().url());
        // It waits for the process.
        tokio::task::block_in_place(|| self.edge.stop());
    }

    /// How many streams were opened with GET, and answered.
    fn streams(&self) -> usize {
        let opened = |exchange: &&Exchange| (exchange.method.as_str(), exchange.path.as_str()) == ("GET", "/mcp");
        self.public.seen().iter().filter(opened).filter(|exchange| exchange.status == 200).count()
    }
}

async fn a_real_client_gets_the_rest_of_a_call_and_its_standing_stream_again(world: Arc<World>) -> Result<()> {
    let old = Old::start(&world).await?;
    let client = SignedIn::with(&mut Browser::new()?, &world.stack.mcp(), User::DEMO).await?;
    client.wire.take();
    let (listener, streams) = (Listener::default(), old.streams());
    let connection = client.connect_with(listener.clone(), Era::Legacy).await?;
    until("its standing stream is open", || old.streams() > streams).await?;
    let streams = old.streams();
    let calling = client::call(&connection, "count_slowly", json!({ "steps": 12, "interval_ms": 250 }));
    let updating = async {
        listener.hear(2).await;
        old.replace();
    };
    let both = async { tokio::join!(calling, updating) };
    let (result, ()) = timeout(PATIENCE, both).await.context("the call does not end")?;
    let result = result?;
    assert_eq!(client::text(&result), "Counted to 12.");
    // The client handles several that come at once in any order.
    let mut heard: Vec<_> = listener.hear(12).await.iter().map(|(progress, _)| *progress as u32).collect();
    heard.sort_unstable();
    assert_eq!(heard, (1..=12).collect::<Vec<_>>(), "each step once");
    // Of the call, and the standing one.
    until("its streams are open again", || old.streams() >= streams + 2).await?;
    let again = client::call(&connection, "whoami", json!({})).await?;
    assert!(client::text(&again).contains("demo"));
    assert!(client.wire.take().is_empty(), "nobody has asked for a token");
    connection.cancel().await?;
    Ok(())
}

async fn a_call_without_a_session_fails_and_works_when_it_is_sent_again(world: Arc<World>) -> Result<()> {
    let old = Old::start(&world).await?;
    let client = SignedIn::with(&mut Browser::new()?, &world.stack.mcp(), User::DEMO).await?;
    client.wire.take();
    let listener = Listener::default();
    let connection = client.connect_with(listener.clone(), Era::Modern).await?;
    let calling = client::call(&connection, "count_slowly", json!({ "steps": 100, "interval_ms": 250 }));
    let updating = async {
        listener.hear(2).await;
        old.replace();
    };
    let both = async { tokio::join!(calling, updating) };
    let (result, ()) = timeout(PATIENCE, both).await.context("the client goes on waiting")?;
    assert!(result.is_err(), "{result:?}");
    let again = client::call(&connection, "count_slowly", json!({ "steps": 2, "interval_ms": 50 })).await?;
    assert_eq!(client::text(&again), "Counted to 2.");
    assert!(client.wire.take().is_empty(), "nobody has asked for a token");
    connection.cancel().await?;
    Ok(())
}

/// Events of a stream, as they come.
struct Events {
    response: Response,
    read: String,
}

impl Events {
    fn of(response: Response) -> Result<Self> {
        ensure!(response.status() == StatusCode::OK, "{}", response.status());
        Ok(Self { response, read: String::new() })
    }

    /// The next one that has a message, with its id; none at the end, however it ends.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            while let Some((event, rest)) = self.read.split_once("\n\n") {
                let field =
                    |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim();
                let (id, message) = (field("id:").to_owned(), serde_json::from_str(field("data:")));
                self.read = rest.to_owned();
                if let Ok(message) = message {
                    return Some((id, message));
                }
            }
            let chunk = self.response.chunk().await.ok()??;
            self.read.push_str(&String::from_utf8_lossy(&chunk));
        }
    }

    /// The steps that are told, up to the result of the call or the end.
    async fn steps(&mut self) -> (Vec<u64>, Option<String>) {
        let mut steps = Vec::new();
        while let Some((_, message)) = self.next().await {
            steps.extend(message["params"]["progress"].as_f64().map(|progress| progress as u64));
            if let Some(result) = message["result"]["content"][0]["text"].as_str() {
                return (steps, Some(result.to_owned()));
            }
        }
        (steps, None)
    }
}

async fn the_rest_of_a_call_comes_from_its_own_task_and_nothing_from_the_other(world: Arc<World>) -> Result<()> {
    let old = Old::start(&world).await?;
    let session = Session::open(&world).await?;
    let params = json!({
        "name": "count_slowly", "arguments": { "steps": 12, "interval_ms": 250 }, "_meta": { "progressToken": "steps" },
    });
    let call = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": params });
    let calling = session.in_it(by_hand::http()?.post(&session.mcp).json(&call)).send().await?;
    let mut events = Events::of(calling)?;
    let mut told = Vec::new();
    let mut last = String::new();
    while told.len() < 2 {
        let (id, message) = timeout(PATIENCE, events.next()).await?.context("it has ended")?;
        told.extend(message["params"]["progress"].as_f64().map(|progress| progress as u64));
        last = id;
    }
    assert!(!last.is_empty(), "no id to resume after");
    old.replace();
    let (steps, result) = timeout(PATIENCE, events.steps()).await?;
    assert_eq!(result, None, "it was not cut");
    // Events that had left the edge when it was cut.
    assert!(steps.len() < 9, "{steps:?}");

    // Each task once, in whatever order; the session is good at both.
    let mut answers = Vec::new();
    for _ in 0..2 {
        let resuming = session.in_it(by_hand::http()?.get(&session.mcp)).header("last-event-id", &last).send().await?;
        answers.push(timeout(PATIENCE, Events::of(resuming)?.steps()).await?);
    }
    answers.sort();
    let nothing = (Vec::new(), None);
    let rest = ((3..=12).collect(), Some("Counted to 12.".to_owned()));
    assert_eq!(answers, [nothing, rest], "told before: {told:?}");
    assert!(session.whoami(3).await?.contains("demo@example.com"));
    Ok(())
}
