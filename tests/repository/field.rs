//! The table of reports from the field has every row, and names tests that are there.

use crate::support::{codes, is_test};

const TABLE: &str = include_str!("../FIELD.md");

#[test]
fn every_report_has_an_answer_and_tests_that_are_there() {
    let rows: Vec<_> = TABLE.lines().filter(|line| line.starts_with("| F")).collect();
    let numbers: Vec<_> = rows.iter().filter_map(|row| row.split_whitespace().nth(1)).collect();
    assert_eq!(numbers, (1..=17).map(|number| format!("F{number}")).collect::<Vec<_>>());
    for row in rows {
        let tests: Vec<_> = codes(row).into_iter().filter(|code| code.contains("::")).collect();
        let missing: Vec<_> = tests.iter().filter(|name| !is_test(name)).collect();
        assert!(missing.is_empty(), "not there: {missing:#?}");
        assert!(!tests.is_empty() || row.contains("infra/test/"), "{row}");
    }
}
