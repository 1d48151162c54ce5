//! What clients in the field do, and the answers that they need: the rows of `tests/FIELD.md` that no other suite has.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use edgeward_identity::names::edge as names;
use edgeward_tests::{
    browser::{Browser, Page, query},
    by_hand::{self, Answer, HandMade, Parameters, http},
    client::REDIRECT_URI,
    edge::Sandbox,
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    faulty::until,
    settings::JUDGED_RESOURCE,
    world::{World, part, refused, tests},
};

tests![
    no_page_cuts_the_tie_to_the_window_that_opened_it,
    scopes_of_openid_connect_are_ignored_and_the_answer_says_what_was_granted,
    a_scope_that_nobody_knows_is_refused_by_name,
    a_resource_with_a_query_is_the_resource,
    the_metadata_spell_the_resource_as_it_was_asked_for,
    a_state_of_two_thousand_characters_comes_back,
    every_error_brings_back_the_state,
    a_redirect_uri_that_is_the_only_one_may_be_left_out,
    pages_of_every_origin_may_call_where_the_operator_says_so,
    a_page_that_may_not_call_is_told_the_setting,
];

async fn open(client: &HandMade, parameters: &Parameters) -> Result<Page> {
    Browser::new()?.get(&client.authorization_url(parameters)?).await
}

/// The parameters that a client is sent back with.
async fn sent_back(client: &HandMade, parameters: &Parameters, name: &str) -> Result<Option<String>> {
    let page = open(client, parameters).await?;
    let back = page.redirect()?.with_context(|| page.summary())?;
    Ok(query(&back, name))
}

async fn no_page_cuts_the_tie_to_the_window_that_opened_it(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let consent = open(&client, &client.authorization()).await?;
    let error = open(&client, &client.authorization().with("client_id", "unknown")).await?;
    assert_eq!((consent.status, error.status), (StatusCode::OK, StatusCode::BAD_REQUEST));
    for page in [consent, error] {
        assert_eq!(page.header("cross-origin-opener-policy"), None);
        assert!(page.header("content-security-policy").context("none")?.contains("frame-ancestors 'none'"));
    }
    Ok(())
}

async fn scopes_of_openid_connect_are_ignored_and_the_answer_says_what_was_granted(world: Arc<World>) -> Result<()> {
    for (asked, granted) in [
        ("openid email profile", "mcp"),
        ("openid profile email address phone offline_access", "mcp"),
        ("openid mcp", "mcp"),
    ] {
        let client = HandMade::register(&world.stack).await?;
        let code = client.code_for(&client.authorization().with("scope", asked), &mut Browser::new()?).await?;
        let tokens = client.token(&client.redemption(&code)).await?;
        assert_eq!((tokens.status, tokens.text("scope")), (StatusCode::OK, granted), "{asked}");
        let again = client.refreshing(tokens.text("refresh_token")).with("scope", asked);
        assert_eq!(client.token(&again).await?.text("scope"), granted, "{asked}");
    }
    Ok(())
}

async fn a_scope_that_nobody_knows_is_refused_by_name(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let asked = client.authorization().with("scope", "openid mcp files:write");
    let mark = world.log_mark();
    assert_eq!(sent_back(&client, &asked, "error").await?.as_deref(), Some("invalid_scope"));
    let told = sent_back(&client, &asked, "error_description").await?.context("no description")?;
    assert!(told.contains("`files:write`"), "{told}");
    let is_logged = || {
        let records = world.stack.edge().records_after(mark);
        records.iter().any(|record| record["reason"].as_str().is_some_and(|reason| reason.contains("`files:write`")))
    };
    until("the log names it", is_logged).await?;
    let tokens = client.tokens().await?;
    let wider = client.refreshing(tokens.text("refresh_token")).with("scope", "mcp files:write");
    let answer = client.token(&wider).await?;
    refused(&answer, StatusCode::BAD_REQUEST, "invalid_scope");
    assert!(answer.text("error_description").contains("`files:write`"), "{}", answer.body);
    Ok(())
}

