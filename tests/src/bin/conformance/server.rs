//! The MCP server behind the edge, as any client sees it.
//!
//! It runs in two tasks, which clients meet in turn. What cannot work across tasks is judged in one, and nothing else.

use std::path::PathBuf;

use anyhow::Result;
use edgeward_tests::{
    browser::{Browser, User},
    client::SignedIn,
    stack::Stack,
    token_proxy::TokenProxy,
};

use crate::{
    report::{self, Tally},
    tool::Run,
};

/// Scenarios that need one task: the beginning of their names, and why.
const ONE_TASK: [(&str, &str); 7] = [
    ("elicitation-", "the client's answer must reach the task that asked"),
    ("tools-call-elicitation", "the client's answer must reach the task that asked"),
    ("tools-call-sampling", "the client's answer must reach the task that asked"),
    ("tools-call-with-logging", "log messages go to a stream that stands at the task of the call"),
    ("server-sse-polling", "a stream is resumed at the task that has it"),
    ("tasks-", "rmcp's task manager keeps MCP tasks in memory; the real origin has none"),
    ("server-stateless", "changes of lists are told by the task that makes them"),
];

/// All that the tool knows for the revision: what it requires, and what it runs without counting it.
pub(crate) async fn judge(two: &Stack, one: &Stack, revision: &str) -> Result<Tally> {
    let (results, _) = run(two, revision).await?;
    let [apart, together] = scenarios(revision);
    // The tool's own verdict is of all scenarios, so it means something of the other run only.
    let mut tally = report::of("server, 2 tasks", revision, &results, together, true, &|name| !needs_one_task(name))?;
    let (results, content) = run(one, revision).await?;
    tally.add(report::of("server, 1 task", revision, &results, apart, content, &needs_one_task)?);
    Ok(tally)
}

async fn run(stack: &Stack, revision: &str) -> Result<(PathBuf, bool)> {
    let client = SignedIn::with(&mut Browser::new()?, &stack.mcp(), User::DEMO).await?;
    let proxy = TokenProxy::start(stack.issuer(), &client.access_token().await?).await?;
    let url = format!("{}/mcp", proxy.url());
    let arguments = ["server", "--url", &url, "--requirements", revision];
    Run::start(stack, &format!("server-{revision}"), &arguments)?.results().await
}

/// Says which scenarios are judged in one task, and why.
pub(crate) fn explain() {
    println!("In one task, as they cannot work across tasks:");
    for (scenarios, why) in ONE_TASK {
        println!("  {scenarios}{}: {why}", if scenarios.ends_with('-') { "*" } else { "" });
    }
    println!();
}

fn needs_one_task(scenario: &str) -> bool {
    ONE_TASK.iter().any(|(beginning, _)| scenario.starts_with(beginning))
}

/// How many there are that need one task, and how many others: a run that leaves some out does not count.
fn scenarios(revision: &str) -> [usize; 2] {
    if revision == "2025-11-25" { [6, 27] } else { [11, 39] }
}
