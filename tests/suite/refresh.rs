//! Refresh tokens (RFC 6749 §6): what one is good for, and for whom.

use std::sync::Arc;

use anyhow::Result;
use edgeward_tests::{browser::Browser, by_hand::HandMade, client::REDIRECT_URI};
use reqwest::StatusCode;
use serde_json::json;

use crate::{
    settings::{OTHER_RESOURCE, OTHER_SCOPE, PUBLIC_CLIENT},
    world::{World, changed_at, part, refused, tests},
};

tests![
    each_refresh_gives_a_pair_that_works,
    two_refreshes_at_once_both_succeed,
    a_refresh_whose_answer_was_lost_succeeds_again,
    a_narrowed_scope_holds_for_one_access_token,
    more_scope_than_was_granted_is_refused,
    a_refresh_token_is_refused_for_another_client,
    a_refresh_token_is_refused_for_another_resource,
    what_is_no_refresh_token_is_refused,
    a_client_that_registered_without_the_grant_gets_no_refresh_token,
    a_grant_type_that_is_not_offered_is_refused,
];

const BAD: StatusCode = StatusCode::BAD_REQUEST;

async fn each_refresh_gives_a_pair_that_works(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let mut tokens = client.tokens().await?;
    let first = part(tokens.text("access_token"), 1);
    for form in ["with resource", "without"] {
        let refreshing = client.refreshing(tokens.text("refresh_token"));
        let refreshing = if form == "without" { refreshing.without("resource") } else { refreshing };
        let next = client.token(&refreshing).await?;
        assert_eq!((next.status, next.text("token_type"), next.text("scope")), (StatusCode::OK, "Bearer", "mcp"));
        assert_eq!(next.headers["cache-control"], "no-store, no-transform");
        assert_eq!(next.body["expires_in"], 900);
        for token in ["access_token", "refresh_token"] {
            assert_ne!(next.text(token), tokens.text(token));
        }
        assert_eq!(world.whoami(next.text("access_token")).await?.status(), StatusCode::OK);
        let claims = part(next.text("access_token"), 1);
        for same in ["iss", "aud", "sub", "client_id", "scope", "auth_time"] {
            assert_eq!(claims[same], first[same], "{same}");
        }
        assert_ne!(claims["jti"], first["jti"]);
        tokens = next;
    }
    Ok(())
}

/// As when two windows of an editor refresh, each with its own connection.
pub(crate) async fn two_refreshes_at_once_both_succeed(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let form = client.refreshing(client.tokens().await?.text("refresh_token"));
    let (first, second, third) = tokio::join!(client.token(&form), client.token(&form), client.token(&form));
    for answer in [first?, second?, third?] {
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text("error"));
        assert_eq!(world.whoami(answer.text("access_token")).await?.status(), StatusCode::OK);
        let next = client.token(&client.refreshing(answer.text("refresh_token"))).await?;
        assert_eq!(next.status, StatusCode::OK, "{}", next.text("error"));
    }
    Ok(())
}

/// Lost between the edge and the client, which asks again with the token that it still has.
pub(crate) async fn a_refresh_whose_answer_was_lost_succeeds_again(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let form = client.refreshing(client.tokens().await?.text("refresh_token"));
    assert_eq!(client.token(&form).await?.status, StatusCode::OK);
    let again = client.token(&form).await?;
    assert_eq!(again.status, StatusCode::OK, "{}", again.text("error"));
    assert_eq!(world.whoami(again.text("access_token")).await?.status(), StatusCode::OK);
    assert_eq!(client.token(&client.refreshing(again.text("refresh_token"))).await?.status, StatusCode::OK);
    Ok(())
}

/// A client with a grant of two scopes, and its refresh token.
async fn with_two_scopes(world: &World) -> Result<(HandMade, String)> {
    let client = HandMade::register(&world.stack).await?;
    let parameters = client.authorization().with("scope", &format!("mcp {OTHER_SCOPE}"));
    let code = client.code_for(&parameters, &mut Browser::new()?).await?;
    let tokens = client.token(&client.redemption(&code)).await?;
    assert_eq!(tokens.text("scope"), format!("mcp {OTHER_SCOPE}"));
    Ok((client, tokens.text("refresh_token").to_owned()))
}

async fn a_narrowed_scope_holds_for_one_access_token(world: Arc<World>) -> Result<()> {
    let (client, mut token) = with_two_scopes(&world).await?;
    let both = format!("mcp {OTHER_SCOPE}");
    for (asked, granted, status) in [
        (Some("mcp"), "mcp", StatusCode::OK),
        (Some("mcp offline_access"), "mcp", StatusCode::OK),
        // Every request to the resource needs `mcp`.
        (Some(OTHER_SCOPE), OTHER_SCOPE, StatusCode::FORBIDDEN),
        (Some(both.as_str()), &both, StatusCode::OK),
        (None, &both, StatusCode::OK),
    ] {
        let form = client.refreshing(&token);
        let form = asked.map_or(form.clone(), |scope| form.with("scope", scope));
        let answer = client.token(&form).await?;
        assert_eq!((answer.status, answer.text("scope")), (StatusCode::OK, granted), "{}", answer.text("error"));
        assert_eq!(part(answer.text("access_token"), 1)["scope"], granted);
        assert_eq!(world.whoami(answer.text("access_token")).await?.status(), status, "{granted}");
        answer.text("refresh_token").clone_into(&mut token);
    }
    Ok(())
}

