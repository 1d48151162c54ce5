//! The edge as an authorization server.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use edgeward_tests::{
    browser::{Browser, User},
    by_hand::{self, HandMade},
    port::Port,
    process::Process,
    stack::Stack,
};
use reqwest::Url;

use crate::{
    report::{self, Tally},
    tool::Run,
};

/// Everything that the tool knows of authorization servers.
pub(crate) async fn judge(stack: &Stack, revision: &str) -> Result<Tally> {
    // It may come back at any port.
    let client = HandMade::register(stack).await?;
    let port = Port::Free.choose()?.to_string();
    let resource = stack.mcp();
    let (client_id, resource) = (client.client_id.as_str(), resource.as_str());
    let arguments =
        [["--url", stack.issuer()], ["--client-id", client_id], ["--port", &port], ["--resource", resource]].concat();
    let arguments = [&["authorization", "--spec-version", revision], arguments.as_slice()].concat();
    let run = Run::start(stack, &format!("authorization-{revision}"), &arguments)?;

    let authorization = printed_url(&run.process, &format!("{}/authorize?", stack.issuer())).await?;
    let tools_own: Url = format!("http://127.0.0.1:{port}/callback").parse()?;
    let callback = Browser::new()?.sign_in(&authorization, &tools_own, User::DEMO).await?;
    let answer = by_hand::http()?.get(callback).send().await.context("the tool does not take the code")?;
    ensure!(answer.status().is_success(), "the tool answers {} to the code", answer.status());

    let (results, content) = run.results().await?;
    report::of("authorization", revision, &results, SCENARIOS, content, &|_| true)
}

/// The URL that the tool asks its user to open.
async fn printed_url(process: &Process, beginning: &str) -> Result<Url> {
    let started = Instant::now();
    while started.elapsed() < PATIENCE && process.exited()?.is_none() {
        if let Some(line) = process.log().lines().find(|line| line.starts_with(beginning)) {
            return Ok(line.trim().parse()?);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    bail!("the tool asks for no browser; its log is {}", process.log_path().display())
}

const SCENARIOS: usize = 2;
const PATIENCE: Duration = Duration::from_secs(30);
