//! What the stack does under load, and what it has in memory afterwards: `make load`.
//!
//! Everything is on this machine, the clients too, so the figures are what this machine can do. What is checked does not
//! depend on it: nothing fails, nothing is lost, every answer is for the user who asked, and memory does not grow.

mod aborts;
mod bodies;
mod calls;
mod figures;
mod hostile;
mod padded;
mod people;
mod sign_ins;
mod streams;

use std::{process::ExitCode, sync::Arc, time::Duration};

use anyhow::{Context as _, Result, ensure};
use edgeward_cognito::Config;
use edgeward_identity::names::edge as names;
use edgeward_tests::{
    edge::workerd::BareWorkerd,
    process::must_measure,
    signal::to_its_end,
    stack::{Options, Stack},
    workerd::HEAP_MEGABYTES,
};

use crate::{figures::Memory, hostile::Hostility, people::People};

#[tokio::main]
async fn main() -> ExitCode {
    to_its_end("load", run()).await
}

/// More a second are not asked for.
const CALLS_PER_SECOND: u32 = 2_000;
const STREAMS: usize = 1_000;
const SIGN_INS_PER_MINUTE: u32 = 200;
/// So many megabytes more may edge and origin have at the end than when everything had run for the first time: the edge what
/// its runtime may leave uncollected, and as much beside the heap for it; the origin what an allocator keeps.
const GROWTH: [u64; 2] = [2 * HEAP_MEGABYTES as u64, 64];

async fn run() -> Result<ExitCode> {
    must_measure("load")?;
    let seconds = match std::env::var("LOAD_SECONDS") {
        Ok(text) => text.parse().context("LOAD_SECONDS is no number of seconds")?,
        Err(_) => 60,
    };
    let time = Duration::from_secs(seconds);
    let cognito = Config { users: people::users(), ..Config::default() };
    // Long enough for all of it: what is measured is not the refresh.
    let variables = [(names::ACCESS_TOKEN_SECONDS, "3600"), (names::RESOURCES, bodies::RESOURCES)];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let stack = Stack::start(Options {
        name: "load".to_owned(),
        cognito,
        variables,
        runtime: &BareWorkerd,
        ..Options::default()
    })
    .await?;
    let stack = Arc::new(stack);
    println!("load: {seconds} s each, on {} cores; the clients are on them, too", cores());
    let people = Arc::new(People::sign_in(&stack).await?);
    let memory = Memory::watch(&stack);
    // A short round first: what is there once is not growth.
    let mut warm = [0; 2];
    for (round, time) in [("first", time / 5), ("then", time)] {
        println!("{}", memory.now(round));
        let calls = calls::run(&stack, &people, CALLS_PER_SECOND, Hostility::None, time).await?;
        calls.finish("calls", &memory)?;
        streams::run(&stack, &people, STREAMS, time).await?.finish("streams", &memory)?;
        sign_ins::run(&stack, SIGN_INS_PER_MINUTE, time).await?.finish("sign-ins", &memory)?;
        let mixed = calls::run(&stack, &people, CALLS_PER_SECOND, Hostility::EveryFifth, time).await?;
        mixed.finish("a fifth hostile", &memory)?;
        aborts::run(&stack, &people, time).await?.finish("among abandoned", &memory)?;
        bodies::run(&stack, &memory).await?.finish("begun bodies", &memory)?;
        if round == "first" {
            warm = memory.resident();
        }
    }
    let [before, _] = memory.resident();
    padded::run(&stack, people.of(0)).await?.finish("padded", &memory)?;
    let [after, _] = memory.resident();
    ensure!(after <= before + padded::GROWTH * 1024 * 1024, "padded requests took {} bytes", after - before);
    println!("{}", memory.now("after"));
    memory.bounded([0, 1].map(|at| warm[at] + GROWTH[at] * 1024 * 1024))?;
    println!("load: ok");
    Ok(ExitCode::SUCCESS)
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
