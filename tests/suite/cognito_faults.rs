//! Cognito's token endpoint fails: what clients are told, and that they may try again.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use edgeward_cognito::{Endpoint, Fault, FaultKind};
use edgeward_tests::{
    browser::Browser,
    by_hand::{Answer, HandMade},
};
use reqwest::{StatusCode, header::RETRY_AFTER};

use crate::world::{World, refused, tests};

tests![
    a_failing_cognito_is_a_503_and_the_code_stays_good,
    an_answer_that_is_lost_costs_the_code_but_not_the_grant,
    a_cognito_that_does_not_know_us_is_our_fault_and_an_alert,
    a_request_that_cognito_refuses_is_our_fault_and_ends_no_grant,
    a_cognito_that_hangs_is_given_up_on,
    a_cognito_that_is_slow_is_waited_for,
];

const BAD: StatusCode = StatusCode::BAD_REQUEST;

/// `Retry-After` is up to so many seconds more than it must be.
const SPREAD: u64 = 25;

/// So long after a few failures an edge remembers none of them, in seconds.
const FORGOTTEN: i64 = 60;

/// Nobody is told what Cognito said, only when to come back: not before so many seconds.
pub(crate) fn unavailable(answer: &Answer, least: u64) {
    refused(answer, StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable");
    assert_eq!(answer.body.as_object().map(|members| members.len()), Some(1), "{}", answer.body);
    let told = answer.headers[RETRY_AFTER].to_str().ok().and_then(|seconds| seconds.parse::<u64>().ok());
    assert!(told.is_some_and(|seconds| (least..=least + SPREAD).contains(&seconds)), "{told:?}");
}

/// The next `times` requests to the token endpoint fail so.
pub(crate) fn order(world: &World, kind: FaultKind, times: u32) {
    world.stack.cognito().set_fault(Fault::on(Endpoint::Token, kind).times(times));
}

async fn a_failing_cognito_is_a_503_and_the_code_stays_good(world: Arc<World>) -> Result<()> {
    // With a clock that can be moved: an edge that remembers so many failures asks less, and tells clients the same.
    let faulty = world.faulty().await?;
    let client = faulty.client(&world).await?;
    let mut browser = Browser::new()?;
    for (kind, least, level) in [
        (FaultKind::TooManyRequests { retry_after: Some(40) }, 40, "warn"),
        (FaultKind::TooManyRequests { retry_after: None }, 5, "warn"),
        (FaultKind::InternalServerError, 5, "warn"),
        (FaultKind::ServiceUnavailable, 5, "warn"),
        (FaultKind::WafForbidden, 5, "warn"),
        (FaultKind::HtmlInsteadOfJson, 5, "alert"),
    ] {
        let code = client.clone().at(world.stack.issuer()).code(&mut browser).await?;
        let redemption = client.redemption(&code);
        let mark = faulty.log_mark();
        order(&world, kind.clone(), 1);
        unavailable(&client.token(&redemption).await?, least);
        let record = faulty.record(mark, "token refused").await?;
        assert_eq!((&record["level"], &record["status"]), (&level.into(), &503.into()), "{kind:?}: {record}");
        let tokens = client.token(&redemption).await?;
        assert_eq!(tokens.status, StatusCode::OK, "{kind:?}: {}", tokens.body);

        let refreshing = client.refreshing(tokens.text("refresh_token"));
        faulty.edge.move_clock(FORGOTTEN).await?;
        order(&world, kind, 1);
        unavailable(&client.token(&refreshing).await?, least);
        assert_eq!(client.token(&refreshing).await?.status, StatusCode::OK);
        // By a clock that is ahead the next code would be over.
        faulty.edge.move_clock(0).await?;
    }
    Ok(())
}

async fn an_answer_that_is_lost_costs_the_code_but_not_the_grant(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let mut browser = Browser::new()?;
    for kind in [FaultKind::ConnectionReset, FaultKind::TruncatedJson] {
        let redemption = client.redemption(&client.code(&mut browser).await?);
        order(&world, kind.clone(), 1);
        unavailable(&client.token(&redemption).await?, 5);
        // Cognito has used it up.
        refused(&client.token(&redemption).await?, BAD, "invalid_grant");

        let redemption = client.redemption(&client.code(&mut browser).await?);
        let refreshing = client.refreshing(client.token(&redemption).await?.text("refresh_token"));
        order(&world, kind, 1);
        unavailable(&client.token(&refreshing).await?, 5);
        assert_eq!(client.token(&refreshing).await?.status, StatusCode::OK);
    }
    Ok(())
}

async fn a_cognito_that_does_not_know_us_is_our_fault_and_an_alert(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let redemption = client.redemption(&client.code(&mut Browser::new()?).await?);
    let app_client = world.stack.cognito().config().app_clients.first().context("no app client")?;
    let check = async |mark: usize| {
        let record = world.record(mark, "token refused").await?;
        assert_eq!((&record["level"], &record["status"]), (&"alert".into(), &503.into()), "{record}");
        assert!(record["reason"].as_str().is_some_and(|reason| reason.contains("app client")), "{record}");
        let told = &world.stack.edge().log()[mark..];
        assert!(!told.contains(&app_client.id) && !app_client.secrets.iter().any(|secret| told.contains(secret)));
        anyhow::Ok(())
    };
    let mark = world.log_mark();
    order(&world, FaultKind::InvalidClient, 1);
    unavailable(&client.token(&redemption).await?, 5);
    check(mark).await?;
    let tokens = client.token(&redemption).await?;
    assert_eq!(tokens.status, StatusCode::OK);

    let refreshing = client.refreshing(tokens.text("refresh_token"));
    let mark = world.log_mark();
    order(&world, FaultKind::InvalidClient, 1);
    unavailable(&client.token(&refreshing).await?, 5);
    check(mark).await?;
    assert_eq!(client.token(&refreshing).await?.status, StatusCode::OK);
    Ok(())
}

async fn a_request_that_cognito_refuses_is_our_fault_and_ends_no_grant(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let mut browser = Browser::new()?;
    let mut tokens = client.token(&client.redemption(&client.code(&mut browser).await?)).await?;
    for (code, remedy) in [
        ("unauthorized_client", "callback URL of the app client"),
        ("invalid_request", "edgeward check"),
        ("invalid_scope", "scopes of the settings"),
        ("unsupported_grant_type", "authorization code grant"),
        ("a_new_error", "not known"),
    ] {
        let redemption = client.redemption(&client.code(&mut browser).await?);
        let refreshing = client.refreshing(tokens.text("refresh_token"));
        for form in [&redemption, &refreshing] {
            let kind = FaultKind::OAuthError { code: code.to_owned(), description: Some("its words".to_owned()) };
            let mark = world.log_mark();
            order(&world, kind, 1);
            unavailable(&client.token(form).await?, 5);
            for event in ["token refused", "upstream failed"] {
                let record = world.record(mark, event).await?;
                let reason = record["reason"].as_str().context("no reason")?;
                assert!(record["level"] == "alert" && reason.contains(remedy) && !reason.contains("words"), "{record}");
            }
            let answer = client.token(form).await?;
            assert_eq!(answer.status, StatusCode::OK, "{code}: {}", answer.body);
            tokens = answer;
        }
    }
    Ok(())
}

async fn a_cognito_that_hangs_is_given_up_on(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let mut browser = Browser::new()?;
    let first = client.redemption(&client.code(&mut browser).await?);
    let refreshing = client.refreshing(client.token(&first).await?.text("refresh_token"));
    let redemption = client.redemption(&client.code(&mut browser).await?);
    order(&world, FaultKind::Hang, 2);
    // Clients wait for ten seconds.
    let patience = Duration::from_secs(10);
    let both = async { tokio::join!(client.token(&redemption), client.token(&refreshing)) };
    let (redeemed, refreshed) = tokio::time::timeout(patience, both).await.context("no answer in time")?;
    unavailable(&redeemed?, 5);
    unavailable(&refreshed?, 5);
    assert_eq!(client.token(&redemption).await?.status, StatusCode::OK);
    assert_eq!(client.token(&refreshing).await?.status, StatusCode::OK);
    Ok(())
}

async fn a_cognito_that_is_slow_is_waited_for(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let redemption = client.redemption(&client.code(&mut Browser::new()?).await?);
    order(&world, FaultKind::Delay { milliseconds: 2_000 }, 1);
    assert_eq!(client.token(&redemption).await?.status, StatusCode::OK);
    Ok(())
}
