//! `.ci/first-run`: what a first run costs.

use super::sandbox::Sandbox;

#[test]
fn a_first_run_says_what_it_costs_and_a_later_one_is_silent() {
    let sandbox = Sandbox::new("first-run");
    let arguments = ["target", "make demo", "7", "4"];
    let first = sandbox.run(".ci/first-run", &arguments);
    first.passes().says("about 7 minutes").says("4 GB").says("nothing for the whole machine").says("crates.io");
    sandbox.write("target/debug/edgeward-demo", "");
    let later = sandbox.run(".ci/first-run", &arguments);
    assert_eq!(later.passes().text, "");
}

#[test]
fn tests_announce_the_browser_and_a_full_disk_is_noticed() {
    let sandbox = Sandbox::new("first-run-test");
    sandbox.tool("df", "echo head; echo 'disk 100 100 2097152 100% /'");
    let outcome = sandbox.run(".ci/first-run", &["target", "make test", "15", "9"]);
    outcome.passes().says("CHROME=none").says("Only 2 GB");
}