async fn more_scope_than_was_granted_is_refused(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let tokens = client.tokens().await?;
    let form = client.refreshing(tokens.text("refresh_token"));
    for scope in [OTHER_SCOPE, "mcp admin", "second", "unheard-of", "\"mcp\""] {
        refused(&client.token(&form.clone().with("scope", scope)).await?, BAD, "invalid_scope");
    }
    assert_eq!(client.token(&form.with("scope", "mcp")).await?.status, StatusCode::OK);
    Ok(())
}

async fn a_refresh_token_is_refused_for_another_client(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let form = client.refreshing(client.tokens().await?.text("refresh_token"));
    refused(&client.token(&form.clone().with("client_id", PUBLIC_CLIENT)).await?, BAD, "invalid_grant");
    let metadata = json!({ "client_name": "Another", "redirect_uris": [REDIRECT_URI] });
    let another = client.registration(&metadata).await?;
    let theirs = form.clone().with("client_id", another.text("client_id"));
    refused(&client.token(&theirs).await?, BAD, "invalid_grant");
    assert_eq!(client.token(&form).await?.status, StatusCode::OK);
    Ok(())
}

/// With `invalid_grant`, which makes clients sign in again: at `invalid_target` they give up.
async fn a_refresh_token_is_refused_for_another_resource(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let form = client.refreshing(client.tokens().await?.text("refresh_token"));
    for other in [world.stack.url(OTHER_RESOURCE).as_str(), "https://other.example/mcp", "nonsense"] {
        refused(&client.token(&form.clone().with("resource", other)).await?, BAD, "invalid_grant");
        refused(&client.token(&form.clone().and("resource", other)).await?, BAD, "invalid_grant");
    }
    assert_eq!(client.token(&form).await?.status, StatusCode::OK);
    Ok(())
}

async fn what_is_no_refresh_token_is_refused(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let tokens = client.tokens().await?;
    let good = tokens.text("refresh_token");
    let code = client.code(&mut Browser::new()?).await?;
    for bad in [
        tokens.text("access_token"),
        &code,
        "nonsense",
        &changed_at(good, 0),
        &changed_at(good, good.len() / 2),
        &changed_at(good, good.len() - 2),
        &good[..good.len() - 4],
        &format!("{good}AAAA"),
        &"x".repeat(20_000),
    ] {
        refused(&client.token(&client.refreshing(bad)).await?, BAD, "invalid_grant");
    }
    // And the other way round.
    refused(&client.token(&client.redemption(good)).await?, BAD, "invalid_grant");
    assert_eq!(world.whoami(good).await?.status(), StatusCode::UNAUTHORIZED);
    let form = client.refreshing(good);
    refused(&client.token(&form.clone().without("refresh_token")).await?, BAD, "invalid_request");
    refused(&client.token(&form.clone().and("refresh_token", good)).await?, BAD, "invalid_request");
    assert_eq!(client.token(&form).await?.status, StatusCode::OK);
    Ok(())
}

async fn a_client_that_registered_without_the_grant_gets_no_refresh_token(world: Arc<World>) -> Result<()> {
    for (grants, given) in
        [(json!(["authorization_code"]), false), (json!(["authorization_code", "refresh_token"]), true)]
    {
        let metadata = json!({ "redirect_uris": [REDIRECT_URI], "grant_types": grants });
        let registered = HandMade::named(&world.stack, "")?.registration(&metadata).await?;
        let tokens = HandMade::named(&world.stack, registered.text("client_id"))?.tokens().await?;
        assert_eq!(tokens.body["refresh_token"].is_string(), given, "{grants}");
        assert_eq!(world.whoami(tokens.text("access_token")).await?.status(), StatusCode::OK);
    }
    Ok(())
}

async fn a_grant_type_that_is_not_offered_is_refused(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let form = client.redemption(&client.code(&mut Browser::new()?).await?);
    for other in ["password", "client_credentials", "urn:ietf:params:oauth:grant-type:device_code"] {
        refused(&client.token(&form.clone().with("grant_type", other)).await?, BAD, "unsupported_grant_type");
    }
    refused(&client.token(&form.clone().without("grant_type")).await?, BAD, "invalid_request");
    refused(&client.token(&form.clone().and("grant_type", "refresh_token")).await?, BAD, "invalid_request");
    assert_eq!(client.token(&form).await?.status, StatusCode::OK);
    Ok(())
}
