//! What the documents name is there.

mod support;

use std::{collections::BTreeSet, fs, path::Path};

use support::{README, codes};

const NAMES: &str = include_str!("../../shared/src/names.rs");
const MAKEFILE: &str = include_str!("../../Makefile");

/// Every setting that edge or origin reads.
fn settings() -> BTreeSet<&'static str> {
    let quoted = NAMES.split('"').skip(1).step_by(2);
    quoted.filter(|name| is_setting(name)).collect()
}

fn is_setting(word: &str) -> bool {
    (word.starts_with("EDGEWARD_") || word.starts_with("COGNITO_"))
        && word.bytes().all(|c| c.is_ascii_uppercase() || c == b'_')
}

#[test]
fn the_readme_names_every_setting_and_no_other() {
    let named = codes(README).into_iter().filter(|code| is_setting(code) && !code.starts_with("EDGEWARD_DEV_"));
    assert_eq!(named.collect::<BTreeSet<_>>(), settings());
}

#[test]
fn every_target_that_the_readme_names_is_there() {
    let calls = codes(README).into_iter().filter_map(|code| code.strip_prefix("make "));
    // What follows the target are variables.
    let targets: Vec<_> = calls.filter_map(|call| call.split(' ').next()).collect();
    assert!(targets.contains(&"demo"), "{targets:?}");
    for target in targets {
        assert!(MAKEFILE.contains(&format!("\n{target}: ")), "no target {target}");
    }
}

#[test]
fn every_file_that_the_readme_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let linked = README.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
    let folders = codes(README).into_iter().filter(|code| code.ends_with('/') && !code.starts_with('/'));
    let named: Vec<_> = linked.filter(|link| !link.is_empty() && !link.contains("://")).chain(folders).collect();
    assert!(named.len() > 5, "{named:?}");
    for path in named {
        assert!(fs::exists(root.join(path)).unwrap(), "{path} is not there");
    }
}
