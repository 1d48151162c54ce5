//! Running wrangler.

use std::{
    io::{self, Write as _},
    os::fd::AsFd as _,
    process::{Output, Stdio},
};

use anyhow::{Context as _, Result};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    process::Command,
};

use super::Wrangler;

/// How a run that people could watch has ended.
pub(super) struct Ended {
    /// Whether it has done what it should.
    pub(super) success: bool,
    /// What it has written to its standard error: warnings and errors.
    pub(super) said: String,
}

impl Wrangler {
    /// Runs wrangler with `input` as its standard input, and shows what it says.
    pub(super) async fn run(&self, mut command: Command, input: &[u8]) -> Result<Ended> {
        command.stdin(Stdio::piped()).stdout(standard_error()?).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = self.program.started(command.spawn())?;
        let mut stdin = child.stdin.take().context("wrangler has no standard input")?;
        let stderr = child.stderr.take().context("wrangler has no standard error")?;
        let write = async move { stdin.write_all(input).await };
        let (written, said) = tokio::join!(write, shown(stderr));
        let status = child.wait().await.context("wrangler was lost")?;
        // A wrangler that ends early says why by itself.
        Ok(Ended { success: status.success() && written.is_ok(), said })
    }

    /// Runs wrangler and keeps what it says.
    pub(super) async fn output(&self, arguments: &[&str]) -> Result<Output> {
        self.program.started(self.command(arguments).stdin(Stdio::null()).output().await)
    }

    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.program.command();
        command.current_dir(&self.folder).args(arguments).envs(LOGS);
        command
    }
}

/// Passes on what is written, as it comes, and keeps it.
async fn shown(mut from: impl AsyncRead + Unpin) -> String {
    let (mut said, mut chunk) = (Vec::new(), [0; 4096]);
    // What cannot be read any more was not said.
    while let Ok(length @ 1..) = from.read(&mut chunk).await {
        // If nobody listens, wrangler goes on.
        let _ = io::stderr().write_all(&chunk[..length]);
        said.extend_from_slice(&chunk[..length]);
    }
    String::from_utf8_lossy(&said).into_owned()
}

/// wrangler talks to people; standard output is for our own report.
fn standard_error() -> Result<Stdio> {
    Ok(io::stderr().as_fd().try_clone_to_owned().context("standard error is closed")?.into())
}

/// Whatever the operator has set: the tool reads wrangler's errors and warnings, so wrangler must show them, and its logs
/// must leave out the bodies of requests, which hold the secrets.
const LOGS: [(&str, &str); 2] = [("WRANGLER_LOG", "log"), ("WRANGLER_LOG_SANITIZE", "true")];
