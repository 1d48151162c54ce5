//! A temporary folder for a program, to see what it leaves there.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Empty at first; it is given to the program as `TMPDIR`.
pub(crate) struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    /// With a name that no other test takes.
    pub(crate) fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("temporary-{name}"));
        // What an earlier run has left.
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder");
        Self(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The names of what is in it. Node's cache of compiled code does not count: where the environment does not say
    /// otherwise, as `.ci/env` does, Node keeps it there for every program.
    pub(crate) fn left(&self) -> Vec<String> {
        let names = fs::read_dir(&self.0).expect("the folder").map(|entry| entry.expect("an entry").file_name());
        names.map(|name| name.to_string_lossy().into_owned()).filter(|name| name != "node-compile-cache").collect()
    }
}
