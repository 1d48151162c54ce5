//! Cloudflare, through wrangler: variables are arguments, secrets go through its standard input and nowhere else.

mod bundle;
mod deploy;
mod explanation;
mod fingerprint;
mod own_config;
mod program;
mod run;
mod secrets;

use std::{
    env,
    io::{self, Write as _},
    path::PathBuf,
    process::Stdio,
};

use anyhow::{Result, bail};
use edgeward_core::Config;

use self::explanation::{codes, explain};
pub(crate) use self::program::Program;
use crate::{deployment::Environment, edge::Settings, report::Report};

/// wrangler, for one Worker.
#[derive(Debug)]
pub(crate) struct Wrangler {
    program: Program,
    folder: PathBuf,
    pub(super) environment: Environment,
    worker: String,
}

/// Where a Worker answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Address {
    /// At the address that Cloudflare gives it.
    WorkersDev,
    /// At a host of its own, and nowhere else: requests elsewhere would pass by the rules of that host's zone.
    Host {
        name: String,
        /// Whether the host is made a domain of the Worker. If not, routes or domains of `wrangler.toml` lead to it.
        attach: bool,
    },
}

impl Wrangler {
    pub(super) fn new(program: Program, folder: PathBuf, environment: Environment, worker: String) -> Self {
        Self { program, folder, environment, worker }
    }

    /// Refuses to go on when wrangler is missing, or has no account at Cloudflare.
    pub(super) async fn authenticated(&self) -> Result<()> {
        // A token that may deploy need not be able to say whose it is, so it is taken as it is.
        let has_token = ["CLOUDFLARE_API_TOKEN", "CLOUDFLARE_ACCOUNT_ID"]
            .iter()
            .all(|name| env::var_os(name).is_some_and(|value| !value.is_empty()));
        let question: &[&str] = if has_token { &["--version"] } else { &["whoami", "--json"] };
        let mut command = self.command(question);
        let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().await;
        if self.program.started(status)?.success() {
            return Ok(());
        }
        if has_token {
            bail!("{} does not run: does the folder of Node 22 or newer stand in PATH?", self.program);
        }
        bail!(
            "wrangler is not signed in to Cloudflare: set CLOUDFLARE_API_TOKEN (a token that may edit Workers scripts and \
             routes) and CLOUDFLARE_ACCOUNT_ID, or run `wrangler login`"
        )
    }

    /// Writes code, variables and secrets to the Worker; with `only_changes`, unless it has them. Each version of it that serves, if only for a moment, has settings
    /// that the edge accepts.
    pub(super) async fn push(
        &self,
        settings: &Settings,
        config: &Config,
        address: &Address,
        only_changes: bool,
        dry_run: bool,
        report: &mut Report,
    ) -> Result<()> {
        if dry_run {
            self.would_deploy(settings, address, report);
            return Ok(());
        }
        let standing = self.standing_secrets().await?;
        let version = match (only_changes, &standing) {
            (true, Some(_)) => self.standing_tag().await?,
            _ => None,
        };
        self.deploy(settings, config, address, standing.as_deref(), version.as_deref(), report).await
    }

    /// Writes secrets to the Worker, all or one of them. Code and variables stay as they are.
    pub(super) async fn push_secrets(
        &self,
        settings: &Settings,
        one: Option<&'static str>,
        dry_run: bool,
        report: &mut Report,
    ) -> Result<()> {
        if dry_run {
            let change = one.map_or_else(|| secrets::all(settings, &[]), |name| secrets::one(settings, name));
            self.would_set(&change, report);
            if one.is_none() {
                secrets::would_remove_unset(settings, report);
            }
            return Ok(());
        }
        let Some(standing) = self.standing_secrets().await? else {
            // wrangler would make one, with nothing but secrets in it.
            bail!("there is no Worker {} to write secrets to: run `edgeward push` first", self.worker);
        };
        let change = match one {
            Some(name) => secrets::one(settings, name),
            None => {
                self.accepts_secrets(settings).await?;
                secrets::all(settings, &standing)
            }
        };
        self.set_secrets(&change, report).await
    }

    /// Deletes the Worker, and its secrets with it; whether there was one.
    pub(super) async fn delete(&self, dry_run: bool, report: &mut Report) -> Result<bool> {
        let worker = &self.worker;
        if dry_run {
            report.did(format!("would remove the Worker {worker}, if it is there"));
            return Ok(true);
        }
        // The name is taken as it is, whatever the environment. Without --force it would ask, and nobody could answer.
        let output = self.output(&["delete", "--name", worker, "--env=", "--force"]).await?;
        let said = [output.stdout, output.stderr].concat();
        let words = String::from_utf8_lossy(&said);
        if !output.status.success() && self.is_not_there(&words) {
            report.did(format!("there is no Worker {worker}"));
            return Ok(false);
        }
        // If nobody listens, its status still counts.
        let _ = io::stderr().write_all(&said);
        if !output.status.success() {
            bail!(
                "`wrangler delete` failed; its message is above.{} Mend that and run `edgeward remove` again: until then the \
                 Worker {worker} may be there, and no parameter was removed",
                explain(&words)
            );
        }
        report.did(format!("removed the Worker {worker}"));
        Ok(true)
    }

    /// Whether wrangler failed because there is no such Worker: by the codes of Cloudflare's errors that wrangler itself
    /// takes for that, or by its own words.
    fn is_not_there(&self, said: &str) -> bool {
        codes(said).iter().any(|code| [10007, 10090].contains(code))
            || said.contains(&format!("Worker \"{}\" not found", self.worker))
    }
}
