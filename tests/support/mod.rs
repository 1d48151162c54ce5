//! What the tests of documents and programs share.
#![allow(dead_code, unused_imports, reason = "each test program uses a part of it")]

pub(crate) mod markdown;
mod temporary;
pub(crate) mod tools;

use std::{
    fs,
    path::{Path, PathBuf},
};

pub(crate) use temporary::TemporaryFolder;

/// The project's README.
pub(crate) const README: &str = include_str!("../../README.md");
const MAKEFILE: &str = include_str!("../../Makefile");

/// Where the files of a name's beginning are; the longest comes first.
const FOLDERS: [(&str, &str); 9] = [
    ("core/src/", "edge/core/src/"),
    ("core/", "edge/core/tests/"),
    ("origin/src/", "origin/src/"),
    ("origin/", "origin/tests/"),
    ("shared/src/", "shared/src/"),
    ("shared/", "shared/tests/"),
    ("suite/", "tests/suite/"),
    ("repository/", "tests/repository/"),
    ("programs/", "tests/programs/"),
];

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Reads a document by its path in the repository.
pub(crate) fn read(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Paths of all Markdown files below a folder of the repository, `.` for all of it. Folders of tools and builds are left out.
pub(crate) fn documents(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root().join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            let path = folder.join(&name);
            if entry.file_type().unwrap().is_dir() {
                if !name.starts_with('.') && !["target", "node_modules", "build"].contains(&name.as_str()) {
                    folders.push(path);
                }
            } else if name.ends_with(".md") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The fenced block that follows a line.
pub(crate) fn block_after(document: &str, line: &str) -> String {
    let mut lines = document.lines().skip_while(|other| *other != line).skip_while(|other| !other.starts_with("```"));
    assert!(lines.next().is_some(), "no block after {line:?}");
    lines.take_while(|line| *line != "```").map(|line| format!("{line}\n")).collect()
}

/// Every `code` of a document outside its fenced blocks.
pub(crate) fn codes(document: &str) -> Vec<&str> {
    markdown::lines(document).flat_map(|line| line.split('`').skip(1).step_by(2)).collect()
}

/// Whether there is a test of this name, such as `suite/code::a_code_is_refused_a_second_time`.
pub(crate) fn is_test(name: &str) -> bool {
    let Some((file, function)) = name.split_once("::") else { return false };
    let Some((from, to)) = FOLDERS.iter().find(|(from, _)| file.starts_with(from)) else { return false };
    let path = root().join(file.replacen(from, to, 1)).with_extension("rs");
    let source = fs::read_to_string(path).unwrap_or_default();
    source.contains(&format!("fn {function}("))
}

/// Whether `code` calls a target of the Makefile.
pub(crate) fn is_target(code: &str) -> bool {
    code.strip_prefix("make ").is_some_and(|target| MAKEFILE.contains(&format!("\n{target}: ")))
}
