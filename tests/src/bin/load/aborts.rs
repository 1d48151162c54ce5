//! Clients that begin requests and do not end them, at every endpoint, while others go on.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use edgeward_tests::{
    by_hand::{call_over, http},
    client::REDIRECT_URI,
    stack::Stack,
};
use reqwest::StatusCode;
use serde_json::json;
use tokio::{io::AsyncWriteExt as _, net::TcpStream, task::JoinSet, time::MissedTickBehavior};

use crate::{
    figures::Figures,
    people::{People, Person, is_for},
};

/// Of those that do not end, and of those that do.
const WORKERS: [usize; 2] = [16, 4];
/// As many a second are begun and not ended.
const PER_SECOND: u32 = 400;
/// So many connections does each of the first leave open half-way: together more than the edge lets in.
const HELD: usize = 40;
const BODY: usize = 31 * 1024;
const FORM: &str = "application/x-www-form-urlencoded";
const ENDPOINTS: [(&str, &str); 5] = [
    ("/register", "application/json"),
    ("/token", FORM),
    ("/revoke", FORM),
    ("/authorize", FORM),
    ("/mcp", "application/json"),
];

/// Abandons requests for a while; calls and registrations of others must be answered meanwhile.
///
/// # Errors
/// When the clients cannot be made.
pub(crate) async fn run(stack: &Arc<Stack>, people: &Arc<People>, time: Duration) -> Result<Figures> {
    let begun = Instant::now();
    let abandoned = Arc::new(AtomicUsize::new(0));
    let mut workers = JoinSet::new();
    for worker in 0..WORKERS[0] {
        let (stack, person, abandoned) = (Arc::clone(stack), people.of(worker).clone(), Arc::clone(&abandoned));
        workers.spawn(async move {
            let (mut figures, mut held) = (Figures::default(), VecDeque::new());
            let mut ticks = tokio::time::interval(Duration::from_secs(1) / PER_SECOND * WORKERS[0] as u32);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            while begun.elapsed() < time {
                ticks.tick().await;
                match abandon(&stack, &person, abandoned.fetch_add(1, Ordering::Relaxed)).await {
                    Ok(stream) => held.extend(stream),
                    Err(error) => figures.failures.push(format!("{error:#}")),
                }
                if held.len() > HELD {
                    held.pop_front();
                }
            }
            figures
        });
    }
    for worker in 0..WORKERS[1] {
        let (stack, person, http) = (Arc::clone(stack), people.of(worker).clone(), http()?);
        workers.spawn(async move {
            let mut figures = Figures::default();
            while begun.elapsed() < time {
                let asked = Instant::now();
                figures.note(serve(&stack, &person, &http).await.map(|()| asked.elapsed()));
            }
            figures
        });
    }
    let figures = Figures::of(workers, begun).await?;
    println!("{:<16} {} requests", "abandoned", abandoned.load(Ordering::Relaxed));
    Ok(figures)
}

/// Begins a request and resets the connection, or keeps it open for a while and resets it then. (workerd keeps what is closed
/// in an orderly way for minutes.)
async fn abandon(stack: &Stack, person: &Person, number: usize) -> Result<Option<TcpStream>> {
    let (path, kind) = ENDPOINTS[number % ENDPOINTS.len()];
    let host = stack.issuer().trim_start_matches("http://");
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nContent-Type: {kind}\r\nContent-Length: {BODY}\r\n\
         Accept: application/json, text/event-stream\r\nAuthorization: Bearer {}\r\n\r\n",
        person.token
    );
    let mut stream = TcpStream::connect(stack.edge().url().trim_start_matches("http://")).await?;
    stream.write_all(head.as_bytes()).await?;
    // Who is refused early may find the connection closed.
    let _ = stream.write_all("a".repeat(BODY / 2).as_bytes()).await;
    stream.set_zero_linger()?;
    Ok((number / ENDPOINTS.len()).is_multiple_of(2).then_some(stream))
}

/// A call and a registration.
async fn serve(stack: &Stack, person: &Person, http: &reqwest::Client) -> Result<()> {
    let request = call_over(http, stack.mcp().as_str(), "whoami", &json!({}), "load").bearer_auth(&person.token);
    is_for(request.send().await?, person).await?;
    let metadata = json!({ "redirect_uris": [REDIRECT_URI], "token_endpoint_auth_method": "none" });
    let answer = http.post(format!("{}/register", stack.issuer())).json(&metadata).send().await?;
    ensure!(answer.status() == StatusCode::CREATED, "a registration was answered with {}", answer.status());
    answer.bytes().await?;
    Ok(())
}
