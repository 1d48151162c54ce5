//! The origin fails: what clients are told, what the log is, and that no token is lost by it.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, Result};
use edgeward_identity::names::{IDENTITY_HEADER, edge as names};
use edgeward_tests::{
    by_hand::http,
    edge::Capability,
    fault_origin::Behaviour,
    origin::{self, Origin},
    place,
    port::Port,
};
use reqwest::{Response, StatusCode};
use serde_json::json;

use crate::{
    faulty::{Called, Faulty, access_token, until},
    world::{World, tests},
};

tests![
    an_origin_that_is_down_is_a_502_and_an_alert,
    a_shared_cache_on_the_way_gives_nobody_the_answer_of_another,
    an_origin_that_is_slow_is_waited_for,
    an_origin_that_never_begins_is_given_up_on,
    an_origins_own_errors_are_passed_on,
    half_an_event_stream_ends_where_it_broke,
    header_fields_that_are_too_long_are_a_502,
    a_stream_goes_on_while_new_connections_are_refused,
    a_rolling_restart_of_the_origin_is_noticed_by_nobody,
    an_origin_whose_clock_is_off_costs_no_token,
];

/// The edge's own words, with nothing of the origin's; and the alert that goes with them.
pub(crate) async fn failed(
    faulty: &Faulty,
    mark: usize,
    called: &Called,
    status: u16,
    error: &str,
    event: &str,
) -> Result<()> {
    assert_eq!(
        (called.status.as_u16(), called.text.as_str()),
        (status, json!({ "error": error }).to_string().as_str())
    );
    assert_eq!(called.headers["cache-control"], "no-store, no-transform");
    assert!(!called.headers.contains_key("www-authenticate"), "the token is as good as before");
    let record = faulty.record(mark, event).await?;
    assert_eq!((&record["level"], &record["status"]), (&"alert".into(), &status.into()), "{record}");
    Ok(())
}

fn passes(world: &World) -> Behaviour {
    Behaviour::Passes(world.stack.origin_url())
}

/// The real origin is behind it again, and the token is still good.
pub(crate) async fn works(world: &World, faulty: &Faulty, token: &str) -> Result<()> {
    faulty.origin.set(passes(world));
    let called = faulty.call(token).await?;
    assert_eq!(called.status, StatusCode::OK, "{}", called.text);
    assert!(called.text.contains("demo@example.com"), "{}", called.text);
    Ok(())
}

async fn an_origin_that_is_down_is_a_502_and_an_alert(world: Arc<World>) -> Result<()> {
    let (faulty, token) = (world.faulty().await?, access_token(&world).await?);
    works(&world, faulty, &token).await?;
    faulty.origin.refuse();
    for _ in 0..3 {
        let mark = faulty.log_mark();
        let called = faulty.call(&token).await?;
        failed(faulty, mark, &called, 502, "bad_gateway", "origin unreachable").await?;
        assert!(called.took < Duration::from_secs(3), "{:?}", called.took);
    }
    faulty.origin.accept().await?;
    works(&world, faulty, &token).await
}

async fn a_shared_cache_on_the_way_gives_nobody_the_answer_of_another(world: Arc<World>) -> Result<()> {
    let faulty = world.faulty().await?;
    faulty.origin.set(Behaviour::Cached);
    let identity = async |request: reqwest::RequestBuilder| {
        let answer: serde_json::Value = request.send().await?.json().await?;
        Ok::<_, anyhow::Error>(answer["identity"].as_str().map(str::to_owned))
    };
    // It is a cache.
    let direct =
        |who: &str| http().map(|http| http.get(format!("{}/direct", faulty.origin.url())).header(IDENTITY_HEADER, who));
    assert_eq!(identity(direct("one")?).await?.as_deref(), Some("one"));
    assert_eq!(identity(direct("two")?).await?.as_deref(), Some("one"));

    let mut seen = BTreeSet::new();
    // What a client says about caches is for those before the edge.
    let directives = [None, Some("max-age=600"), Some("only-if-cached"), Some("max-stale"), Some("public"), None];
    for directive in directives {
        let token = access_token(&world).await?;
        let request = http()?.get(format!("{}/mcp", faulty.edge.url())).bearer_auth(&token);
        let request = directive.into_iter().fold(request, |request, value| request.header("cache-control", value));
        let given = identity(request).await?.context("no identity")?;
        assert!(seen.insert(given), "{directive:?}: the answer of another client");
    }
    let token = access_token(&world).await?;
    works(&world, faulty, &token).await
}

