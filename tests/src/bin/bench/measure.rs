//! The figures that come of requests.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, Result, ensure};
use edgeward_tests::by_hand::http;
use http::StatusCode;

use crate::{
    figures::{
        COLD, CPU, FETCHES, FIRST_SEEN, Figures, LIVE_1K, LIVE_8K, LIVE_10, LIVE_MANY, P50, P99, PACED_CPU, REFUSAL,
        THROUGHPUT, TOKEN_MEMORY, names,
    },
    generator::{Make, Ready, Run, Span, closed, paced, same},
    peer::{Auth, Peer},
    scene::Scene,
};

/// So many connections are open at once.
const CONNECTIONS: usize = 16;

/// Processor time for each of so many, in microseconds.
pub(crate) fn per(time: Duration, done: f64) -> f64 {
    time.as_secs_f64() * 1e6 / done
}

/// A round of closed loops is made of so many turns, in each of which everybody is asked: when the machine is slow for a second,
/// it is so for all.
pub(crate) const TURNS: u32 = 5;

/// What a peer was asked in a round, and what that cost.
#[derive(Debug, Default)]
struct Asked {
    cpu: Duration,
    run: Run,
    fetches: u64,
}

/// A round in turns, as [`TURNS`] says.
async fn in_turns(
    scene: &Scene,
    round: usize,
    request: impl Fn(&Peer) -> (Ready, StatusCode),
) -> Result<Vec<(&Peer, Asked)>> {
    let peers = scene.in_turn(round).filter(|peer| peer.name != names::DIRECT);
    let mut asked: Vec<_> = peers.map(|peer| (peer, Asked::default())).collect();
    for _ in 0..TURNS {
        for (peer, asked) in &mut asked {
            let (ready, expected) = request(peer);
            let fetches = scene.origin.requests().await?;
            let (cpu, run) = ask(peer, Span::For(scene.settings.time / TURNS), same(ready), expected).await?;
            asked.run.extend(run);
            asked.cpu += cpu;
            asked.fetches += scene.origin.requests().await? - fetches;
        }
    }
    Ok(asked)
}

/// What a run costs a peer for each answer.
async fn cost(peer: &Peer, span: Span, make: Make, expected: StatusCode) -> Result<(f64, Run)> {
    let (cpu, run) = ask(peer, span, make, expected).await?;
    Ok((per(cpu, run.done()), run))
}

/// What a run costs a peer.
async fn ask(peer: &Peer, span: Span, make: Make, expected: StatusCode) -> Result<(Duration, Run)> {
    let before = peer.cpu_time();
    let run = closed(peer.address()?, CONNECTIONS, span, make, expected).await;
    let run = run.with_context(|| format!("at {}", peer.name))?;
    Ok((peer.cpu_time().saturating_sub(before), run))
}

/// CPU and throughput, over connections that are always busy.
///
/// # Errors
/// When an answer is another than it must be.
pub(crate) async fn calls(scene: &Scene, figures: &mut Figures) -> Result<()> {
    warm_up(scene).await?;
    for round in 0..scene.settings.rounds {
        let call = |peer: &Peer| (peer.call(&peer.token), StatusCode::OK);
        for (peer, Asked { cpu, run, fetches }) in in_turns(scene, round, call).await? {
            figures.note(CPU, peer.name, per(cpu, run.done()));
            figures.note(THROUGHPUT, peer.name, run.rate());
            figures.note(FETCHES, peer.name, fetches as f64 / run.done());
        }
    }
    Ok(())
}

/// Code is compiled, tokens become known.
async fn warm_up(scene: &Scene) -> Result<()> {
    for peer in &scene.peers {
        cost(peer, Span::For(WARM_UP), same(peer.call(&peer.token)), StatusCode::OK).await?;
    }
    Ok(())
}

const WARM_UP: Duration = Duration::from_secs(2);

/// Latencies at a fixed rate, the same for all.
///
/// # Errors
/// When an answer is another than it must be.
pub(crate) async fn latencies(scene: &Scene, figures: &mut Figures) -> Result<()> {
    warm_up(scene).await?;
    let throughput = async |peer: &Peer| {
        let call = same(peer.call(&peer.token));
        anyhow::Ok(cost(peer, Span::For(WARM_UP), call, StatusCode::OK).await?.1.rate())
    };
    let rate = throughput(scene.peer(names::PASS_THROUGH)?).await? / 2.0;
    println!("fixed rate: {rate:.0} calls/s");
    let mut peers = Vec::new();
    for peer in scene.peers.iter().filter(|peer| peer.name != names::DIRECT) {
        // Who cannot keep up would only show how long the queue has become. The two that the budget is about are shown anyway:
        // the floor's own throughput differs by more than half on a machine that is not calm.
        if [names::PASS_THROUGH, names::EDGEWARD].contains(&peer.name) || throughput(peer).await? > rate {
            peers.push(peer);
        }
    }
    for round in 0..scene.settings.rounds {
        for at in 0..peers.len() {
            let peer = peers[(at + round) % peers.len()];
            let call = same(peer.call(&peer.token));
            let before = peer.cpu_time();
            let run = paced(peer.address()?, 2 * CONNECTIONS, rate, scene.settings.time, call).await;
            let run = run.with_context(|| format!("at {}", peer.name))?;
            figures.note(PACED_CPU, peer.name, per(peer.cpu_time().saturating_sub(before), run.done()));
            figures.note(P50, peer.name, run.percentile(0.5));
            figures.note(P99, peer.name, run.percentile(0.99));
        }
    }
    Ok(())
}

