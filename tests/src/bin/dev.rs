//! Serves the whole stack on fixed ports until Ctrl-C: `make dev`.

use std::{env, net::SocketAddr, process::ExitCode};

use anyhow::{Context as _, Result, bail};
use edgeward_cognito::{Config, Rotation};
use edgeward_identity::names::edge as names;
use edgeward_tests::{
    browser::User,
    edge::Limits,
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
    let switches =
        Switches { rotates: is_on("EDGEWARD_DEV_ROTATION")?, is_limited: is_on("EDGEWARD_DEV_RATE_LIMITS")? };
    let mut cognito = Config::default();
    if let (true, Some(client)) = (switches.rotates, cognito.app_clients.first_mut()) {
        // The longest grace period that Cognito has.
        client.rotation = Some(Rotation { retry_grace_period_seconds: 60 });
    }
    let options = Options {
        name: "dev".to_owned(),
        edge_port: chosen("EDGEWARD_DEV_EDGE_PORT", 8787, "the edge")?,
        origin_port: chosen("EDGEWARD_DEV_ORIGIN_PORT", 8080, "the origin")?,
        cognito_port: chosen("EDGEWARD_DEV_COGNITO_PORT", 9400, "Cognito's domain")?,
        cognito_issuer_port: chosen("EDGEWARD_DEV_COGNITO_ISSUER_PORT", 9401, "Cognito's issuer")?,
        // Kept, so that registered clients and their tokens outlive a restart.
        keys: Some(keys::kept_in(&keys)?),
        // Inspector's direct mode, and whatever else runs in a browser.
        variables: [(names::ALLOWED_ORIGINS.to_owned(), "*".to_owned())].into(),
        cognito,
        limits: switches.is_limited.then_some(Limits::Deployed),
        ..Options::default()
    };
    println!("Starting the stack …");
    let stack = Stack::start(options).await?;
    println!("{}", welcome(&stack, &switches));
    stack.ended().await
}

/// What can be switched on.
struct Switches {
    /// Refresh token rotation at Cognito.
    rotates: bool,
    /// The limits of requests that the edge is deployed with.
    is_limited: bool,
}

/// A switch from its variable; off without one.
fn is_on(variable: &str) -> Result<bool> {
    match env::var(variable).as_deref() {
        Ok("on") => Ok(true),
        Ok("off") | Err(_) => Ok(false),
        Ok(text) => bail!("{variable}: {text:?} is neither `on` nor `off`"),
    }
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
    if let Some(address) = port::listener_on(number) {
        bail!(
            "another program listens on {}, the port for {what}: stop it (`lsof -i :{number}` names it), or set {variable} to \
             another port",
            SocketAddr::from((address, number))
        );
    }
    Ok(Port::Fixed(number))
}

fn welcome(stack: &Stack, switches: &Switches) -> String {
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
                  transport "Streamable HTTP", URL {mcp}, connection via proxy or direct
  Claude Code     claude mcp add --transport http edgeward {mcp}
                  then /mcp in Claude Code, to sign in
  VS Code         .vscode/mcp.json
                  {{ "servers": {{ "edgeward": {{ "type": "http", "url": "{mcp}" }} }} }}
  Cursor          .cursor/mcp.json
                  {{ "mcpServers": {{ "edgeward": {{ "url": "{mcp}" }} }} }}

  Refresh tokens  {rotation} (EDGEWARD_DEV_ROTATION=on or off)
  Rate limits     {limits} (EDGEWARD_DEV_RATE_LIMITS=on or off)

Ready. Ctrl-C stops it."#,
        origin = stack.origin_url(),
        cognito = stack.cognito().domain_url(),
        cognito_issuer = stack.cognito().issuer_url(),
        weather = stack.weather().url(),
        logs = stack.folder().display(),
        rotation = if switches.rotates { "rotated at each use" } else { "not rotated" },
        limits = if switches.is_limited { "as deployed" } else { "none" },
    )
}
