//! The user's browser: Chromium, which `tests/tools/sign-in.mjs` drives.

use std::{
    ffi::OsString,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use edgeward_tests::{browser::User, chromium, place, process::Process};
use reqwest::Url;

/// The browser of one client's user. Clients open it as they open the desktop's: by an `xdg-open` of their own, of the
/// system's, or on their path (`open` on macOS). The first two start what `BROWSER` names.
pub(crate) struct Browser {
    folder: PathBuf,
    program: PathBuf,
}

impl Browser {
    /// In a client's folder.
    pub(crate) fn new(folder: &Path) -> Result<Self> {
        let this = Self { folder: folder.join("browser"), program: chromium::find()? };
        fs::create_dir_all(&this.folder)?;
        let script = place::checkout().join("tests/tools/sign-in.mjs");
        let User { name, password } = User::DEMO;
        let log = this.log();
        let text = format!("#!/bin/sh\nexec node {script:?} \"$1\" {name:?} {password:?} {log:?}\n");
        for opener in [this.opener(), this.folder.join(BROWSER)] {
            fs::write(&opener, &text).context("cannot write the opener")?;
            fs::set_permissions(&opener, fs::Permissions::from_mode(0o700))?;
        }
        Ok(this)
    }

    /// Variables of a client that is to find it.
    pub(crate) fn variables(&self) -> [(&'static str, OsString); 3] {
        let mut path = self.folder.clone().into_os_string();
        path.push(":");
        path.push(place::node_path());
        let program = self.program.clone().into_os_string();
        [("PATH", path), ("BROWSER", BROWSER.into()), (chromium::VARIABLE, program)]
    }

    /// How each visit ended.
    pub(crate) fn visits(&self) -> Vec<String> {
        let log = fs::read_to_string(self.log()).unwrap_or_default();
        log.lines().map(str::to_owned).collect()
    }

    /// Opens it for a client in this process, and waits until the user is back at the client's page.
    pub(crate) async fn visit(&self, url: &Url) -> Result<()> {
        let mut command = Command::new(self.opener());
        command.arg(url.as_str()).envs(self.variables());
        let status = Process::spawn("opener", &mut command, &self.folder)?.ends(PATIENCE).await?;
        ensure!(status.success(), "in the browser: {:?}", self.visits());
        Ok(())
    }

    fn opener(&self) -> PathBuf {
        self.folder.join(if cfg!(target_os = "macos") { "open" } else { "xdg-open" })
    }

    fn log(&self) -> PathBuf {
        self.folder.join("visits.txt")
    }
}

/// Found on the path: `xdg-open` takes a space in `BROWSER` for the beginning of arguments.
const BROWSER: &str = "edgeward-test-browser";
const PATIENCE: Duration = Duration::from_secs(60);
