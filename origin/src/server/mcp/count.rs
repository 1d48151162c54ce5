//! `count_slowly`: a long-running tool that reports progress and stops when nobody waits for it any more.

use std::time::Duration;

use rmcp::{
    Peer, RoleServer,
    handler::server::wrapper::Parameters,
    model::{CallToolResult, ContentBlock, ProgressNotificationParam, RequestMetaObject},
    tool, tool_router,
};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use super::{Tools, context::LogContext};

#[derive(Debug, Deserialize, JsonSchema)]
struct Count {
    /// How far to count, from 1 to 1000.
    #[schemars(range(min = 1, max = 1000))]
    steps: u32,
    /// Milliseconds before each step, from 1 to 60000.
    #[schemars(range(min = 1, max = 60000))]
    interval_ms: u64,
}

#[tool_router(router = count_router, vis = "pub(super)")]
impl Tools {
    #[tool(
        title = "Count slowly",
        description = "Counts up step by step and reports progress at each step; stops when cancelled.",
        annotations(read_only_hint = true, open_world_hint = false)
    )]
    async fn count_slowly(
        &self,
        Parameters(Count { steps, interval_ms }): Parameters<Count>,
        meta: RequestMetaObject,
        peer: Peer<RoleServer>,
        cancelled: CancellationToken,
        log: LogContext,
    ) -> CallToolResult {
        if !(1..=1000).contains(&steps) || !(1..=60_000).contains(&interval_ms) {
            let text = "`steps` must be from 1 to 1000, `interval_ms` from 1 to 60000.";
            return CallToolResult::error(vec![ContentBlock::text(text)]);
        }
        let progress_token = meta.get_progress_token();
        let mut counting = Counting { counted: 0, done: false, log };
        while counting.counted < steps {
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(interval_ms)) => counting.counted += 1,
                () = cancelled.cancelled() => return CallToolResult::error(vec![ContentBlock::text("Cancelled.")]),
            }
            if let Some(token) = &progress_token {
                let progress = ProgressNotificationParam::new(token.clone(), f64::from(counting.counted))
                    .with_total(f64::from(steps))
                    .with_message(format!("{} of {steps}", counting.counted));
                // Whoever can no longer be told is about to be noticed as gone.
                let _ = peer.notify_progress(progress).await;
            }
        }
        counting.done = true;
        CallToolResult::success(vec![ContentBlock::text(format!("Counted to {steps}."))])
    }
}

/// Logs how far it came when it ends early: told to stop, or dropped.
struct Counting {
    counted: u32,
    done: bool,
    log: LogContext,
}

impl Drop for Counting {
    fn drop(&mut self) {
        if !self.done {
            let LogContext { trace_id, subject } = &self.log;
            tracing::info!(tool = "count_slowly", trace_id, subject, counted = self.counted, "tool cancelled");
        }
    }
}
