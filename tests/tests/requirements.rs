//! The table of requirements names tests that are there, and leaves no row empty.

mod support;

use std::{collections::BTreeSet, fs, path::Path};

use support::codes;

const TABLE: &str = include_str!("../REQUIREMENTS.md");
const MAKEFILE: &str = include_str!("../../Makefile");

/// Where the files of a name's beginning are; the longest comes first.
const FOLDERS: [(&str, &str); 5] = [
    ("core/src/", "edge/core/src/"),
    ("core/", "edge/core/tests/"),
    ("origin/", "origin/tests/"),
    ("shared/", "shared/tests/"),
    ("suite/", "tests/suite/"),
];

/// The last cell of every row.
fn shown() -> impl Iterator<Item = &'static str> {
    let rows = TABLE.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| requirement "));
    rows.filter_map(|row| row.trim_end_matches('|').rsplit('|').next()).map(str::trim)
}

fn is_there(name: &str) -> bool {
    let Some((file, function)) = name.split_once("::") else { return false };
    let Some((from, to)) = FOLDERS.iter().find(|(from, _)| file.starts_with(from)) else { return false };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file.replacen(from, to, 1)).with_extension("rs");
    let source = fs::read_to_string(path).unwrap_or_default();
    source.contains(&format!("fn {function}("))
}

#[test]
fn every_test_that_is_named_is_there() {
    let names: BTreeSet<_> = codes(TABLE).into_iter().filter(|code| code.contains("::")).collect();
    assert!(names.len() > 60, "{names:?}");
    let missing: Vec<_> = names.into_iter().filter(|name| !is_there(name)).collect();
    assert!(missing.is_empty(), "not there: {missing:#?}");
    assert!(!is_there("suite/code::a_code_is_never_refused"), "a name that is not there is noticed");
}

#[test]
fn every_row_names_a_test_or_says_why_not() {
    let mut count = 0;
    for cell in shown() {
        count += 1;
        let named = codes(cell).iter().any(|code| code.contains("::") || is_target(code));
        let excused = cell.starts_with("not shown: ") || cell.starts_with("not yet");
        assert!(named || excused, "neither a test nor a reason: {cell}");
    }
    assert!(count > 100, "{count} rows");
}

fn is_target(code: &str) -> bool {
    code.strip_prefix("make ").is_some_and(|target| MAKEFILE.contains(&format!("\n{target}: ")))
}
