//! The scripts that a sandbox puts around the edge's entry: each imports the one inside it as `entry.mjs`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use serde_json::json;

use super::super::{Capability, Sandbox};
use crate::place;

/// As in `clock.mjs`.
pub(super) const CLOCK_PATH: &str = "/test-clock";
/// As in `bindings.mjs`.
pub(super) const BINDINGS_PATH: &str = "/test-bindings";
/// As in `count.mjs`.
pub(super) const CALLS_PATH: &str = "/test-calls";

const ENTRY: &str = "entry.mjs";

/// From the inside to the outside: those that count and change bindings see what the others do.
const SCRIPTS: [(Capability, &str, &str); 5] = [
    (Capability::Clock, "clock.mjs", include_str!("clock.mjs")),
    (Capability::Documents, "hosts.mjs", include_str!("hosts.mjs")),
    (Capability::DataPoints, "data-points.mjs", include_str!("data-points.mjs")),
    (Capability::Bindings, "bindings.mjs", include_str!("bindings.mjs")),
    (Capability::CountedCalls, "count.mjs", include_str!("count.mjs")),
];

/// Writes those that are asked for into `folder`. The outermost, or the entry itself if nothing is around it.
pub(super) fn write(folder: &Path, entry: &Path, sandbox: &Sandbox) -> Result<PathBuf> {
    // One build has both.
    let is_test_build = sandbox.has(Capability::Panics) || sandbox.has(Capability::Contract);
    let mut inner = if is_test_build { panicking(folder)? } else { entry.to_owned() };
    for (_, name, text) in SCRIPTS.into_iter().filter(|(capability, ..)| sandbox.has(*capability)) {
        let address = sandbox.diverted_hosts().map_or_else(String::new, |address| address.to_string());
        let text = text.replace(r#""entry.mjs""#, &json!(inner).to_string()).replace("ADDRESS", &address);
        inner = folder.join(format!("sandbox-{name}"));
        fs::write(&inner, text)?;
    }
    Ok(inner)
}

/// The edge's entry, with what it imports beside it, around the build that panics and runs the contract of its ports.
fn panicking(folder: &Path) -> Result<PathBuf> {
    let build = place::target()?.join("panicking-edge");
    if !build.is_dir() {
        bail!("the edge that panics is not built: run `make panicking-edge`");
    }
    let build = format!("{}/", build.to_str().context("a path that is not Unicode")?);
    for (name, script) in place::edge_scripts()? {
        fs::write(folder.join(name), script.replace("./build/", &build))?;
    }
    Ok(folder.join(ENTRY))
}
