//! Changes of the lists of tools and prompts: nothing really changes, but whoever listens is told so.

use rmcp::service::SubscriptionContext;
use tokio::sync::broadcast::{self, error::RecvError};

/// Where changes are told.
#[derive(Debug, Clone)]
pub(crate) struct Changes(broadcast::Sender<Change>);

/// What has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Tools,
    Prompts,
}

impl Changes {
    pub(crate) fn new() -> Self {
        Self(broadcast::Sender::new(16))
    }

    pub(crate) fn tell(&self, change: Change) {
        // Nobody may be listening.
        let _ = self.0.send(change);
    }

    /// Passes changes on to a subscription until it ends. What it has not asked for, its sink refuses.
    pub(crate) async fn pass_on(&self, subscription: SubscriptionContext) {
        let mut changes = self.0.subscribe();
        loop {
            let change = tokio::select! {
                () = subscription.cancelled() => return,
                change = changes.recv() => change,
            };
            let sink = subscription.sink();
            let told = match change {
                Ok(Change::Tools) => sink.notify_tool_list_changed().await,
                Ok(Change::Prompts) => sink.notify_prompt_list_changed().await,
                Err(RecvError::Lagged(_)) => Ok(()),
                Err(RecvError::Closed) => return,
            };
            if let Err(error) = told {
                tracing::debug!(%error, "a change was not told");
            }
        }
    }
}
