//! Cognito is down for longer than a request waits: it is left alone, nobody is kept waiting, nobody is signed out.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use edgeward_cognito::{Endpoint, Fault, FaultKind};
use edgeward_tests::{
    browser::Browser,
    by_hand::{Answer, HandMade, Parameters},
    fault_origin::Behaviour,
};
use reqwest::{StatusCode, header::RETRY_AFTER};

use crate::{
    faulty::{Faulty, until},
    world::{World, refused, tests},
};

// Those that change Cognito's keys come last: other edges need half a minute to notice.
tests![
    a_cognito_that_does_not_answer_is_left_alone,
    issued_tokens_work_through_ten_minutes_of_outage,
    a_revocation_is_sent_a_second_time,
    a_clock_that_is_off_by_five_minutes_signs_nobody_out,
    keys_that_cannot_be_had_cost_nobody_a_token,
    keys_rotate_under_traffic_and_nobody_notices,
];

/// How long a host is left alone, in seconds.
const OPEN: i64 = 5;
/// So many failures in a row, and it is.
const THRESHOLD: usize = 3;
/// `Retry-After` is up to so many seconds more than it must be.
const SPREAD: i64 = 25;
/// So long after an outage of seconds nobody is refused any more.
const FORGOTTEN: i64 = 30;
/// An answer that has waited for nothing.
const AT_ONCE: Duration = Duration::from_secs(1);

