//! Lock files: each has hashes, and those that must agree do. Node packages are those of the lock
//! file on every platform.

use std::collections::{BTreeMap, BTreeSet};

use toml::Value;

const SHIPPED: &str = include_str!("../../Cargo.lock");
const FUZZED: &str = include_str!("../fuzz/Cargo.lock");
const NODE_TOOLS: &str = include_str!("../tools/package-lock.json");
const STACKS: &str = include_str!("../../infra/package-lock.json");
const NODE_LIBRARY: &str = include_str!("../../origin/node/package-lock.json");
const NODE_EXAMPLE: &str = include_str!("../../examples/typescript-sdk/package-lock.json");

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

/// A platform's package without a hash would be whatever the registry sends there.
#[test]
fn every_node_package_has_a_hash_and_names_no_registry() {
    let locks = [
        ("tests/tools", NODE_TOOLS),
        ("infra", STACKS),
        ("origin/node", NODE_LIBRARY),
        ("examples/typescript-sdk", NODE_EXAMPLE),
    ];
    for (name, lock) in locks {
        let lock: serde_json::Value = serde_json::from_str(lock).unwrap();
        let packages = lock["packages"].as_object().unwrap();
        assert!(packages.len() > 50, "{name}: {} packages", packages.len());
        // The package itself, and packages of this repository that it links to.
        let is_ours = |package: &str, entry: &serde_json::Value| {
            package.is_empty() || package.starts_with("../") || entry["link"].as_bool() == Some(true)
        };
        for (package, entry) in packages.iter().filter(|(package, entry)| !is_ours(package, entry)) {
            let is_inside_another = entry["inBundle"].as_bool() == Some(true);
            assert!(entry["integrity"].is_string() || is_inside_another, "{name}: {package} has no integrity");
            assert!(entry["resolved"].is_null(), "{name}: {package} names a registry");
        }
    }
}

const WASM_BINDGEN: &str = include_str!("../tools/wasm-bindgen/Cargo.lock");

/// wasm-bindgen's command line refuses a wasm of another version.
#[test]
fn wasm_bindgen_has_the_version_of_its_crate() {
    let version = |lock: &str, name: &str| {
        let versions: Vec<_> = packages(lock).into_keys().filter(|key| key.0 == name).map(|key| key.1).collect();
        let [version] = &versions[..] else { panic!("{name}: {versions:?}") };
        version.clone()
    };
    for name in ["wasm-bindgen-cli", "edgeward-wasm-bindgen"] {
        assert_eq!(version(WASM_BINDGEN, name), version(SHIPPED, "wasm-bindgen"), "{name}");
    }
    for (key, package) in packages(WASM_BINDGEN) {
        assert!(package.checksum.is_some() || key.0 == "edgeward-wasm-bindgen", "{key:?} has no checksum");
    }
}

/// Lists of packages from PyPI, and what `make lock` made of them.
const PYTHON: [(&str, &str, &str); 6] = [
    ("origin", include_str!("../../origin/requirements.in"), include_str!("../../origin/requirements.txt")),
    (
        "origin/python",
        include_str!("../../origin/python/requirements.in"),
        include_str!("../../origin/python/requirements.txt"),
    ),
    (
        "examples/python-fastmcp",
        include_str!("../../examples/python-fastmcp/requirements.in"),
        include_str!("../../examples/python-fastmcp/requirements.txt"),
    ),
    ("infra", include_str!("../../infra/requirements.in"), include_str!("../../infra/requirements.txt")),
    ("emulator", include_str!("../tools/emulator.in"), include_str!("../tools/emulator.txt")),
    ("fastmcp", include_str!("../tools/fastmcp.in"), include_str!("../tools/fastmcp.txt")),
];

#[test]
fn every_python_package_has_a_hash_and_none_names_a_registry() {
    for (name, list, lock) in PYTHON {
        // A package is a line, with its hashes on lines that continue it.
        let lock = lock.replace("\\\n", "");
        let packages: Vec<_> =
            lock.lines().filter(|line| line.starts_with(|first: char| first.is_alphanumeric())).collect();
        for package in &packages {
            assert!(package.contains("--hash=sha256:"), "{name}: {package} has no hash: run `make lock`");
        }
        for wanted in list.lines().filter(|line| !line.is_empty()) {
            let is_locked = packages.iter().any(|package| package.split([' ', ';']).next() == Some(wanted));
            assert!(is_locked, "{name}: {wanted} is not in the lock: run `make lock`");
        }
        assert!(!lock.contains("--index-url") && !lock.contains("--find-links"), "{name}");
    }
}
