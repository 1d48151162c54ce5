//! Runs the official conformance tool through the edge: `make conformance`.
//!
//! The tool has no way to sign in, so as a client it comes through a proxy that adds a token. As a judge of authorization
//! servers it asks for a browser, which is driven here. Nothing that it finds is excused.

mod authorization;
mod report;
mod server;
mod tool;

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use edgeward_tests::{
    origin::Program,
    origins::Tasks,
    signal::{counted, to_its_end},
    stack::{Options, Stack},
};

use self::report::Tally;

/// The revisions of the protocol that the tool knows requirements of.
const REVISIONS: [&str; 2] = ["2025-11-25", "2026-07-28"];

#[tokio::main]
async fn main() -> ExitCode {
    to_its_end("conformance", run()).await
}

async fn run() -> Result<ExitCode> {
    println!("Edgeward conformance: the official tool, through the edge. No expected failures.\n");
    server::explain();
    let start = |name: &str, tasks| {
        Stack::start(Options { name: name.to_owned(), origin: Program::Conformance, tasks, ..Options::default() })
    };
    let two = start("conformance", Tasks::Two).await?;
    let one = start("conformance-one-task", Tasks::One).await?;
    let logs = format!("{} and {}", two.folder().display(), one.folder().display());
    let tally = all(&two, &one).await.with_context(|| format!("the logs are in {logs}"))?;
    println!("\nWhat the tool saw is in {logs}");
    Ok(counted("conformance", tally.passed, tally.failed))
}

async fn all(two: &Stack, one: &Stack) -> Result<Tally> {
    let mut total = Tally::default();
    for revision in REVISIONS {
        total.add(server::judge(two, one, revision).await.with_context(|| format!("server, {revision}"))?);
    }
    for revision in REVISIONS {
        total.add(authorization::judge(two, revision).await.with_context(|| format!("authorization, {revision}"))?);
    }
    Ok(total)
}
