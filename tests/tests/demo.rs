//! The demo, as people run it: it ends well, and says what the README shows.

mod support;

use std::process::Command;

use support::{README, block_after};

#[test]
fn the_demo_says_what_the_readme_shows() {
    let output = Command::new(env!("CARGO_BIN_EXE_edgeward-demo")).output().expect("the demo runs");
    let (said, complaints) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{complaints}");
    assert_eq!(complaints, "");
    let shown = block_after(README, "What you see:");
    assert_eq!(comparable(&said), comparable(&shown), "README.md shows:\n{shown}\nbut the demo says:\n{said}");
}

/// Without what differs from run to run: ports, the width they take, and where the logs are.
fn comparable(output: &str) -> Vec<String> {
    let words = |line: &str| line.split_whitespace().map(without_port).collect::<Vec<_>>().join(" ");
    let lines = output.lines().filter(|line| !line.starts_with("Done. The logs are in"));
    lines.map(words).filter(|line| !line.is_empty()).collect()
}

fn without_port(word: &str) -> &str {
    match word.rsplit_once(':') {
        Some((url, port)) if url.starts_with("http://") && port.parse::<u16>().is_ok() => url,
        _ => word,
    }
}
