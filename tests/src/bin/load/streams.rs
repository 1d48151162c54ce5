//! Streams that are open at the same time, each with events of its own.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use edgeward_tests::{
    by_hand::{call_over, http},
    stack::Stack,
};
use futures_util::StreamExt as _;
use reqwest::Client;
use serde_json::{Value, json};
use tokio::{sync::Barrier, task::JoinSet};

use crate::{
    figures::Figures,
    people::{People, Person},
};

/// Every stream has so many events.
const EVENTS: u64 = 10;

/// Opens `count` streams and reads each to its end, which comes after about `time`.
///
/// # Errors
/// When the clients cannot be made, or the streams were not open at the same time.
pub(crate) async fn run(stack: &Arc<Stack>, people: &Arc<People>, count: usize, time: Duration) -> Result<Figures> {
    let (begun, http) = (Instant::now(), http()?);
    let open = Arc::new(Open { all: Barrier::new(count), now: AtomicUsize::new(0), most: AtomicUsize::new(0) });
    let mut streams = JoinSet::new();
    for number in 0..count {
        let (http, mcp, person, open) = (http.clone(), stack.mcp(), people.of(number).clone(), Arc::clone(&open));
        let interval = time / EVENTS as u32;
        streams.spawn(async move { read(&http, mcp.as_str(), &person, number, interval, &open).await });
    }
    let mut figures = Figures::default();
    while let Some(ended) = streams.join_next().await {
        figures.note(ended.context("a stream was lost")?);
    }
    figures.elapsed = begun.elapsed();
    let most = open.most.load(Ordering::Relaxed);
    ensure!(most == count, "only {most} streams were open at the same time");
    Ok(figures)
}

/// How many streams are open.
struct Open {
    all: Barrier,
    now: AtomicUsize,
    most: AtomicUsize,
}

/// Reads one stream; gives how long it took to open.
async fn read(
    http: &Client,
    mcp: &str,
    person: &Person,
    number: usize,
    interval: Duration,
    open: &Open,
) -> Result<Duration> {
    let token = format!("stream {number}");
    let interval = u64::try_from(interval.as_millis())?;
    let arguments = json!({ "steps": EVENTS, "interval_ms": interval });
    let asked = Instant::now();
    let request = call_over(http, mcp, "count_slowly", &arguments, &token).bearer_auth(&person.token);
    let answer = request.send().await.context("no stream")?;
    // Those that have failed count too, or the others would wait for them.
    let now = open.now.fetch_add(1, Ordering::Relaxed) + usize::from(answer.status() == 200);
    open.most.fetch_max(now, Ordering::Relaxed);
    let latency = asked.elapsed();
    open.all.wait().await;
    ensure!(answer.status() == 200, "{} instead of a stream", answer.status());
    let mut chunks = answer.bytes_stream();
    let (mut text, mut next) = (String::new(), 1);
    while let Some(chunk) = chunks.next().await {
        text.push_str(std::str::from_utf8(&chunk.context("the stream broke")?)?);
        while let Some((line, rest)) = text.split_once('\n') {
            let event = line.trim_end().strip_prefix("data:").filter(|data| !data.trim().is_empty());
            if let Some(event) = event.map(serde_json::from_str::<Value>).transpose()? {
                expect(&event, &token, &mut next)?;
            }
            text = rest.to_owned();
        }
    }
    ensure!(next == EVENTS + 2, "the stream ended before event {next}");
    Ok(latency)
}

/// That this event is the stream's own, and the next one.
fn expect(event: &Value, token: &str, next: &mut u64) -> Result<()> {
    let fits = if *next <= EVENTS {
        event["params"]["progressToken"] == token && event["params"]["progress"].as_f64() == Some(*next as f64)
    } else {
        event["result"]["content"][0]["text"] == format!("Counted to {EVENTS}.")
    };
    if !fits {
        bail!("{token} expected event {next} and got {event}");
    }
    *next += 1;
    Ok(())
}
