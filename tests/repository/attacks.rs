//! What ATTACKS.md says by hand names tests that are there, and leaves no row without one. The cases themselves are the
//! suite's to compare.

use crate::support::{codes, is_target, is_test};

const DOCUMENT: &str = include_str!("../ATTACKS.md");

/// The last cell of every row that was written by hand.
fn shown() -> impl Iterator<Item = &'static str> {
    let by_hand = DOCUMENT.split("<!-- The cases begin.").next().unwrap();
    let rows = by_hand.lines().filter(|line| line.starts_with("| ") && !line.ends_with("by |"));
    rows.filter_map(|row| row.trim_end_matches('|').rsplit('|').next()).map(str::trim)
}

/// Cases of the suite: it knows their names.
fn is_case(code: &str) -> bool {
    code.starts_with("attacks::")
}

#[test]
fn every_row_names_tests_that_are_there_or_says_why_not() {
    let mut count = 0;
    for cell in shown() {
        count += 1;
        if cell.starts_with("not shown: ") {
            continue;
        }
        let codes = codes(cell);
        assert!(!codes.is_empty(), "neither a test nor a reason: {cell}");
        for code in codes {
            assert!(is_case(code) || is_target(code) || is_test(code), "not there: {code}");
        }
    }
    assert!(count > 70, "{count} rows");
}

#[test]
fn there_are_as_many_cases_as_promised() {
    let cases = DOCUMENT.split("<!-- The cases begin.").nth(1).unwrap();
    let count = |start: &str| {
        let group = cases.split(start).nth(1).unwrap_or_default().split("\n### ").next().unwrap_or_default();
        group.lines().filter(|line| line.starts_with("| `")).count()
    };
    assert!(count("Written by the suite. -->") == 0, "the first group has a title");
    assert!(count("### redirect_uris") >= 60);
    assert!(cases.lines().filter(|line| line.starts_with("| `")).count() >= 120);
}
