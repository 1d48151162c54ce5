//! Programs that play others in the tests of scripts.

use std::{
    env, fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

/// A folder of programs.
pub(crate) struct Tools {
    folder: PathBuf,
}

impl Tools {
    pub(crate) fn new(folder: PathBuf) -> Self {
        fs::create_dir_all(&folder).unwrap();
        Self { folder }
    }

    /// Adds a program, which runs this and then fails if `BROKEN` is its name.
    pub(crate) fn add(&self, name: &str, script: &str) {
        let path = self.folder.join(name);
        fs::write(&path, format!("#!/usr/bin/env bash\nset -eu\n{script}\n[ \"${{BROKEN:-}}\" != {name} ]\n")).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// The search path, with these programs first.
    pub(crate) fn path(&self) -> String {
        format!("{}:{}", Path::new(&self.folder).display(), env::var("PATH").unwrap())
    }
}
