//! Does once what a user does, through the whole stack, and tells each step: `make demo`.

use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use edgeward_tests::{
    browser::{Browser, Decision, Landing, Page, User},
    client::{self, Asked, Connection, Era, REDIRECT_URI, SignedIn, SigningIn},
    signal::to_its_end,
    stack::{Options, Stack},
};
use reqwest::Url;
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> ExitCode {
    to_its_end("edgeward-demo", run()).await
}

async fn run() -> Result<ExitCode> {
    println!("Edgeward demo: sign in with Cognito at the edge, call MCP tools at the origin.\n");
    println!("Starting the stack on this machine …");
    let stack = Stack::start(Options { name: "demo".to_owned(), ..Options::default() }).await?;
    println!("  edge      {:<24} our Rust as wasm, in workerd under wrangler", stack.issuer());
    println!("  origin    {:<24} MCP server, axum + rmcp", stack.origin_url());
    println!("  Cognito   {:<24} local stand-in", stack.cognito().domain_url());
    println!("  weather   {:<24} local stand-in\n", stack.weather().url());
    let logs = stack.folder().display().to_string();
    walk(&stack).await.with_context(|| format!("the logs are in {logs}"))?;
    println!("\nDone. The logs are in {logs}");
    Ok(ExitCode::SUCCESS)
}

async fn walk(stack: &Stack) -> Result<()> {
    let mut steps = Steps::default();
    let mcp = stack.mcp();

    steps.part("The client finds out where to sign in");
    let challenge = client::challenge(&mcp).await?;
    steps.step("client → edge", "POST /mcp, no token", "401, and where to read how to get one");
    let client = SigningIn::start(&mcp, &challenge, CLIENT_NAME).await?;
    for asked in client.wire.take() {
        let what = told(&asked);
        steps.step("client → edge", &format!("{} {}", asked.method, asked.path), &what);
    }

    steps.part("The user decides and signs in");
    let callback = sign_in(stack, &client.authorization_url().await?, &mut steps).await?;

    steps.part("The client gets its tokens");
    let wire = client.wire.clone();
    let client = client.finish(&callback).await?;
    for asked in wire.take() {
        steps.step("client → edge", &format!("{} {}", asked.method, asked.path), &told(&asked));
    }
    redeemed(stack, "authorization_code")?;
    steps.step("edge → Cognito", "POST /oauth2/token", "the code redeemed; Cognito's tokens stay at the edge");

    steps.part("The client uses the tools, with its token");
    let connection = client.connect(Era::Modern).await?;
    let tools = connection.list_all_tools().await?;
    let names: Vec<_> = tools.iter().map(|tool| tool.name.as_ref()).collect();
    steps.step(THROUGH, "tools/list", &names.join(", "));
    who(&connection, &mut steps).await?;
    call(&connection, &mut steps, "get_alerts", json!({ "state": "CA" })).await?;
    call(&connection, &mut steps, "get_forecast", json!({ "latitude": 39.7456, "longitude": -97.0892 })).await?;

    steps.part("Later, the client refreshes its token and goes on");
    refresh(stack, &client, &mut steps).await?;
    who(&connection, &mut steps).await?;

    // The older era of the protocol, with the same token.
    let legacy = client.connect(Era::Legacy).await?;
    steps.step(THROUGH, "initialize", "a session, for clients of the protocol before 2026-07-28");
    who(&legacy, &mut steps).await?;
    legacy.cancel().await?;
    connection.cancel().await?;
    Ok(())
}

async fn sign_in(stack: &Stack, authorization: &Url, steps: &mut Steps) -> Result<Url> {
    let redirect_uri: Url = REDIRECT_URI.parse()?;
    let mut browser = Browser::new()?;
    let consent = browser.open_consent(authorization).await?;
    steps.step("browser → edge", "GET /authorize", &format!("asks whether {CLIENT_NAME:?} may act for the user"));
    let page = browser.decide(&consent, Decision::Allow).await?;
    expect_redirect(&page)?;
    steps.step("browser → edge", "POST /authorize, allow", "on to Cognito");
    let login = match browser.follow(page, &redirect_uri).await? {
        Landing::Page(login) => login,
        Landing::Client(_) => bail!("the edge sent the browser back without a sign-in"),
    };
    steps.step("browser → Cognito", "GET /oauth2/authorize", "on to its login page");
    let page = browser.log_in(&login, User::DEMO).await?;
    steps.step("browser → Cognito", "POST /login, demo user", "signed in; back to the edge with Cognito's code");
    let to_edge = page.redirect()?.context("Cognito did not send the browser back")?;
    if to_edge.origin() != stack.mcp().origin() {
        bail!("Cognito sent the browser to {}", to_edge.origin().ascii_serialization());
    }
    let page = browser.get(&to_edge).await?;
    expect_redirect(&page)?;
    match browser.follow(page, &redirect_uri).await? {
        Landing::Client(callback) => {
            steps.step("browser → edge", "GET /callback", "back to the client with the edge's own code");
            Ok(callback)
        }
        Landing::Page(page) => bail!("the edge did not send the browser back: {}", page.summary()),
    }
}

