//! What the suites say they cover.

use std::{collections::BTreeSet, fs, sync::Arc};

use anyhow::Result;
use edgeward_tests::place;

use crate::world::{World, tests};

tests![the_readme_lists_every_test];

async fn the_readme_lists_every_test(_: Arc<World>) -> Result<()> {
    let readme = fs::read_to_string(place::checkout().join("tests/README.md"))?;
    // Names of tests are the only code with `::` in the table's lines.
    let listed: BTreeSet<&str> = readme
        .lines()
        .filter(|line| line.starts_with('|'))
        .flat_map(|line| line.split('`'))
        .filter(|word| word.contains("::") && !word.contains(' '))
        .collect();
    let tests = crate::all();
    // The attacks have a document of their own.
    let tests = tests.iter().map(|test| test.name.as_str()).filter(|name| !name.starts_with("attacks::"));
    let tests: BTreeSet<&str> = tests.collect();
    let missing: Vec<_> = tests.difference(&listed).collect();
    let gone: Vec<_> = listed.difference(&tests).collect();
    assert!(missing.is_empty() && gone.is_empty(), "not in tests/README.md: {missing:#?}; only there: {gone:#?}");
    Ok(())
}
