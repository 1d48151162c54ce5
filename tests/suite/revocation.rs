//! A grant ends when its client or Cognito says so, and not before.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use edgeward_cognito::{Endpoint, Fault, FaultKind, Mode, Revocation, SecretKind};
use edgeward_tests::by_hand::{HandMade, Parameters, http};
use reqwest::StatusCode;
use serde_json::Value;

use crate::{
    settings::{GRACE_SECONDS, PUBLIC_CLIENT},
    world::{World, refused, tests},
};

tests![
    a_client_gives_up_its_own_grant_and_no_other,
    an_access_token_cannot_be_revoked_alone,
    a_grant_that_is_revoked_at_cognito_is_over,
    a_dead_refresh_token_does_not_storm_cognito,
    a_replaced_refresh_token_works_for_cognitos_grace_period_only,
    a_thief_who_has_refreshed_since_is_shut_out,
    what_cognito_has_not_confirmed_is_not_revoked,
];

const BAD: StatusCode = StatusCode::BAD_REQUEST;

/// While it lives, the pool ends families so.
struct Revoking<'a>(&'a World, Mode);

impl<'a> Revoking<'a> {
    fn new(world: &'a World, revocation: Revocation) -> Self {
        let before = world.stack.cognito().config().mode;
        world.stack.cognito().set_mode(Mode { revocation, ..before });
        Self(world, before)
    }
}

impl Drop for Revoking<'_> {
    fn drop(&mut self) {
        self.0.stack.cognito().set_mode(self.1);
    }
}

/// Revokes, at Cognito, the grant that its last refresh token belongs to; gives that token.
async fn revoke_last(world: &World) -> Result<String> {
    let cognito = world.stack.cognito();
    let issued = cognito.issued_secrets().into_iter().rev();
    let token = issued.into_iter().find(|secret| secret.kind == SecretKind::RefreshToken).context("none was issued")?;
    let client = cognito.config().app_clients.first().context("no app client")?;
    let request = http()?
        .post(format!("{}/oauth2/revoke", cognito.domain_url()))
        .basic_auth(&client.id, client.secrets.first())
        .form(&[("token", &token.value)]);
    assert_eq!(request.send().await?.status(), StatusCode::OK);
    Ok(token.value)
}

async fn a_client_gives_up_its_own_grant_and_no_other(world: Arc<World>) -> Result<()> {
    let (client, other) = (HandMade::register(&world.stack).await?, HandMade::named(&world.stack, PUBLIC_CLIENT)?);
    let tokens = client.tokens().await?;
    let refresh_token = tokens.text("refresh_token");
    let answer = other.revoke(&Parameters::new([("client_id", PUBLIC_CLIENT), ("token", refresh_token)])).await?;
    assert_eq!(answer.status, StatusCode::OK, "another client learns nothing");
    let tokens = client.token(&client.refreshing(refresh_token)).await?;
    assert_eq!(tokens.status, StatusCode::OK, "and changes nothing");

    let own = Parameters::new([("client_id", &client.client_id), ("token", tokens.text("refresh_token"))]);
    for _ in 0..2 {
        let answer = client.revoke(&own).await?;
        assert_eq!((answer.status, answer.body), (StatusCode::OK, Value::Null));
        assert_eq!(answer.headers["cache-control"], "no-store, no-transform");
    }
    refused(&client.token(&client.refreshing(tokens.text("refresh_token"))).await?, BAD, "invalid_grant");
    let unknown = Parameters::new([("client_id", "nobody"), ("token", refresh_token)]);
    refused(&client.revoke(&unknown).await?, StatusCode::UNAUTHORIZED, "invalid_client");
    Ok(())
}

async fn an_access_token_cannot_be_revoked_alone(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let tokens = client.tokens().await?;
    let access_token = tokens.text("access_token");
    let answer = client.revoke(&Parameters::new([("client_id", &client.client_id), ("token", access_token)])).await?;
    refused(&answer, BAD, "unsupported_token_type");
    assert_eq!(world.whoami(access_token).await?.status(), StatusCode::OK);
    Ok(())
}

async fn a_grant_that_is_revoked_at_cognito_is_over(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let other = client.tokens().await?;
    let tokens = client.tokens().await?;
    let tokens = client.token(&client.refreshing(tokens.text("refresh_token"))).await?;
    assert_eq!(tokens.status, StatusCode::OK);
    revoke_last(&world).await?;
    let mark = world.log_mark();
    for _ in 0..2 {
        let answer = client.token(&client.refreshing(tokens.text("refresh_token"))).await?;
        refused(&answer, BAD, "invalid_grant");
        assert_eq!(answer.body.as_object().map(|members| members.len()), Some(1), "{}", answer.body);
    }
    let record = world.record(mark, "token refused").await?;
    assert_eq!((&record["level"], &record["status"]), (&"info".into(), &400.into()), "{record}");
    assert_eq!(client.token(&client.refreshing(other.text("refresh_token"))).await?.status, StatusCode::OK);
    Ok(())
}

