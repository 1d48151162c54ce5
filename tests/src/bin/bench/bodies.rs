//! Streams of events, and long bodies.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use axum::body::Bytes;
use http::StatusCode;
use http_body_util::BodyExt as _;
use tokio::task::JoinSet;

use crate::{
    figures::{Figures, SSE_CPU, SSE_DELAY, UPLOAD, UPLOAD_MEMORY, median, names},
    generator::Connection,
    measure::wasm_memory,
    origin::nanoseconds,
    peer::Peer,
    scene::Scene,
};

/// Streams at once, and the milliseconds between two events of one.
const STREAMS: usize = 8;
const INTERVAL: u64 = 4;

/// Measures streams.
///
/// # Errors
/// When one breaks.
pub(crate) async fn streams(scene: &Scene, figures: &mut Figures) -> Result<()> {
    let events = usize::try_from(scene.settings.time.as_millis())? / usize::try_from(INTERVAL)?;
    for round in 0..scene.settings.rounds {
        for peer in scene.in_turn(round).filter(|peer| peer.name != names::FASTMCP) {
            let before = peer.cpu_time();
            let delays = listen(peer, events).await.with_context(|| format!("a stream through {}", peer.name))?;
            let cpu = peer.cpu_time().saturating_sub(before).as_secs_f64() * 1e3;
            if peer.name != names::DIRECT {
                figures.note(SSE_CPU, peer.name, cpu * 1e3 / delays.len() as f64);
            }
            figures.note(SSE_DELAY, peer.name, median(delays).context("no events")?);
        }
    }
    Ok(())
}

/// Listens to all streams to their end; gives the delay of each event in microseconds.
async fn listen(peer: &Peer, events: usize) -> Result<Vec<f64>> {
    let mut streams = JoinSet::new();
    for _ in 0..STREAMS {
        let request = peer.stream(events, INTERVAL)?;
        let mut connection = Connection::open(peer.address()?).await?;
        streams.spawn(async move {
            let mut answer = connection.send(request).await?;
            ensure!(answer.status() == StatusCode::OK, "{} instead of a stream", answer.status());
            let (mut delays, mut text) = (Vec::new(), String::new());
            while let Some(frame) = answer.body_mut().frame().await {
                let now = nanoseconds();
                let Ok(data) = frame?.into_data() else { continue };
                text.push_str(std::str::from_utf8(&data)?);
                while let Some((event, rest)) = text.split_once("\n\n") {
                    let sent: u64 = event.rsplit("data: ").next().unwrap_or_default().parse()?;
                    delays.push(now.saturating_sub(sent) as f64 / 1e3);
                    text = rest.to_owned();
                }
            }
            ensure!(delays.len() == events, "{} events instead of {events}", delays.len());
            Ok(delays)
        });
    }
    let mut all = Vec::new();
    while let Some(ended) = streams.join_next().await {
        all.extend(ended.context("a listener was lost")??);
    }
    Ok(all)
}

/// A long body.
const LENGTH: usize = 4 * 1024 * 1024;

/// Measures uploads, one after the other.
///
/// # Errors
/// When one is not swallowed.
pub(crate) async fn uploads(scene: &Scene, figures: &mut Figures) -> Result<()> {
    let body = Bytes::from(vec![b' '; LENGTH]);
    for round in 0..scene.settings.rounds {
        for peer in scene.in_turn(round).filter(|peer| peer.name != names::FASTMCP) {
            let taken = upload_for(peer, &body, scene.settings.time).await;
            figures.note(UPLOAD, peer.name, taken.with_context(|| format!("an upload through {}", peer.name))?);
        }
    }
    // It has to be instantiated, and its memory may grow with the first requests whatever they are.
    upload_for(&scene.gauged, &Bytes::from_static(b" "), scene.settings.time).await?;
    let before = wasm_memory(&scene.gauged).await?;
    upload_for(&scene.gauged, &body, scene.settings.time).await?;
    figures.note(UPLOAD_MEMORY, names::EDGEWARD, (wasm_memory(&scene.gauged).await? - before) / 1024.0);
    Ok(())
}

/// Sends a body again and again; gives the median of what each took, in milliseconds.
async fn upload_for(peer: &Peer, body: &Bytes, time: Duration) -> Result<f64> {
    let mut connection = Connection::open(peer.address()?).await?;
    let (begun, mut taken) = (Instant::now(), Vec::new());
    while begun.elapsed() < time {
        let asked = Instant::now();
        let (status, answer) = connection.ask(peer.upload(body.clone())).await?;
        ensure!(status == StatusCode::OK && *answer == *body.len().to_string().as_bytes(), "it answered {status}");
        taken.push(asked.elapsed().as_secs_f64() * 1e3);
    }
    median(taken).context("no upload")
}
