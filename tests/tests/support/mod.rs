//! What the tests of the documents share.
#![allow(dead_code, reason = "each test program uses a part of it")]

/// The project's README.
pub(crate) const README: &str = include_str!("../../../README.md");

/// The fenced block that follows a line.
pub(crate) fn block_after(document: &str, line: &str) -> String {
    let mut lines = document.lines().skip_while(|other| *other != line).skip_while(|other| !other.starts_with("```"));
    assert!(lines.next().is_some(), "no block after {line:?}");
    lines.take_while(|line| *line != "```").map(|line| format!("{line}\n")).collect()
}

/// Every `code` of a document outside its fenced blocks.
pub(crate) fn codes(document: &str) -> Vec<&str> {
    let mut fenced = false;
    let outside = document.lines().filter(move |line| {
        fenced ^= line.starts_with("```");
        !fenced
    });
    outside.flat_map(|line| line.split('`').skip(1).step_by(2)).collect()
}
