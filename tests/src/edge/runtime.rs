//! What the harness asks of whatever runs an edge. A new runtime is a file that implements these two traits, and a line in
//! [`EDGES`].

use std::{fmt, path::Path};

use anyhow::Result;
use futures_util::{FutureExt as _, future::BoxFuture};
use http::StatusCode;
use reqwest::ClientBuilder;
use serde_json::Value;

use super::{Capability, Lacks, Sandbox, Variables, wrangler::Wrangler};
use crate::process::Process;

/// An edge that the suite can run against.
#[derive(Debug, Clone, Copy)]
pub struct KnownEdge {
    /// Its name in `EDGES`, before the names of its tests, and in the list of skips.
    pub name: &'static str,
    /// What runs it.
    pub runtime: &'static dyn EdgeRuntime,
}

/// Every edge that there is, as in the Makefile's `KNOWN_EDGES`. Without `EDGES` the suite runs against the first.
pub const EDGES: &[KnownEdge] = &[KnownEdge { name: "cloudflare", runtime: &Wrangler }];

/// Runs edges of one kind on this machine.
pub trait EdgeRuntime: fmt::Debug + Sync {
    /// What a test may ask for.
    fn capabilities(&self) -> &'static [Capability];

    /// Starts an edge, and does not wait until it serves.
    ///
    /// # Errors
    /// When it is not built, or its programs are not installed.
    fn launch(&self, launch: &Launch<'_>) -> Result<Box<dyn Running>>;

    /// The audit records in what an edge has printed.
    fn records(&self, log: &str) -> Vec<Value>;

    /// Makes a client send its requests from another address than this machine's own, a different one for each number.
    fn at_address(&self, client: ClientBuilder, number: u8) -> ClientBuilder;
}

/// An edge that runs. It need not stop when it is dropped: [`Edge`](super::Edge) stops it.
pub trait Running: fmt::Debug + Send + Sync {
    /// Where it listens, without a trailing slash. Whoever asks for this host asks for the public URL.
    fn url(&self) -> &str;

    /// The program, which has what it prints.
    fn process(&self) -> &Process;

    /// Stops it, and removes its secrets.
    fn stop(&self);

    /// The path that says whether it serves, and what it is then answered with.
    fn ready(&self) -> (&str, StatusCode) {
        ("/healthz", StatusCode::OK)
    }

    /// Sets its clock: so many seconds ahead of this machine's, or behind it.
    fn move_clock(&self, _ahead: i64) -> BoxFuture<'_, Result<()>> {
        lacks(Capability::Clock)
    }

    /// Gives it other settings, and does not restart it.
    fn change_settings<'a>(&'a self, _settings: Settings<'a>) -> BoxFuture<'a, Result<()>> {
        lacks(Capability::Bindings)
    }

    /// The memory of its wasm, in bytes.
    fn wasm_memory(&self) -> BoxFuture<'_, Result<u64>> {
        lacks(Capability::Memory)
    }
}

fn lacks<T: Send + 'static>(capability: Capability) -> BoxFuture<'static, Result<T>> {
    async move { Err(Lacks(capability).into()) }.boxed()
}

/// What to start.
#[derive(Debug, Clone)]
pub struct Launch<'a> {
    /// What it is called: its log is `NAME.log`.
    pub name: &'a str,
    /// Where it listens.
    pub port: u16,
    /// Its variables and secrets.
    pub settings: Settings<'a>,
    /// What is around it.
    pub sandbox: Sandbox,
    /// Where its log and its files are.
    pub folder: &'a Path,
}

impl Launch<'_> {
    /// What the runtime must have for it.
    pub(super) fn needs(&self) -> impl Iterator<Item = Capability> {
        let written = matches!(self.settings, Settings::Written(_)).then_some(Capability::WrittenSettings);
        self.sandbox.capabilities().into_iter().chain(written)
    }
}

/// Where an edge gets its variables and secrets.
#[derive(Debug, Clone, Copy)]
pub enum Settings<'a> {
    /// These.
    Given(&'a Variables),
    /// Those that the operator's tool has written to this folder.
    Written(&'a Path),
}

/// That of the first edge.
impl Default for &'static dyn EdgeRuntime {
    fn default() -> Self {
        EDGES[0].runtime
    }
}

/// The edges that `EDGES` names: names with blanks between them, or `all`. None or nothing is the first one.
///
/// # Errors
/// When there is no such edge; the message lists those there are.
pub fn chosen<'a>(known: &'a [KnownEdge], names: &str) -> Result<Vec<&'a KnownEdge>> {
    let names: Vec<_> = names.split_whitespace().collect();
    match names[..] {
        [] => return Ok(known.iter().take(1).collect()),
        ["all"] => return Ok(known.iter().collect()),
        _ => {}
    }
    let known_names = || known.iter().map(|edge| edge.name).collect::<Vec<_>>().join(", ");
    let named = names.into_iter().map(|name| {
        let found = known.iter().find(|edge| edge.name == name);
        found.ok_or_else(|| anyhow::anyhow!("EDGES names `{name}`, which is no edge: there are {}", known_names()))
    });
    named.collect()
}
