//! Who a client is at the token endpoint (RFC 6749 §2.3, §3.2.1), and that it is it.

use std::sync::Arc;

use anyhow::Result;
use edgeward_tests::{
    browser::Browser,
    by_hand::{Answer, HandMade, Parameters},
    client::REDIRECT_URI,
};
use reqwest::StatusCode;
use serde_json::json;

use crate::{
    settings::{CONFIDENTIAL_CLIENT, PUBLIC_CLIENT},
    world::{World, changed_at, part, refused, tests},
};

tests![
    a_registered_client_proves_itself_in_the_header_or_in_the_form,
    a_client_of_the_settings_proves_itself_in_the_header_or_in_the_form,
    a_client_of_the_settings_without_a_secret_needs_no_proof,
    a_public_client_that_shows_a_secret_is_refused,
    a_client_that_nobody_knows_is_refused,
    a_client_id_with_one_changed_character_is_unknown,
    the_operator_vouches_for_the_clients_of_the_settings_only,
];

const BAD: StatusCode = StatusCode::BAD_REQUEST;
const UNAUTHORIZED: StatusCode = StatusCode::UNAUTHORIZED;

/// A client that has registered itself, and its secret.
async fn registered(world: &World, method: &str) -> Result<(HandMade, String)> {
    let metadata = json!({
        "client_name": "Registered", "redirect_uris": [REDIRECT_URI], "token_endpoint_auth_method": method,
    });
    let answer = HandMade::named(&world.stack, "")?.registration(&metadata).await?;
    let client = HandMade::named(&world.stack, answer.text("client_id"))?;
    Ok((client, answer.text("client_secret").to_owned()))
}

/// With a good code, what proves nothing is refused and leaves the code good for what proves it; then refreshes.
async fn proves_itself(client: &HandMade, secret: &str) -> Result<()> {
    let id = client.client_id.as_str();
    let wrong = changed_at(secret, secret.len() / 2);
    let mut browser = Browser::new()?;
    for in_header in [true, false] {
        let code = client.code(&mut browser).await?;
        let form = client.redemption(&code);
        challenged(&client.token_with(&form, id, &wrong).await?);
        challenged(&client.token_with(&form, id, "").await?);
        refused(&client.token(&form.clone().with("client_secret", &wrong)).await?, UNAUTHORIZED, "invalid_client");
        refused(&client.token(&form).await?, UNAUTHORIZED, "invalid_client");
        let twice = form.clone().with("client_secret", secret);
        refused(&client.token_with(&twice, id, secret).await?, BAD, "invalid_request");
        let repeated = twice.clone().and("client_secret", secret);
        refused(&client.token(&repeated).await?, BAD, "invalid_request");
        let somebody_else = form.clone().with("client_id", PUBLIC_CLIENT);
        refused(&client.token_with(&somebody_else, id, secret).await?, BAD, "invalid_request");

        let ask = async |form: Parameters| match in_header {
            true => client.token_with(&form.without("client_id"), id, secret).await,
            false => client.token(&form.with("client_secret", secret)).await,
        };
        let tokens = ask(form).await?;
        assert_eq!(tokens.status, StatusCode::OK, "{}", tokens.body);
        assert_eq!(part(tokens.text("access_token"), 1)["client_id"], id);
        let refreshing = client.refreshing(tokens.text("refresh_token"));
        refused(&client.token(&refreshing).await?, UNAUTHORIZED, "invalid_client");
        assert_eq!(ask(refreshing).await?.status, StatusCode::OK);
    }
    Ok(())
}

/// RFC 6749 §5.2: who used the header is told which scheme it is.
fn challenged(answer: &Answer) {
    refused(answer, UNAUTHORIZED, "invalid_client");
    assert!(answer.headers["www-authenticate"].as_bytes().starts_with(b"Basic "));
}

async fn a_registered_client_proves_itself_in_the_header_or_in_the_form(world: Arc<World>) -> Result<()> {
    for method in ["client_secret_basic", "client_secret_post"] {
        let (client, secret) = registered(&world, method).await?;
        proves_itself(&client, &secret).await?;
    }
    Ok(())
}

async fn a_client_of_the_settings_proves_itself_in_the_header_or_in_the_form(world: Arc<World>) -> Result<()> {
    let client = HandMade::named(&world.stack, CONFIDENTIAL_CLIENT)?;
    proves_itself(&client, &world.client_secret).await
}

