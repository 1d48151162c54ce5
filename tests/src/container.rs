//! A container without an engine: the archive of an image, unpacked by umoci and run by runc, as locked down as a task
//! on ECS: read-only, without capabilities, as the user that the image names.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Output},
    sync::atomic::{AtomicUsize, Ordering},
};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use crate::process::Process;

/// A running container. It shares the network of this machine.
#[derive(Debug)]
pub struct Container {
    name: String,
    runtime: PathBuf,
    process: Process,
}

impl Container {
    /// Runs the image of an archive that `docker load` could read, with these environment variables and no others.
    /// What it needs is put into `folder`, as is its log.
    ///
    /// # Errors
    /// When skopeo, umoci or runc are missing or fail.
    pub fn start(archive: &Path, variables: &BTreeMap<String, String>, folder: &Path) -> Result<Self> {
        let (layout, bundle, runtime) = (folder.join("layout"), folder.join("bundle"), folder.join("runc"));
        let from = format!("docker-archive:{}", archive.display());
        let image = format!("{}:image", layout.display());
        let mut copy = Command::new("skopeo");
        copy.args(["copy", "--quiet", &from, &format!("oci:{image}")]);
        run(copy)?;
        let mut unpack = Command::new("umoci");
        unpack.args(["unpack", "--image", &image]).arg(&bundle);
        run(unpack)?;
        let config = bundle.join("config.json");
        let text = fs::read(&config).with_context(|| format!("cannot read {}", config.display()))?;
        let locked = locked_down(serde_json::from_slice(&text)?, variables)?;
        fs::write(&config, locked.to_string()).with_context(|| format!("cannot write {}", config.display()))?;

        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("edgeward-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let mut command = Command::new("runc");
        command.arg("--root").arg(&runtime).args(["run", "--bundle"]).arg(&bundle).arg(&name);
        let process = Process::spawn("container", &mut command, folder)?;
        Ok(Self { name, runtime, process })
    }

    /// The process that waits for it, with what it printed.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Its first process, as this machine numbers it.
    ///
    /// # Errors
    /// When it does not run.
    pub fn process_id(&self) -> Result<u64> {
        let state: Value = serde_json::from_slice(&run(self.runc(&["state", &self.name]))?.stdout)?;
        state["pid"].as_u64().context("runc names no process")
    }

    /// Runs a command inside.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn execute(&self, command: &[&str]) -> Result<ExitStatus> {
        Ok(self.runc(&["exec", &self.name]).args(command).status()?)
    }

    /// Asks it to stop, as ECS does.
    ///
    /// # Errors
    /// When it does not run.
    pub fn terminate(&self) -> Result<()> {
        run(self.runc(&["kill", &self.name, "TERM"])).map(drop)
    }

    fn runc(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("runc");
        command.arg("--root").arg(&self.runtime).args(arguments);
        command
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        self.process.stop();
        // An error means that it is gone.
        let _ = self.runc(&["delete", "--force", &self.name]).output();
    }
}

/// The configuration that umoci made of the image, with what ECS would add.
fn locked_down(mut config: Value, variables: &BTreeMap<String, String>) -> Result<Value> {
    let environment: Vec<_> = variables.iter().map(|(name, value)| format!("{name}={value}")).collect();
    config["process"]["terminal"] = false.into();
    config["process"]["env"] = environment.into();
    config["process"]["capabilities"] = json!({});
    config["process"]["noNewPrivileges"] = true.into();
    config["root"]["readonly"] = true.into();
    let namespaces = config["linux"]["namespaces"].as_array_mut().context("umoci names no namespaces")?;
    namespaces.retain(|namespace| namespace["type"] != "network");
    // Control groups are not to be had everywhere.
    let mounts = config["mounts"].as_array_mut().context("umoci names no mounts")?;
    mounts.retain(|mount| mount["destination"] != "/sys/fs/cgroup");
    config["linux"].as_object_mut().context("umoci says nothing of Linux")?.remove("resources");
    Ok(config)
}

fn run(mut command: Command) -> Result<Output> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output =
        command.output().with_context(|| format!("cannot run {program}: install it with `.ci/setup image`"))?;
    if !output.status.success() {
        bail!("{program} failed, {}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    Ok(output)
}