async fn an_origin_that_is_slow_is_waited_for(world: Arc<World>) -> Result<()> {
    let (faulty, token) = (world.faulty().await?, access_token(&world).await?);
    faulty.origin.set(Behaviour::Answers(Duration::from_millis(1_500)));
    let called = faulty.call(&token).await?;
    assert_eq!(called.status, StatusCode::OK);
    assert!(called.took >= Duration::from_millis(1_500), "{:?}", called.took);
    works(&world, faulty, &token).await
}

async fn an_origin_that_never_begins_is_given_up_on(world: Arc<World>) -> Result<()> {
    let (faulty, token) = (world.faulty().await?, access_token(&world).await?);
    faulty.edge.needs(Capability::Clock)?;
    faulty.origin.set(Behaviour::Hangs);
    let (mark, given_up) = (faulty.log_mark(), faulty.origin.given_up());
    // A hundred seconds, by this edge's hurried timers.
    let called = faulty.call(&token).await?;
    failed(faulty, mark, &called, 504, "gateway_timeout", "origin too slow").await?;
    assert!((Duration::from_secs(2)..Duration::from_secs(10)).contains(&called.took), "{:?}", called.took);
    until("the origin is told that nobody waits", || faulty.origin.given_up() > given_up).await?;

    // What has begun may take as long as it likes.
    faulty.origin.set(Behaviour::Streams);
    let mut stream = faulty.send(&token).await?;
    next(&mut stream, "open").await?;
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    faulty.origin.send("late");
    next(&mut stream, "late").await?;
    works(&world, faulty, &token).await
}

async fn an_origins_own_errors_are_passed_on(world: Arc<World>) -> Result<()> {
    let (faulty, token) = (world.faulty().await?, access_token(&world).await?);
    for status in [400, 404, 413, 429, 500, 502, 503, 504] {
        let status = StatusCode::from_u16(status)?;
        faulty.origin.set(Behaviour::Fails(status));
        let received = faulty.origin.received();
        let called = faulty.call(&token).await?;
        assert_eq!((called.status, called.text.as_str()), (status, "the origin's own words"));
        assert_eq!(called.headers["retry-after"], "7");
        assert_eq!(faulty.origin.received(), received + 1, "a call is never sent twice");
    }
    // But not that the origin does not believe the edge.
    faulty.origin.set(Behaviour::Fails(StatusCode::UNAUTHORIZED));
    let mark = faulty.log_mark();
    let called = faulty.call(&token).await?;
    failed(faulty, mark, &called, 502, "bad_gateway", "origin refused the identity").await?;
    works(&world, faulty, &token).await
}

/// The next event of a stream.
async fn next(stream: &mut Response, event: &str) -> Result<()> {
    let chunk = tokio::time::timeout(Duration::from_secs(5), stream.chunk()).await.context("no event in time")??;
    assert_eq!(chunk.context("the stream has ended")?, format!("data: {event}\n\n"));
    Ok(())
}

async fn half_an_event_stream_ends_where_it_broke(world: Arc<World>) -> Result<()> {
    let (faulty, token) = (world.faulty().await?, access_token(&world).await?);
    faulty.origin.set(Behaviour::BreaksOff(3));
    let mut stream = faulty.send(&token).await?;
    assert_eq!(stream.status(), StatusCode::OK);
    next(&mut stream, "open").await?;
    for event in ["second", "third"] {
        faulty.origin.send(event);
        next(&mut stream, event).await?;
    }
    faulty.origin.send("never");
    // Whoever reads it must not take it for the whole.
    let end = tokio::time::timeout(Duration::from_secs(5), stream.chunk()).await.context("it goes on")?;
    assert!(end.is_err(), "it ends as if that were all");
    works(&world, faulty, &token).await
}

async fn header_fields_that_are_too_long_are_a_502(world: Arc<World>) -> Result<()> {
    let (faulty, token) = (world.faulty().await?, access_token(&world).await?);
    faulty.origin.set(Behaviour::HugeHeader(2 << 10));
    assert_eq!(faulty.call(&token).await?.status, StatusCode::OK, "two kilobytes are not");
    faulty.origin.set(Behaviour::HugeHeader(1 << 20));
    let mark = faulty.log_mark();
    let called = faulty.call(&token).await?;
    failed(faulty, mark, &called, 502, "bad_gateway", "origin unreachable").await?;
    works(&world, faulty, &token).await
}

