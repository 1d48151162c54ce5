//! `make clean`.

use super::sandbox::Sandbox;

/// What a build leaves in the checkout.
const MADE: [&str; 10] = [
    "target/debug/edgeward-demo",
    "tests/tools/node_modules/a",
    "tests/fuzz/target/a",
    "infra/node_modules/a",
    "origin/node/node_modules/a",
    "examples/python-fastmcp/.venv/a",
    "examples/typescript-sdk/node_modules/a",
    "infra/cdk.out/a",
    "edge/cloudflare/build/bindings.js",
    "edge/cloudflare/.wrangler/a",
];

#[test]
fn it_removes_what_was_made_and_says_what_is_elsewhere() {
    let sandbox = Sandbox::new("clean");
    for file in MADE {
        sandbox.write(file, "");
    }
    sandbox.write("edge/cloudflare/wrangler.toml", "kept");
    let target = sandbox.checkout().join("target");
    let outcome = sandbox.run(".ci/clean", &[target.to_str().unwrap()]);
    outcome.passes().says("/registry").says("rustup toolchain uninstall 1.").says("npm cache").says("/.wrangler\"");
    for file in MADE {
        assert!(!sandbox.checkout().join(file).exists(), "{file}");
    }
    assert!(sandbox.checkout().join("edge/cloudflare/wrangler.toml").exists());
}

#[test]
fn another_target_folder_goes_if_cargo_made_it() {
    for (mark, is_kept) in [(".rustc_info.json", false), ("thesis.tex", true)] {
        let sandbox = Sandbox::new("clean-elsewhere");
        sandbox.write(&format!("elsewhere/{mark}"), "");
        let elsewhere = sandbox.checkout().join("elsewhere");
        sandbox.run(".ci/clean", &[elsewhere.to_str().unwrap()]).passes();
        assert_eq!(elsewhere.exists(), is_kept, "{mark}");
    }
}
