//! Looks at every page of the edge in Chromium, and makes the pictures in `tests/screenshots`: `make pages`.

use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, ensure};
use edgeward_identity::names::edge as names;
use edgeward_tests::{
    browser::User,
    chromium,
    document_host::{Document, DocumentHost},
    edge::{Capability, Sandbox},
    place,
    signal::{counted, to_its_end},
    stack::{Options, Stack},
};
use serde_json::json;

/// A client whose domain vouches for its name.
const DESCRIBED: &str = "https://desk.example/client.json";

#[tokio::main]
async fn main() -> ExitCode {
    to_its_end("pages", run()).await
}

async fn run() -> Result<ExitCode> {
    let browser = chromium::find()?;
    let brand = json!({ "name": "Acme Weather", "color": "#0b6e4f" });
    let resources = json!([{
        "path": "/mcp", "name": "Acme Weather for assistants", "default_scopes": ["read"],
        "scopes": { "read": "See forecasts and alerts", "write": "Change what you are alerted of" },
    }]);
    let variables = [
        (names::BRAND, brand.to_string()),
        (names::RESOURCES, resources.to_string()),
        (names::CONSENT, "remember".to_owned()),
        (names::PRIVATE_USE_SCHEMES, "edgeward-tests".to_owned()),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value)).into();
    let hosts = DocumentHost::start().await?;
    let document = json!({
        "client_id": DESCRIBED, "client_name": "Weather Desk",
        "redirect_uris": ["https://desk.example/callback"], "token_endpoint_auth_method": "none",
    });
    hosts.put(DESCRIBED, Document::json(&document));
    let diverted_hosts = Some(hosts.address());
    let sandbox = Sandbox::default().with(Capability::Clock);
    let options = Options { name: "pages".to_owned(), variables, diverted_hosts, sandbox, ..Options::default() };
    let stack = Stack::start(options).await?;
    // Several resources, one with a name that is long and one without, and nobody's brand.
    let several = json!([
        {
            "path": "/mcp", "scopes": { "read": "Read" },
            "name": "Forecasts, alerts, tides, avalanches and everything else that Acme Weather knows for assistants",
        },
        { "path": format!("/{}/mcp", "observatory-".repeat(6)), "scopes": { "read": "Read" } },
    ]);
    let mut variables = stack.variables().clone();
    variables.remove(names::BRAND);
    variables.insert(names::RESOURCES.to_owned(), several.to_string());
    let other = stack.start_edge("other-edge", Sandbox::default(), &variables).await?;
    let mut command = Command::new("node");
    command
        .env("PATH", place::node_path())
        .env(chromium::VARIABLE, browser)
        .arg(place::checkout().join("tests/tools/pages.mjs"))
        .args([stack.issuer(), User::DEMO.name, User::DEMO.password, DESCRIBED, other.url()])
        .arg(place::checkout().join("tests/screenshots"));
    let output = tokio::task::spawn_blocking(move || command.output()).await?.context("cannot run node")?;
    let said = String::from_utf8_lossy(&output.stdout);
    print!("{said}");
    let count = |word: &str| said.lines().filter(|line| line.starts_with(word)).count();
    let (passed, failed) = (count("ok "), count("FAIL "));
    ensure!(output.status.success() == (failed == 0), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(counted("pages", passed, failed))
}