async fn a_stream_goes_on_while_new_connections_are_refused(world: Arc<World>) -> Result<()> {
    let (faulty, token) = (world.faulty().await?, access_token(&world).await?);
    faulty.origin.set(Behaviour::Streams);
    let mut streams = [faulty.send(&token).await?, faulty.send(&token).await?];
    for stream in &mut streams {
        next(stream, "open").await?;
    }
    faulty.origin.refuse();
    for event in ["one", "two"] {
        let mark = faulty.log_mark();
        let called = faulty.call(&token).await?;
        failed(faulty, mark, &called, 502, "bad_gateway", "origin unreachable").await?;
        faulty.origin.send(event);
        for stream in &mut streams {
            next(stream, event).await?;
        }
    }
    faulty.origin.accept().await?;
    faulty.origin.send("three");
    for stream in &mut streams {
        next(stream, "three").await?;
    }
    works(&world, faulty, &token).await
}

async fn a_rolling_restart_of_the_origin_is_noticed_by_nobody(world: Arc<World>) -> Result<()> {
    let (faulty, token) = (world.faulty().await?, access_token(&world).await?);
    let weather = world.stack.weather().url();
    let start = async |name: &'static str| {
        let settings = origin::Settings {
            name: "origin",
            program: origin::Program::Real,
            port: Port::Free.choose()?,
            issuer: world.stack.issuer(),
            audience: &world.stack.variables()[names::ORIGIN_URL],
            weather: &weather,
            session_keys: None,
            shutdown: Duration::from_secs(1),
        };
        Origin::start(&settings, &place::run_folder(name)?).await
    };
    let (first, second) = tokio::join!(start("rolling-1"), start("rolling-2"));
    let (first, second) = (first?, second?);
    faulty.origin.set(Behaviour::Passes(first.url().to_owned()));

    let (stop, calls) = (AtomicBool::new(false), AtomicUsize::new(0));
    let callers = async {
        while !stop.load(Ordering::SeqCst) {
            let called = faulty.call(&token).await?;
            anyhow::ensure!(called.status == StatusCode::OK, "{} {}", called.status, called.text);
            calls.fetch_add(1, Ordering::SeqCst);
        }
        anyhow::Ok(())
    };
    let restart = async {
        until("calls at the first", || calls.load(Ordering::SeqCst) >= 5).await?;
        let counting = json!({ "steps": 10, "interval_ms": 60 });
        let mut slow = faulty.send_tool("count_slowly", &counting, &token).await?;
        anyhow::ensure!(slow.chunk().await?.is_some(), "no progress");
        faulty.origin.set(Behaviour::Passes(second.url().to_owned()));
        // It ends what it has begun, and then itself.
        let stopping = tokio::task::spawn_blocking(move || {
            first.process().stop();
            first.process().exited()
        });
        let rest = slow.text().await?;
        anyhow::ensure!(rest.contains("Counted to 10."), "{rest}");
        let status = stopping.await??;
        anyhow::ensure!(status.is_some_and(|status| status.success()), "{status:?}");
        let before = calls.load(Ordering::SeqCst);
        until("calls at the second", || calls.load(Ordering::SeqCst) >= before + 5).await?;
        stop.store(true, Ordering::SeqCst);
        anyhow::Ok(())
    };
    let outcome = tokio::join!(callers, async {
        let outcome = restart.await;
        stop.store(true, Ordering::SeqCst);
        outcome
    });
    outcome.0?;
    outcome.1?;
    works(&world, faulty, &token).await
}

async fn an_origin_whose_clock_is_off_costs_no_token(world: Arc<World>) -> Result<()> {
    let (faulty, token) = (world.faulty().await?, access_token(&world).await?);
    works(&world, faulty, &token).await?;
    for ahead in [300, -300] {
        faulty.edge.move_clock(ahead).await?;
        let mark = faulty.log_mark();
        let called = faulty.call(&token).await?;
        failed(faulty, mark, &called, 502, "bad_gateway", "origin refused the identity").await?;
    }
    faulty.edge.move_clock(0).await?;
    works(&world, faulty, &token).await
}
