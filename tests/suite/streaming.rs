//! Answers that take their time, through the edge.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::Result;
use edgeward_tests::{
    browser::{Browser, User},
    by_hand,
    client::{ERAS, SignedIn, call, text},
};
use rmcp::{ClientHandler, RoleClient, model::ProgressNotificationParam, service::NotificationContext};
use serde_json::json;
use tokio::sync::Notify;

use crate::world::{World, tests};

tests![progress_arrives_as_it_is_made, a_client_that_goes_away_stops_the_tool];

async fn progress_arrives_as_it_is_made(world: Arc<World>) -> Result<()> {
    let client = SignedIn::with(&mut Browser::new()?, &world.stack.mcp(), User::DEMO).await?;
    for era in ERAS {
        let listener = Listener::default();
        let connection = client.connect_with(listener.clone(), era).await?;
        let result = call(&connection, "count_slowly", json!({ "steps": 5, "interval_ms": 200 })).await?;
        assert_eq!(text(&result), "Counted to 5.");
        let heard = listener.hear(5).await;
        let progress: Vec<_> = heard.iter().map(|(progress, _)| *progress).collect();
        assert_eq!(progress, [1.0, 2.0, 3.0, 4.0, 5.0], "{era:?}");
        for pair in heard.windows(2) {
            let gap = pair[1].1.duration_since(pair[0].1);
            assert!(gap > Duration::from_millis(50), "{era:?}: two came together, {gap:?} apart");
        }
        connection.cancel().await?;
    }
    Ok(())
}

async fn a_client_that_goes_away_stops_the_tool(world: Arc<World>) -> Result<()> {
    let client = SignedIn::with(&mut Browser::new()?, &world.stack.mcp(), User::DEMO).await?;
    let arguments = json!({ "steps": 100, "interval_ms": 200 });
    let request = by_hand::call(world.stack.mcp().as_str(), "count_slowly", &arguments)?;
    let mut answer = request.bearer_auth(client.access_token().await?).send().await?;
    assert!(answer.chunk().await?.is_some(), "the first event");
    drop(answer);
    // workerd tells the origin at its next write: the tool reports its steps, so there is one soon.
    while !world.stack.origins().log().contains("tool cancelled") {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

/// Remembers when it was told of which progress.
#[derive(Clone, Default)]
pub(crate) struct Listener {
    heard: Arc<Mutex<Vec<(f64, Instant)>>>,
    told: Arc<Notify>,
}

impl Listener {
    /// Waits until it was told `times` times: the client handles the last notification beside the answer, not before.
    pub(crate) async fn hear(&self, times: usize) -> Vec<(f64, Instant)> {
        loop {
            let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if heard.len() >= times {
                return heard;
            }
            self.told.notified().await;
        }
    }
}

impl ClientHandler for Listener {
    async fn on_progress(&self, progress: ProgressNotificationParam, _: NotificationContext<RoleClient>) {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).push((progress.progress, Instant::now()));
        self.told.notify_one();
    }
}
