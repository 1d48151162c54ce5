//! Where the Worker is that is deployed.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};

use super::CONFIG;

/// A folder with the edge's `wrangler.toml`.
#[derive(Debug, Clone)]
pub(crate) enum EdgeFolder {
    /// The sources: wrangler compiles and bundles them.
    Checkout(PathBuf),
    /// The bundle that was released with this tool.
    Released(PathBuf),
}

/// Beside the tool, in an archive that was released.
const RELEASED: &str = "worker";
/// What compiling the sources makes.
const BUILT: &str = "build/bindings.js";
/// In a checkout.
const SOURCES: &str = "edge/cloudflare";

impl EdgeFolder {
    /// The folder that is named; or the one beside this program; or that of a checkout, here or in a folder above.
    pub(crate) fn find(named: Option<&Path>) -> Result<Self> {
        let here = env::current_dir().context("the current folder is unknown")?;
        let is_one = |folder: &PathBuf| folder.join(CONFIG).is_file();
        let found = match named {
            Some(named) => Some(here.join(named)).filter(is_one).map(Self::Checkout),
            None => beside_this_program()
                .filter(is_one)
                .map(Self::Released)
                .or_else(|| here.ancestors().map(|folder| folder.join(SOURCES)).find(is_one).map(Self::Checkout)),
        };
        found.context(
            "the edge's wrangler.toml is not here: use a released archive, which has it beside the tool, run this in a checkout \
             of Edgeward, or add --edge-folder",
        )
    }

    /// Whether it can be served as it is. A deployment compiles and bundles what has changed.
    pub(crate) fn is_built(&self) -> Result<()> {
        match self {
            Self::Checkout(path) if !path.join(BUILT).is_file() => {
                bail!("the edge in {} is not compiled yet: run `make edge` in the checkout", path.display())
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        let (Self::Checkout(path) | Self::Released(path)) = self;
        path
    }
}

/// Links to the program, such as one in `/usr/local/bin`, lead to the archive's folder.
fn beside_this_program() -> Option<PathBuf> {
    let program = fs::canonicalize(env::current_exe().ok()?).ok()?;
    Some(program.parent()?.join(RELEASED))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_that_are_not_compiled_are_not_served() {
        let sources = EdgeFolder::Checkout("/nowhere/edge/cloudflare".into());
        let refusal = sources.is_built().unwrap_err().to_string();
        assert!(refusal.contains("run `make edge` in the checkout"), "{refusal}");
        EdgeFolder::Released("/nowhere/worker".into()).is_built().unwrap();
    }
}
