//! `.ci/setup`: what is there is found without a network; what is missing, old or fails is named with what to do.

use std::process::Command;

use super::sandbox::{Outcome, Sandbox};

const LOCK: &str = "tests/tools/package-lock.json";
const STAMP: &str = "tests/tools/node_modules/.installed-lock.json";

/// A machine that has what `make demo` needs, and no network: whatever downloads fails.
fn machine(name: &str) -> Sandbox {
    let sandbox = Sandbox::with_rust(name);
    sandbox.tool("cargo", r#"case $* in *--offline* | *--list*) ;; *) echo "error: no network" >&2; exit 1 ;; esac"#);
    sandbox.tool("node", "echo v24.21.0");
    sandbox.tool("npm", "echo 'npm error: no network' >&2; exit 1");
    sandbox.write("target/tools/.wasm-bindgen-lock", "");
    sandbox.write(LOCK, "{}");
    sandbox.write(STAMP, "{}");
    sandbox
}

fn setup(sandbox: &Sandbox, group: &str, change: impl FnOnce(&mut Command)) -> Outcome {
    sandbox.run_with(".ci/setup", group, change)
}

#[test]
fn a_machine_that_has_everything_needs_no_network() {
    let outcome = setup(&machine("setup-offline"), "edge", |_| ());
    outcome.passes().says("crates: all there").says("Node tools: found").says("wasm-bindgen: found");
}

#[test]
fn what_is_missing_offline_is_named() {
    let sandbox = machine("setup-crates");
    sandbox.tool("cargo", "echo 'error: no network' >&2; exit 1");
    let outcome = setup(&sandbox, "rust", |_| ());
    outcome.fails().says("error: no network").says("cannot download the crates of Cargo.lock").says("set HTTPS_PROXY");

    let sandbox = machine("setup-npm");
    sandbox.write(LOCK, "{\"newer\": true}");
    setup(&sandbox, "node", |_| ()).fails().says("npm error: no network").says("cannot download the packages of");

    let sandbox = machine("setup-rustup");
    sandbox.tool("rustup", "exit 1");
    setup(&sandbox, "rust", |_| ()).fails().says("cannot download Rust 1.");
}

#[test]
fn a_proxy_is_named_without_its_password() {
    let sandbox = machine("setup-proxy");
    sandbox.write(LOCK, "{\"newer\": true}");
    let proxy = "http://user:secret@proxy.example:3128";
    let outcome = setup(&sandbox, "node", |command| _ = command.env("HTTPS_PROXY", proxy));
    outcome.fails().says("through the proxy proxy.example:3128").does_not_say("secret");
}

#[test]
fn an_old_python_is_named_and_a_new_one_is_taken() {
    for (version, is_enough) in [("3.9.6", false), ("3.10.0", true), ("3.14.1", true)] {
        let sandbox = machine("setup-python");
        sandbox.tool("python3", &format!("echo Python {version}"));
        let outcome = setup(&sandbox, "test", |_| ());
        assert_eq!(outcome.status == Some(0), is_enough, "{version}: {}", outcome.text);
        if !is_enough {
            outcome.says("Python 3.10 or newer is needed").says(version);
        }
    }
}

#[test]
fn nothing_compiles_before_an_old_node_is_noticed() {
    for (version, is_enough) in [("v20.20.2", false), ("v22.18.0", false), ("v22.19.0", true), ("v26.1.0", true)] {
        let sandbox = machine("setup-node");
        sandbox.tool("node", &format!("echo {version}"));
        let outcome = setup(&sandbox, "node", |_| ());
        assert_eq!(outcome.status == Some(0), is_enough, "{version}: {}", outcome.text);
        if !is_enough {
            outcome.says("Node.js 22.19 or newer is needed").says(&version[1..]);
        }
    }
}

#[test]
fn what_is_missing_is_named_with_what_installs_it_here() {
    let managers = [
        ("Linux", "apt-get", "apt-get install build-essential"),
        ("Linux", "dnf", "dnf install gcc"),
        ("Linux", "pacman", "pacman -S base-devel"),
        ("Darwin", "brew", "xcode-select --install"),
        ("FreeBSD", "pkg", "called build-essential on Debian"),
    ];
    for (system, manager, advice) in managers {
        let sandbox = machine("setup-manager");
        sandbox.without("cc");
        sandbox.tool("uname", &format!("echo {system}"));
        sandbox.tool(manager, "");
        setup(&sandbox, "rust", |_| ()).fails().says("'cc' is missing").says(advice);
    }
}

#[test]
fn what_needs_linux_says_so_before_anything_is_installed() {
    for group in ["fuzz", "budgets", "image"] {
        let sandbox = machine("setup-darwin");
        sandbox.tool("uname", "echo Darwin");
        sandbox.tool("rustup", "echo rustup was asked; exit 1");
        let outcome = setup(&sandbox, group, |_| ());
        outcome.fails().says("needs Linux").says("docker run").says(&format!("make {group}"));
        outcome.does_not_say("rustup was asked");
    }
}

#[test]
fn a_home_of_cargo_that_cannot_be_written_is_named() {
    let outcome =
        setup(&machine("setup-cargo-home"), "rust", |command| _ = command.env("CARGO_HOME", "/dev/null/cargo"));
    outcome.fails().says("cannot write to its home, /dev/null/cargo").says("CARGO_HOME=/path/of/yours");
}

/// What was installed in part is installed again.
#[test]
fn an_installation_that_fails_or_is_interrupted_does_not_count() {
    for end in ["exit 1", "kill -KILL $PPID", "kill -INT $PPID; exit 130"] {
        let sandbox = machine("setup-interrupted");
        sandbox.write(LOCK, "{\"newer\": true}");
        sandbox.tool("npm", end);
        setup(&sandbox, "node", |_| ()).fails();
        sandbox.tool("npm", "echo called >calls");
        setup(&sandbox, "node", |_| ()).passes();
        assert_eq!(sandbox.calls(), "called\n", "{end}");
        setup(&sandbox, "node", |_| ()).passes().says("Node tools: found");
    }
}

#[test]
fn a_group_that_is_not_there_is_refused() {
    setup(&machine("setup-group"), "egde", |_| ()).fails().says("no such group: egde");
    machine("setup-no-group").run(".ci/setup", &[]).fails().says("name what is needed");
}
