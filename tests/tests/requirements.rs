//! The table of requirements names tests that are there, and leaves no row empty.

mod support;

use std::collections::BTreeSet;

use support::{codes, is_target, is_there};

const TABLE: &str = include_str!("../REQUIREMENTS.md");
/// The last cell of every row.
fn shown() -> impl Iterator<Item = &'static str> {
    let rows = TABLE.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| requirement "));
    rows.filter_map(|row| row.trim_end_matches('|').rsplit('|').next()).map(str::trim)
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
