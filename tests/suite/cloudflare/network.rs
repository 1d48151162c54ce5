//! Cloudflare's network answers in place of a host that it cannot reach, with a status and a page of its own.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use edgeward_cognito::{FaultKind, UNREACHABLE};
use edgeward_tests::{browser::Browser, fault_origin::Behaviour};
use reqwest::StatusCode;

use crate::{
    cognito_faults::{order, unavailable},
    faulty::{access_token, until},
    origin_faults::{failed, works},
    world::{World, tests},
};

tests![
    a_cognito_that_cloudflare_cannot_reach_is_a_503_that_says_why_in_the_log,
    an_origin_that_cloudflare_cannot_reach_is_a_502_or_a_504_and_an_alert,
    a_status_that_only_resembles_those_is_passed_on,
];

async fn a_cognito_that_cloudflare_cannot_reach_is_a_503_that_says_why_in_the_log(world: Arc<World>) -> Result<()> {
    let faulty = world.faulty().await?;
    let client = faulty.client(&world).await?;
    let code = client.clone().at(world.stack.issuer()).code(&mut Browser::new()?).await?;
    let mut tokens = client.token(&client.redemption(&code)).await?;
    assert_eq!(tokens.status, StatusCode::OK, "{}", tokens.body);
    for status in UNREACHABLE {
        let refreshing = client.refreshing(tokens.text("refresh_token"));
        let mark = faulty.log_mark();
        order(&world, FaultKind::Unreachable { status }, 1);
        unavailable(&client.token(&refreshing).await?, 5);
        let record = faulty.record(mark, "token refused").await?;
        let reason = record["reason"].as_str().context("no reason")?;
        let told = match status {
            524 => "no answer before the deadline".to_owned(),
            _ => format!("the host cannot be reached: status {status}: "),
        };
        assert!(record["level"] == "warn" && reason.contains(&told), "{record}");
        // A host that fails three times in a row is left alone.
        tokens = client.token(&refreshing).await?;
        assert_eq!(tokens.status, StatusCode::OK, "{status}: {}", tokens.body);
    }
    Ok(())
}

async fn an_origin_that_cloudflare_cannot_reach_is_a_502_or_a_504_and_an_alert(world: Arc<World>) -> Result<()> {
    let (faulty, token) = (world.faulty().await?, access_token(&world).await?);
    for status in UNREACHABLE {
        faulty.origin.set(Behaviour::Unreachable(StatusCode::from_u16(status)?));
        let (mark, given_up) = (faulty.log_mark(), faulty.origin.given_up());
        let called = faulty.call(&token).await?;
        let (answered, error, event) = match status {
            524 => (504, "gateway_timeout", "origin too slow"),
            _ => (502, "bad_gateway", "origin unreachable"),
        };
        failed(faulty, mark, &called, answered, error, event).await?;
        let reason = faulty.record(mark, event).await?["reason"].as_str().map(str::to_owned).context("no reason")?;
        assert!(reason.starts_with(&format!("status {status}: ")), "{reason}");
        until("nobody reads the page", || faulty.origin.given_up() > given_up).await?;
    }
    works(&world, faulty, &token).await
}

async fn a_status_that_only_resembles_those_is_passed_on(world: Arc<World>) -> Result<()> {
    let (faulty, token) = (world.faulty().await?, access_token(&world).await?);
    // The origin's own.
    for status in UNREACHABLE {
        faulty.origin.set(Behaviour::Fails(StatusCode::from_u16(status)?));
        let called = faulty.call(&token).await?;
        assert_eq!((called.status.as_u16(), called.text.as_str()), (status, "the origin's own words"));
    }
    // From behind Cloudflare, where each answer has its `Server`: 529 is "overloaded" to many.
    for status in [500, 503, 519, 527, 528, 529, 531] {
        faulty.origin.set(Behaviour::Unreachable(StatusCode::from_u16(status)?));
        let mut answer = faulty.send(&token).await?;
        assert_eq!(answer.status().as_u16(), status);
        assert!(answer.chunk().await?.is_some_and(|page| page.starts_with(b"<!DOCTYPE")));
    }
    works(&world, faulty, &token).await
}
