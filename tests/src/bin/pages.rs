//! Looks at every page of the edge in Chromium, and makes the pictures in `tests/screenshots`: `make pages`.

use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, ensure};
use edgeward_identity::names::edge as names;
use edgeward_tests::{
    browser::User,
    place,
    signal::{counted, to_its_end},
    stack::{Options, Stack},
};
use serde_json::json;

#[tokio::main]
async fn main() -> ExitCode {
    to_its_end("pages", run()).await
}

async fn run() -> Result<ExitCode> {
    let brand = json!({ "name": "Acme Weather", "color": "#0b6e4f" });
    let variables = [
        (names::BRAND, brand.to_string()),
        (names::CONSENT, "remember".to_owned()),
        (names::PRIVATE_USE_SCHEMES, "edgeward-tests".to_owned()),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value)).into();
    let stack = Stack::start(Options { name: "pages", variables, ..Options::default() }).await?;
    let mut command = Command::new("node");
    command
        .env("PATH", place::node_path())
        .arg(place::checkout().join("tests/tools/pages.mjs"))
        .args([stack.issuer(), User::DEMO.name, User::DEMO.password])
        .arg(place::checkout().join("tests/screenshots"));
    let output = tokio::task::spawn_blocking(move || command.output()).await?.context("cannot run node")?;
    let said = String::from_utf8_lossy(&output.stdout);
    print!("{said}");
    let count = |word: &str| said.lines().filter(|line| line.starts_with(word)).count();
    let (passed, failed) = (count("ok "), count("FAIL "));
    ensure!(output.status.success() == (failed == 0), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(counted("pages", passed, failed))
}
