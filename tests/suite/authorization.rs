//! The authorization request (RFC 6749 §4.1.1, RFC 7636, RFC 8707, RFC 9207): what is shown, and what goes back.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use edgeward_tests::{
    browser::{Browser, Decision, Page, query},
    by_hand::{HandMade, Parameters, redirect_uri},
    client::REDIRECT_URI,
};
use reqwest::{StatusCode, Url};
use serde_json::json;

use crate::{
    settings::{LIMITED_CLIENT, OTHER_RESOURCE, OTHER_SCOPE},
    world::{World, part, tests},
};

tests![
    without_a_known_client_and_redirect_uri_there_is_a_page_and_no_redirect,
    a_client_with_two_redirect_uris_must_name_one,
    a_loopback_redirect_uri_may_have_any_port,
    what_else_is_wrong_goes_back_to_the_client,
    a_repeated_parameter_is_refused,
    a_state_comes_back_as_it_was_sent,
    a_request_without_resource_and_scope_gets_the_defaults,
    a_request_may_name_any_resource_and_scope_there_is,
    a_client_of_the_settings_may_be_held_to_some_scopes,
];

async fn open(client: &HandMade, parameters: &Parameters) -> Result<Page> {
    Browser::new()?.get(&client.authorization_url(parameters)?).await
}

fn shows_consent(page: &Page) -> bool {
    page.status == StatusCode::OK && page.form().is_some_and(|form| form.has_button("decision", "allow"))
}

fn is_refusal_page(page: &Page) -> bool {
    let is_html = page.header("content-type").is_some_and(|kind| kind.starts_with("text/html"));
    page.status == StatusCode::BAD_REQUEST && is_html && page.header("location").is_none() && page.form().is_none()
}

/// Checks a redirect that tells the client of an error, and gives where it goes.
fn sent_back(world: &World, page: &Page, error: &str) -> Result<Url> {
    let back = page.redirect()?.with_context(|| format!("no redirect with {error} but {}", page.summary()))?;
    assert_eq!((back.origin(), back.path()), (redirect_uri().origin(), redirect_uri().path()));
    assert_eq!(query(&back, "error").as_deref(), Some(error), "{back}");
    assert_eq!(query(&back, "iss").as_deref(), Some(world.stack.issuer()));
    assert_eq!(query(&back, "code"), None);
    Ok(back)
}

async fn without_a_known_client_and_redirect_uri_there_is_a_page_and_no_redirect(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let good = client.authorization();
    for bad in [
        good.clone().without("client_id"),
        good.clone().with("client_id", "unknown"),
        good.clone().with("client_id", "https://client.example/metadata.json"),
        good.clone().without("redirect_uri"),
        good.clone().with("redirect_uri", "https://evil.example/callback"),
        good.clone().with("redirect_uri", &format!("{REDIRECT_URI}/")),
        good.clone().with("redirect_uri", &format!("{REDIRECT_URI}?added=1")),
        good.clone().with("redirect_uri", &REDIRECT_URI.replace("callback", "callbac%6B")),
        // Whatever else is wrong, it is not told to an address that nobody knows.
        good.clone().with("redirect_uri", "https://evil.example/callback").without("code_challenge"),
    ] {
        let page = open(&client, &bad).await?;
        assert!(is_refusal_page(&page), "{bad:?}: {}", page.summary());
    }
    assert!(shows_consent(&open(&client, &good).await?));
    Ok(())
}

async fn a_client_with_two_redirect_uris_must_name_one(world: Arc<World>) -> Result<()> {
    let client = HandMade::named(&world.stack, "")?;
    let metadata = json!({ "redirect_uris": [REDIRECT_URI, "https://client.example/callback"] });
    let registered = client.registration(&metadata).await?;
    let good = client.authorization().with("client_id", registered.text("client_id"));
    assert!(is_refusal_page(&open(&client, &good.clone().without("redirect_uri")).await?));
    for named in [REDIRECT_URI, "https://client.example/callback"] {
        assert!(shows_consent(&open(&client, &good.clone().with("redirect_uri", named)).await?), "{named}");
    }
    Ok(())
}

