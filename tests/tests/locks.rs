//! What is fuzzed is made of what is shipped: the fuzz targets have a lock file of their own.

use std::collections::{BTreeMap, BTreeSet};

use toml::Value;

const SHIPPED: &str = include_str!("../../Cargo.lock");
const FUZZED: &str = include_str!("../fuzz/Cargo.lock");

struct Package {
    checksum: Option<String>,
    /// Names, with the version where there are several.
    dependencies: Vec<String>,
}

/// By name and version.
fn packages(lock: &str) -> BTreeMap<(String, String), Package> {
    let lock: Value = toml::from_str(lock).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let packages = lock["package"].as_array().unwrap().iter().map(|package| {
        let dependencies = package.get("dependencies").and_then(Value::as_array).into_iter().flatten();
        let dependencies = dependencies.map(text).collect();
        let checksum = package.get("checksum").map(text);
        ((text(&package["name"]), text(&package["version"])), Package { checksum, dependencies })
    });
    packages.collect()
}

/// Everything that a package is made of.
fn closure(packages: &BTreeMap<(String, String), Package>, root: &str) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    let mut next = vec![root.to_owned()];
    while let Some(dependency) = next.pop() {
        let mut words = dependency.split(' ');
        let (name, version) = (words.next().unwrap(), words.next());
        for (key, package) in packages {
            if key.0 == name && version.is_none_or(|version| version == key.1) && found.insert(key.clone()) {
                next.extend(package.dependencies.iter().cloned());
            }
        }
    }
    found
}

#[test]
fn the_fuzz_targets_use_the_versions_that_are_shipped() {
    let (shipped, fuzzed) = (packages(SHIPPED), packages(FUZZED));
    let edge = closure(&fuzzed, "edgeward-core");
    assert!(edge.len() > 50, "{} packages", edge.len());
    let differing: Vec<_> = edge
        .iter()
        .filter(|key| shipped.get(*key).is_none_or(|package| package.checksum != fuzzed[*key].checksum))
        .collect();
    assert!(differing.is_empty(), "tests/fuzz/README.md says how to follow; not what is shipped: {differing:?}");
}
