//! The table of faults names tests that are there, and no line is empty.

use std::collections::BTreeSet;

use crate::support::{codes, is_test};

const TABLE: &str = include_str!("../FAULTS.md");

/// The cells of every line about a fault.
fn faults() -> impl Iterator<Item = Vec<&'static str>> {
    let lines = TABLE.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| part "));
    let cells = lines.map(|line| line.trim_matches('|').split('|').map(str::trim).collect::<Vec<_>>());
    // The other table is about deadlines.
    cells.filter(|cells| cells.len() != 3)
}

#[test]
fn every_test_that_is_named_is_there() {
    let names: BTreeSet<_> = codes(TABLE).into_iter().filter(|code| code.contains("::")).collect();
    assert!(names.len() > 30, "{names:?}");
    let missing: Vec<_> = names.into_iter().filter(|name| !is_test(name)).collect();
    assert!(missing.is_empty(), "not there: {missing:#?}");
}

#[test]
fn every_fault_has_an_answer_and_a_test() {
    let mut count = 0;
    for cells in faults() {
        count += 1;
        let [part, fault, client, log, test] = cells[..] else { panic!("{cells:?}") };
        assert!([part, fault, client, log].iter().all(|cell| !cell.is_empty()), "{cells:?}");
        assert!(codes(test).iter().any(|code| is_test(code)), "no test: {cells:?}");
    }
    assert!(count > 40, "{count} lines");
}

#[test]
fn every_test_of_the_suites_for_faults_is_named() {
    for (file, source) in [
        ("cloudflare/network", include_str!("../suite/cloudflare/network.rs")),
        ("cognito_faults", include_str!("../suite/cognito_faults.rs")),
        ("edge_faults", include_str!("../suite/edge_faults.rs")),
        ("origin_faults", include_str!("../suite/origin_faults.rs")),
        ("outage", include_str!("../suite/outage.rs")),
    ] {
        let list = source.split("tests![").nth(1).and_then(|rest| rest.split(']').next()).unwrap_or_default();
        let tests: Vec<_> = list.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
        assert!(tests.len() > 1, "{file}");
        for name in tests {
            assert!(
                codes(TABLE).contains(&format!("suite/{file}::{name}").as_str()),
                "not in the table: {file}::{name}"
            );
        }
    }
}
