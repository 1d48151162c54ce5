//! The whole way with rmcp's own client.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use edgeward_tests::{
    browser::{Browser, User},
    by_hand::HandMade,
    client::{ERAS, SignedIn, call, text},
};
use reqwest::StatusCode;
use serde_json::json;

use crate::world::{World, part, tests};

tests![
    a_user_signs_in_and_uses_the_tools_in_both_eras,
    tokens_are_refreshed_and_go_on_working,
    a_session_at_cognito_saves_the_second_login_but_not_the_consent,
    an_access_token_says_for_whom_and_for_what_it_is,
    registering_twice_gives_the_same_client,
];

async fn a_user_signs_in_and_uses_the_tools_in_both_eras(world: Arc<World>) -> Result<()> {
    let client = SignedIn::with(&mut Browser::new()?, &world.stack.mcp(), User::DEMO).await?;
    for era in ERAS {
        let connection = client.connect(era).await?;
        let tools = connection.list_all_tools().await?;
        let mut names: Vec<_> = tools.iter().map(|tool| tool.name.as_ref()).collect();
        names.sort_unstable();
        assert_eq!(names, ["count_slowly", "get_alerts", "get_forecast", "whoami"]);
        let who = call(&connection, "whoami", json!({})).await?.structured_content.context("nobody")?;
        assert_eq!(who["username"], "demo");
        assert_eq!(who["email"], "demo@example.com");
        assert_eq!(who["groups"], json!(["demo-group"]));
        assert_eq!(who["issuer"], world.stack.issuer());
        let alerts = text(&call(&connection, "get_alerts", json!({ "state": "CA" })).await?);
        assert!(alerts.contains("Winter Storm Warning"), "{alerts}");
        connection.cancel().await?;
    }
    Ok(())
}

async fn tokens_are_refreshed_and_go_on_working(world: Arc<World>) -> Result<()> {
    let client = SignedIn::with(&mut Browser::new()?, &world.stack.mcp(), User::DEMO).await?;
    for era in ERAS {
        let connection = client.connect(era).await?;
        let before = client.access_token().await?;
        client.refresh().await?;
        assert_ne!(client.access_token().await?, before);
        call(&connection, "whoami", json!({})).await?;
        connection.cancel().await?;
    }
    Ok(())
}

async fn a_session_at_cognito_saves_the_second_login_but_not_the_consent(world: Arc<World>) -> Result<()> {
    let mut browser = Browser::new()?;
    SignedIn::with(&mut browser, &world.stack.mcp(), User::DEMO).await?;
    // Fails without a consent page, and would fail at a login page: there is no such user.
    let nobody = User { name: "nobody", password: "wrong" };
    SignedIn::with(&mut browser, &world.stack.mcp(), nobody).await?;
    Ok(())
}

async fn an_access_token_says_for_whom_and_for_what_it_is(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let tokens = client.tokens().await?;
    assert_eq!(tokens.text("token_type").to_lowercase(), "bearer");
    assert_eq!(tokens.headers["cache-control"], "no-store, no-transform");
    let token = tokens.text("access_token");
    assert_eq!(part(token, 0)["typ"], "at+jwt");
    let claims = part(token, 1);
    assert_eq!(claims["iss"], world.stack.issuer());
    assert_eq!(claims["aud"], world.stack.mcp().as_str());
    assert_eq!(claims["client_id"], client.client_id.as_str());
    assert_eq!(claims["scope"], "mcp");
    assert!(claims["sub"].is_string() && claims["jti"].is_string() && claims["exp"].is_u64(), "{claims}");
    assert_eq!(world.whoami(token).await?.status(), StatusCode::OK);
    Ok(())
}

async fn registering_twice_gives_the_same_client(world: Arc<World>) -> Result<()> {
    let (first, second) = (HandMade::register(&world.stack).await?, HandMade::register(&world.stack).await?);
    assert_eq!(first.client_id, second.client_id);
    Ok(())
}
