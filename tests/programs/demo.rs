//! The demo, as people run it: it ends well, and says what the README shows.

#[path = "../support/mod.rs"]
mod support;

use std::process::Command;

use support::{README, TemporaryFolder, block_after};

#[test]
fn the_demo_says_what_the_readme_shows() {
    let temporary = TemporaryFolder::new("demo");
    let mut demo = Command::new(env!("CARGO_BIN_EXE_edgeward-demo"));
    let output = demo.env("TMPDIR", temporary.path()).output().expect("the demo runs");
    let (said, complaints) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{complaints}");
    assert_eq!(complaints, "");
    assert_eq!(temporary.left(), [""; 0], "in the temporary folder");
    let shown = comparable(&block_after(README, LEAD));
    assert_eq!(shown.iter().filter(|line| *line != OMISSION).count(), 10, "{shown:#?}");
    if let Err(line) = excerpt(&comparable(&said), &shown) {
        panic!("README.md shows {line:?}, which does not come there:\n{said}");
    }
}

/// What stands before the README's lines.
const LEAD: &str = "Ten lines of what it prints:";
/// A line of the README in the place of lines that it leaves out.
const OMISSION: &str = "…";

/// Checks that `shown` are lines of `said` in their order, and that each gap between them is marked.
fn excerpt<'a>(said: &[String], shown: &'a [String]) -> Result<(), &'a str> {
    let mut rest = said;
    let mut may_skip = true;
    for line in shown {
        if line == OMISSION {
            may_skip = true;
            continue;
        }
        let at = rest.iter().position(|other| other == line).filter(|at| may_skip || *at == 0);
        rest = &rest[at.ok_or(line.as_str())? + 1..];
        may_skip = false;
    }
    Ok(())
}

#[test]
fn an_excerpt_keeps_the_order_and_marks_what_it_leaves_out() {
    let lines = |text: &str| comparable(&text.replace(' ', "\n"));
    let said = lines("a b c d e");
    for good in ["a", "b c", "a … c", "b c … e"] {
        assert_eq!(excerpt(&said, &lines(good)), Ok(()), "{good}");
    }
    for (bad, line) in [("a c", "c"), ("b … a", "a"), ("a x", "x"), ("a … a", "a")] {
        assert_eq!(excerpt(&said, &lines(bad)), Err(line), "{bad}");
    }
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
