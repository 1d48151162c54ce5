//! `.ci/env`: paths, proxies and homes.

use std::process::Command;

use super::sandbox::{Outcome, Sandbox, run};

/// Sources it, and prints a variable.
fn prints(sandbox: &Sandbox, variable: &str, change: impl FnOnce(&mut Command)) -> String {
    let mut command = sandbox.command("-c");
    command.arg(format!("set -eu; . .ci/env; printf '%s' \"${{{variable}-unset}}\""));
    change(&mut command);
    let Outcome { status, text } = run(&mut command);
    assert_eq!(status, Some(0), "{text}");
    text
}

#[test]
fn its_tools_come_first_and_once() {
    let sandbox = Sandbox::new("env-path");
    let mut command = sandbox.command("-c");
    command.arg(". .ci/env; . .ci/env; printf '%s' \"$PATH\"");
    let path = run(&mut command).text;
    let first = sandbox.checkout().join("tests/tools/node_modules/.bin");
    let first = first.to_str().unwrap();
    assert!(path.starts_with(first), "{path}");
    assert_eq!(path.matches(first).count(), 1, "{path}");
}

#[test]
fn a_proxy_is_not_asked_for_loopback() {
    let sandbox = Sandbox::new("env-proxy");
    for proxy in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        for variable in ["NO_PROXY", "no_proxy"] {
            let direct = prints(&sandbox, variable, |command| _ = command.env(proxy, "http://proxy.example:3128"));
            assert_eq!(direct, "localhost,127.0.0.1,::1", "{proxy}, {variable}");
        }
    }
}

#[test]
fn what_is_direct_already_stays_so() {
    let sandbox = Sandbox::new("env-direct");
    let direct = prints(&sandbox, "no_proxy", |command| {
        command.env("HTTPS_PROXY", "http://proxy.example").env("NO_PROXY", ".corp.example,::1");
        command.env("no_proxy", ".lab.example");
    });
    assert_eq!(direct, ".corp.example,::1,.lab.example,localhost,127.0.0.1");
    assert_eq!(prints(&sandbox, "NO_PROXY", |_| ()), "unset");
}

#[test]
fn a_home_that_is_not_there_is_replaced() {
    for home in ["/nonexistent", "/dev/null"] {
        let sandbox = Sandbox::new("env-no-home");
        let found = prints(&sandbox, "HOME", |command| _ = command.env("HOME", home));
        let replacement = sandbox.checkout().join("target/home");
        assert_eq!(found, replacement.to_str().unwrap(), "{home}");
        assert!(replacement.is_dir());
    }
}

#[test]
fn a_home_that_is_there_stays() {
    let sandbox = Sandbox::new("env-home");
    let home = sandbox.home().to_str().unwrap().to_owned();
    assert_eq!(prints(&sandbox, "HOME", |_| ()), home);
    assert_eq!(prints(&sandbox, "CARGO_HOME", |_| ()), "unset");
}

/// As in a container that runs with an arbitrary user: the home is set to nothing.
#[test]
fn without_a_home_there_is_one_all_the_same() {
    let sandbox = Sandbox::new("env-unset-home");
    let found = prints(&sandbox, "HOME", |command| _ = command.env_remove("HOME"));
    assert!(found.starts_with('/'), "{found}");
}

#[test]
fn toolchain_and_credentials_of_a_home_that_cannot_be_written_stay_in_use() {
    let sandbox = Sandbox::new("env-read-only-home");
    let home = sandbox.home();
    for file in [".cargo/config.toml", ".rustup/settings.toml", ".aws/credentials", ".npmrc"] {
        let path = home.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "").unwrap();
    }
    let expected = [
        ("CARGO_HOME", ".cargo"),
        ("RUSTUP_HOME", ".rustup"),
        ("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials"),
        ("NPM_CONFIG_USERCONFIG", ".npmrc"),
    ];
    for (variable, path) in expected {
        let mut command = sandbox.command("-c");
        // Every test for writing fails, as on a read-only file system.
        let read_only = r#"[() { case "$*" in "! -w "*) return 0 ;; esac; builtin [ "$@"; }"#;
        let script = format!("set -eu; {read_only}; . .ci/env; printf '%s' \"${{{variable}-unset}}\"");
        command.arg(script);
        let found = run(&mut command).text;
        assert_eq!(found, home.join(path).to_str().unwrap(), "{variable}");
    }
}
