//! What the suites say they cover.

use std::{collections::BTreeSet, fs};

use anyhow::{Result, ensure};
use edgeward_tests::{edge::EDGES, place};
use libtest_mimic::{Failed, Trial};

/// Those that say what a test is for, by requirement, fault and report. They name it by its file.
const DOCUMENTS: [&str; 3] = ["REQUIREMENTS.md", "FAULTS.md", "FIELD.md"];

pub(crate) fn tests() -> Vec<Trial> {
    let test = || every_test_stands_in_a_document().map_err(|error| Failed::from(format!("{error:#}")));
    vec![Trial::test("table::every_test_stands_in_a_document", test)]
}

fn every_test_stands_in_a_document() -> Result<()> {
    let mut documented = BTreeSet::new();
    for document in DOCUMENTS {
        let by_file = names_in(document)?;
        let ours = by_file.iter().filter_map(|name| name.strip_prefix("suite/"));
        documented.extend(ours.map(|name| name.replace('/', "::")));
    }
    let listed = names_in("README.md")?;
    let twice: Vec<_> = listed.intersection(&documented).collect();
    ensure!(twice.is_empty(), "another document has them, so tests/README.md need not: {twice:#?}");

    let tests: Vec<_> = EDGES.iter().flat_map(|edge| crate::all(*edge)).collect();
    let own = crate::own();
    let named = tests.iter().map(|test| test.name.as_str()).chain(own.iter().map(Trial::name));
    // The attacks have a document of their own.
    let named: BTreeSet<_> = named.filter(|name| !name.starts_with("attacks::")).map(str::to_owned).collect();
    let missing: Vec<_> = named.iter().filter(|name| !listed.contains(*name) && !documented.contains(*name)).collect();
    let gone: Vec<_> = listed.difference(&named).collect();
    ensure!(missing.is_empty() && gone.is_empty(), "not in tests/README.md: {missing:#?}; only there: {gone:#?}");
    Ok(())
}

/// The names of tests in a document's tables: they are the only code with `::` there.
fn names_in(document: &str) -> Result<BTreeSet<String>> {
    let text = fs::read_to_string(place::checkout().join("tests").join(document))?;
    let words = text.lines().filter(|line| line.starts_with('|')).flat_map(|line| line.split('`'));
    Ok(words.filter(|word| word.contains("::") && !word.contains(' ')).map(str::to_owned).collect())
}
