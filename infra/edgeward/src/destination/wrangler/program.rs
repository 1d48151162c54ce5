//! Which wrangler runs.

use std::{
    env,
    fmt::{self, Display, Formatter},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context as _, Result, bail};
use tokio::process::Command;

use super::super::edge_folder::EdgeFolder;

/// The version that the edge is tested with: the one in `tests/tools/package-lock.json`.
const VERSION: &str = "4.164.0";

/// wrangler as a program of this machine, or as npm's npx gets it.
#[derive(Debug)]
pub(crate) enum Program {
    /// A file, or a name that PATH leads to.
    File(PathBuf),
    /// `npx wrangler@VERSION`, for which Node is enough.
    Npx,
}

impl Program {
    /// The one that is named. By default a checkout uses the `wrangler` in PATH, which `.ci/setup edge` has put there; and a
    /// released tool the version that it was tested with.
    pub(crate) fn new(named: Option<&Path>, folder: &EdgeFolder) -> Self {
        match (named, folder) {
            (Some(file), _) => Self::File(file.to_owned()),
            (None, EdgeFolder::Checkout(_)) => Self::File("wrangler".into()),
            (None, EdgeFolder::Released(_)) => Self::Npx,
        }
    }

    /// To run it without advertisements, usage statistics and error reports, unless the operator wants them.
    pub(crate) fn command(&self) -> Command {
        let mut command = match self {
            Self::File(file) => Command::new(file),
            Self::Npx => {
                let mut command = Command::new("npx");
                command.args(["--yes", &format!("wrangler@{VERSION}")]);
                command
            }
        };
        for (name, value) in QUIET {
            if env::var_os(name).is_none() {
                command.env(name, value);
            }
        }
        command
    }

    /// Has npm get what it does not have yet, which may take longer than anybody waits for an edge.
    pub(crate) async fn prepare(&self) -> Result<()> {
        let Self::Npx = self else { return Ok(()) };
        let mut command = self.command();
        let status = command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).status().await;
        if !self.started(status)?.success() {
            bail!("{self} does not run; its message is above");
        }
        Ok(())
    }

    /// The program that `result` says was started; or why not.
    pub(crate) fn started<T>(&self, result: io::Result<T>) -> Result<T> {
        match result {
            Err(error) if error.kind() == ErrorKind::NotFound => bail!(self.is_missing()),
            result => result.with_context(|| format!("cannot run {self}")),
        }
    }

    fn is_missing(&self) -> String {
        match self {
            Self::File(file) => format!(
                "{} is not there: run `.ci/setup edge` and `. .ci/env` in the checkout, or say where it is with --wrangler",
                file.display()
            ),
            Self::Npx => {
                "npx is not there: install Node 22 or newer, which has it, or say where wrangler is with --wrangler"
                    .into()
            }
        }
    }
}

impl Display for Program {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => write!(formatter, "{}", file.display()),
            Self::Npx => write!(formatter, "npx wrangler@{VERSION}"),
        }
    }
}

const QUIET: [(&str, &str); 3] =
    [("WRANGLER_HIDE_BANNER", "true"), ("WRANGLER_SEND_METRICS", "false"), ("WRANGLER_SEND_ERROR_REPORTS", "false")];

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn npx_gets_the_version_that_the_tests_use() {
        let locked: Value = serde_json::from_str(include_str!("../../../../../tests/tools/package-lock.json")).unwrap();
        assert_eq!(locked["packages"]["node_modules/wrangler"]["version"], VERSION);
    }

    #[test]
    fn a_named_program_comes_first_and_a_released_tool_needs_none() {
        let (checkout, released) = (EdgeFolder::Checkout("a".into()), EdgeFolder::Released("b".into()));
        assert_eq!(Program::new(None, &checkout).to_string(), "wrangler");
        assert_eq!(Program::new(None, &released).to_string(), format!("npx wrangler@{VERSION}"));
        assert_eq!(Program::new(Some(Path::new("/bin/w")), &released).to_string(), "/bin/w");
    }
}
