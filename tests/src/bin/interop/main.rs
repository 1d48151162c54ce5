//! Other people's clients, unmodified, against the edge: `make interop`.
//!
//! Each starts from nothing, has its user sign in in a real browser, uses the server, goes on when its access token has
//! expired, and comes back without asking the user again.
//!
//! The tokens really expire: the edge's do not outlive those of the user pool, which dates the first ones of each client
//! back, so that they are good for [`LIFETIME`] only.

mod browser;
mod inspector;
mod mcp_remote;
mod rust_sdk;
mod scene;
mod subject;

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use edgeward_tests::{
    client::Era,
    signal::{counted, to_its_end},
};

use self::{
    inspector::Inspector,
    mcp_remote::McpRemote,
    rust_sdk::RustSdk,
    scene::Scene,
    subject::{Tally, examine},
};

/// How long the first access token of a client is good for, in seconds.
const LIFETIME: i64 = 15;

#[tokio::main]
async fn main() -> ExitCode {
    to_its_end("interop", run()).await
}

async fn run() -> Result<ExitCode> {
    println!("Edgeward interop: other people's clients, and a user with a real browser.\n");
    let scene = Scene::start().await?;
    let logs = scene.stack.folder().display().to_string();
    let tally = all(&scene).await.with_context(|| format!("the logs are in {logs}"))?;
    println!("\nThe logs are in {logs}");
    Ok(counted("interop", tally.passed, tally.failed))
}

/// All at the same time, so that they wait for the end of their tokens together.
async fn all(scene: &Scene) -> Result<Tally> {
    let (one, two, three, four) = tokio::join!(
        examine(scene, "mcp-remote", McpRemote::new),
        examine(scene, "Inspector, legacy", |scene| Inspector::new(scene, Era::Legacy)),
        examine(scene, "Inspector, modern", |scene| Inspector::new(scene, Era::Modern)),
        examine(scene, "rmcp", RustSdk::new),
    );
    Ok(one? + two? + three? + four?)
}
