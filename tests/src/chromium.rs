//! The real browser of `make pages` and `make interop`, by the names that distributions and vendors give it.
//! `.ci/lib/browser.sh` looks for the same names in the same order.

use std::{
    env,
    ffi::{OsStr, OsString},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Result, bail};

/// The variable that names the browser, and comes first. The scripts in `tests/tools` read it.
pub const VARIABLE: &str = "CHROME";

/// On the path.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// Elsewhere: macOS, and Ubuntu's snap where its folder is not on the path.
const PLACES: [&str; 3] = [
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/snap/bin/chromium",
];

/// Chromium or Chrome on this machine.
///
/// # Errors
/// When there is none; the message says what to do.
pub fn find() -> Result<PathBuf> {
    find_among(env::var_os(VARIABLE), &env::var_os("PATH").unwrap_or_default(), &PLACES.map(PathBuf::from))
}

fn find_among(chosen: Option<OsString>, path: &OsStr, places: &[PathBuf]) -> Result<PathBuf> {
    if let Some(chosen) = chosen.filter(|chosen| !chosen.is_empty()) {
        let chosen = PathBuf::from(chosen);
        if !is_program(&chosen) {
            bail!("{VARIABLE} is {}, which is no program: set it to the path of Chromium or Chrome", chosen.display());
        }
        return Ok(chosen);
    }
    let on_path = NAMES.iter().flat_map(|name| env::split_paths(path).map(move |folder| folder.join(name)));
    match on_path.chain(places.iter().cloned()).find(|file| is_program(file)) {
        Some(browser) => Ok(browser),
        None => bail!(
            "there is no Chromium or Chrome here: install one (Debian: apt-get install chromium; Ubuntu: snap install chromium; \
             Fedora: dnf install chromium; macOS: brew install --cask google-chrome), or set {VARIABLE} to its path"
        ),
    }
}

fn is_program(file: &Path) -> bool {
    file.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Folders of a machine, with these programs in them.
    struct Machine(PathBuf);

    impl Machine {
        fn with(name: &str, programs: &[&str]) -> Self {
            let this = Self(crate::place::target().expect("the target folder").join("tmp/chromium").join(name));
            let _ = fs::remove_dir_all(&this.0);
            for program in programs {
                let file = this.0.join(program);
                fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
                fs::write(&file, "").expect("a file");
                fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("a program");
            }
            this
        }

        /// What is found, below the machine's folder.
        fn finds(&self, chosen: Option<&str>) -> Result<String> {
            let path = env::join_paths(["first", "second"].map(|folder| self.0.join(folder)))?;
            let places =
                ["Applications/Google Chrome.app/Google Chrome", "snap/chromium"].map(|place| self.0.join(place));
            let found = find_among(chosen.map(|name| self.0.join(name).into_os_string()), &path, &places)?;
            Ok(found.strip_prefix(&self.0)?.display().to_string())
        }
    }

    #[test]
    fn names_on_the_path_come_before_applications_and_snaps() -> Result<()> {
        let all = ["first/google-chrome", "second/chromium", "snap/chromium"];
        assert_eq!(Machine::with("names", &all).finds(None)?, "second/chromium");
        let chrome = "Applications/Google Chrome.app/Google Chrome";
        assert_eq!(Machine::with("macos", &[chrome, "snap/chromium"]).finds(None)?, chrome);
        assert_eq!(Machine::with("ubuntu", &["snap/chromium"]).finds(None)?, "snap/chromium");
        assert_eq!(Machine::with("fedora", &["first/chromium-browser"]).finds(None)?, "first/chromium-browser");
        Ok(())
    }

    #[test]
    fn the_variable_comes_first_and_must_name_a_program() -> Result<()> {
        let machine = Machine::with("variable", &["first/chromium", "own/browser"]);
        assert_eq!(machine.finds(Some("own/browser"))?, "own/browser");
        let error = machine.finds(Some("own/missing")).expect_err("no such program").to_string();
        assert!(error.contains("CHROME") && error.contains("own/missing"), "{error}");
        Ok(())
    }

    #[test]
    fn without_a_browser_the_message_says_what_to_install() {
        let machine = Machine::with("none", &["first/firefox"]);
        fs::write(machine.0.join("first/chromium"), "no program").expect("a file");
        let error = machine.finds(None).expect_err("there is none").to_string();
        assert!(error.contains("install chromium") && error.contains("CHROME"), "{error}");
    }
}
