//! Black-box tests: one running stack for all of them, known only through HTTP.
//!
//! A module per topic, each a list of tests. Those of `closing` look at the whole run's logs and traffic, so they run
//! when the others have ended and the stack has stopped.

mod closing;
mod code;
mod decision;
mod discovery;
mod flow;
mod gate;
mod streaming;
mod transaction;
mod world;

use std::{process::ExitCode, sync::Arc};

use edgeward_tests::{keys, signal::interrupted, stack::Options, stack::Recording, stack::Stack};
use libtest_mimic::{Arguments, Trial};
use tokio::runtime::{Handle, Runtime};

use crate::world::{Test, World};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let tests =
        [discovery::tests(), flow::tests(), decision::tests(), code::tests(), transaction::tests(), gate::tests()];
    let tests: Vec<Test> = tests.into_iter().flatten().chain(streaming::tests()).collect();
    if arguments.list {
        let all = tests.into_iter().chain(closing::tests());
        return libtest_mimic::run(&arguments, all.map(Test::unstarted).collect()).exit_code();
    }
    let runtime = Runtime::new().expect("a runtime");
    let world = match runtime.block_on(start()) {
        Ok(world) => Arc::new(world),
        Err(error) => {
            eprintln!("the stack did not start: {error:#}");
            return ExitCode::FAILURE;
        }
    };
    runtime.spawn(stop_when_interrupted(Arc::clone(&world)));
    println!("the stack's logs are in {}", world.stack.folder().display());

    let ran = libtest_mimic::run(&arguments, trials(tests, &world, runtime.handle()));
    world.stack.stop();
    let closed = libtest_mimic::run(&arguments, trials(closing::tests(), &world, runtime.handle()));
    if ran.has_failed() { ran.exit_code() } else { closed.exit_code() }
}

async fn start() -> anyhow::Result<World> {
    let keys = keys::generate()?;
    let options = Options { name: "test", recording: Recording::On, keys: Some(keys.clone()), ..Options::default() };
    Ok(World { stack: Stack::start(options).await?, keys })
}

async fn stop_when_interrupted(world: Arc<World>) {
    if interrupted().await.is_ok() {
        world.stack.stop();
        std::process::exit(130);
    }
}

fn trials(tests: impl IntoIterator<Item = Test>, world: &Arc<World>, runtime: &Handle) -> Vec<Trial> {
    tests.into_iter().map(|test| test.trial(Arc::clone(world), runtime.clone())).collect()
}