async fn a_loopback_redirect_uri_may_have_any_port(world: Arc<World>) -> Result<()> {
    let client = HandMade::named(&world.stack, "")?;
    let metadata =
        json!({ "redirect_uris": ["http://127.0.0.1/cb", "http://localhost:1/cb", "https://client.example/cb"] });
    let registered = client.registration(&metadata).await?;
    let good = client.authorization().with("client_id", registered.text("client_id"));
    for (uri, fits) in [
        ("http://127.0.0.1:50123/cb", true),
        ("http://localhost:50123/cb", true),
        ("https://client.example/cb", true),
        ("http://127.0.0.1:50123/other", false),
        ("http://[::1]:50123/cb", false),
        ("https://127.0.0.1:50123/cb", false),
        ("https://client.example:8443/cb", false),
    ] {
        let page = open(&client, &good.clone().with("redirect_uri", uri)).await?;
        assert_eq!((shows_consent(&page), is_refusal_page(&page)), (fits, !fits), "{uri}");
    }
    let mut browser = Browser::new()?;
    let url = client.authorization_url(&good.with("redirect_uri", "http://127.0.0.1:50123/cb"))?;
    let consent = browser.open_consent(&url).await?;
    let back = browser.decide(&consent, Decision::Deny).await?.redirect()?.context("no redirect")?;
    assert_eq!((back.host_str(), back.port(), back.path()), (Some("127.0.0.1"), Some(50123), "/cb"));
    Ok(())
}

async fn what_else_is_wrong_goes_back_to_the_client(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let good = client.authorization();
    for (bad, error) in [
        (good.clone().without("response_type"), "invalid_request"),
        (good.clone().with("response_type", "token"), "unsupported_response_type"),
        (good.clone().with("response_type", "code id_token"), "unsupported_response_type"),
        (good.clone().with("response_mode", "fragment"), "invalid_request"),
        (good.clone().without("code_challenge").without("code_challenge_method"), "invalid_request"),
        (good.clone().without("code_challenge"), "invalid_request"),
        (good.clone().without("code_challenge_method"), "invalid_request"),
        (good.clone().with("code_challenge_method", "plain"), "invalid_request"),
        (good.clone().with("code_challenge_method", "s256"), "invalid_request"),
        (good.clone().with("code_challenge", &"a".repeat(42)), "invalid_request"),
        (good.clone().with("code_challenge", &"+".repeat(43)), "invalid_request"),
        (good.clone().with("scope", "mcp unheard-of"), "invalid_scope"),
        (good.clone().with("scope", "second"), "invalid_scope"),
        (good.clone().with("scope", "\"mcp\""), "invalid_scope"),
        (good.clone().with("resource", "https://other.example/mcp"), "invalid_target"),
        (good.clone().with("resource", world.stack.url("/mcp/more").as_str()), "invalid_target"),
        (good.clone().with("resource", "mcp"), "invalid_target"),
    ] {
        let back = sent_back(&world, &open(&client, &bad).await?, error)?;
        assert_eq!(query(&back, "state").as_deref(), Some(&*client.state), "{bad:?}");
    }
    assert!(shows_consent(&open(&client, &good.with("response_mode", "query")).await?));
    Ok(())
}

async fn a_repeated_parameter_is_refused(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let good = client.authorization();
    for (name, value) in [("client_id", client.client_id.as_str()), ("redirect_uri", REDIRECT_URI)] {
        assert!(is_refusal_page(&open(&client, &good.clone().and(name, value)).await?), "{name}");
    }
    for name in ["response_type", "scope", "code_challenge", "code_challenge_method"] {
        let back = sent_back(&world, &open(&client, &good.clone().and(name, "x")).await?, "invalid_request")?;
        assert_eq!(query(&back, "state").as_deref(), Some(&*client.state), "{name}");
    }
    let back = sent_back(&world, &open(&client, &good.clone().and("state", "x")).await?, "invalid_request")?;
    assert_eq!(query(&back, "state"), None, "neither is known to be the client's");
    let second = world.stack.url(OTHER_RESOURCE);
    sent_back(&world, &open(&client, &good.clone().and("resource", second.as_str())).await?, "invalid_target")?;
    assert!(shows_consent(&open(&client, &good.and("unknown", "x").and("unknown", "y")).await?));
    Ok(())
}