/// Answers to strangers. The floor refuses nobody: beside a refusal stands its call of the origin, which a refusal saves.
///
/// # Errors
/// When somebody is let in.
pub(crate) async fn refusals(scene: &Scene, figures: &mut Figures) -> Result<()> {
    warm_up(scene).await?;
    for round in 0..scene.settings.rounds {
        let call = |peer: &Peer| match peer.auth {
            Auth::None => (peer.call(&peer.token), StatusCode::OK),
            Auth::Checked => (peer.call_of_stranger(), StatusCode::UNAUTHORIZED),
        };
        for (peer, Asked { cpu, run, .. }) in in_turns(scene, round, call).await? {
            figures.note(REFUSAL, peer.name, per(cpu, run.done()));
        }
    }
    Ok(())
}

/// The first answer of a process.
///
/// # Errors
/// When there is none.
pub(crate) async fn cold(scene: &Scene, figures: &mut Figures) -> Result<()> {
    for round in 0..scene.settings.rounds {
        for peer in scene.in_turn(round).filter(|peer| peer.name != names::DIRECT) {
            let taken = peer.start_cold(&scene.folder).await?;
            figures.note(COLD, peer.name, taken.as_secs_f64() * 1e3);
        }
    }
    Ok(())
}

/// Tokens that have not been seen before, and tokens by the thousand.
///
/// # Errors
/// When one is refused.
pub(crate) async fn tokens(scene: &Scene, figures: &mut Figures) -> Result<()> {
    let edge = scene.peer(names::EDGEWARD)?;
    let many = scene.settings.tokens;
    let mint =
        |count: usize, from: usize| -> Vec<String> { (from..from + count).map(|n| scene.mint.token(n)).collect() };
    let calls = |peer: &Peer, tokens: &[String]| -> Make {
        // Only what differs is kept: requests would be hundreds of megabytes.
        let tokens: Vec<_> = tokens.iter().map(|token| format!("Bearer {token}")).collect();
        let call = peer.call(&peer.token);
        Arc::new(move |number| {
            let mut request = call.clone();
            if let Ok(value) = tokens[number % tokens.len()].parse() {
                request.headers_mut().insert(http::header::AUTHORIZATION, value);
            }
            request
        })
    };
    let all = mint(many, 0);
    let mut next = many;
    for _ in 0..scene.settings.rounds {
        // These remember none: every token costs them what the first one does.
        for peer in scene.peers.iter().filter(|peer| [names::PASS_THROUGH, names::LIBRARY].contains(&peer.name)) {
            let call = same(peer.call(&peer.token));
            figures.note(FIRST_SEEN, peer.name, cost(peer, Span::Times(FRESH), call, StatusCode::OK).await?.0);
        }
        let fresh = mint(FRESH, next);
        next += FRESH;
        let (cpu, _) = cost(edge, Span::Times(FRESH), calls(edge, &fresh), StatusCode::OK).await?;
        figures.note(FIRST_SEEN, names::EDGEWARD, cpu);
        for (figure, live) in [(LIVE_10, 10), (LIVE_1K, 1_000), (LIVE_8K, 8_000), (LIVE_MANY, many)] {
            let live = live.min(many);
            let make = calls(edge, &all[..live]);
            // All are known, as far as they can be.
            cost(edge, Span::Times(live.min(10_000)), Arc::clone(&make), StatusCode::OK).await?;
            let (cpu, _) = cost(edge, Span::For(scene.settings.time), make, StatusCode::OK).await?;
            figures.note(figure, names::EDGEWARD, cpu);
        }
    }
    let gauged = &scene.gauged;
    cost(gauged, Span::Times(many), calls(gauged, &all), StatusCode::OK).await?;
    figures.note(TOKEN_MEMORY, names::EDGEWARD, wasm_memory(gauged).await? / 1024.0);
    Ok(())
}

/// Tokens that are new, in each round.
const FRESH: usize = 4_000;

/// The memory of the gauged edge's wasm, in bytes.
///
/// # Errors
/// When it does not tell.
pub(crate) async fn wasm_memory(gauged: &Peer) -> Result<f64> {
    let answer = http()?.get(format!("{}/test-memory", gauged.url)).send().await?;
    ensure!(answer.status() == StatusCode::OK, "the edge does not tell its memory: {}", answer.status());
    Ok(answer.text().await?.parse()?)
}
