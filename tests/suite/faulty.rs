//! An edge in front of an origin that fails as it is told to, with a clock that can be moved. It has the keys of the
//! others' edge and its Cognito, and remembers nothing of what that one has seen.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use edgeward_identity::names::edge as names;
use edgeward_tests::{
    by_hand::{self, HandMade},
    edge::{Capability, Edge, Sandbox, Variables},
    fault_origin::FaultOrigin,
};
use reqwest::{Response, StatusCode, header::HeaderMap};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::world::World;

/// Both, for all tests of faults.
pub(crate) struct Faulty {
    pub(crate) edge: Edge,
    pub(crate) origin: FaultOrigin,
    pub(crate) variables: Variables,
    ahead: AtomicI64,
}

/// What a call was answered with.
#[derive(Debug)]
pub(crate) struct Called {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    pub(crate) took: Duration,
}

impl World {
    /// Both, started when they are first asked for.
    pub(crate) async fn faulty(&self) -> Result<&Faulty> {
        self.faulty.get_or_try_init(|| Faulty::start(self)).await
    }

    /// Stops everything.
    pub(crate) fn stop(&self) {
        if let Some(faulty) = self.faulty.get() {
            faulty.edge.stop();
        }
        if let Some(edge) = self.abandoned.get() {
            edge.stop();
        }
        if let Some(scene) = self.incidents.get() {
            scene.stop();
        }
        self.stack.stop();
    }
}

impl Faulty {
    async fn start(world: &World) -> Result<Self> {
        let origin = FaultOrigin::start(&world.stack.origin_url()).await?;
        let mut variables = world.stack.variables().clone();
        let audience = variables.get(names::ORIGIN_URL).cloned().context("no origin")?;
        variables.insert(names::ORIGIN_AUDIENCE.to_owned(), audience);
        variables.insert(names::ORIGIN_URL.to_owned(), origin.url());
        // Most tests of faults need no other time, and so can do without.
        let has_clock = world.stack.runtime().capabilities().contains(&Capability::Clock);
        let sandbox = if has_clock { Capability::Clock.into() } else { Sandbox::default() };
        let edge = world.stack.start_edge("faulty-edge", sandbox, &variables).await?;
        Ok(Self { edge, origin, variables, ahead: AtomicI64::new(0) })
    }

    /// Moves the edge's clock on: time does not go back for it from one test to the next.
    pub(crate) async fn advance(&self, seconds: i64) -> Result<()> {
        self.edge.move_clock(self.ahead.fetch_add(seconds, Ordering::SeqCst) + seconds).await
    }

    /// A client that is known to the others' edge, and reaches this one.
    pub(crate) async fn client(&self, world: &World) -> Result<HandMade> {
        Ok(HandMade::register(&world.stack).await?.at(self.edge.url()))
    }

    /// `whoami` at this edge, sent and not yet read.
    pub(crate) async fn send(&self, token: &str) -> Result<Response> {
        self.send_tool("whoami", &json!({}), token).await
    }

    pub(crate) async fn send_tool(&self, tool: &str, arguments: &Value, token: &str) -> Result<Response> {
        let request = by_hand::call(&format!("{}/mcp", self.edge.url()), tool, arguments)?;
        Ok(request.bearer_auth(token).send().await?)
    }

    /// `whoami` at this edge.
    pub(crate) async fn call(&self, token: &str) -> Result<Called> {
        let started = Instant::now();
        let answer = self.send(token).await?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        Ok(Called { status, headers, text: answer.text().await?, took: started.elapsed() })
    }

    pub(crate) fn log_mark(&self) -> usize {
        self.edge.log().len()
    }

    /// Waits for a record of this event in what the edge logs after `mark`.
    pub(crate) async fn record(&self, mark: usize, event: &str) -> Result<Value> {
        self.edge.record_after(mark, event).await
    }
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, is_so: impl Fn() -> bool) -> Result<()> {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(10), waiting).await.with_context(|| format!("in vain: {what}"))
}

/// The access token of a user who has signed in at the others' edge.
pub(crate) async fn access_token(world: &Arc<World>) -> Result<String> {
    let tokens = HandMade::register(&world.stack).await?.tokens().await?;
    Ok(tokens.text("access_token").to_owned())
}
