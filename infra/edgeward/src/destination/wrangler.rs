//! Cloudflare, through wrangler: variables are arguments, secrets go through its standard input and nowhere else.

use std::{
    env, fs,
    io::{self, ErrorKind, Write as _},
    os::fd::AsFd as _,
    path::PathBuf,
    process::Stdio,
};

use anyhow::{Context as _, Result, bail};
use edgeward_core::Config;
use edgeward_identity::names::edge::SETTINGS;
use serde_json::{Map, Value};
use tokio::{io::AsyncWriteExt as _, process::Command};
use zeroize::Zeroizing;

use super::bindings;
use crate::{deployment::Environment, edge::Settings, report::Report};

/// The file that wrangler reads.
pub(super) const CONFIG: &str = "wrangler.toml";

/// wrangler, for one Worker.
#[derive(Debug)]
pub(crate) struct Wrangler {
    program: PathBuf,
    folder: PathBuf,
    pub(super) environment: Environment,
    worker: String,
}

impl Wrangler {
    pub(super) fn new(program: PathBuf, folder: PathBuf, environment: Environment, worker: String) -> Self {
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
        if self.started(status)?.success() {
            return Ok(());
        }
        if has_token {
            bail!("{} does not run: does the folder of Node 22 or newer stand in PATH?", self.program.display());
        }
        bail!(
            "wrangler is not signed in to Cloudflare: set CLOUDFLARE_API_TOKEN (a token that may edit Workers scripts and \
             routes) and CLOUDFLARE_ACCOUNT_ID, or run `wrangler login`"
        )
    }

    /// Uploads the code with these variables; others that the Worker has are removed, secrets stay.
    pub(super) async fn deploy(
        &self,
        settings: &Settings,
        config: &Config,
        domain: Option<&str>,
        dry_run: bool,
        report: &mut Report,
    ) -> Result<()> {
        let names: Vec<_> = settings.plain().map(|(name, _)| name).collect();
        let domain_words = domain.map(|domain| format!(" at {domain}")).unwrap_or_default();
        let what = format!(
            "the Worker {}{domain_words} from the environment {}, with the variables {}",
            self.worker,
            self.environment,
            names.join(", ")
        );
        if dry_run {
            report.did(format!("would deploy {what}"));
            return Ok(());
        }
        let environment = self.environment.to_string();
        let own = self.own_config(config)?;
        let mut command = self.command(&["deploy", "--env", &environment, "--name", &self.worker]);
        if let Some(own) = &own {
            command.arg("--config").arg(&own.name);
        }
        if let Some(domain) = domain {
            command.args(["--domain", domain]);
        }
        for (name, value) in settings.plain() {
            command.arg("--var").arg(format!("{name}:{value}"));
        }
        let status = command.stdin(Stdio::null()).stdout(standard_error()?).status().await;
        if !self.started(status)?.success() {
            bail!(
                "`wrangler deploy` failed; its message is above. Mend that and run `edgeward push` again: until then the Worker {} may \
                 be the older one",
                self.worker
            );
        }
        report.did(format!("deployed {what}"));
        Ok(())
    }

