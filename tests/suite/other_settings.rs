//! What other settings than those of the suites do about clients.

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use edgeward_identity::names::edge as names;
use edgeward_tests::{
    browser::Browser,
    by_hand::{Answer, HandMade, http, whoami},
    client::REDIRECT_URI,
    document_host::Document,
    edge::{Edge, Sandbox},
    stack::{Options, Stack},
};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    faulty::until,
    world::{World, refused, tests},
};

tests![
    an_operator_decides_who_registers_and_where_users_are_sent,
    a_code_outlives_a_host_that_does_not_answer,
    a_pool_that_does_not_rotate_works_and_is_told_of_once,
];

const TOKEN: &str = "an-initial-access-token-of-the-operators";
const UNAUTHORIZED: StatusCode = StatusCode::UNAUTHORIZED;

/// Another edge with the same keys and the same Cognito, that remembers nothing of the first one.
pub(crate) async fn other_edge(world: &World, settings: &[(&str, &str)]) -> Result<Edge> {
    let mut variables = world.stack.variables().clone();
    variables.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let sandbox = Sandbox::default().divert_hosts(world.diverted_hosts());
    world.stack.start_edge("other-edge", sandbox, &variables).await
}

async fn an_operator_decides_who_registers_and_where_users_are_sent(world: Arc<World>) -> Result<()> {
    let edge = other_edge(
        &world,
        &[
            (names::REGISTRATION, "token"),
            (names::REGISTRATION_TOKEN, TOKEN),
            (names::REDIRECT_HOSTS, "client.example !loopback"),
            (names::CLIENT_METADATA_HOSTS, "*.allowed.example"),
        ],
    )
    .await?;

    let register = async |token: Option<&str>, uri: &str| {
        let request = http()?.post(format!("{}/register", edge.url()));
        let metadata = json!({ "redirect_uris": [uri], "token_endpoint_auth_method": "none" });
        let request = token.into_iter().fold(request, |request, token| request.bearer_auth(token));
        Answer::to(request.json(&metadata)).await
    };
    let good = "https://client.example/callback";
    for wrong in [None, Some("wrong"), Some(&TOKEN[1..])] {
        let answer = register(wrong, good).await?;
        refused(&answer, UNAUTHORIZED, "invalid_token");
        assert!(answer.headers["www-authenticate"].as_bytes().starts_with(b"Bearer"));
    }
    assert_eq!(register(Some(TOKEN), good).await?.status, StatusCode::CREATED);
    for bad in [REDIRECT_URI, "https://evil.example/callback"] {
        refused(&register(Some(TOKEN), bad).await?, StatusCode::BAD_REQUEST, "invalid_redirect_uri");
    }

    let authorize = async |client_id: &str, uri: &str| -> Result<StatusCode> {
        let client = HandMade::named(&world.stack, client_id)?.at(edge.url());
        let url = client.authorization_url(&client.authorization().with("redirect_uri", uri))?;
        Ok(http()?.get(url).send().await?.status())
    };
    for (url, uri, status) in [
        ("https://a.allowed.example/client", good, StatusCode::OK),
        ("https://a.allowed.example/client", REDIRECT_URI, StatusCode::BAD_REQUEST),
        ("https://allowed.example/client", good, StatusCode::BAD_REQUEST),
        ("https://other.example/client", good, StatusCode::BAD_REQUEST),
    ] {
        let document = json!({ "client_id": url, "client_name": "Described", "redirect_uris": [good, REDIRECT_URI] });
        world.hosts()?.put(url, Document::json(&document));
        assert_eq!((url, uri, authorize(url, uri).await?), (url, uri, status));
    }

    let metadata: Value =
        http()?.get(format!("{}/.well-known/oauth-authorization-server", edge.url())).send().await?.json().await?;
    assert!(metadata["registration_endpoint"].is_string());
    edge.stop();
    assert!(!edge.log().contains(TOKEN), "the token is in the log");
    Ok(())
}

async fn a_code_outlives_a_host_that_does_not_answer(world: Arc<World>) -> Result<()> {
    let url = "https://outlived.example/client";
    let document = Document::json(&json!({
        "client_id": url, "client_name": "Described", "redirect_uris": [REDIRECT_URI],
    }));
    world.hosts()?.put(url, document.clone());
    let client = HandMade::named(&world.stack, url)?;
    let redemption = client.redemption(&client.code(&mut Browser::new()?).await?);
    // The client comes to an instance that has not seen its document.
    let edge = other_edge(&world, &[]).await?;
    let client = client.at(edge.url());
    world.hosts()?.put(url, Document { status: 503, ..document.clone() });
    let answer = client.token(&redemption).await?;
    refused(&answer, StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable");
    assert!(answer.headers.contains_key("retry-after"));
    world.hosts()?.put(url, document);
    let mut answer = client.token(&redemption).await?;
    while answer.status == StatusCode::SERVICE_UNAVAILABLE {
        tokio::time::sleep(Duration::from_millis(500)).await;
        answer = client.token(&redemption).await?;
    }
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text("error"));
    edge.stop();
    Ok(())
}

async fn a_pool_that_does_not_rotate_works_and_is_told_of_once(_: Arc<World>) -> Result<()> {
    // As in Cognito, rotation is off if nobody has said anything.
    let stack = Stack::start(Options { name: "unrotated".to_owned(), ..Options::default() }).await?;
    let client = HandMade::register(&stack).await?;
    let mut tokens = client.tokens().await?;
    for _ in 0..3 {
        let next = client.token(&client.refreshing(tokens.text("refresh_token"))).await?;
        assert_eq!(next.status, StatusCode::OK, "{}", next.text("error"));
        assert_ne!(next.text("refresh_token"), tokens.text("refresh_token"));
        tokens = next;
    }
    assert_eq!(whoami(stack.mcp().as_str())?.bearer_auth(tokens.text("access_token")).send().await?.status(), 200);
    until("it is told", || stack.edge().log().contains("refresh tokens are not rotated")).await?;
    stack.stop();
    let told = stack.edge().records().into_iter();
    let told: Vec<_> = told.filter(|record| record["event"] == "refresh tokens are not rotated").collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["level"], "warn");
    Ok(())
}
