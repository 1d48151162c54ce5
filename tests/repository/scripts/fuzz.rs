//! `tests/fuzz/run`: counts what passed and what failed, many at a time.

use super::sandbox::Sandbox;

const TARGETS: [&str; 3] = ["first", "second", "third"];

fn sandbox(name: &str) -> Sandbox {
    let sandbox = Sandbox::new(name);
    sandbox.copy("tests/fuzz/run");
    let bin = |name: &str| format!("[[bin]]\nname = \"{name}\"\npath = \"targets/{name}.rs\"\n");
    let bins: String = TARGETS.into_iter().chain(["seeds"]).map(bin).collect();
    sandbox.write("tests/fuzz/Cargo.toml", &format!("[package]\nname = \"fuzz\"\n{bins}"));
    sandbox.tool("cargo", "");
    sandbox.tool("rustc", "echo host");
    sandbox.program("target/fuzz/host/release/seeds", "");
    for target in TARGETS {
        sandbox.program(&format!("target/fuzz/host/release/{target}"), "echo 'Done 7 runs in 1 second(s)' >&2");
    }
    sandbox
}

#[test]
fn every_target_runs_and_is_counted() {
    let outcome = sandbox("fuzz-passes").run("tests/fuzz/run", &[]);
    outcome.passes().says("fuzz: 3 targets, 3 passed, 0 failed");
    for target in TARGETS {
        outcome.says(&format!("fuzz: {target:<20} passed: Done 7 runs"));
    }
}

#[test]
fn a_target_that_finds_something_is_shown_and_the_others_run() {
    let sandbox = sandbox("fuzz-fails");
    sandbox.program("target/fuzz/host/release/second", "echo 'thread panicked at somewhere'; exit 77");
    let outcome = sandbox.run("tests/fuzz/run", &[]);
    outcome.fails().says("fuzz: 3 targets, 2 passed, 1 failed").says("second               FAILED: see ");
    outcome.says("panicked at somewhere");
}

#[test]
fn named_targets_run_alone_and_seeds_that_fail_end_it() {
    let sandbox = sandbox("fuzz-named");
    sandbox.run("tests/fuzz/run", &["third"]).passes().says("fuzz: 1 targets, 1 passed, 0 failed");
    sandbox.program("target/fuzz/host/release/seeds", "exit 1");
    sandbox.run("tests/fuzz/run", &["third"]).fails().does_not_say("passed");
}
