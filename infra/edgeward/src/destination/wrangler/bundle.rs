//! The bundle that a deployment uploads, held to its budget before: a larger one was not optimized.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process, str,
};

use anyhow::{Context as _, Result, bail};
use tokio::process::Command;

use super::{Wrangler, explain, fingerprint::Bundle, own_config::OwnConfig};

/// The program beside `wrangler.toml` that compares a bundle with the budget.
const WEIGH: &str = "weigh";

/// A folder that is removed when dropped.
struct Folder(PathBuf);

impl Wrangler {
    /// Bundles as the deployment with this configuration will, and refuses what is larger than the budget.
    pub(super) async fn weigh_bundle(&self, own: &OwnConfig) -> Result<Bundle> {
        // wrangler's own folder: git knows to leave it alone.
        let bundle = Folder(self.folder.join(".wrangler").join(format!("bundle-{}-{}", self.worker, process::id())));
        let environment = self.environment.to_string();
        let mut command =
            self.command(&["deploy", "--dry-run", "--env", &environment, "--config", &own.name, "--outdir"]);
        command.arg(&bundle.0).stdin(process::Stdio::null());
        let output = self.program.started(command.output().await)?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
            bail!("`wrangler deploy --dry-run` failed, and nothing was deployed.{} It said:\n{said}", explain(&said));
        }
        let weigh = self.folder.join(WEIGH);
        let weighed = Command::new(&weigh).arg(&bundle.0).output().await;
        let weighed = weighed.with_context(|| format!("cannot run {}", weigh.display()))?;
        if !weighed.status.success() {
            let why = str::from_utf8(&weighed.stderr).unwrap_or_default().trim();
            bail!("the edge was not deployed: {why}. Run `make size` in a clean checkout, and push from there");
        }
        digest(&bundle.0).with_context(|| format!("cannot read {}", bundle.0.display()))
    }
}

/// Code alone: a source map names the folder that it was made in.
fn digest(folder: &Path) -> io::Result<Bundle> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "js" || extension == "wasm") {
            files.push(path);
        }
    }
    files.sort();
    let mut bundle = Bundle::default();
    for path in files {
        bundle.add(&path.file_name().unwrap_or_default().to_string_lossy(), &fs::read(&path)?);
    }
    Ok(bundle)
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
