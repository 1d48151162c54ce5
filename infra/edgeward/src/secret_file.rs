//! The secrets of a deployment in a file that only its owner can read. It is what the tool works with; the edge gets its copy
//! from `edgeward push`.

use std::{
    collections::BTreeMap,
    fs,
    io::ErrorKind,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use edgeward_core::secret::Secret;
use edgeward_identity::UnixTime;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{
    date,
    parameter::{Parameter, Parameters},
    private_file,
};

/// A file with secrets, which need not be there yet.
#[derive(Debug, Clone)]
pub(crate) struct SecretFile(PathBuf);

/// One secret. `version` tells whether somebody has written it meanwhile.
#[derive(Serialize, Deserialize)]
struct Entry {
    value: String,
    version: i64,
    modified: u64,
}

type Entries = BTreeMap<String, Entry>;

impl SecretFile {
    pub(crate) const fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// Every secret, by its name.
    ///
    /// # Errors
    /// When the file cannot be read, or when others can.
    pub(crate) fn read(&self) -> Result<Parameters> {
        let secret = |entry: Entry| Parameter {
            value: Secret::new(entry.value),
            is_secure: true,
            version: entry.version,
            modified: UnixTime::from_secs(entry.modified),
        };
        Ok(self.entries()?.into_iter().map(|(name, entry)| (name, secret(entry))).collect())
    }

    /// Writes one secret: its new version.
    pub(crate) fn write(&self, name: &str, value: &str) -> Result<i64> {
        let mut entries = self.entries()?;
        let version = entries.get(name).map_or(1, |entry| entry.version + 1);
        let entry = Entry { value: value.to_owned(), version, modified: date::now().as_secs() };
        entries.insert(name.to_owned(), entry);
        self.replace(&entries)?;
        Ok(version)
    }

    /// Removes secrets: the names of those that were there. With the last one, the file goes.
    pub(crate) fn remove(&self, names: &[&str]) -> Result<Vec<String>> {
        let mut entries = self.entries()?;
        let removed: Vec<_> =
            names.iter().filter(|name| entries.remove(**name).is_some()).map(|name| (*name).to_owned()).collect();
        if entries.is_empty() {
            if !removed.is_empty() {
                fs::remove_file(&self.0).with_context(|| format!("cannot remove {}", self.0.display()))?;
            }
        } else if !removed.is_empty() {
            self.replace(&entries)?;
        }
        Ok(removed)
    }

    fn entries(&self) -> Result<Entries> {
        let path = self.0.display();
        let metadata = match fs::metadata(&self.0) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Entries::new()),
            found => found.with_context(|| format!("cannot read {path}"))?,
        };
        if metadata.mode() & 0o077 != 0 {
            bail!(
                "others can read {path}, which holds secrets: run `chmod 600 {path}`, and think about who has read it"
            );
        }
        let text = Zeroizing::new(fs::read_to_string(&self.0).with_context(|| format!("cannot read {path}"))?);
        // An error of serde_json could quote a value.
        serde_json::from_str(&text).ok().with_context(|| {
            format!(
                "{path} is not as this tool writes it: restore it from a backup; without it, keys cannot be rotated"
            )
        })
    }

    /// Never half of a file, never readable by others, and never in a commit.
    fn replace(&self, entries: &Entries) -> Result<()> {
        let doing = || format!("cannot write {}", self.0.display());
        let folder = self.0.parent().unwrap_or(Path::new(""));
        if !folder.as_os_str().is_empty() && !folder.exists() {
            private_file::make_folder(folder).with_context(doing)?;
            fs::write(folder.join(".gitignore"), "*\n").with_context(doing)?;
        }
        let text = Zeroizing::new(serde_json::to_string_pretty(entries)?);
        private_file::replace(&self.0, &text).with_context(doing)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("edgeward-secrets-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            Self(path)
        }

        fn file(&self) -> SecretFile {
            SecretFile::new(self.0.join("prod.json"))
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn secrets_are_kept_with_their_versions() {
        let folder = Folder::new("versions");
        let file = folder.file();
        assert!(file.read().unwrap().is_empty());
        assert_eq!(file.write("keys", "one").unwrap(), 1);
        assert_eq!(file.write("keys", "two").unwrap(), 2);
        assert_eq!(file.write("clients", "[]").unwrap(), 1);
        let found = file.read().unwrap();
        assert_eq!((found["keys"].text(), found["keys"].version), ("two", 2));
        assert_eq!(file.remove(&["keys", "none"]).unwrap(), ["keys"]);
        assert_eq!(file.remove(&["clients"]).unwrap(), ["clients"]);
        assert!(!file.0.exists());
    }

    #[test]
    fn nobody_else_can_read_it_and_git_does_not_see_it() {
        let folder = Folder::new("mode");
        let file = folder.file();
        file.write("keys", "one").unwrap();
        assert_eq!(fs::metadata(&file.0).unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::read_to_string(folder.0.join(".gitignore")).unwrap(), "*\n");
        fs::set_permissions(&file.0, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(file.read().unwrap_err().to_string().contains("others can read"));
    }

    #[test]
    fn a_damaged_file_is_left_alone_and_its_error_shows_nothing_of_it() {
        let folder = Folder::new("damaged");
        let file = folder.file();
        file.write("keys", "one").unwrap();
        fs::write(&file.0, "{\"keys\": s3cret").unwrap();
        for error in [file.read().unwrap_err(), file.write("keys", "two").unwrap_err()] {
            assert!(!format!("{error:#}").contains("s3cret"), "{error:#}");
        }
        assert_eq!(fs::read_to_string(&file.0).unwrap(), "{\"keys\": s3cret");
    }
}
