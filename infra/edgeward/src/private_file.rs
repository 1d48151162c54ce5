//! Files that only their owner can read.

use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

/// Makes a folder that only its owner can read, if it is not there.
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Writes a file that is not there yet.
pub(crate) fn create(path: &Path, text: &str) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Writes a file, or replaces it: never half of it.
pub(crate) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let draft = draft(path);
    let _ = fs::remove_file(&draft);
    create(&draft, text)?;
    fs::rename(draft, path)
}

/// What a write that broke off leaves behind.
pub(crate) fn draft(path: &Path) -> PathBuf {
    path.with_extension("new")
}
