//! What every client is put through.

use std::{ops::Add, time::Duration};

use anyhow::{Context as _, Result, anyhow, ensure};
use edgeward_tests::{
    browser::User,
    client::{self, Connection},
};
use serde_json::json;
use tokio::time::{sleep, timeout};

use crate::{
    browser::Browser,
    scene::{Issued, Scene},
};

/// A client.
pub(crate) trait Subject: Sized {
    /// Connects, with nothing but the URL; its user signs in.
    async fn sign_in(&mut self) -> Result<()>;
    /// The names of the tools.
    async fn tools(&mut self) -> Result<String>;
    /// What `whoami` answers.
    async fn whoami(&mut self) -> Result<String>;
    /// Ends, and connects again with what it has kept.
    async fn reconnect(&mut self) -> Result<()>;
    /// Where its user is.
    fn browser(&self) -> &Browser;
}

/// The names of the tools, over a connection of rmcp's.
pub(crate) async fn tools_over(connection: &Connection) -> Result<String> {
    let tools = connection.list_all_tools().await?;
    Ok(tools.iter().map(|tool| tool.name.as_ref()).collect::<Vec<_>>().join(" "))
}

/// What `whoami` answers, over a connection of rmcp's.
pub(crate) async fn whoami_over(connection: &Connection) -> Result<String> {
    let answer = client::call(connection, "whoami", json!({})).await?;
    Ok(answer.structured_content.unwrap_or_default().to_string())
}

/// Steps that passed and that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Tally {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
}

impl Add for Tally {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { passed: self.passed + other.passed, failed: self.failed + other.failed }
    }
}

/// For all clients, of which one signs in after the other.
const PATIENCE: Duration = Duration::from_secs(240);
const STEPS: [&str; 5] = [
    "connects from nothing; its user allows and signs in",
    "lists the tools",
    "calls a tool",
    "goes on when its access token has expired",
    "comes back without its user",
];

/// Puts it through all steps. After one that fails the others are not tried, and have failed too.
pub(crate) async fn examine<'scene, S: Subject>(
    scene: &'scene Scene,
    name: &str,
    make: impl FnOnce(&'scene Scene) -> Result<S>,
) -> Result<Tally> {
    let mut passed = 0;
    let mut subject = make(scene)?;
    let outcome = timeout(PATIENCE, walk(scene, &mut subject, &mut passed)).await;
    let outcome = outcome.unwrap_or_else(|_| Err(anyhow!("not done after {} s", PATIENCE.as_secs())));
    let mut lines: Vec<_> = STEPS[..passed].iter().map(|step| format!("  ok      {name}: {step}")).collect();
    match outcome {
        Ok(how) => lines.push(format!("          {name}: it got new tokens {how}")),
        Err(error) => {
            lines.push(format!("  FAILED  {name}: {}: {error:#}", STEPS[passed]));
            lines.extend(STEPS[passed + 1..].iter().map(|step| format!("  FAILED  {name}: {step}: not tried")));
        }
    }
    println!("{}", lines.join("\n"));
    Ok(Tally { passed, failed: STEPS.len() - passed })
}

/// Gives how it came to new tokens.
async fn walk<S: Subject>(scene: &Scene, subject: &mut S, passed: &mut usize) -> Result<&'static str> {
    let ((), issued): (_, Issued) = scene.signing_in(subject.sign_in()).await?;
    alone(subject).await?;
    *passed += 1;
    let tools = subject.tools().await?;
    ensure!(["whoami", "get_alerts"].iter().all(|tool| tools.contains(tool)), "the tools are {tools}");
    *passed += 1;
    known(subject).await?;
    *passed += 1;

    issued.expired().await;
    known(subject).await?;
    let how = issued.renewed(scene.traffic()?).context("it went on without new tokens")?;
    alone(subject).await?;
    *passed += 1;

    subject.reconnect().await?;
    known(subject).await?;
    alone(subject).await?;
    *passed += 1;
    Ok(how)
}

async fn known<S: Subject>(subject: &mut S) -> Result<()> {
    let told = subject.whoami().await?;
    ensure!(told.contains(User::DEMO.name) && told.contains("demo@example.com"), "whoami answers {told}");
    Ok(())
}

/// Its user was asked once.
async fn alone<S: Subject>(subject: &S) -> Result<()> {
    // The browser says so when it has seen the client's page; the client goes on as soon as it has the code.
    let said = async {
        while subject.browser().visits().is_empty() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    // If it says nothing, that is told below.
    let _ = timeout(Duration::from_secs(10), said).await;
    let visits = subject.browser().visits();
    ensure!(visits.len() == 1 && visits[0].starts_with("signed in"), "in the browser: {visits:?}");
    Ok(())
}
