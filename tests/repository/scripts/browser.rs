//! Browser and driver are found by the names of distributions and vendors; where there are none, the tests that need them are
//! left out aloud, but never in CI.

use std::process::Command;

use super::sandbox::{Outcome, Sandbox};

const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const DRIVERS: [&str; 2] = ["chromedriver", "chromium.chromedriver"];

/// A machine whose Rust tools are all there.
fn machine(name: &str) -> Sandbox {
    let sandbox = Sandbox::with_rust(name);
    sandbox.tool("cargo", r#"[ "$2" != --list ] || echo 'wasm-pack v0.15.1:'"#);
    sandbox.tool("node", "echo '{\"binary\": \"'\"$BROWSER_FOUND\"'\"}'");
    sandbox.tool("wasm-pack", r#"cat "$WASM_BINDGEN_TEST_WEBDRIVER_JSON"; echo "$*""#);
    sandbox.write("tests/tools/webdriver.json", "{}");
    sandbox
}

fn tests(sandbox: &Sandbox, part: &str, change: impl FnOnce(&mut Command)) -> Outcome {
    sandbox.run_with(".ci/browser-tests", part, change)
}

#[test]
fn every_name_is_found_and_the_driver_starts_that_browser() {
    for browser in BROWSERS {
        for driver in DRIVERS {
            let sandbox = machine("browser-found");
            sandbox.tool(browser, "");
            sandbox.tool(driver, "");
            tests(&sandbox, "prepare", |_| ()).passes().says("browser and its driver: found").says(browser);
            let outcome = tests(&sandbox, "run", |command| _ = command.env("CI", "true"));
            outcome.passes().says(&format!("/tools/{browser}\"}}"));
            outcome.says(&format!("/tools/{driver} edge/core --test browser"));
            assert_eq!(tests(&sandbox, "remind", |_| ()).passes().text, "");
        }
    }
}

#[test]
fn the_named_browser_comes_first() {
    let sandbox = machine("browser-named");
    sandbox.tool("chromium", "");
    sandbox.tool("chromedriver", "");
    sandbox.program("Chrome", "");
    let chrome = sandbox.checkout().join("Chrome");
    tests(&sandbox, "run", |command| _ = command.env("CHROME", &chrome)).passes().says("/Chrome\"}");
}

#[test]
fn without_a_browser_its_tests_are_left_out_aloud_at_the_beginning_and_at_the_end() {
    let sandbox = machine("browser-none");
    for part in ["prepare", "run", "remind"] {
        let outcome = tests(&sandbox, part, |command| _ = command.env("CHROME", "none"));
        outcome.passes().says("LEFT OUT: the tests that run in a browser").says("CHROME=/path/of/chrome");
    }
}

#[test]
fn in_ci_they_are_not_left_out() {
    let sandbox = machine("browser-ci");
    for part in ["prepare", "run"] {
        let outcome = tests(&sandbox, part, |command| _ = command.env("CHROME", "none").env("CI", "true"));
        outcome.fails().says("chromium");
    }
}

/// Something else that fails is no reason to leave them out.
#[test]
fn a_failed_installation_of_a_tool_fails() {
    let sandbox = machine("browser-tool-fails");
    sandbox.tool("chromium", "");
    sandbox.tool("chromedriver", "");
    sandbox.tool("cargo", r#"[ "$1" != install ] || [ "$2" = --list ]"#);
    tests(&sandbox, "prepare", |_| ()).fails().says("could not install wasm-bindgen");
}

#[test]
fn chromium_is_announced_before_it_is_installed_for_the_whole_machine() {
    let sandbox = machine("browser-apt");
    // What this machine has elsewhere than on the path must not be found.
    sandbox.write(".ci/lib/browser.sh", &read_without_folders());
    sandbox.tool("sudo", r#""$@""#);
    sandbox.tool("apt-get", r#"echo "apt-get $*"; case $* in *install*) echo >tools-installed; for name in chromium chromedriver; do echo >"${0%/*}/$name"; chmod +x "${0%/*}/$name"; done ;; esac"#);
    let outcome = tests(&sandbox, "prepare", |_| ());
    outcome.passes().says("installing for the whole machine: apt-get install chromium chromium-driver");
    outcome.says("CHROME=none");
    outcome.does_not_say("LEFT OUT");
}

/// Nobody but root installs packages.
#[test]
fn where_nothing_may_be_installed_they_are_left_out_aloud() {
    let sandbox = machine("browser-no-root");
    sandbox.write(".ci/lib/browser.sh", &read_without_folders());
    sandbox.tool("id", "echo 1000");
    sandbox.tool("apt-get", "echo installed");
    let outcome = tests(&sandbox, "prepare", |_| ());
    outcome.passes().says("Run as root: apt-get install chromium chromium-driver").says("LEFT OUT");
    outcome.does_not_say("installed\n");
    tests(&sandbox, "prepare", |command| _ = command.env("CI", "true")).fails();
}

fn read_without_folders() -> String {
    include_str!("../../../.ci/lib/browser.sh").replace("/usr/lib", "/nowhere").replace("/snap/", "/nowhere/")
}