async fn a_client_of_the_settings_without_a_secret_needs_no_proof(world: Arc<World>) -> Result<()> {
    let client = HandMade::named(&world.stack, PUBLIC_CLIENT)?;
    let tokens = client.tokens().await?;
    assert_eq!(part(tokens.text("access_token"), 1)["client_id"], PUBLIC_CLIENT);
    assert_eq!(client.token(&client.refreshing(tokens.text("refresh_token"))).await?.status, StatusCode::OK);

    let metadata = json!({ "redirect_uris": ["https://client.example/cb"] });
    let elsewhere = client.authorization().with("redirect_uri", "https://client.example/cb");
    let page = Browser::new()?.get(&client.authorization_url(&elsewhere)?).await?;
    assert_eq!((page.status, page.redirect()?), (BAD, None), "its redirect URIs are those of the settings");
    assert_ne!(client.registration(&metadata).await?.text("client_id"), PUBLIC_CLIENT);
    Ok(())
}

async fn a_public_client_that_shows_a_secret_is_refused(world: Arc<World>) -> Result<()> {
    let (confidential, secret) = registered(&world, "client_secret_post").await?;
    let (client, none) = registered(&world, "none").await?;
    assert!(none.is_empty());
    for client in [client, HandMade::named(&world.stack, PUBLIC_CLIENT)?] {
        let form = client.redemption(&client.code(&mut Browser::new()?).await?);
        for secret in [secret.as_str(), &world.client_secret, "made up"] {
            refused(&client.token(&form.clone().with("client_secret", secret)).await?, UNAUTHORIZED, "invalid_client");
            challenged(&client.token_with(&form, &client.client_id, secret).await?);
            challenged(&client.token_with(&form.clone().without("client_id"), &client.client_id, secret).await?);
        }
        // Nor is another's secret any good with another's code.
        let theirs = form.clone().with("client_id", &confidential.client_id).with("client_secret", &secret);
        refused(&client.token(&theirs).await?, BAD, "invalid_grant");
        assert_eq!(client.token(&form).await?.status, StatusCode::OK);
    }
    Ok(())
}

async fn a_client_that_nobody_knows_is_refused(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let form = client.redemption(&client.code(&mut Browser::new()?).await?);
    for unknown in ["unknown", "https://client.example/metadata.json", &"x".repeat(1025)] {
        let answer = client.token(&form.clone().with("client_id", unknown)).await?;
        refused(&answer, UNAUTHORIZED, "invalid_client");
        assert!(!answer.headers.contains_key("www-authenticate"));
        challenged(&client.token_with(&form.clone().without("client_id"), unknown, "secret").await?);
    }
    refused(&client.token(&form.clone().without("client_id")).await?, UNAUTHORIZED, "invalid_client");
    refused(&client.token(&form.clone().and("client_id", "other")).await?, BAD, "invalid_request");
    assert_eq!(client.token(&form).await?.status, StatusCode::OK);
    Ok(())
}

async fn a_client_id_with_one_changed_character_is_unknown(world: Arc<World>) -> Result<()> {
    for method in ["none", "client_secret_basic", "client_secret_post"] {
        let metadata = json!({ "redirect_uris": [REDIRECT_URI], "token_endpoint_auth_method": method });
        let answer = HandMade::named(&world.stack, "")?.registration(&metadata).await?;
        let (id, secret) = (answer.text("client_id"), answer.body["client_secret"].as_str());
        let ask = async |id: &str| -> Result<_> {
            let client = HandMade::named(&world.stack, id)?;
            let page = Browser::new()?.get(&client.authorization_url(&client.authorization())?).await?;
            let form = client.refreshing("nonsense");
            let token = match (method, secret) {
                ("client_secret_basic", Some(secret)) => client.token_with(&form, id, secret).await?,
                (_, Some(secret)) => client.token(&form.with("client_secret", secret)).await?,
                (_, None) => client.token(&form).await?,
            };
            Ok((page, token))
        };
        let (page, token) = ask(id).await?;
        assert_eq!(page.status, StatusCode::OK, "{}", page.summary());
        refused(&token, BAD, "invalid_grant");
        for at in (0..id.len()).step_by(23).chain([id.len() - 1]) {
            let (page, token) = ask(&changed_at(id, at)).await?;
            assert_eq!((page.status, page.redirect()?), (BAD, None), "{method}, changed at {at}");
            refused(&token, StatusCode::UNAUTHORIZED, "invalid_client");
        }
    }
    Ok(())
}

async fn the_operator_vouches_for_the_clients_of_the_settings_only(world: Arc<World>) -> Result<()> {
    let known = HandMade::named(&world.stack, CONFIDENTIAL_CLIENT)?;
    let (unknown, _) = registered(&world, "none").await?;
    for (client, name, warned) in [(known, "Confidential and known", false), (unknown, "Registered", true)] {
        let page = Browser::new()?.get(&client.authorization_url(&client.authorization())?).await?;
        assert!(page.body.contains(name), "{}", page.summary());
        assert_eq!(page.body.contains("nobody has verified"), warned, "{}", page.summary());
    }
    Ok(())
}
