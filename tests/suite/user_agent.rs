//! `User-Agent`: firewalls before Cognito, before the hosts of documents and before the origin refuse requests without one.

use std::{collections::BTreeSet, sync::Arc};

use anyhow::{Context as _, Result};
use edgeward_tests::{
    browser::Browser,
    by_hand::{HandMade, Parameters, USER_AGENT, call_over, http},
    client::REDIRECT_URI,
    document_host::Document,
};
use reqwest::StatusCode;
use serde_json::json;

use crate::{
    other_settings::other_edge,
    world::{World, tests},
};

tests![
    the_edge_names_itself_to_cognito,
    the_edge_names_itself_to_hosts_of_documents,
    a_forwarded_request_has_one_whatever_its_client_sends,
];

const EDGE: &str = concat!("Edgeward/", env!("CARGO_PKG_VERSION"));

async fn the_edge_names_itself_to_cognito(world: Arc<World>) -> Result<()> {
    // One that has fetched no keys yet.
    let edge = other_edge(&world, &[]).await?;
    let mark = world.stack.cognito().requests().len();
    let client = HandMade::register(&world.stack).await?;
    let redemption = client.redemption(&client.code(&mut Browser::new()?).await?);
    let client = client.at(edge.url());
    let tokens = client.token(&redemption).await?;
    let tokens = client.token(&client.refreshing(tokens.text("refresh_token"))).await?;
    let revocation = Parameters::new([("client_id", &client.client_id), ("token", tokens.text("refresh_token"))]);
    assert_eq!(client.revoke(&revocation).await?.status, StatusCode::OK);
    edge.stop();
    let requests = world.stack.cognito().requests();
    let machines = ["/oauth2/token", "/oauth2/revoke", "/.well-known/jwks.json"];
    let own = requests[mark..].iter().filter(|request| machines.iter().any(|path| request.path.ends_with(path)));
    let asked: BTreeSet<_> = own.clone().map(|request| request.path.rsplit('/').next().unwrap_or_default()).collect();
    assert_eq!(asked, BTreeSet::from(["jwks.json", "revoke", "token"]));
    for request in own {
        assert_eq!(request.user_agent.as_deref(), Some(EDGE), "{}", request.path);
    }
    Ok(())
}

async fn the_edge_names_itself_to_hosts_of_documents(world: Arc<World>) -> Result<()> {
    let url = "https://named.example/client";
    let document = json!({ "client_id": url, "client_name": "Described", "redirect_uris": [REDIRECT_URI] });
    world.hosts()?.put(url, Document::json(&document));
    assert!(!HandMade::named(&world.stack, url)?.tokens().await?.text("access_token").is_empty());
    let asked = world.hosts()?.asked(url);
    assert!(!asked.is_empty());
    assert!(asked.iter().all(|asked| asked.headers["user-agent"] == EDGE), "{asked:?}");
    Ok(())
}

async fn a_forwarded_request_has_one_whatever_its_client_sends(world: Arc<World>) -> Result<()> {
    const MARK: &str = "x-test-user-agent";
    let tokens = HandMade::register(&world.stack).await?.tokens().await?;
    let named = http()?;
    let unnamed = reqwest::Client::builder().no_proxy().build()?;
    // The gate decides about the first one, and the others repeat it.
    let asked = [(&unnamed, None), (&unnamed, None), (&named, None), (&named, Some("")), (&named, Some("curl/8"))];
    for (number, (http, value)) in asked.into_iter().enumerate() {
        let request = call_over(http, world.stack.mcp().as_str(), "whoami", &json!({}), "named");
        let request = value.into_iter().fold(request, |request, value| request.header("user-agent", value));
        let answer = request.header(MARK, number).bearer_auth(tokens.text("access_token")).send().await?;
        assert_eq!(answer.status(), StatusCode::OK);
    }
    let traffic = world.stack.origin_traffic().context("not recorded")?.seen();
    let mut received: Vec<_> = traffic
        .iter()
        .filter_map(|exchange| {
            let number = exchange.request_headers.get(MARK)?.to_str().ok()?.to_owned();
            Some((number, exchange.request_headers.get("user-agent").cloned()))
        })
        .collect();
    received.sort();
    let received: Vec<_> =
        received.iter().map(|(_, value)| value.as_ref().and_then(|value| value.to_str().ok())).collect();
    assert_eq!(received, [EDGE, EDGE, USER_AGENT, EDGE, "curl/8"].map(Some));
    Ok(())
}
