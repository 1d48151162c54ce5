//! What all steps share: the emulator, the public address, the deployment's settings, and the programs that are run.

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail};
use edgeward_tests::{
    browser::User,
    edge::wrangler::Wrangler,
    emulator::{ACCOUNT, Aws, Emulator},
    place,
    rollout::Front,
};
use reqwest::Url;
use serde_json::{Value, json};

/// The deployment's name.
pub(crate) const DEPLOYMENT: &str = "local";
/// Where its servers and users are.
pub(crate) const HOME: &str = "eu-west-1";
/// Where CloudFront's firewall is.
pub(crate) const GLOBAL: &str = "us-east-1";
/// Its one user.
pub(crate) const USER: User<'static> = User { name: "ada", password: "Correct-horse-battery-9" };

pub(crate) struct Scene {
    /// The deployment's name.
    pub(crate) deployment: &'static str,
    pub(crate) emulator: Emulator,
    pub(crate) aws: Aws,
    pub(crate) front: Front,
    pub(crate) folder: PathBuf,
}

/// What a program has done.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) good: bool,
    /// What it printed, to both of its streams.
    pub(crate) text: String,
}

impl Scene {
    /// An emulator of its own, for a deployment that is called so.
    pub(crate) async fn start(deployment: &'static str) -> Result<Self> {
        let folder = place::run_folder(&format!("deploy-{deployment}"))?;
        let emulator = Emulator::start(HOME, &folder).await?;
        let aws = emulator.aws()?;
        let front = Front::start(&Wrangler, &folder).await?;
        Ok(Self { deployment, emulator, aws, front, folder })
    }

    /// Says that something begins.
    pub(crate) fn part(&self, title: &str) {
        println!("\n{title}");
    }

    /// Says what was seen.
    pub(crate) fn said(&self, line: &str) {
        println!("  {line}");
    }

    pub(crate) fn mcp(&self) -> Result<Url> {
        Ok(format!("{}/mcp", self.front.url()).parse()?)
    }

    /// Writes the settings of a deployment with a server of its own, with changes to those that this machine wants.
    pub(crate) fn write_settings(&self, deployment: &str, changes: &Value) -> Result<()> {
        let mut own = json!({ "server": { "image": "edgeward-origin:latest", "architecture": architecture() } });
        merge(&mut own, changes);
        self.write_all_settings(deployment, &own)
    }

    /// Writes the settings of a deployment, with these besides.
    pub(crate) fn write_all_settings(&self, deployment: &str, more: &Value) -> Result<()> {
        let mut settings = json!({
            "account": ACCOUNT,
            "region": HOME,
            "publicUrl": self.front.url(),
            "edge": { "environment": "dev" },
            "userPool": { "retain": false },
        });
        merge(&mut settings, more);
        fs::create_dir_all(self.deployments())?;
        fs::write(self.deployments().join(format!("{deployment}.json")), settings.to_string())?;
        Ok(())
    }

    /// The folder with the settings of deployments.
    pub(crate) fn deployments(&self) -> PathBuf {
        self.folder.join("deployments")
    }

    /// The folder that the operator's tool writes the edge's settings to.
    pub(crate) fn edge_settings(&self) -> PathBuf {
        self.folder.join("edge")
    }

    /// Runs the one command that deploys and takes away.
    pub(crate) fn script(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Result<Ran> {
        let mut command = Command::new(node_program("tsx"));
        command
            .arg(place::checkout().join("infra/deploy.ts"))
            .args(arguments)
            .arg("--deployments")
            .arg(self.deployments());
        command.env("EDGEWARD_TOOL", place::program("edgeward")?);
        self.run(command, variables)
    }

    /// Runs the CDK's command line.
    pub(crate) fn cdk(&self, arguments: &[&str]) -> Result<Ran> {
        let mut command = Command::new(node_program("cdk"));
        command.current_dir(place::checkout().join("infra")).args(arguments);
        self.run(command, &[])
    }

    /// Runs the operator's tool.
    pub(crate) fn tool(&self, arguments: &[&str]) -> Result<Ran> {
        let mut command = Command::new(place::program("edgeward")?);
        command.args(arguments).args(["--deployment", self.deployment, "--region", HOME]);
        self.run(command, &[])
    }

    fn run(&self, mut command: Command, variables: &[(&str, &str)]) -> Result<Ran> {
        // Nobody's own account: neither AWS's nor Cloudflare's.
        for (name, _) in
            std::env::vars().filter(|(name, _)| name.starts_with("AWS_") || name.starts_with("CLOUDFLARE_"))
        {
            command.env_remove(name);
        }
        if command.get_current_dir().is_none() {
            command.current_dir(place::checkout());
        }
        command
            .env("PATH", place::node_path())
            .env("HOME", &self.folder)
            .env("NO_COLOR", "1")
            .env("CI", "true")
            .envs(self.emulator.variables(HOME))
            .envs(variables.iter().copied())
            .stdin(Stdio::null());
        let line = format!("{command:?}");
        let output = command.output().with_context(|| format!("cannot run {line}"))?;
        let text = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat();
        let mut log = OpenOptions::new().create(true).append(true).open(self.folder.join("commands.log"))?;
        writeln!(log, "$ {}\n{text}\n({})\n", without_environment(&command), output.status)?;
        Ok(Ran { good: output.status.success(), text })
    }
}

impl Ran {
    /// What it printed, if it ended well.
    pub(crate) fn good(self, what: &str) -> Result<String> {
        if !self.good {
            bail!("{what} failed:\n{}", self.text);
        }
        Ok(self.text)
    }
}

fn node_program(name: &str) -> PathBuf {
    place::checkout().join("infra/node_modules/.bin").join(name)
}

fn without_environment(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| Path::new(word).display().to_string()).collect();
    words.join(" ")
}

/// This machine's, as the settings call it.
fn architecture() -> &'static str {
    if std::env::consts::ARCH == "aarch64" { "arm64" } else { "x86_64" }
}

/// Another one, as images call it.
pub(crate) fn other_architecture() -> &'static str {
    if architecture() == "arm64" { "amd64" } else { "arm64" }
}

fn merge(into: &mut Value, changes: &Value) {
    match (into, changes) {
        (Value::Object(into), Value::Object(changes)) => {
            for (name, change) in changes {
                merge(into.entry(name.clone()).or_insert(Value::Null), change);
            }
        }
        (into, change) => *into = change.clone(),
    }
}
