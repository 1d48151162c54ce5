//! The tool as a program.

use std::{fs, path::PathBuf, process::Command, time::Duration};

use anyhow::{Context as _, Result};
use edgeward_tests::{place, process::Process, stack::Stack};

/// A run of the tool.
pub(crate) struct Run {
    pub(crate) process: Process,
    results: PathBuf,
}

impl Run {
    /// Starts it; `name` is for its log and the folder with its results.
    pub(crate) fn start(stack: &Stack, name: &str, arguments: &[&str]) -> Result<Self> {
        let results = stack.folder().join(name);
        fs::create_dir_all(&results).context("cannot make the folder of results")?;
        let mut command = Command::new(place::node_tool("conformance")?);
        command.args(arguments).arg("--output-dir").arg(&results).env("PATH", place::node_path()).env("NO_COLOR", "1");
        Ok(Self { process: Process::spawn(name, &mut command, stack.folder())?, results })
    }

    /// Waits until it has ended; gives the folder with its results, and whether it is content.
    pub(crate) async fn results(self) -> Result<(PathBuf, bool)> {
        let status = self.process.ends(PATIENCE).await?;
        Ok((self.results, status.success()))
    }
}

const PATIENCE: Duration = Duration::from_secs(240);
