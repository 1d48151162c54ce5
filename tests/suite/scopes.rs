//! What a user is granted of what a client asks for.

use std::sync::Arc;

use anyhow::Result;
use edgeward_tests::{
    browser::Browser,
    by_hand::{Answer, HandMade},
};
use reqwest::StatusCode;

use crate::{
    settings::{JUDGED_RESOURCE, UPSTREAM_SCOPE},
    world::{World, refused, tests},
};

tests![a_scope_of_a_group_is_granted_to_its_members, a_scope_of_cognitos_is_asked_for_when_it_is_needed];

/// Asks for a scope of the judged resource.
async fn ask(world: &World, scope: &str) -> Result<(HandMade, Answer)> {
    let mut client = HandMade::register(&world.stack).await?;
    client.resource = world.stack.url(JUDGED_RESOURCE).into();
    let code = client.code_for(&client.authorization().with("scope", scope), &mut Browser::new()?).await?;
    let answer = client.token(&client.redemption(&code)).await?;
    Ok((client, answer))
}

async fn a_scope_of_a_group_is_granted_to_its_members(world: Arc<World>) -> Result<()> {
    let (client, answer) = ask(&world, "use count closed").await?;
    assert_eq!((answer.status, answer.text("scope")), (StatusCode::OK, "use count"));
    let refreshing = client.refreshing(answer.text("refresh_token"));
    let wider = client.token(&refreshing.clone().with("scope", "use closed")).await?;
    refused(&wider, StatusCode::BAD_REQUEST, "invalid_scope");
    assert_eq!(client.token(&refreshing).await?.text("scope"), "use count");
    let (_, answer) = ask(&world, "closed").await?;
    refused(&answer, StatusCode::BAD_REQUEST, "invalid_scope");
    Ok(())
}

async fn a_scope_of_cognitos_is_asked_for_when_it_is_needed(world: Arc<World>) -> Result<()> {
    for (scope, is_needed) in [("use", false), ("use alerts", true), ("brief", true)] {
        let (client, answer) = ask(&world, scope).await?;
        assert_eq!((answer.status, answer.text("scope")), (StatusCode::OK, scope), "{}", answer.text("error"));
        // Cognito's scopes stay between Cognito and the edge; a refresh finds them again.
        let next = client.token(&client.refreshing(answer.text("refresh_token"))).await?;
        assert_eq!(next.text("scope"), scope);
        let mut browser = Browser::new()?;
        let parameters = client.authorization().with("scope", scope);
        let mark = world.stack.cognito().requests().len();
        client.code_for(&parameters, &mut browser).await?;
        let sent = world.stack.cognito().requests();
        let mut asked = sent[mark..].iter().filter(|request| request.path == "/oauth2/authorize");
        if is_needed {
            assert!(asked.any(|request| request.query("scope").is_some_and(|scope| scope.contains(UPSTREAM_SCOPE))));
        }
    }
    Ok(())
}