async fn a_resource_with_a_query_is_the_resource(world: Arc<World>) -> Result<()> {
    let mcp = world.stack.mcp();
    let mut client = HandMade::register(&world.stack).await?;
    client.resource = format!("{mcp}?api_key=1&region=eu");
    let tokens = client.tokens().await?;
    assert_eq!(tokens.status, StatusCode::OK, "{}", tokens.body);
    assert_eq!(part(tokens.text("access_token"), 1)["aud"], mcp.as_str());
    assert_eq!(world.whoami(tokens.text("access_token")).await?.status(), StatusCode::OK);
    let refreshing = client.refreshing(tokens.text("refresh_token"));
    for (resource, error) in
        [(format!("{mcp}/?x=1"), None), (format!("{}?x={mcp}", world.stack.url("/other")), Some("invalid_grant"))]
    {
        let answer = client.token(&refreshing.clone().with("resource", &resource)).await?;
        assert_eq!(answer.body["error"].as_str(), error, "{resource}");
    }
    let unknown = client.authorization().with("resource", world.stack.url("/other?x=/mcp").as_ref());
    assert_eq!(sent_back(&client, &unknown, "error").await?.as_deref(), Some("invalid_target"));
    let told = sent_back(&client, &unknown, "error_description").await?.context("no description")?;
    assert!(told.contains("/other?..."), "{told}");
    Ok(())
}

async fn the_metadata_spell_the_resource_as_it_was_asked_for(world: Arc<World>) -> Result<()> {
    for path in ["/mcp", "/mcp/", JUDGED_RESOURCE, &format!("{JUDGED_RESOURCE}/")] {
        let url = world.stack.url(path);
        let answer = http()?.post(url.clone()).send().await?;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        let challenge = answer.headers()["www-authenticate"].to_str()?;
        let metadata = challenge.split("resource_metadata=\"").nth(1).and_then(|rest| rest.split('"').next());
        let metadata = metadata.context("no metadata")?;
        assert!(metadata.ends_with(&format!("/.well-known/oauth-protected-resource{path}")), "{challenge}");
        // RFC 9728 §3.3: what is there is the URL that the client has.
        let document: Value = http()?.get(metadata).send().await?.json().await?;
        assert_eq!(document["resource"], url.as_str());
        // And both mean one resource.
        let mut client = HandMade::register(&world.stack).await?;
        client.resource = url.into();
        let code = client.code_for(&client.authorization().without("scope"), &mut Browser::new()?).await?;
        let tokens = client.token(&client.redemption(&code)).await?;
        let audience = part(tokens.text("access_token"), 1)["aud"].clone();
        assert_eq!(audience, world.stack.url(path.trim_end_matches('/')).as_str());
    }
    let token = HandMade::register(&world.stack).await?.tokens().await?;
    let slash = world.stack.url("/mcp/");
    let call = by_hand::whoami(slash.as_str())?.bearer_auth(token.text("access_token"));
    assert_eq!(call.send().await?.status(), StatusCode::OK);
    Ok(())
}

async fn a_state_of_two_thousand_characters_comes_back(world: Arc<World>) -> Result<()> {
    for length in [521, 1025, 2048] {
        let mut client = HandMade::register(&world.stack).await?;
        client.state = "S".repeat(length);
        // Looks at the state itself.
        let code = client.code(&mut Browser::new()?).await?;
        assert_eq!(client.token(&client.redemption(&code)).await?.status, StatusCode::OK, "{length}");
    }
    Ok(())
}

async fn every_error_brings_back_the_state(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    for length in [1, 2048, 2049, 6000] {
        let state = "S".repeat(length);
        let asked = client.authorization().with("state", &state);
        for (name, value) in
            [("scope", "unknown"), ("response_type", "token"), ("resource", "https://other.example/mcp")]
        {
            let refused = asked.clone().with(name, value);
            assert_eq!(sent_back(&client, &refused, "state").await?.as_deref(), Some(&*state), "{name} {length}");
        }
        if length > 2048 {
            assert_eq!(sent_back(&client, &asked, "error").await?.as_deref(), Some("invalid_request"));
            assert_eq!(sent_back(&client, &asked, "state").await?.as_deref(), Some(&*state));
        }
    }
    let odd = client.authorization().with("state", "\u{fc}\t\"");
    assert_eq!(sent_back(&client, &odd, "state").await?.as_deref(), Some("\u{fc}\t\""));
    Ok(())
}

