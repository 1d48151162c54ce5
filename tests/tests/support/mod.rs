//! What the tests of the documents share.
#![allow(dead_code, reason = "each test program uses a part of it")]

use std::{fs, path::Path};

/// The project's README.
pub(crate) const README: &str = include_str!("../../../README.md");
const MAKEFILE: &str = include_str!("../../../Makefile");

/// Where the files of a name's beginning are; the longest comes first.
const FOLDERS: [(&str, &str); 8] = [
    ("core/src/", "edge/core/src/"),
    ("core/", "edge/core/tests/"),
    ("origin/src/", "origin/src/"),
    ("origin/", "origin/tests/"),
    ("shared/src/", "shared/src/"),
    ("shared/", "shared/tests/"),
    ("suite/", "tests/suite/"),
    ("tests/", "tests/tests/"),
];

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

/// Whether there is a test of this name, such as `suite/code::a_code_is_refused_a_second_time`.
pub(crate) fn is_test(name: &str) -> bool {
    let Some((file, function)) = name.split_once("::") else { return false };
    let Some((from, to)) = FOLDERS.iter().find(|(from, _)| file.starts_with(from)) else { return false };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file.replacen(from, to, 1)).with_extension("rs");
    let source = fs::read_to_string(path).unwrap_or_default();
    source.contains(&format!("fn {function}("))
}

/// Whether `code` calls a target of the Makefile.
pub(crate) fn is_target(code: &str) -> bool {
    code.strip_prefix("make ").is_some_and(|target| MAKEFILE.contains(&format!("\n{target}: ")))
}
