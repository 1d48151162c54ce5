//! The tables of requirements and of threats name tests that are there, and leave no row empty.

use std::collections::BTreeSet;

use crate::support::{codes, is_target, is_test};

const REQUIREMENTS: &str = include_str!("../REQUIREMENTS.md");
const THREATS: &str = include_str!("../../THREAT-MODEL.md");

/// The last cell of every row.
fn shown(table: &str) -> impl Iterator<Item = &str> {
    let rows = table.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| requirement "));
    rows.filter_map(|row| row.trim_end_matches('|').rsplit('|').next()).map(str::trim)
}

#[test]
fn every_test_that_is_named_is_there() {
    for (table, least) in [(REQUIREMENTS, 60), (THREATS, 30)] {
        let names: BTreeSet<_> = codes(table).into_iter().filter(|code| code.contains("::")).collect();
        assert!(names.len() > least, "{names:?}");
        let missing: Vec<_> = names.into_iter().filter(|name| !is_test(name)).collect();
        assert!(missing.is_empty(), "not there: {missing:#?}");
    }
    assert!(!is_test("suite/code::a_code_is_never_refused"), "a name that is not there is noticed");
}

#[test]
fn every_row_names_a_test_or_says_why_not() {
    let threats = &THREATS[THREATS.find("## Threats").unwrap_or_default()..];
    let threats = threats.split("## Left to others").next().unwrap_or_default();
    let threats: Vec<_> = shown(threats).skip(1).collect();
    assert!(threats.len() > 20, "{} threats", threats.len());
    let requirements: Vec<_> = shown(REQUIREMENTS).collect();
    assert!(requirements.len() > 100, "{} requirements", requirements.len());
    for cell in requirements.into_iter().chain(threats) {
        let named = codes(cell).iter().any(|code| code.contains("::") || is_target(code));
        let excused = cell.starts_with("not shown: ") || cell.starts_with("not yet");
        assert!(named || excused, "neither a test nor a reason: {cell}");
    }
}
