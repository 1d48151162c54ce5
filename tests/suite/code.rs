//! Authorization codes at the token endpoint: each refusal has the good request beside it.

use std::sync::Arc;

use anyhow::Result;
use edgeward_tests::{browser::Browser, by_hand::HandMade};
use reqwest::StatusCode;
use serde_json::json;

use crate::world::{World, changed_at, refused, tests};

tests![
    a_code_is_refused_a_second_time,
    a_wrong_or_missing_verifier_is_refused,
    a_code_is_refused_with_another_redirect_uri,
    a_code_is_refused_for_another_client,
    a_code_is_refused_for_another_resource,
    a_changed_code_is_refused,
];

const BAD: StatusCode = StatusCode::BAD_REQUEST;

async fn a_code_is_refused_a_second_time(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let code = client.code(&mut Browser::new()?).await?;
    assert_eq!(client.token(&client.redemption(&code)).await?.status, StatusCode::OK);
    refused(&client.token(&client.redemption(&code)).await?, BAD, "invalid_grant");
    Ok(())
}

async fn a_wrong_or_missing_verifier_is_refused(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let code = client.code(&mut Browser::new()?).await?;
    let good = client.redemption(&code);
    refused(&client.token(&good.clone().with("code_verifier", &client.again()?.verifier)).await?, BAD, "invalid_grant");
    let missing = client.token(&good.clone().without("code_verifier")).await?;
    refused(&missing, BAD, "invalid_request");
    // Cognito has not seen the code yet.
    assert_eq!(client.token(&good).await?.status, StatusCode::OK);
    Ok(())
}

async fn a_code_is_refused_with_another_redirect_uri(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let code = client.code(&mut Browser::new()?).await?;
    let good = client.redemption(&code);
    let other = good.clone().with("redirect_uri", "http://127.0.0.1:33418/other");
    let answer = client.token(&other).await?;
    refused(&answer, BAD, "invalid_grant");
    assert!(answer.text("error_description").contains("http://127.0.0.1:33418/other"), "{}", answer.body);
    assert_eq!(client.token(&good).await?.status, StatusCode::OK);
    Ok(())
}

async fn a_code_is_refused_for_another_client(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let metadata = json!({ "client_name": "Another", "redirect_uris": ["http://127.0.0.1:33418/callback"] });
    let other = client.registration(&metadata).await?;
    assert_ne!(other.text("client_id"), client.client_id);
    let code = client.code(&mut Browser::new()?).await?;
    let good = client.redemption(&code);
    refused(&client.token(&good.clone().with("client_id", other.text("client_id"))).await?, BAD, "invalid_grant");
    assert_eq!(client.token(&good).await?.status, StatusCode::OK);
    Ok(())
}

async fn a_code_is_refused_for_another_resource(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let code = client.code(&mut Browser::new()?).await?;
    let good = client.redemption(&code);
    let answer = client.token(&good.clone().with("resource", "https://other.example/mcp")).await?;
    refused(&answer, BAD, "invalid_target");
    assert!(answer.text("error_description").contains("https://other.example/mcp"), "{}", answer.body);
    assert_eq!(client.token(&good).await?.status, StatusCode::OK);
    Ok(())
}

async fn a_changed_code_is_refused(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let code = client.code(&mut Browser::new()?).await?;
    let changed = changed_at(&code, code.len() / 2);
    refused(&client.token(&client.redemption(&changed)).await?, BAD, "invalid_grant");
    assert_eq!(client.token(&client.redemption(&code)).await?.status, StatusCode::OK);
    Ok(())
}
