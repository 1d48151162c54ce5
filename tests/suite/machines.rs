//! Machines, which come with tokens that Cognito has given them itself.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use edgeward_cognito::{Forgery, Signature};
use edgeward_tests::by_hand;
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use crate::{
    settings::{JUDGED_RESOURCE, MACHINE, MACHINE_SECRET, OTHER_MACHINE, UPSTREAM_SCOPE},
    world::{World, tests},
};

tests![
    a_machine_passes_where_the_settings_name_it,
    a_lambda_may_add_the_machines_own_id_as_the_audience,
    whoever_is_no_such_machine_is_refused,
];

/// `client_credentials` at Cognito.
pub(crate) async fn token(world: &World, client_id: &str) -> Result<String> {
    let request = by_hand::http()?
        .post(format!("{}/oauth2/token", world.stack.cognito().domain_url()))
        .basic_auth(client_id, Some(MACHINE_SECRET))
        .form(&[("grant_type", "client_credentials")]);
    let answer: Value = request.send().await?.json().await?;
    Ok(answer["access_token"].as_str().context("no token")?.to_owned())
}

async fn call(world: &World, path: &str, tool: &str, token: &str) -> Result<Response> {
    let request = by_hand::call(world.stack.url(path).as_str(), tool, &json!({ "steps": 1, "interval_ms": 1 }))?;
    Ok(request.bearer_auth(token).send().await?)
}

async fn a_machine_passes_where_the_settings_name_it(world: Arc<World>) -> Result<()> {
    let token = token(&world, MACHINE).await?;
    for _ in 0..2 {
        let answer = call(&world, JUDGED_RESOURCE, "whoami", &token).await?;
        assert_eq!(answer.status(), StatusCode::OK);
        let text = answer.text().await?;
        assert!(text.contains("machine") && text.contains(MACHINE) && !text.contains("demo"), "{text}");
    }
    let refused = call(&world, JUDGED_RESOURCE, "count_slowly", &token).await?;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN, "the policy holds for machines too");
    assert_eq!(call(&world, "/mcp", "whoami", &token).await?.status(), StatusCode::UNAUTHORIZED);
    Ok(())
}

async fn a_lambda_may_add_the_machines_own_id_as_the_audience(world: Arc<World>) -> Result<()> {
    let machine = || Forgery::new().claim("sub", MACHINE).claim("client_id", MACHINE).without("username");
    let machine = || machine().claim("scope", UPSTREAM_SCOPE);
    for (token, status) in [
        (machine().claim("aud", MACHINE), StatusCode::OK),
        (machine().claim("aud", json!([MACHINE])), StatusCode::UNAUTHORIZED),
        (machine().claim("aud", world.stack.mcp().as_str()), StatusCode::UNAUTHORIZED),
        (machine().claim("act", json!({ "sub": OTHER_MACHINE })), StatusCode::UNAUTHORIZED),
    ] {
        let token = world.stack.cognito().mint_access_token(&token).context("no token")?;
        assert_eq!(call(&world, JUDGED_RESOURCE, "whoami", &token).await?.status(), status);
    }
    Ok(())
}

async fn whoever_is_no_such_machine_is_refused(world: Arc<World>) -> Result<()> {
    let cognito = world.stack.cognito();
    let forge = |forgery: Forgery| cognito.mint_access_token(&forgery).context("no token");
    let machine = || Forgery::new().claim("sub", MACHINE).claim("client_id", MACHINE).without("username");
    for (what, token) in [
        ("another machine", token(&world, OTHER_MACHINE).await?),
        ("a user", forge(Forgery::new())?),
        ("a user of the machine's client", forge(Forgery::new().claim("client_id", MACHINE))?),
        ("an ID token", cognito.mint_id_token(&Forgery::new()).context("no token")?),
        ("an expired token", forge(machine().claim("exp", 1))?),
        ("another pool's", forge(machine().claim("iss", "https://other.example"))?),
        ("a foreign key's", forge(machine().signed(Signature::ForeignKey))?),
    ] {
        let answer = call(&world, JUDGED_RESOURCE, "whoami", &token).await?;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{what}");
        assert!(answer.headers()["www-authenticate"].to_str()?.contains("invalid_token"), "{what}");
    }
    Ok(())
}
