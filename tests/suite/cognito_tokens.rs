//! Cognito's own tokens, as the edge gets them: which it believes (OpenID Connect Core §3.1.3.7), and with which keys.

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use edgeward_cognito::{
    CustomClaims, DEV_CLIENT_ID, Endpoint, Fault, FaultKind, Forgery, IssuerForm, Issuers, RecordedRequest, Signature,
};
use edgeward_tests::{
    browser::Browser,
    by_hand::{Answer, HandMade},
};
use reqwest::StatusCode;

use crate::world::{World, part, refused, tests};

// The keys come first: a forgery with an unknown key has them fetched, and then not again for half a minute.
tests![
    keys_that_cognito_has_changed_are_fetched_as_soon_as_they_can_be,
    a_forged_id_token_is_not_believed_at_sign_in,
    a_forged_id_token_is_not_believed_at_refresh,
    an_expired_token_of_cognitos_is_not_believed,
    an_access_token_does_not_outlive_cognitos,
    a_pool_may_switch_the_form_of_its_issuer,
    a_lambda_may_add_an_audience_to_a_users_access_token,
];

/// What is wrong with an ID token, whoever gets it.
fn forgeries() -> Vec<Forgery> {
    let right = Forgery::new;
    vec![
        right().claim("iss", "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Another"),
        right().without("iss"),
        right().claim("aud", "another-app-client"),
        right().without("aud"),
        right().claim("token_use", "access"),
        right().without("token_use"),
        right().claim("sub", "6f1c2a9e-7c1d-4d7e-9a55-0d0e5eed0999"),
        right().without("sub"),
        right().claim("exp", 1_000_000_000),
        right().without("exp"),
        right().signed(Signature::None),
        right().signed(Signature::HmacWithPublicKey),
        right().signed(Signature::ForeignKey),
        right().signed(Signature::UnknownKey),
        right().signed(Signature::Damaged),
    ]
}

fn order(world: &World, kind: FaultKind) {
    world.stack.cognito().set_fault(Fault::on(Endpoint::Token, kind).times(1));
}

