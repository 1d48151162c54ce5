//! The unit tests of the adapters' scripts: all of them are run, a failure fails, and so does a machine without Node.

use super::sandbox::Sandbox;

const SCRIPT: &str = ".ci/script-tests";
const TESTS: [&str; 2] = ["edge/cloudflare/tests/a b.test.mjs", "edge/other/tests/plan.test.mjs"];

fn sandbox(name: &str) -> Sandbox {
    let sandbox = Sandbox::new(name);
    sandbox.copy(SCRIPT);
    sandbox.tool("node", r#"for word; do echo "<$word>"; done; [ ! -e broken ]"#);
    sandbox
}

#[test]
fn every_test_of_every_adapter_is_run() {
    let sandbox = sandbox("script-tests");
    sandbox.run(SCRIPT, &[]).passes().says("no adapter has any").does_not_say("--test");
    for file in TESTS {
        sandbox.write(file, "");
    }
    sandbox.write("edge/cloudflare/tests/not-a-test.mjs", "");
    let outcome = sandbox.run(SCRIPT, &[]);
    outcome.passes().says("<--test>").does_not_say("not-a-test");
    TESTS.iter().for_each(|file| _ = outcome.says(&format!("<{file}>")));
}

#[test]
fn a_test_that_fails_and_a_missing_node_fail() {
    let sandbox = sandbox("script-tests-broken");
    sandbox.write(TESTS[0], "");
    sandbox.write("broken", "");
    sandbox.run(SCRIPT, &[]).fails();
    sandbox.without("node");
    sandbox.run(SCRIPT, &[]).fails().says("'node' is missing");
}