fn expect_redirect(page: &Page) -> Result<()> {
    if page.redirect()?.is_none() {
        bail!("no redirect: {}", page.summary());
    }
    Ok(())
}

/// What an OAuth answer of the edge says, without a secret.
fn told(asked: &Asked) -> String {
    let body: Value = serde_json::from_str(&asked.body).unwrap_or_default();
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let what = if !body["authorization_servers"].is_null() {
        format!("its authorization server is {}", body["authorization_servers"][0].as_str().unwrap_or_default())
    } else if !body["token_endpoint"].is_null() {
        "its endpoints; PKCE with S256".to_owned()
    } else if !body["redirect_uris"].is_null() {
        format!("{:?} is now a registered client", text("client_name"))
    } else if !body["access_token"].is_null() {
        let refresh = if body["refresh_token"].is_null() { "no refresh token" } else { "a refresh token" };
        format!("access token for {} s, scope {:?}; {refresh}", body["expires_in"], text("scope"))
    } else {
        String::new()
    };
    format!("{} {what}", asked.status).trim_end().to_owned()
}

async fn who(connection: &Connection, steps: &mut Steps) -> Result<()> {
    let result = client::call(connection, "whoami", json!({})).await?;
    let who = result.structured_content.context("whoami told nothing")?;
    if who["username"] != User::DEMO.name {
        bail!("whoami told of another user: {who}");
    }
    let groups: Vec<_> = who["groups"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let email = who["email"].as_str().unwrap_or("no e-mail");
    steps.step(THROUGH, "tools/call whoami", &format!("verified user: demo, {email}, groups {}", groups.join(", ")));
    Ok(())
}

async fn call(connection: &Connection, steps: &mut Steps, tool: &str, arguments: Value) -> Result<()> {
    let what = format!("tools/call {tool}");
    let result = client::call(connection, tool, arguments).await?;
    let text = client::text(&result);
    let lines: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).take(3).collect();
    steps.step(THROUGH, &what, &lines.join(" · "));
    Ok(())
}

/// What the edge did on its side, as Cognito saw it.
fn redeemed(stack: &Stack, grant_type: &str) -> Result<()> {
    let requests = stack.cognito().requests();
    if !requests.iter().any(|request| request.path == "/oauth2/token" && request.form("grant_type") == Some(grant_type))
    {
        bail!("the edge did not ask Cognito for tokens with {grant_type}");
    }
    Ok(())
}

async fn refresh(stack: &Stack, client: &SignedIn, steps: &mut Steps) -> Result<()> {
    let before = client.access_token().await?;
    client.refresh().await?;
    if client.access_token().await? == before {
        bail!("the refresh gave the same access token");
    }
    for asked in client.wire.take() {
        steps.step("client → edge", &format!("{} {}, refresh", asked.method, asked.path), &told(&asked));
    }
    redeemed(stack, "refresh_token")?;
    steps.step("edge → Cognito", "POST /oauth2/token, refresh", "still the same user, says Cognito");
    Ok(())
}

/// Numbers the steps.
#[derive(Default)]
struct Steps(u32);

impl Steps {
    fn part(&self, title: &str) {
        let gap = if self.0 == 0 { "" } else { "\n" };
        println!("{gap}{title}");
    }

    fn step(&mut self, who: &str, what: &str, outcome: &str) {
        self.0 += 1;
        println!("  {:>2}  {who:<22} {what:<46} {outcome}", self.0);
    }
}

const CLIENT_NAME: &str = "Edgeward demo";
const THROUGH: &str = "client → edge → origin";
