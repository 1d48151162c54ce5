//! Black-box tests: one running stack for all of them, known only through HTTP. `EDGES` names the edges to run them against.
//!
//! A module per topic, each a list of tests. Most run at the same time. Those that change what Cognito does run one by
//! one afterwards. Those of `whole_run` look at the whole run's logs and traffic, so they run when the others have ended
//! and the stack has stopped. Those of [`own`] look at documents and tables, and need no stack.

mod attacks;
mod audit;
mod authorization;
mod body_limit;
mod callback;
mod client_assertion;
mod client_authentication;
mod cloudflare;
mod code;
mod cognito_faults;
mod cognito_tokens;
mod connection;
mod contract;
mod decision;
mod discovery;
mod edge_faults;
mod emails;
mod faulty;
mod field;
mod flow;
mod gate;
mod gone_clients;
mod groups;
mod incidents;
mod limits;
mod machines;
mod metadata_documents;
mod misconfiguration;
mod origin_faults;
mod origins;
mod other_settings;
mod outage;
mod pages;
mod policy;
mod refresh;
mod registration;
mod resumption;
mod revocation;
mod rotation;
mod scopes;
mod sessions;
mod settings;
mod skips;
mod streaming;
mod switching_users;
mod table;
mod transaction;
mod transport;
mod user_agent;
mod user_refusals;
mod whole_run;
mod world;

use std::{
    collections::BTreeMap,
    env,
    process::{Command, ExitCode},
    sync::Arc,
};

use anyhow::{Context as _, Result};
use edgeward_tests::{
    edge::{EDGES, KnownEdge, chosen, skip},
    signal::interrupted,
};
use libtest_mimic::{Arguments, Conclusion, Trial};
use tokio::runtime::{Handle, Runtime};

use crate::{
    skips::SKIPS,
    world::{Test, World},
};

/// The tests that run at the same time: none disturbs another.
fn together(edge: KnownEdge) -> Vec<Test> {
    [
        discovery::tests(),
        registration::tests(),
        authorization::tests(),
        decision::tests(),
        pages::tests(),
        transaction::tests(),
        callback::tests(),
        code::tests(),
        client_authentication::tests(),
        metadata_documents::tests(),
        client_assertion::tests(),
        refresh::tests(),
        scopes::tests(),
        gate::tests(),
        policy::tests(),
        machines::tests(),
        flow::tests(),
        field::tests(),
        streaming::tests(),
        attacks::tests(),
        if edge.name == cloudflare::NAME { cloudflare::together() } else { Vec::new() },
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The tests that run one by one after those: what they do to Cognito, they do to everyone; and a port that one of them
/// has chosen must not be taken by a connection of another.
fn serial(edge: KnownEdge) -> Vec<Test> {
    [
        misconfiguration::tests(),
        origins::tests(),
        other_settings::tests(),
        limits::tests(),
        audit::tests(),
        transport::tests(),
        revocation::tests(),
        switching_users::tests(),
        user_refusals::tests(),
        rotation::tests(),
        groups::tests(),
        emails::tests(),
        if edge.name == cloudflare::NAME { cloudflare::serial() } else { Vec::new() },
        gone_clients::tests(),
        connection::tests(),
        user_agent::tests(),
        body_limit::tests(),
        cognito_faults::tests(),
        cognito_tokens::tests(),
        origin_faults::tests(),
        sessions::tests(),
        resumption::tests(),
        edge_faults::tests(),
        contract::tests(),
        outage::tests(),
        // Last: an hour passes for Cognito.
        incidents::tests(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Every test there is for an edge.
fn all(edge: KnownEdge) -> Vec<Test> {
    [together(edge), serial(edge), whole_run::tests()].into_iter().flatten().collect()
}

/// The tests of the suite itself. They are of no edge.
fn own() -> Vec<Trial> {
    [table::tests(), attacks::document_tests(), skips::tests()].into_iter().flatten().collect()
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    match run(&arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<ExitCode> {
    let named = env::var(EDGES_VARIABLE).unwrap_or_default();
    let edges = chosen(EDGES, &named)?;
    if arguments.list {
        let tests = edges.iter().flat_map(|edge| all(**edge).into_iter().map(|test| test.unstarted(edge.name)));
        return Ok(libtest_mimic::run(arguments, own().into_iter().chain(tests).collect()).exit_code());
    }
    match edges[..] {
        [edge] => run_edge(arguments, *edge),
        _ => run_each(&edges),
    }
}

/// Each in a process of its own: what runs beside the edge in this process has one log.
fn run_each(edges: &[&KnownEdge]) -> Result<ExitCode> {
    let mut code = ExitCode::SUCCESS;
    for edge in edges {
        println!("\nagainst the edge {}", edge.name);
        let mut suite = Command::new(env::current_exe()?);
        let status = suite.args(env::args_os().skip(1)).env(EDGES_VARIABLE, edge.name).status();
        if !status.context("the suite cannot start itself")?.success() {
            code = ExitCode::FAILURE;
        }
    }
    Ok(code)
}

fn run_edge(arguments: &Arguments, edge: KnownEdge) -> Result<ExitCode> {
    let mut conclusions = vec![libtest_mimic::run(arguments, own())];
    let runtime = Runtime::new().context("no runtime")?;
    let world = Arc::new(runtime.block_on(World::start(edge)).context("the stack did not start")?);
    runtime.spawn(stop_when_interrupted(Arc::clone(&world)));
    println!("the stack's logs are in {}", world.stack.folder().display());

    let one_at_a_time = Arguments { test_threads: Some(1), ..arguments.clone() };
    let run = |arguments: &Arguments, tests| libtest_mimic::run(arguments, trials(tests, &world, runtime.handle()));
    conclusions.extend([run(arguments, together(edge)), run(&one_at_a_time, serial(edge))]);
    world.stop();
    // Before the last summary, so that a run ends with one.
    let last = whole_run::tests();
    let skipped_last = last.iter().filter_map(|test| skip::of_test(SKIPS, edge.name, &test.name));
    print_skipped(edge, world.skipped().into_iter().chain(skipped_last));
    conclusions.push(run(arguments, last));
    let failed = conclusions.iter().find(|conclusion| conclusion.has_failed());
    Ok(failed.map_or(ExitCode::SUCCESS, Conclusion::exit_code))
}

/// Each reason once, with the number of tests that it skipped.
fn print_skipped(edge: KnownEdge, skipped: impl Iterator<Item = &'static str>) {
    let mut reasons = BTreeMap::<_, usize>::new();
    for reason in skipped {
        *reasons.entry(reason).or_default() += 1;
    }
    for (reason, count) in reasons {
        println!("skipped at the edge {}: {count} of these tests: {reason}", edge.name);
    }
}

async fn stop_when_interrupted(world: Arc<World>) {
    if interrupted().await.is_ok() {
        world.stop();
        std::process::exit(130);
    }
}

fn trials(tests: impl IntoIterator<Item = Test>, world: &Arc<World>, runtime: &Handle) -> Vec<Trial> {
    tests.into_iter().map(|test| test.trial(Arc::clone(world), runtime.clone())).collect()
}

/// Names of edges, or `all`.
const EDGES_VARIABLE: &str = "EDGES";
