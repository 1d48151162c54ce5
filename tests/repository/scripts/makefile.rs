//! The Makefile's recipes in a folder whose name has a space, with stubs in place of all that they call: each target passes,
//! and fails with each thing that it calls.

use edgeward_tests::edge::EDGES;

use super::sandbox::{Outcome, Sandbox, run};

/// How the line with the edges begins.
const KNOWN_EDGES: &str = "KNOWN_EDGES := ";

/// What recipes call, and by what name they find it.
const CALLED: [&str; 17] = [
    ".ci/browser-tests",
    ".ci/check-macos",
    ".ci/first-run",
    ".ci/lint",
    ".ci/lock",
    ".ci/rebuild",
    ".ci/script-tests",
    ".ci/setup",
    ".ci/verifier-tests",
    "edge/cloudflare/bind",
    "edge/cloudflare/size",
    "origin/compile",
    "origin/image",
    "release/build",
    "release/notices",
    "tests/fuzz/run",
    "target/release/edgeward-bench",
];

/// A stub that notes its call, and fails if it is the one that is to fail. An argument that is a path must not be split.
fn stub(name: &str) -> String {
    format!(
        r#"root=${{BASH_ENV%/.ci/env}}
echo "{name} $*" >>"$root/calls"
for word; do case $word in "${{root%% *}}") echo "split: $*" >&2; exit 1 ;; esac; done
[ "${{BROKEN:-}}" != "{name}" ]"#
    )
}

fn checkout(name: &str) -> Sandbox {
    let sandbox = Sandbox::new(name);
    sandbox.copy("Makefile");
    for script in CALLED {
        sandbox.program(script, &stub(script));
    }
    sandbox.program(".ci/reproducible", r#""$@""#);
    for tool in ["cargo", "node", "rustc", "wasm-pack"] {
        sandbox.tool(tool, &stub(tool));
    }
    for program in
        ["demo", "dev", "conformance-run", "transcript", "interop", "pages", "load", "capacity", "deploy-local"]
    {
        sandbox.program(&format!("target/debug/edgeward-{program}"), &stub(program));
    }
    sandbox.program("infra/node_modules/.bin/tsx", &stub("tsx"));
    sandbox
}

fn make(sandbox: &Sandbox, target: &str, broken: &str) -> Outcome {
    let mut command = sandbox.command("-c");
    command.arg(format!("exec make {target}")).env("BROKEN", broken);
    run(&mut command)
}

/// Every target, and what fails it.
const TARGETS: [(&str, &[&str]); 24] = [
    ("demo", &[".ci/setup", "cargo", "edge/cloudflare/bind", "demo"]),
    ("dev", &[".ci/setup", "cargo", "edge/cloudflare/bind", "dev"]),
    (
        "test",
        &[".ci/setup", ".ci/browser-tests", ".ci/script-tests", ".ci/verifier-tests", "cargo", "edge/cloudflare/bind"],
    ),
    ("fuzz", &[".ci/setup", "tests/fuzz/run"]),
    ("conformance", &[".ci/setup", "cargo", "conformance-run"]),
    ("transcript", &[".ci/setup", "cargo", "transcript"]),
    ("interop", &[".ci/setup", "cargo", "interop"]),
    ("pages", &[".ci/setup", "cargo", "pages"]),
    ("load", &[".ci/setup", "cargo", "edge/cloudflare/size", "load"]),
    ("bench", &[".ci/setup", "cargo", "edge/cloudflare/size", "target/release/edgeward-bench"]),
    ("capacity", &[".ci/setup", "cargo", "capacity"]),
    ("check", &[".ci/setup", ".ci/lint", ".ci/check-macos", "release/notices", "cargo"]),
    ("size", &[".ci/setup", "cargo", "edge/cloudflare/size"]),
    ("budgets", &[".ci/setup", "cargo"]),
    ("origin", &[".ci/setup", "origin/compile"]),
    ("image", &[".ci/setup", "origin/image"]),
    ("reproducible", &[".ci/setup", "cargo", "origin/compile", ".ci/rebuild"]),
    ("lock", &[".ci/lock"]),
    ("notices", &["release/notices"]),
    ("release", &[".ci/setup", "release/build"]),
    ("dist", &[".ci/setup", "release/build"]),
    ("infra-test", &[".ci/setup", "node"]),
    ("deploy DEPLOYMENT=prod", &[".ci/setup", "cargo", "tsx"]),
    ("deploy-local", &[".ci/setup", "cargo", "origin/image", "deploy-local"]),
];

#[test]
fn every_target_passes_in_a_path_with_a_space() {
    let sandbox = checkout("make-passes");
    for (target, _) in TARGETS {
        make(&sandbox, target, "").passes();
    }
    let calls = sandbox.calls();
    let target = sandbox.checkout().join("target");
    let wasm = "wasm32-unknown-unknown/edge/edgeward_cloudflare.wasm";
    let expected = format!("edge/cloudflare/bind {}/{wasm} edge/cloudflare/build optimized", target.display());
    assert!(calls.contains(&expected), "{calls}");
}

#[test]
fn a_target_fails_with_each_thing_that_it_calls() {
    let sandbox = checkout("make-fails");
    for (target, called) in TARGETS {
        for broken in called {
            let outcome = make(&sandbox, target, broken);
            assert_ne!(outcome.status, Some(0), "make {target} passes although {broken} fails: {}", outcome.text);
        }
    }
}

#[test]
fn a_deployment_must_be_named() {
    let sandbox = checkout("make-named");
    for target in ["deploy", "destroy", "trial", "trial-cloudflare"] {
        make(&sandbox, target, "").fails().says("say which: DEPLOYMENT=prod");
    }
}

#[test]
fn the_makefile_knows_the_edges_of_the_suite() {
    let known: Vec<_> = EDGES.iter().map(|edge| edge.name).collect();
    let line = format!("\n{KNOWN_EDGES}{}\n", known.join(" "));
    assert!(include_str!("../../../Makefile").contains(&line), "not in the Makefile: {line}");
}

#[test]
fn an_edge_that_is_not_known_is_an_error_before_anything_runs() {
    let sandbox = checkout("make-unknown-edge");
    make(&sandbox, "test EDGES='cloudflare nowhere'", "")
        .fails()
        .says("nowhere, which is no edge: there are cloudflare");
    assert_eq!(sandbox.calls(), "");
}

#[test]
fn tests_run_against_the_edges_that_are_named_and_say_which_were_left_out() {
    let sandbox = checkout("make-edges");
    let makefile = include_str!("../../../Makefile").replacen(KNOWN_EDGES, &format!("{KNOWN_EDGES}other "), 1);
    sandbox.write("Makefile", &makefile);
    sandbox.tool("cargo", &format!("echo \"EDGES=<${{EDGES:-}}>\"\n{}", stub("cargo")));
    let left_out = "NOT RUN: the black-box suite against cloudflare.";
    make(&sandbox, "test", "").passes().says("EDGES=<other>").says(left_out);
    make(&sandbox, "test EDGES=other", "").passes().says("EDGES=<other>").says(left_out);
    make(&sandbox, "test EDGES=all", "").passes().says("EDGES=<other cloudflare>").does_not_say("NOT RUN");
}

#[test]
fn help_lists_the_targets() {
    make(&checkout("make-help"), "help", "").passes().says("demo              sign in");
}
