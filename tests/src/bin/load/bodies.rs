//! Bodies that a policy must read, begun by many users and never ended: far more than the edge has room for.

use std::{sync::Arc, time::Instant};

use anyhow::{Result, ensure};
use edgeward_tests::{
    by_hand::{call_over, http},
    stack::Stack,
};
use serde_json::json;
use tokio::{io::AsyncWriteExt as _, net::TcpStream};

use crate::{
    figures::{Figures, Memory},
    people::{USERS, is_for, sign_in_at},
};

/// The resource whose policy it is.
pub(crate) const RESOURCE: &str = "/judged";
/// The settings' resources.
pub(crate) const RESOURCES: &str = r#"[{"path": "/mcp", "scopes": {"mcp": "Use it"}},
    {"path": "/judged", "origin_path": "/mcp", "scopes": {"mcp": "Use it"}, "policy": {"tools": {"delete_*": ["mcp"]}}}]"#;

/// So many of each user.
const BODIES: usize = 40;
/// A policy reads a little more.
const LENGTH: usize = 1_020 * 1_024;
const CALLS: usize = 5;
/// So many megabytes more may the edge have meanwhile: the 32 that it lets in, and what V8 leaves uncollected of those that it has
/// given up, which is up to 200 and no more at a second time. All of them would be 600.
const GROWTH: u64 = 256;

/// Begins them; the calls of one more user must be answered meanwhile, and the memory be bounded.
///
/// # Errors
/// When the memory is not, or nobody can sign in.
pub(crate) async fn run(stack: &Arc<Stack>, memory: &Memory) -> Result<Figures> {
    let begun = Instant::now();
    let mut people = Vec::new();
    for number in 0..USERS {
        people.push(sign_in_at(stack, number, RESOURCE).await?);
    }
    let [before, _] = memory.resident();
    let (host, body) = (stack.issuer().trim_start_matches("http://"), " ".repeat(LENGTH));
    let Some((other, users)) = people.split_last() else { return Ok(Figures::default()) };
    let mut held = Vec::new();
    for user in users {
        for _ in 0..BODIES {
            let head = format!(
                "POST {RESOURCE} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\
                 Accept: application/json, text/event-stream\r\nAuthorization: Bearer {}\r\n\r\n{LENGTH:x}\r\n",
                user.token
            );
            let mut stream = TcpStream::connect(stack.edge().url().trim_start_matches("http://")).await?;
            stream.write_all(head.as_bytes()).await?;
            // Who is refused early may find the connection closed.
            let _ = stream.write_all(body.as_bytes()).await;
            held.push(stream);
        }
    }
    let (mut figures, http, url) = (Figures::default(), http()?, stack.url(RESOURCE));
    for _ in 0..CALLS {
        let asked = Instant::now();
        let request = call_over(&http, url.as_str(), "whoami", &json!({}), "load").bearer_auth(&other.token);
        let outcome = async { is_for(request.send().await?, other).await }.await;
        figures.note(outcome.map(|()| asked.elapsed()));
    }
    let [now, _] = memory.resident();
    ensure!(now <= before + GROWTH * 1024 * 1024, "bodies under judgement took {} bytes", now - before);
    for stream in held {
        stream.set_zero_linger()?;
    }
    figures.elapsed = begun.elapsed();
    Ok(figures)
}