async fn a_dead_refresh_token_does_not_storm_cognito(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let tokens = client.tokens().await?;
    let upstream = revoke_last(&world).await?;
    let form = client.refreshing(tokens.text("refresh_token"));
    for _ in 0..5 {
        let (first, second) = tokio::join!(client.token(&form), client.token(&form));
        refused(&first?, BAD, "invalid_grant");
        refused(&second?, BAD, "invalid_grant");
    }
    let asked = world.stack.cognito().requests();
    let asked = asked.iter().filter(|request| request.form("refresh_token") == Some(&upstream)).count();
    assert_eq!(asked, 1, "times that Cognito was asked");
    let other = client.tokens().await?;
    assert_eq!(client.token(&client.refreshing(other.text("refresh_token"))).await?.status, StatusCode::OK);
    Ok(())
}

async fn a_replaced_refresh_token_works_for_cognitos_grace_period_only(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let first = client.refreshing(client.tokens().await?.text("refresh_token"));
    let second = client.token(&first).await?;
    assert_eq!(second.status, StatusCode::OK);
    // The answer was lost, or the client refreshes in two places at once.
    assert_eq!(client.token(&first).await?.status, StatusCode::OK);
    world.stack.cognito().advance(GRACE_SECONDS);
    // At an edge that does not remember what Cognito has answered: for it no time has passed.
    let elsewhere = client.clone().at(world.faulty().await?.edge.url());
    refused(&elsewhere.token(&first).await?, BAD, "invalid_grant");
    assert_eq!(client.token(&client.refreshing(second.text("refresh_token"))).await?.status, StatusCode::OK);
    Ok(())
}

/// In both forms of a pool's revocation: the client's token has been replaced twice, once by itself and then by a thief.
async fn a_thief_who_has_refreshed_since_is_shut_out(world: Arc<World>) -> Result<()> {
    for revocation in [Revocation::NewestOrOriginal, Revocation::WholeFamily] {
        let _revoking = Revoking::new(&world, revocation);
        let client = HandMade::register(&world.stack).await?;
        let original = client.tokens().await?;
        let refreshed = async |token: &str| -> Result<String> {
            let answer = client.token(&client.refreshing(token)).await?;
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
            Ok(answer.text("refresh_token").to_owned())
        };
        let clients = refreshed(original.text("refresh_token")).await?;
        // Whatever the edge remembers of this is over.
        let thiefs = refreshed(&clients).await?;
        let mark = world.log_mark();
        let own = Parameters::new([("client_id", &client.client_id), ("token", &clients)]);
        assert_eq!(client.revoke(&own).await?.status, StatusCode::OK, "{revocation:?}");
        world.record(mark, "grant revoked").await?;
        for token in [&*thiefs, &clients, original.text("refresh_token")] {
            refused(&client.token(&client.refreshing(token)).await?, BAD, "invalid_grant");
        }
    }
    Ok(())
}

async fn what_cognito_has_not_confirmed_is_not_revoked(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let tokens = client.tokens().await?;
    let tokens = client.token(&client.refreshing(tokens.text("refresh_token"))).await?;
    let own = Parameters::new([("client_id", &client.client_id), ("token", tokens.text("refresh_token"))]);
    let mark = world.log_mark();
    let fault = Fault::on(Endpoint::Revoke, FaultKind::TooManyRequests { retry_after: None });
    world.stack.cognito().set_fault(fault.times(1));
    refused(&client.revoke(&own).await?, StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable");
    world.record(mark, "revocation refused").await?;
    assert!(!world.stack.edge().log()[mark..].contains("grant revoked"));
    let mark = world.log_mark();
    assert_eq!(client.revoke(&own).await?.status, StatusCode::OK);
    world.record(mark, "grant revoked").await?;
    let asked = world.stack.cognito().requests();
    let revoked: Vec<_> = asked.iter().rev().filter(|request| request.path == "/oauth2/revoke").take(2).collect();
    assert_ne!(revoked[0].form("token"), revoked[1].form("token"), "the original, and the newest");
    refused(&client.token(&client.refreshing(tokens.text("refresh_token"))).await?, BAD, "invalid_grant");
    Ok(())
}
