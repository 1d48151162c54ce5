//! A deployment for a user pool and an MCP server that exist: it makes an app client and parameters, and takes nothing else away.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use edgeward_tests::{
    browser::Browser,
    client::{self, SignedIn},
    emulator::Service,
    origin::{Origin, Program, Settings},
    port::Port,
};
use serde_json::{Value, json};

use crate::{
    leftovers,
    scene::{HOME, Scene, USER},
    serving::make_user,
    stacks::{self, parameter},
};

const DOMAIN: &str = "somebody-elses";

/// Shows all of it.
pub(crate) async fn show(scene: &Scene) -> Result<()> {
    scene.part("A user pool and an MCP server are there before the deployment");
    let pool = user_pool(scene).await?;
    let port = Port::Free.choose()?;
    let url = format!("http://127.0.0.1:{port}");
    let issuer = scene.front.url();
    let settings = Settings {
        name: "server",
        program: Program::Real,
        port,
        issuer: &issuer,
        audience: &url,
        weather: "http://127.0.0.1:9",
        session_keys: None,
        shutdown: Duration::from_secs(1),
    };
    let server = Origin::start(&settings, &scene.folder).await?;
    scene.said(&format!("the user pool {pool} with a domain and a user, and a server at {url}"));

    let existing = json!({ "userPool": { "existing": { "id": pool } }, "server": { "existing": { "url": url } } });
    scene.write_all_settings(scene.deployment, &existing)?;
    let assembly = stacks::synthesize(scene, &[&format!("userPoolDomain={DOMAIN}.auth.{HOME}.amazoncognito.com")])?;
    stacks::deploy(scene, &assembly).await?;
    ensure!(parameter(scene, "edge/cognito-user-pool-id").await? == pool, "the edge is told of another user pool");
    ensure!(parameter(scene, "edge/origin-url").await? == url, "the edge is told of another server");
    let clients = app_clients(scene, &pool).await?;
    ensure!(clients == ["edgeward-existing-edge"], "the app clients of the pool: {clients:?}");
    scene.said("the stacks made an app client, and told the edge of pool and server");

    let edge = scene.edge_settings().display().to_string();
    scene.tool(&["push", "--target", "local", "--output", &edge])?.good("edgeward push")?;
    scene.front.add(&scene.edge_settings()).await?;
    let signed_in = SignedIn::with(&mut Browser::new()?, &scene.mcp()?, USER).await?;
    let connection = signed_in.connect(client::Era::Modern).await?;
    let answer = client::call(&connection, "whoami", json!({})).await?;
    let who = answer.structured_content.context("whoami told nothing")?;
    ensure!(who["username"] == USER.name, "whoami told of another user: {who}");
    connection.cancel().await?;
    scene.said(&format!("{} signed in and called a tool of the server", USER.name));

    let said = leftovers::show(scene, &assembly, &[HOME]).await?;
    for words in [format!("the user pool {pool} stays"), format!("the MCP server at {url} stays")] {
        ensure!(said.contains(&words), "the script does not say that {words}: {said}");
    }
    let user = json!({ "UserPoolId": pool, "Username": USER.name });
    scene.aws.call(HOME, Service::Cognito, "AdminGetUser", user).await?;
    ensure!(app_clients(scene, &pool).await?.is_empty(), "the app client is left");
    ensure!(server.process().exited()?.is_none(), "the server has ended");
    scene.said("the user pool, its user and the server are still there; the app client is gone");
    Ok(())
}

async fn user_pool(scene: &Scene) -> Result<String> {
    let made = scene.aws.call(HOME, Service::Cognito, "CreateUserPool", json!({ "PoolName": "customers" })).await?;
    let pool = made["UserPool"]["Id"].as_str().context("a user pool without an id")?.to_owned();
    let domain = json!({ "UserPoolId": pool, "Domain": DOMAIN, "ManagedLoginVersion": 2 });
    scene.aws.call(HOME, Service::Cognito, "CreateUserPoolDomain", domain).await?;
    make_user(scene, &pool).await?;
    Ok(pool)
}

/// Their names.
async fn app_clients(scene: &Scene, pool: &str) -> Result<Vec<String>> {
    let clients = json!({ "UserPoolId": pool, "MaxResults": 60 });
    let listed = scene.aws.call(HOME, Service::Cognito, "ListUserPoolClients", clients).await?;
    let listed = listed["UserPoolClients"].as_array().into_iter().flatten();
    Ok(listed.filter_map(|client: &Value| client["ClientName"].as_str().map(str::to_owned)).collect())
}
