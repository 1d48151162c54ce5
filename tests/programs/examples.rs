//! The examples of MCP servers as an operator puts them behind an edge: `init`, `up --local`, a client that signs in.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use edgeward_tests::{
    browser::{Browser, User},
    by_hand,
    client::{self, Connection, Era, SignedIn},
    examples::{EDITOR, EXAMPLES, Example, Operator, READER},
    process::Process,
};
use reqwest::StatusCode;
use serde_json::{Value, json};

const REFUSAL: &str = "only members of the group editors may publish";

#[tokio::test(flavor = "multi_thread")]
async fn python_fastmcp_knows_who_is_calling() -> Result<()> {
    behind_the_edge(Example::PythonFastmcp).await
}

#[tokio::test(flavor = "multi_thread")]
async fn typescript_sdk_knows_who_is_calling() -> Result<()> {
    behind_the_edge(Example::TypescriptSdk).await
}

#[tokio::test(flavor = "multi_thread")]
async fn rust_rmcp_knows_who_is_calling() -> Result<()> {
    behind_the_edge(Example::RustRmcp).await
}

async fn behind_the_edge(example: Example) -> Result<()> {
    let operator = Operator::start(&format!("example-{}", example.name())).await?;
    operator.init().await?;
    let server = operator.run(example).await?;
    let up = operator.up().await?;

    let connection = signed_in(&operator, EDITOR).await?;
    let who = whoami(&connection).await?;
    assert_eq!((&who["username"], &who["email"]), (&json!("ada"), &json!("ada@example.com")));
    assert_eq!(who["groups"], json!(["editors"]), "the server is told of the groups in origin-groups");
    assert_eq!(client::text(&publish(&connection).await?), "ada published 'News'");
    connection.cancel().await?;

    let connection = signed_in(&operator, READER).await?;
    assert_eq!(whoami(&connection).await?["username"], "grace");
    let refused = publish(&connection).await.err().context("a reader may publish")?;
    ensure!(format!("{refused:#}").contains(REFUSAL), "{refused:#}");
    connection.cancel().await?;

    for (what, request) in [
        ("no identity", by_hand::whoami(&operator.server())?),
        ("a stranger's identity", by_hand::whoami(&operator.server())?.header("x-edgeward-identity", "a.b.c")),
    ] {
        assert_eq!(request.send().await?.status(), StatusCode::UNAUTHORIZED, "{what}, past the edge");
    }
    told(&up, "accepts an identity assertion of the edge's, and refuses requests without one or with a stranger's")
        .await?;
    ends_when_told(&up).await?;
    ends_when_told(&server).await
}

async fn signed_in(operator: &Operator, user: User<'_>) -> Result<Connection> {
    SignedIn::with(&mut Browser::new()?, &operator.mcp(), user).await?.connect(Era::Legacy).await
}

async fn whoami(connection: &Connection) -> Result<Value> {
    Ok(serde_json::from_str(&client::text(&client::call(connection, "whoami", json!({})).await?))?)
}

async fn publish(connection: &Connection) -> Result<rmcp::model::CallToolResult> {
    client::call(connection, "publish", json!({ "title": "News" })).await
}

/// Waits until the program has said so.
async fn told(process: &Process, words: &str) -> Result<()> {
    let said = async {
        while !process.log().contains(words) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), said)
        .await
        .with_context(|| format!("not {words:?} but {}", process.log()))
}

async fn ends_when_told(process: &Process) -> Result<()> {
    process.stop();
    process.ends(Duration::from_secs(10)).await?;
    Ok(())
}

/// Nothing has to be started again when the server comes late.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_starts_after_the_edge_is_found() -> Result<()> {
    let operator = Operator::start("example-late").await?;
    operator.init().await?;
    let up = operator.up().await?;
    let client = SignedIn::with(&mut Browser::new()?, &operator.mcp(), EDITOR).await?;
    let call = by_hand::whoami(operator.mcp().as_str())?.bearer_auth(client.access_token().await?).send().await?;
    assert_eq!(call.status(), StatusCode::BAD_GATEWAY);
    let answer: Value = call.json().await?;
    assert_eq!(answer["error"], "bad_gateway");
    told(&up, "does not answer: no answer").await?;

    let _server = operator.run(Example::RustRmcp).await?;
    let connection = client.connect(Era::Legacy).await?;
    assert_eq!(whoami(&connection).await?["username"], "ada");
    Ok(())
}

#[test]
fn without_its_settings_an_example_says_what_to_set() -> Result<()> {
    for example in EXAMPLES {
        for (given, missing) in
            [(None, "set EDGEWARD_ISSUER to"), (Some("https://mcp.example.com"), "set EDGEWARD_AUDIENCE to")]
        {
            let mut command = example.command()?;
            if let Some(issuer) = given {
                command.env("EDGEWARD_ISSUER", issuer);
            }
            let output = command.output()?;
            let said = String::from_utf8_lossy(&output.stderr);
            ensure!(output.status.code() == Some(2) && said.contains(missing), "{}: {said}", example.name());
        }
    }
    Ok(())
}