async fn a_redirect_uri_that_is_the_only_one_may_be_left_out(world: Arc<World>) -> Result<()> {
    let register = async |uris: Value| {
        let metadata = json!({ "redirect_uris": uris, "token_endpoint_auth_method": "none" });
        let answer = Answer::to(http()?.post(world.stack.url("/register")).json(&metadata)).await?;
        HandMade::named(&world.stack, answer.text("client_id"))
    };
    let only = register(json!(["https://only.example/back"])).await?;
    let asked = only.authorization().without("redirect_uri");
    assert_eq!(open(&only, &asked).await?.status, StatusCode::OK);
    let page = open(&only, &asked.with("scope", "unknown")).await?;
    assert!(page.redirect()?.context("nowhere")?.as_str().starts_with("https://only.example/back?"));
    for uris in [
        json!(["https://only.example/a", "https://only.example/b"]),
        json!([REDIRECT_URI]),
        json!(["http://localhost/x"]),
    ] {
        let client = register(uris.clone()).await?;
        let page = open(&client, &client.authorization().without("redirect_uri")).await?;
        assert_eq!((page.status, page.redirect()?), (StatusCode::BAD_REQUEST, None), "{uris}");
        assert!(page.body.contains("redirect_uri is missing"), "{}", page.summary());
    }
    Ok(())
}

async fn pages_of_every_origin_may_call_where_the_operator_says_so(world: Arc<World>) -> Result<()> {
    let token = HandMade::register(&world.stack).await?.tokens().await?;
    let mut variables = world.stack.variables().clone();
    variables.insert(names::ALLOWED_ORIGINS.to_owned(), "*".to_owned());
    let edge = world.stack.start_edge("every-origin-edge", Sandbox::default(), &variables).await?;
    let mcp = format!("{}/mcp", edge.url());
    for origin in ["http://localhost:6274", "https://page.example", "null"] {
        let call = by_hand::whoami(&mcp)?.bearer_auth(token.text("access_token")).header("origin", origin);
        let answer = call.send().await?;
        assert_eq!(answer.status(), StatusCode::OK, "{origin}");
        assert_eq!(answer.headers()["access-control-allow-origin"], origin);
        assert!(!answer.headers().contains_key("access-control-allow-credentials"));
        let question = http()?.request(Method::OPTIONS, &mcp).header("origin", origin).send().await?;
        assert_eq!(
            (question.status(), &question.headers()["access-control-allow-origin"]),
            (StatusCode::NO_CONTENT, &origin.parse()?)
        );
        // The token is still what counts.
        let stranger = by_hand::whoami(&mcp)?.header("origin", origin).header("cookie", "session=x").send().await?;
        assert_eq!(stranger.status(), StatusCode::UNAUTHORIZED);
    }
    edge.stop();
    Ok(())
}

async fn a_page_that_may_not_call_is_told_the_setting(world: Arc<World>) -> Result<()> {
    let mark = world.log_mark();
    let call = by_hand::whoami(world.stack.mcp().as_str())?.header("origin", "https://page.example");
    let answer = call.send().await?;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    assert!(!answer.headers().contains_key("access-control-allow-origin"));
    let body: Value = answer.json().await?;
    let told = body["error_description"].as_str().context("no description")?;
    for part in ["https://page.example", names::ALLOWED_ORIGINS] {
        assert!(told.contains(part), "{told}");
    }
    let is_logged = || {
        let records = world.stack.edge().records_after(mark);
        records
            .iter()
            .any(|record| record["reason"].as_str().is_some_and(|reason| reason.contains("https://page.example")))
    };
    until("the log names the origin", is_logged).await
}
