//! `.ci/reproducible`: what compiles gets a new name for each folder of this machine, also for one with a space.

use super::sandbox::{Sandbox, run};

#[test]
fn the_compiler_is_told_other_names_for_the_folders_of_this_machine() {
    let sandbox = Sandbox::new("reproducible");
    sandbox.copy(".ci/reproducible");
    sandbox.tool("cargo", r#"printf '%s' "${CARGO_ENCODED_RUSTFLAGS:-}" >flags; echo "RUSTFLAGS: ${RUSTFLAGS:-none}""#);
    sandbox.tool("rustc", r#"case $* in *sysroot*) echo "/tool chain" ;; *) echo "commit-hash: abc" ;; esac"#);
    sandbox.program("crates/registry/src/index.example-1/a/lib.rs", "");
    let mut command = sandbox.command(".ci/reproducible");
    command
        .args(["cargo", "build"])
        .env("RUSTFLAGS", "-C strip=symbols")
        .env("CARGO_HOME", sandbox.checkout().join("crates"));
    run(&mut command).passes().says("RUSTFLAGS: none");

    let flags = std::fs::read_to_string(sandbox.checkout().join("flags")).unwrap();
    let checkout = sandbox.checkout().display().to_string();
    assert!(checkout.contains(' '));
    let expected = [
        "-C",
        "strip=symbols",
        &format!("--remap-path-prefix={checkout}=edgeward"),
        &format!("--remap-path-prefix={checkout}/crates/registry/src/index.example-1=crates"),
        "--remap-path-prefix=/tool chain/lib/rustlib/src/rust=/rustc/abc",
        &format!("--remap-path-prefix={checkout}/target=target"),
    ];
    assert_eq!(flags.split('\u{1f}').collect::<Vec<_>>(), expected);
}

/// Whoever compiles what others get must not go on with crates of other versions.
#[test]
fn a_lock_file_that_does_not_fit_ends_it() {
    let sandbox = Sandbox::new("reproducible-lock");
    sandbox.copy(".ci/reproducible");
    sandbox.tool("cargo", r#"case $* in fetch*--locked*) exit 101 ;; esac; echo compiled"#);
    sandbox.tool("rustc", "");
    run(sandbox.command(".ci/reproducible").args(["cargo", "build"])).fails().does_not_say("compiled");
}