async fn unbelieved(world: &World, mark: usize, answer: &Answer) -> Result<()> {
    refused(answer, StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable");
    let record = world.record(mark, "token refused").await?;
    assert_eq!(record["level"], "alert", "{record}");
    assert!(record["reason"].as_str().is_some_and(|reason| reason.starts_with("Cognito's answer cannot be used")));
    Ok(())
}

async fn keys_that_cognito_has_changed_are_fetched_as_soon_as_they_can_be(world: Arc<World>) -> Result<()> {
    let cognito = world.stack.cognito();
    let client = HandMade::register(&world.stack).await?;
    let refreshing = client.refreshing(client.tokens().await?.text("refresh_token"));
    let fetches = || cognito.requests().iter().filter(|request| is_for_keys(request)).count();
    let before = fetches();
    cognito.rotate_keys();
    cognito.retire_old_keys();
    cognito.set_fault(Fault::on(Endpoint::Jwks, FaultKind::ServiceUnavailable));
    // The edge does not ask twice within half a minute; until then, and while there is no answer, clients wait.
    while fetches() == before {
        let answer = client.token(&refreshing).await?;
        refused(&answer, StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    cognito.clear_faults();
    let mut answer = client.token(&refreshing).await?;
    while answer.status != StatusCode::OK {
        refused(&answer, StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable");
        tokio::time::sleep(Duration::from_millis(200)).await;
        answer = client.token(&refreshing).await?;
    }
    let asked = fetches();
    assert_eq!(client.tokens().await?.status, StatusCode::OK);
    for _ in 0..3 {
        order(&world, FaultKind::ForgedIdToken(Forgery::new().signed(Signature::UnknownKey)));
        let answer = client.token(&client.refreshing(answer.text("refresh_token"))).await?;
        refused(&answer, StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable");
    }
    assert_eq!(fetches(), asked, "they are remembered, and a key that nobody knows is not asked for each time");
    Ok(())
}

fn is_for_keys(request: &RecordedRequest) -> bool {
    request.path.ends_with("/.well-known/jwks.json")
}

async fn a_forged_id_token_is_not_believed_at_sign_in(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let mut browser = Browser::new()?;
    let nonces = [Forgery::new().claim("nonce", "of-another-sign-in"), Forgery::new().without("nonce")];
    for forgery in forgeries().into_iter().chain(nonces) {
        let redemption = client.redemption(&client.code(&mut browser).await?);
        let mark = world.log_mark();
        order(&world, FaultKind::ForgedIdToken(forgery.clone()));
        let answer = client.token(&redemption).await?;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{forgery:?}");
        unbelieved(&world, mark, &answer).await?;
    }
    for right in [Forgery::new(), Forgery::new().without("at_hash").claim("custom:plan", "gold")] {
        order(&world, FaultKind::ForgedIdToken(right));
        let redemption = client.redemption(&client.code(&mut browser).await?);
        assert_eq!(client.token(&redemption).await?.status, StatusCode::OK);
    }
    Ok(())
}

async fn a_forged_id_token_is_not_believed_at_refresh(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let refreshing = client.refreshing(client.tokens().await?.text("refresh_token"));
    for forgery in forgeries() {
        let mark = world.log_mark();
        order(&world, FaultKind::ForgedIdToken(forgery.clone()));
        let answer = client.token(&refreshing).await?;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{forgery:?}");
        unbelieved(&world, mark, &answer).await?;
    }
    order(&world, FaultKind::ForgedIdToken(Forgery::new()));
    assert_eq!(client.token(&refreshing).await?.status, StatusCode::OK);
    Ok(())
}

const HOUR: i64 = 3600;

async fn an_expired_token_of_cognitos_is_not_believed(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let refreshing = client.refreshing(client.tokens().await?.text("refresh_token"));
    let mark = world.log_mark();
    order(&world, FaultKind::ClockSkew { seconds: -2 * HOUR });
    unbelieved(&world, mark, &client.token(&refreshing).await?).await?;
    assert_eq!(client.token(&refreshing).await?.status, StatusCode::OK);
    Ok(())
}

async fn an_access_token_does_not_outlive_cognitos(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let refreshing = client.refreshing(client.tokens().await?.text("refresh_token"));
    // Cognito's tokens live for an hour.
    let ahead = world.stack.cognito().now() - unix_time()?;
    order(&world, FaultKind::ClockSkew { seconds: 300 - HOUR - ahead });
    let answer = client.token(&refreshing).await?;
    let lifetime = answer.body["expires_in"].as_i64().unwrap_or_default();
    // The two clocks are read in whole seconds, one after the other.
    assert!((290..=301).contains(&lifetime), "{lifetime}");
    let claims = part(answer.text("access_token"), 1);
    let seconds = |name: &str| claims[name].as_i64().unwrap_or_default();
    assert_eq!(seconds("exp") - seconds("iat"), lifetime);
    let next = client.refreshing(answer.text("refresh_token"));
    assert_eq!(client.token(&next).await?.body["expires_in"], 900);
    Ok(())
}

fn unix_time() -> Result<i64> {
    Ok(std::time::SystemTime::UNIX_EPOCH.elapsed()?.as_secs().try_into()?)
}

async fn a_pool_may_switch_the_form_of_its_issuer(world: Arc<World>) -> Result<()> {
    let cognito = world.stack.cognito();
    let client = HandMade::register(&world.stack).await?;
    let mut browser = Browser::new()?;
    let mut tokens = client.token(&client.redemption(&client.code(&mut browser).await?)).await?;
    let forms = [IssuerForm::Updated, IssuerForm::Original];
    for (tokens_of, discovery) in [(forms[0], forms[1]), (forms[0], forms[0]), (forms[1], forms[1])] {
        cognito.set_issuers(Issuers { tokens: tokens_of, discovery });
        tokens = client.token(&client.refreshing(tokens.text("refresh_token"))).await?;
        assert_eq!(tokens.status, StatusCode::OK, "{}", tokens.body);
        let redeemed = client.token(&client.redemption(&client.code(&mut browser).await?)).await?;
        assert_eq!(redeemed.status, StatusCode::OK, "{}", redeemed.body);
    }
    Ok(())
}

async fn a_lambda_may_add_an_audience_to_a_users_access_token(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let code = client.code(&mut Browser::new()?).await?;
    let access_token = [("aud".to_owned(), DEV_CLIENT_ID.into())].into_iter().collect();
    world.stack.cognito().set_custom_claims(CustomClaims { access_token, ..CustomClaims::default() });
    let tokens = client.token(&client.redemption(&code)).await?;
    world.stack.cognito().set_custom_claims(CustomClaims::default());
    assert_eq!(tokens.status, StatusCode::OK, "{}", tokens.body);
    assert_eq!(world.whoami(tokens.text("access_token")).await?.status(), StatusCode::OK);
    Ok(())
}
