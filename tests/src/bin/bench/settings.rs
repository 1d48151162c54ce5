//! How long and how often to measure.

use std::{env, path::PathBuf, str::FromStr, time::Duration};

use anyhow::{Context as _, Result, ensure};

/// What the environment says.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// Rounds of each figure, `BENCH_ROUNDS`.
    pub(crate) rounds: usize,
    /// How long each measurement in a round takes, `BENCH_SECONDS`.
    pub(crate) time: Duration,
    /// So many tokens are many, `BENCH_TOKENS`.
    pub(crate) tokens: usize,
    /// What to measure, `BENCH_ONLY=calls,sign-ins`; all of it if it is empty.
    only: Vec<String>,
    /// Who is not to take part, `BENCH_WITHOUT=fastmcp,workers-oauth-provider-kv`.
    without: Vec<String>,
    /// A folder with other bundles of the edge, `BENCH_BUNDLES`, each of which takes part under its folder's name.
    pub(crate) bundles: Option<PathBuf>,
    /// Whether to write `BENCHMARKS.md`, `BENCH_WRITE=1`.
    pub(crate) write: bool,
    /// Whether a budget that is missed is an error, `BENCH_STRICT=1`.
    pub(crate) strict: bool,
}

impl Settings {
    /// Reads them.
    ///
    /// # Errors
    /// When one is no number.
    pub(crate) fn read() -> Result<Self> {
        let settings = Self {
            rounds: number("BENCH_ROUNDS", 5)?,
            time: Duration::from_secs_f64(number("BENCH_SECONDS", 3.0)?),
            tokens: number("BENCH_TOKENS", 100_000)?,
            only: words("BENCH_ONLY"),
            without: words("BENCH_WITHOUT"),
            bundles: env::var_os("BENCH_BUNDLES").map(PathBuf::from),
            write: number("BENCH_WRITE", 0)? != 0,
            strict: number("BENCH_STRICT", 0)? != 0,
        };
        ensure!(settings.rounds > 0 && !settings.time.is_zero() && settings.tokens > 0, "nothing is to be measured");
        let is_whole = settings.only.is_empty() && settings.without.is_empty() && settings.bundles.is_none();
        ensure!(is_whole || !settings.write, "BENCHMARKS.md has the figures of all, and of nobody else");
        Ok(settings)
    }

    /// Whether this peer is to take part.
    pub(crate) fn admits(&self, peer: &str) -> bool {
        !self.without.iter().any(|unwanted| unwanted == peer)
    }

    /// Whether this is to be measured.
    pub(crate) fn wants(&self, part: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|wanted| wanted == part)
    }
}

fn words(name: &str) -> Vec<String> {
    let text = env::var(name).unwrap_or_default();
    text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn number<T: FromStr>(name: &str, otherwise: T) -> Result<T> {
    match env::var(name) {
        Ok(text) => text.parse().ok().with_context(|| format!("{name} is no number: {text:?}")),
        Err(_) => Ok(otherwise),
    }
}
