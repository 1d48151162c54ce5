//! One token, with which somebody tries to fill the edge's memory: spelled in a thousand ways, each with 100 KB of padding, and
//! shown at as many long URLs. Strangers try the URLs without it.

use std::{sync::Arc, time::Instant};

use anyhow::{Result, ensure};
use edgeward_tests::{
    by_hand::{call_over, http},
    stack::Stack,
};
use reqwest::{Client, RequestBuilder};
use serde_json::json;
use tokio::task::JoinSet;

use crate::{figures::Figures, people::Person};

/// So many of each.
const SPELLINGS: usize = 1_024;
const WORKERS: usize = 8;
/// So many megabytes more may the edge have afterwards: 16 for what it remembers, and what V8 leaves uncollected. Without a
/// bound it was 188.
pub(crate) const GROWTH: u64 = 64;

/// Tries all of it.
///
/// # Errors
/// When the clients cannot be made.
pub(crate) async fn run(stack: &Arc<Stack>, person: &Person) -> Result<Figures> {
    let begun = Instant::now();
    let mut workers = JoinSet::new();
    for worker in 0..WORKERS {
        let (stack, token, http) = (Arc::clone(stack), person.token.clone(), http()?);
        workers.spawn(async move {
            let mut figures = Figures::default();
            for number in (worker..SPELLINGS).step_by(WORKERS) {
                for (what, request, status) in attacks(&stack, &http, &token, number) {
                    let asked = Instant::now();
                    let outcome = async {
                        let answer = request.send().await?;
                        ensure!(answer.status() == status, "{what} was answered with {}", answer.status());
                        answer.bytes().await?;
                        Ok(asked.elapsed())
                    };
                    figures.note(outcome.await);
                }
            }
            figures
        });
    }
    Figures::of(workers, begun).await
}

fn attacks(stack: &Stack, http: &Client, token: &str, number: usize) -> [(&'static str, RequestBuilder, u16); 4] {
    let call = |url: &str| call_over(http, url, "whoami", &json!({}), "load");
    let mcp = stack.mcp();
    let padded =
        |blanks: usize| call(mcp.as_str()).header("authorization", format!("Bearer{}{token}", " ".repeat(blanks)));
    let url = format!("{mcp}?{number}{}", "x".repeat(60_000));
    [
        ("a token with long padding", padded(100_000 + number), 401),
        ("a token with padding", padded(8_000 + number), 200),
        ("a token at a long URL", call(&url).bearer_auth(token), 200),
        ("a stranger at a long URL", call(&url), 401),
    ]
}