async fn a_state_comes_back_as_it_was_sent(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let denied = client.authorization().with("response_type", "token");
    for state in ["a b+c%20d&e=f/~\"<>", &"s".repeat(2048)] {
        let page = open(&client, &denied.clone().with("state", state)).await?;
        let back = sent_back(&world, &page, "unsupported_response_type")?;
        assert_eq!(query(&back, "state").as_deref(), Some(state));
    }
    for state in ["s".repeat(2049), "not ascii: ä".to_owned()] {
        let page = open(&client, &client.authorization().with("state", &state)).await?;
        assert_eq!(query(&sent_back(&world, &page, "invalid_request")?, "state"), Some(state));
    }
    Ok(())
}

async fn a_request_without_resource_and_scope_gets_the_defaults(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let bare = client.authorization().without("resource").without("scope");
    for parameters in [bare.clone(), bare.with("scope", "offline_access")] {
        let code = client.code_for(&parameters, &mut Browser::new()?).await?;
        let tokens = client.token(&client.redemption(&code).without("resource")).await?;
        assert_eq!((tokens.status, tokens.text("scope")), (StatusCode::OK, "mcp"));
        assert!(!tokens.text("refresh_token").is_empty());
        let claims = part(tokens.text("access_token"), 1);
        assert_eq!((&claims["aud"], &claims["scope"]), (&json!(world.stack.mcp()), &json!("mcp")));
    }
    Ok(())
}

async fn a_request_may_name_any_resource_and_scope_there_is(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let second = world.stack.url(OTHER_RESOURCE);
    let (mcp, both) = (world.stack.mcp(), format!("{OTHER_SCOPE} mcp"));
    let spelled_otherwise = format!("{}/", mcp.as_str().replace("http://localhost", "HTTP://LocalHost"));
    for (resource, scope, audience, granted) in [
        (second.as_str(), "second", &second, "second"),
        (mcp.as_str(), both.as_str(), &mcp, both.as_str()),
        (&spelled_otherwise, "mcp mcp offline_access", &mcp, "mcp"),
    ] {
        let parameters = client.authorization().with("resource", resource).with("scope", scope);
        let code = client.code_for(&parameters, &mut Browser::new()?).await?;
        let tokens = client.token(&client.redemption(&code).with("resource", resource)).await?;
        assert_eq!((tokens.status, tokens.text("scope")), (StatusCode::OK, granted), "{}", tokens.text("error"));
        let claims = part(tokens.text("access_token"), 1);
        assert_eq!((&claims["aud"], &claims["scope"]), (&json!(audience), &json!(granted)));
    }
    Ok(())
}

async fn a_client_of_the_settings_may_be_held_to_some_scopes(world: Arc<World>) -> Result<()> {
    let client = HandMade::named(&world.stack, LIMITED_CLIENT)?;
    let good = client.authorization();
    let both = format!("mcp {OTHER_SCOPE}");
    for outside in [OTHER_SCOPE, &both] {
        sent_back(&world, &open(&client, &good.clone().with("scope", outside)).await?, "invalid_scope")?;
    }
    let elsewhere = good.clone().with("resource", world.stack.url(OTHER_RESOURCE).as_str()).without("scope");
    sent_back(&world, &open(&client, &elsewhere).await?, "invalid_scope")?;
    for inside in [good.clone(), good.clone().with("scope", "mcp offline_access"), good.without("scope")] {
        assert!(shows_consent(&open(&client, &inside).await?), "{inside:?}");
    }
    Ok(())
}
