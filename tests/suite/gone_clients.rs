//! Clients that go away before they are answered, and bodies that take too long or never come. Something between client and edge
//! might not pass on that a client has gone.

use std::{io::ErrorKind, sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use edgeward_cognito::{Endpoint, Fault, FaultKind, Mode, Replay};
use edgeward_tests::{
    by_hand::{Answer, HandMade, http},
    edge::{Capability, Edge},
};
use reqwest::StatusCode;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::{
    faulty::until,
    policy,
    settings::JUDGED_RESOURCE,
    world::{World, tests},
};

tests![
    a_refresh_goes_on_when_its_client_has_gone_and_its_answer_is_remembered,
    a_body_that_takes_too_long_is_given_up,
    a_message_without_a_body_is_judged_too,
];

async fn direct_edge(world: &World) -> Result<Edge> {
    world.stack.start_edge("direct-edge", Capability::Direct, world.stack.variables()).await
}

/// The body of a refresh.
pub(crate) fn form(client: &HandMade, tokens: &Answer) -> Result<String> {
    let url = client.authorization_url(&client.refreshing(tokens.text("refresh_token")))?;
    Ok(url.query().unwrap_or_default().to_owned())
}

pub(crate) fn request(world: &World, body: &str) -> String {
    format!(
        "POST /token HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{body}",
        world.host(),
        body.len()
    )
}

pub(crate) fn asked(world: &World) -> usize {
    world.stack.cognito().requests().iter().filter(|request| request.path == "/oauth2/token").count()
}

async fn a_refresh_goes_on_when_its_client_has_gone_and_its_answer_is_remembered(world: Arc<World>) -> Result<()> {
    let edge = direct_edge(&world).await?;
    let cognito = world.stack.cognito();
    // A second use of the token would be refused.
    cognito.set_mode(Mode { replay: Replay::Supersedes, ..Mode::default() });
    let client = HandMade::register(&world.stack).await?;
    let body = form(&client, &client.tokens().await?)?;
    let before = asked(&world);
    cognito.set_fault(Fault::on(Endpoint::Token, FaultKind::Delay { milliseconds: 1_500 }).times(1));
    let mut stream = TcpStream::connect(edge.url().trim_start_matches("http://")).await?;
    stream.write_all(request(&world, &body).as_bytes()).await?;
    until("Cognito is asked", || asked(&world) > before).await?;
    stream.set_zero_linger()?;
    drop(stream);
    until("the refresh is written down", || edge.records().iter().any(|record| record["event"] == "token refreshed"))
        .await?;

    let again = http()?.post(format!("{}/token", edge.url())).header("host", world.host());
    let again = Answer::to(again.header("content-type", "application/x-www-form-urlencoded").body(body)).await?;
    cognito.set_mode(Mode::default());
    assert_eq!(again.status, StatusCode::OK, "{}", again.text("error"));
    assert_eq!(asked(&world) - before, 1, "times that Cognito was asked");
    assert_eq!(world.whoami(again.text("access_token")).await?.status(), StatusCode::OK);
    Ok(())
}

/// Half a minute, which is less than a second for this edge.
async fn a_body_that_takes_too_long_is_given_up(world: Arc<World>) -> Result<()> {
    let edge = &world.faulty().await?.edge;
    edge.needs(Capability::Clock)?;
    let host = edge.url().trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).await?;
    let head = format!(
        "POST /register HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"
    );
    stream.write_all(head.as_bytes()).await?;
    let mut status = [0; 12];
    timeout(Duration::from_secs(10), stream.read_exact(&mut status)).await.context("no answer")??;
    assert_eq!(std::str::from_utf8(&status)?, "HTTP/1.1 408");
    Ok(())
}

async fn a_message_without_a_body_is_judged_too(world: Arc<World>) -> Result<()> {
    let edge = direct_edge(&world).await?;
    let token = policy::token(&world, "use").await?;
    let request = judged(&world, &token, 0);
    let (head, _) = request.split_once("Content-Length").context("no length")?;
    let mut stream = TcpStream::connect(edge.url().trim_start_matches("http://")).await?;
    stream.write_all(format!("{head}\r\n").as_bytes()).await?;
    let answer = answer(stream).await?;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    let records = edge.records();
    let refused = records.iter().find(|record| record["event"] == "gate refused").context("it is not written down")?;
    assert_eq!(refused["status"], 400, "{refused}");
    Ok(())
}

/// A message to be judged, padded to so many bytes.
pub(crate) fn judged(world: &World, token: &str, length: usize) -> String {
    let mut body = policy::message("tools/list", &json!({}));
    body.push_str(&" ".repeat(length.saturating_sub(body.len())));
    format!(
        "POST {JUDGED_RESOURCE} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Origin: {}\r\nAccept: application/json, text/event-stream\r\nAuthorization: Bearer {token}\r\nContent-Length: {}\r\n\r\n{body}",
        world.host(),
        world.stack.issuer(),
        body.len(),
    )
}

/// All that is answered until the other side closes. The edge does not read the bodies of requests that it refuses, so a connection
/// may be reset behind the answer.
pub(crate) async fn answer(mut stream: TcpStream) -> Result<String> {
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer).await {
        Err(error) if error.kind() == ErrorKind::ConnectionReset && !answer.is_empty() => {}
        outcome => {
            outcome?;
        }
    }
    Ok(String::from_utf8(answer)?)
}
