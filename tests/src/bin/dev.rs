//! Serves the whole stack on fixed ports until Ctrl-C: `make dev`.

use std::{env, process::ExitCode};

use anyhow::{Context as _, Result, bail};
use edgeward_tests::{
    browser::User,
    keys, place,
    port::{self, Port},
    signal::interrupted,
    stack::{Options, Stack},
};

#[tokio::main]
async fn main() -> ExitCode {
    let ended = tokio::select! {
        ended = run() => ended,
        signal = interrupted() => signal,
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("edgeward-dev: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<()> {
    let keys = place::target()?.join("dev/keys.json");
    let options = Options {
        name: "dev",
        edge_port: chosen("EDGEWARD_DEV_EDGE_PORT", 8787, "the edge")?,
        origin_port: chosen("EDGEWARD_DEV_ORIGIN_PORT", 8080, "the origin")?,
        cognito_port: chosen("EDGEWARD_DEV_COGNITO_PORT", 9400, "Cognito's domain")?,
        cognito_issuer_port: chosen("EDGEWARD_DEV_COGNITO_ISSUER_PORT", 9401, "Cognito's issuer")?,
        // Kept, so that registered clients and their tokens outlive a restart.
        keys: Some(keys::kept_in(&keys)?),
        ..Options::default()
    };
    println!("Starting the stack …");
    let stack = Stack::start(options).await?;
    println!("{}", welcome(&stack));
    stack.ended().await
}

/// A port from its variable, or the usual one, if nobody listens there.
fn chosen(variable: &str, usual: u16, what: &str) -> Result<Port> {
    let number = match env::var(variable) {
        Ok(text) => text
            .parse()
            .ok()
            .filter(|number| *number != 0)
            .with_context(|| format!("{variable}: {text:?} is no port"))?,
        Err(_) => usual,
    };
    if !port::is_free(number) {
        bail!("port {number} for {what} is in use; set {variable} to another one");
    }
    Ok(Port::Fixed(number))
}

fn welcome(stack: &Stack) -> String {
    let User { name, password } = User::DEMO;
    let (issuer, mcp) = (stack.issuer(), stack.mcp());
    format!(
        r#"
  MCP server      {mcp}
  edge            {issuer}
  origin          {origin}
  Cognito         {cognito} (issuer {cognito_issuer})
  weather         {weather} (stand-in)
  logs            {logs}

  Sign in as      {name}
  Password        {password}

  Inspector       npx @modelcontextprotocol/inspector
                  transport "Streamable HTTP", URL {mcp}
  Claude Code     claude mcp add --transport http edgeward {mcp}
                  then /mcp in Claude Code, to sign in
  VS Code         .vscode/mcp.json
                  {{ "servers": {{ "edgeward": {{ "type": "http", "url": "{mcp}" }} }} }}

Ready. Ctrl-C stops it."#,
        origin = stack.origin_url(),
        cognito = stack.cognito().domain_url(),
        cognito_issuer = stack.cognito().issuer_url(),
        weather = stack.weather().url(),
        logs = stack.folder().display(),
    )
}
