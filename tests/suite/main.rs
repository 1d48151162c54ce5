//! Black-box tests: one running stack for all of them, known only through HTTP.
//!
//! A module per topic, each a list of tests. Most run at the same time. Those that change what Cognito does run one by
//! one afterwards. Those of `closing` look at the whole run's logs and traffic, so they run when the others have ended
//! and the stack has stopped.

mod attacks;
mod audit;
mod authorization;
mod body_limit;
mod budgets;
mod callback;
mod client_assertion;
mod client_authentication;
mod closing;
mod code;
mod cognito_faults;
mod cognito_tokens;
mod connection;
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
mod observation;
mod origin_faults;
mod other_settings;
mod outage;
mod pages;
mod policy;
mod rebinding;
mod refresh;
mod refresh_objects;
mod refresh_races;
mod registration;
mod resumption;
mod revocation;
mod rotation;
mod scopes;
mod sessions;
mod settings;
mod streaming;
mod switching_users;
mod table;
mod transaction;
mod transport;
mod user_agent;
mod user_refusals;
mod world;

use std::{process::ExitCode, sync::Arc};

use edgeward_tests::signal::interrupted;
use libtest_mimic::{Arguments, Conclusion, Trial};
use tokio::runtime::{Handle, Runtime};

use crate::world::{Test, World};

/// The tests that run at the same time: none disturbs another.
fn together() -> Vec<Test> {
    [
        table::tests(),
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
        refresh_objects::tests(),
        scopes::tests(),
        gate::tests(),
        policy::tests(),
        machines::tests(),
        flow::tests(),
        field::tests(),
        streaming::tests(),
        attacks::tests(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The tests that run one by one after those: what they do to Cognito, they do to everyone; and a port that one of them
/// has chosen must not be taken by a connection of another.
fn alone() -> Vec<Test> {
    [
        misconfiguration::tests(),
        other_settings::tests(),
        limits::tests(),
        audit::tests(),
        observation::tests(),
        transport::tests(),
        revocation::tests(),
        switching_users::tests(),
        user_refusals::tests(),
        rotation::tests(),
        groups::tests(),
        emails::tests(),
        refresh_races::tests(),
        rebinding::tests(),
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
        outage::tests(),
        budgets::tests(),
        // Last: an hour passes for Cognito.
        incidents::tests(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Every test there is.
fn all() -> Vec<Test> {
    [together(), alone(), closing::tests()].into_iter().flatten().collect()
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    if arguments.list {
        return libtest_mimic::run(&arguments, all().into_iter().map(Test::unstarted).collect()).exit_code();
    }
    let runtime = Runtime::new().expect("a runtime");
    let world = match runtime.block_on(World::start()) {
        Ok(world) => Arc::new(world),
        Err(error) => {
            eprintln!("the stack did not start: {error:#}");
            return ExitCode::FAILURE;
        }
    };
    runtime.spawn(stop_when_interrupted(Arc::clone(&world)));
    println!("the stack's logs are in {}", world.stack.folder().display());

    let one_by_one = Arguments { test_threads: Some(1), ..arguments.clone() };
    let run = |arguments: &Arguments, tests| libtest_mimic::run(arguments, trials(tests, &world, runtime.handle()));
    let mut conclusions = vec![run(&arguments, together()), run(&one_by_one, alone())];
    world.stop();
    conclusions.push(run(&arguments, closing::tests()));
    let failed = conclusions.iter().find(|conclusion| conclusion.has_failed());
    failed.map_or(ExitCode::SUCCESS, Conclusion::exit_code)
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