/// Come back, and when: hardly later than the edge itself asks again.
fn unavailable(answer: &Answer) -> Result<()> {
    refused(answer, StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable");
    let seconds: i64 = answer.headers[RETRY_AFTER].to_str()?.parse()?;
    assert!((1..=2 * OPEN + SPREAD).contains(&seconds), "{seconds}");
    Ok(())
}

fn order(world: &World, endpoint: Endpoint, kind: FaultKind) {
    world.stack.cognito().set_fault(Fault::on(endpoint, kind));
}

/// How often Cognito was asked at this endpoint.
fn asked(world: &World, endpoint: Endpoint) -> usize {
    world.stack.cognito().requests().iter().filter(|request| Endpoint::of(&request.path) == Some(endpoint)).count()
}

async fn refresh(client: &HandMade, tokens: &Answer) -> Result<(Answer, Duration)> {
    let started = Instant::now();
    let answer = client.token(&client.refreshing(tokens.text("refresh_token"))).await?;
    Ok((answer, started.elapsed()))
}

/// Tokens that this edge has given out.
async fn tokens(world: &Arc<World>, faulty: &Faulty, client: &HandMade) -> Result<Answer> {
    let code = client.clone().at(world.stack.issuer()).code(&mut Browser::new()?).await?;
    // By this edge's clock, which is ahead, the code is over.
    faulty.edge.move_clock(0).await?;
    let first = client.token(&client.redemption(&code)).await?;
    faulty.advance(0).await?;
    let (answer, _) = refresh(client, &first).await?;
    assert_eq!(answer.status, StatusCode::OK, "{} {}", first.body["error"], answer.body["error"]);
    faulty.origin.set(Behaviour::Answers(Duration::ZERO));
    Ok(answer)
}

/// Cognito signs with other keys, and withdraws those before the last ones: it has not many, and this edge would know them.
fn change_keys(world: &World) {
    world.stack.cognito().retire_old_keys();
    world.stack.cognito().rotate_keys();
}

/// The next request at Cognito is answered again.
async fn recovers(world: &World, faulty: &Faulty) -> Result<()> {
    world.stack.cognito().clear_faults();
    faulty.advance(OPEN).await
}

async fn a_cognito_that_does_not_answer_is_left_alone(world: Arc<World>) -> Result<()> {
    let faulty = world.faulty().await?;
    let client = faulty.client(&world).await?;
    let tokens = tokens(&world, faulty, &client).await?;
    let redemption = client.redemption(&client.clone().at(world.stack.issuer()).code(&mut Browser::new()?).await?);
    let mark = faulty.log_mark();
    order(&world, Endpoint::Token, FaultKind::ServiceUnavailable);
    let before = asked(&world, Endpoint::Token);
    for _ in 0..2 * THRESHOLD {
        unavailable(&refresh(&client, &tokens).await?.0)?;
        unavailable(&client.token(&redemption).await?)?;
    }
    assert_eq!(asked(&world, Endpoint::Token) - before, THRESHOLD, "times that it was asked");
    let record = faulty.record(mark, "Cognito is left alone").await?;
    assert_eq!(record["level"], "alert", "{record}");
    let record = faulty.record(mark, "token refused").await?;
    assert_eq!((&record["level"], &record["status"]), (&"warn".into(), &503.into()), "{record}");

    // Now it hangs: one tries, and nobody else waits with it.
    world.stack.cognito().clear_faults();
    order(&world, Endpoint::Token, FaultKind::Hang);
    faulty.advance(OPEN).await?;
    let trial = refresh(&client, &tokens);
    let others = async {
        until("the one that tries", || asked(&world, Endpoint::Token) > before + THRESHOLD).await?;
        for _ in 0..3 {
            let started = Instant::now();
            unavailable(&client.token(&redemption).await?)?;
            ensure!(started.elapsed() < AT_ONCE, "{:?}", started.elapsed());
            let called = faulty.call(tokens.text("access_token")).await?;
            ensure!(called.status == StatusCode::OK && called.took < AT_ONCE, "{called:?}");
        }
        anyhow::Ok(())
    };
    let (trial, others) = tokio::join!(trial, others);
    others?;
    let (answer, took) = trial?;
    unavailable(&answer)?;
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert_eq!(asked(&world, Endpoint::Token) - before, THRESHOLD + 1);

    // Code and refresh token have never been shown to it.
    let mark = faulty.log_mark();
    recovers(&world, faulty).await?;
    assert_eq!(client.token(&redemption).await?.status, StatusCode::OK);
    // So many were refused that this one could be, too.
    faulty.advance(FORGOTTEN).await?;
    assert_eq!(refresh(&client, &tokens).await?.0.status, StatusCode::OK);
    let record = faulty.record(mark, "Cognito is back").await?;
    assert_eq!(record["level"], "info", "{record}");
    Ok(())
}

async fn issued_tokens_work_through_ten_minutes_of_outage(world: Arc<World>) -> Result<()> {
    let faulty = world.faulty().await?;
    let client = faulty.client(&world).await?;
    let tokens = tokens(&world, faulty, &client).await?;
    for endpoint in [Endpoint::Token, Endpoint::Revoke, Endpoint::Jwks, Endpoint::Authorize] {
        order(&world, endpoint, FaultKind::ServiceUnavailable);
    }
    // Ten minutes in steps of twenty seconds; a token lives for fifteen. In each step somebody refreshes in vain.
    let mut slowest = Duration::ZERO;
    for _ in 0..30 {
        faulty.advance(20).await?;
        let (vain, called) = tokio::join!(refresh(&client, &tokens), faulty.call(tokens.text("access_token")));
        unavailable(&vain?.0)?;
        let called = called?;
        assert_eq!(called.status, StatusCode::OK, "{}", called.text);
        assert!(called.text.contains("identity"), "{}", called.text);
        slowest = slowest.max(called.took);
    }
    assert!(slowest < AT_ONCE, "{slowest:?}");
    recovers(&world, faulty).await?;
    let (answer, _) = refresh(&client, &tokens).await?;
    assert_eq!(answer.status, StatusCode::OK, "the refresh token has outlived it: {}", answer.body);
    assert_eq!(faulty.call(answer.text("access_token")).await?.status, StatusCode::OK);
    Ok(())
}

async fn a_revocation_is_sent_a_second_time(world: Arc<World>) -> Result<()> {
    let faulty = world.faulty().await?;
    let client = faulty.client(&world).await?;
    let cognito = world.stack.cognito();
    // The original token, once more where that may help, and then the newest.
    for (kind, times, sent, status) in [
        (FaultKind::ServiceUnavailable, 1, 3, StatusCode::OK),
        (FaultKind::Unreachable { status: 521 }, 1, 3, StatusCode::OK),
        (FaultKind::Hang, 1, 3, StatusCode::OK),
        (FaultKind::InternalServerError, 2, 2, StatusCode::SERVICE_UNAVAILABLE),
        (FaultKind::TooManyRequests { retry_after: Some(7) }, 1, 1, StatusCode::SERVICE_UNAVAILABLE),
        (FaultKind::WafForbidden, 1, 1, StatusCode::SERVICE_UNAVAILABLE),
        (FaultKind::InvalidClient, 1, 1, StatusCode::SERVICE_UNAVAILABLE),
    ] {
        let tokens = tokens(&world, faulty, &client).await?;
        let own = Parameters::new([("client_id", &client.client_id), ("token", tokens.text("refresh_token"))]);
        let before = asked(&world, Endpoint::Revoke);
        cognito.set_fault(Fault::on(Endpoint::Revoke, kind.clone()).times(times));
        let answer = client.revoke(&own).await?;
        assert_eq!((answer.status, asked(&world, Endpoint::Revoke) - before), (status, sent), "{kind:?}");
        if status != StatusCode::OK {
            unavailable(&answer)?;
            assert_eq!(client.revoke(&own).await?.status, StatusCode::OK, "{kind:?}");
        }
        let over = refresh(&client, &tokens).await?.0;
        refused(&over, StatusCode::BAD_REQUEST, "invalid_grant");
    }
    Ok(())
}

async fn a_clock_that_is_off_by_five_minutes_signs_nobody_out(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let mut browser = Browser::new()?;
    for seconds in [300, -300] {
        let fault = || Fault::on(Endpoint::Token, FaultKind::ClockSkew { seconds }).times(1);
        let redemption = client.redemption(&client.code(&mut browser).await?);
        world.stack.cognito().set_fault(fault());
        let tokens = client.token(&redemption).await?;
        assert_eq!(tokens.status, StatusCode::OK, "{seconds}: {}", tokens.body);
        world.stack.cognito().set_fault(fault());
        let (tokens, _) = refresh(&client, &tokens).await?;
        assert_eq!(tokens.status, StatusCode::OK, "{seconds}: {}", tokens.body);
        assert_eq!(world.whoami(tokens.text("access_token")).await?.status(), StatusCode::OK);
    }
    Ok(())
}

async fn keys_that_cannot_be_had_cost_nobody_a_token(world: Arc<World>) -> Result<()> {
    let faulty = world.faulty().await?;
    let client = faulty.client(&world).await?;
    let mut tokens = tokens(&world, faulty, &client).await?;
    let user = tokens.text("access_token").to_owned();
    for kind in [
        FaultKind::TooManyRequests { retry_after: Some(7) },
        FaultKind::InternalServerError,
        FaultKind::ServiceUnavailable,
        FaultKind::Unreachable { status: 530 },
        FaultKind::WafForbidden,
        FaultKind::HtmlInsteadOfJson,
        FaultKind::TruncatedJson,
        FaultKind::ConnectionReset,
        FaultKind::Hang,
        FaultKind::WrongJwks,
    ] {
        // A key that this edge has not seen, and no fetch so short ago that it would not fetch again.
        change_keys(&world);
        faulty.advance(31).await?;
        order(&world, Endpoint::Jwks, kind.clone());
        let mark = faulty.log_mark();
        let (vain, called) = tokio::join!(refresh(&client, &tokens), faulty.call(&user));
        let (answer, took) = vain?;
        unavailable(&answer)?;
        assert!(took < Duration::from_secs(6), "{kind:?}: {took:?}");
        let called = called?;
        assert!(called.status == StatusCode::OK && called.took < AT_ONCE, "{kind:?}: {called:?}");
        let level = if kind == FaultKind::WrongJwks { "alert" } else { "warn" };
        let record = faulty.record(mark, "token refused").await?;
        assert_eq!((&record["level"], &record["status"]), (&level.into(), &503.into()), "{kind:?}: {record}");

        world.stack.cognito().clear_faults();
        // Keys that were wrong are kept for half a minute.
        faulty.advance(if kind == FaultKind::WrongJwks { 31 } else { OPEN }).await?;
        (tokens, _) = refresh(&client, &tokens).await?;
        assert_eq!(tokens.status, StatusCode::OK, "{kind:?}: {}", tokens.body);
    }
    Ok(())
}

async fn keys_rotate_under_traffic_and_nobody_notices(world: Arc<World>) -> Result<()> {
    let faulty = world.faulty().await?;
    let stop = AtomicBool::new(false);
    let rounds = [const { AtomicUsize::new(0) }; 3];
    let mut clients = Vec::new();
    for _ in &rounds {
        let client = faulty.client(&world).await?;
        let tokens = tokens(&world, faulty, &client).await?;
        clients.push((client, tokens));
    }
    let traffic = async |rounds: &AtomicUsize, (client, mut tokens): (HandMade, Answer)| {
        while !stop.load(Ordering::SeqCst) {
            (tokens, _) = refresh(&client, &tokens).await?;
            ensure!(tokens.status == StatusCode::OK, "{}", tokens.body);
            let called = faulty.call(tokens.text("access_token")).await?;
            ensure!(called.status == StatusCode::OK, "{called:?}");
            rounds.fetch_add(1, Ordering::SeqCst);
        }
        anyhow::Ok(())
    };
    let rotations = async {
        let everybody_goes_on = async || {
            let before: Vec<_> = rounds.iter().map(|count| count.load(Ordering::SeqCst)).collect();
            let went_on = || rounds.iter().zip(&before).all(|(now, before)| now.load(Ordering::SeqCst) > before + 2);
            until("everybody goes on", went_on).await
        };
        for _ in 0..3 {
            faulty.advance(31).await?;
            // What is under way has read the clock before: by that, keys were fetched a moment ago.
            everybody_goes_on().await?;
            change_keys(&world);
            everybody_goes_on().await?;
        }
        anyhow::Ok(())
    };
    let rotations = async {
        let outcome = rotations.await;
        stop.store(true, Ordering::SeqCst);
        outcome
    };
    let mut clients = clients.into_iter().zip(&rounds).map(|(client, rounds)| traffic(rounds, client));
    let mut next = || clients.next().context("too few clients");
    tokio::try_join!(next()?, next()?, next()?, rotations)?;
    Ok(())
}