    /// The configuration of a deployment that has bindings of its own, which wrangler takes from there alone.
    /// It stands beside the other one, so that what they name is the same.
    fn own_config(&self, config: &Config) -> Result<Option<OwnConfig>> {
        if !bindings::are_its_own(config) {
            return Ok(None);
        }
        let path = self.folder.join(CONFIG);
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut own: Value = toml::from_str(&text).with_context(|| format!("cannot read {}", path.display()))?;
        for (name, value) in bindings::of(&own, self.environment, config)? {
            own["env"][self.environment.to_string()][name] = value;
        }
        let name = format!(".wrangler-{}.json", self.worker);
        let path = self.folder.join(&name);
        fs::write(&path, own.to_string()).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Some(OwnConfig { name, path }))
    }

    /// Sets the secrets, and removes those that are unset.
    pub(super) async fn put_secrets(&self, settings: &Settings, dry_run: bool, report: &mut Report) -> Result<()> {
        let names: Vec<_> = settings.secret().map(|(name, _)| name).collect();
        let what = format!("the secrets {} of the Worker {}", names.join(", "), self.worker);
        if dry_run {
            report.did(format!("would set {what}"));
            return Ok(());
        }
        // Given an environment as well, this command of wrangler would append it to the name. Said to be empty, it
        // stops wrangler from asking which one is meant.
        let mut command = self.command(&["secret", "bulk", "--name", &self.worker, "--env="]);
        let child = command.stdin(Stdio::piped()).stdout(standard_error()?).kill_on_drop(true).spawn();
        let mut child = self.started(child)?;
        let mut stdin = child.stdin.take().context("wrangler has no standard input")?;
        // A wrangler that ends early says why by itself.
        let written = stdin.write_all(secrets_document(settings).as_bytes()).await;
        drop(stdin);
        let status = child.wait().await.context("wrangler was lost")?;
        if !status.success() || written.is_err() {
            bail!(
                "`wrangler secret bulk` failed; its message is above. Run `edgeward push` again: until then the Worker {} may have older secrets",
                self.worker
            );
        }
        report.did(format!("set {what}"));
        Ok(())
    }

    /// Deletes the Worker, and its secrets with it; whether there was one.
    pub(super) async fn delete(&self, dry_run: bool, report: &mut Report) -> Result<bool> {
        let worker = &self.worker;
        if dry_run {
            report.did(format!("would remove the Worker {worker}, if it is there"));
            return Ok(true);
        }
        // The name is taken as it is, whatever the environment. Without --force it would ask, and nobody could answer.
        let mut command = self.command(&["delete", "--name", worker, "--env=", "--force"]);
        // What it says is read, so it is not to be silent.
        let output = command.stdin(Stdio::null()).env("WRANGLER_LOG", "log").output().await;
        let output = self.started(output)?;
        let said = [output.stdout, output.stderr].concat();
        if !output.status.success() && says_not_there(&String::from_utf8_lossy(&said)) {
            report.did(format!("there is no Worker {worker}"));
            return Ok(false);
        }
        // If nobody listens, its status still counts.
        let _ = io::stderr().write_all(&said);
        if !output.status.success() {
            bail!(
                "`wrangler delete` failed; its message is above. Mend that and run `edgeward remove` again: until then the \
                 Worker {worker} may be there, and no parameter was removed"
            );
        }
        report.did(format!("removed the Worker {worker}"));
        Ok(true)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.current_dir(&self.folder).args(arguments);
        for (name, value) in QUIET {
            if env::var_os(name).is_none() {
                command.env(name, value);
            }
        }
        command
    }

    fn started<T>(&self, result: io::Result<T>) -> Result<T> {
        match result {
            Err(error) if error.kind() == ErrorKind::NotFound => bail!(
                "{} is not there: run `.ci/setup edge` and `. .ci/env` in the checkout, or say where it is with --wrangler",
                self.program.display()
            ),
            result => result.with_context(|| format!("cannot run {}", self.program.display())),
        }
    }
}

/// A file that goes when it has been read.
struct OwnConfig {
    name: String,
    path: PathBuf,
}

impl Drop for OwnConfig {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Whether wrangler failed because there is no such Worker: by the codes of Cloudflare's errors that wrangler itself takes
/// for that.
fn says_not_there(said: &str) -> bool {
    ["[code: 10007]", "[code: 10090]"].iter().any(|code| said.contains(code))
}

/// Merged into what the Worker has: null removes.
fn secrets_document(settings: &Settings) -> Zeroizing<String> {
    let all = SETTINGS.into_iter().filter(|setting| setting.secret);
    let members: Map<_, _> = all
        .map(|setting| (setting.variable.to_owned(), settings.get(setting.variable).map_or(Value::Null, Value::from)))
        .collect();
    Zeroizing::new(Value::Object(members).to_string())
}

/// wrangler talks to people; standard output is for our own report.
fn standard_error() -> Result<Stdio> {
    Ok(io::stderr().as_fd().try_clone_to_owned().context("standard error is closed")?.into())
}

const QUIET: [(&str, &str); 3] =
    [("WRANGLER_HIDE_BANNER", "true"), ("WRANGLER_SEND_METRICS", "false"), ("WRANGLER_SEND_ERROR_REPORTS", "false")];
