//! An edge that runs on this machine, whatever runs it: started with a [sandbox](Sandbox) around it, stopped when it is
//! dropped.

mod runtime;
mod sandbox;
pub mod skip;
pub mod workerd;
pub mod wrangler;

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context as _, Result};
use http::StatusCode;
use reqwest::Client;
use serde_json::Value;
use tokio::time::{sleep, timeout};

pub use self::{
    runtime::{EDGES, EdgeRuntime, KnownEdge, Launch, Running, Settings, chosen},
    sandbox::{Capability, DivertedHosts, Lacks, Limits, Sandbox},
};
use crate::{by_hand, origin::ready, process::Process};

/// The variables and secrets of an edge, by name.
pub type Variables = BTreeMap<String, String>;

/// A running edge.
#[derive(Debug)]
pub struct Edge {
    runtime: &'static dyn EdgeRuntime,
    sandbox: Sandbox,
    running: Box<dyn Running>,
}

impl Edge {
    /// Starts it, and waits until it serves.
    ///
    /// # Errors
    /// [`Lacks`] when the runtime does not have what is asked for. Otherwise when it is not built, its programs are not
    /// installed, it ends, or does not serve in time.
    pub async fn start(runtime: &'static dyn EdgeRuntime, launch: &Launch<'_>) -> Result<Self> {
        let this = Self::launch(runtime, launch)?;
        let (path, status) = this.running.ready();
        this.answers(path, status).await?;
        Ok(this)
    }

    /// Starts one whose settings are wrong, and waits until it refuses to serve.
    ///
    /// # Errors
    /// As [`Edge::start`]; also when it serves.
    pub async fn start_misconfigured(runtime: &'static dyn EdgeRuntime, launch: &Launch<'_>) -> Result<Self> {
        let this = Self::launch(runtime, launch)?;
        this.answers("/healthz", StatusCode::INTERNAL_SERVER_ERROR).await?;
        Ok(this)
    }

    fn launch(runtime: &'static dyn EdgeRuntime, launch: &Launch<'_>) -> Result<Self> {
        if let Some(missing) = launch.needs().find(|capability| !runtime.capabilities().contains(capability)) {
            return Err(Lacks(missing).into());
        }
        Ok(Self { runtime, sandbox: launch.sandbox.clone(), running: runtime.launch(launch)? })
    }

    async fn answers(&self, path: &str, status: StatusCode) -> Result<()> {
        ready(self.process(), &format!("{}{path}", self.url()), status, Duration::from_secs(60)).await
    }

    /// For a test that needs something of what is around this edge, and of nothing else notices that it is not there.
    ///
    /// # Errors
    /// [`Lacks`] when it has not been started with that.
    pub fn needs(&self, capability: Capability) -> Result<()> {
        if self.sandbox.has(capability) { Ok(()) } else { Err(Lacks(capability).into()) }
    }

    /// Sets the clock of an edge with [`Capability::Clock`]: so many seconds ahead of this machine's, or behind it.
    ///
    /// # Errors
    /// [`Lacks`] without that; or when nobody answers.
    pub async fn move_clock(&self, ahead: i64) -> Result<()> {
        self.needs(Capability::Clock)?;
        self.running.move_clock(ahead).await
    }

    /// Gives an edge with [`Capability::Bindings`] other settings, and does not restart it.
    ///
    /// # Errors
    /// [`Lacks`] without that; or when nobody answers.
    pub async fn change_settings(&self, settings: Settings<'_>) -> Result<()> {
        self.needs(Capability::Bindings)?;
        self.running.change_settings(settings).await
    }

    /// The memory of the wasm of an edge with [`Capability::Memory`], in bytes.
    ///
    /// # Errors
    /// [`Lacks`] without that; or when nobody answers.
    pub async fn wasm_memory(&self) -> Result<u64> {
        self.needs(Capability::Memory)?;
        self.running.wasm_memory().await
    }

    /// A client whose requests come from another address than this machine's own, a different one for each number.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn http_from(&self, number: u8) -> Result<Client> {
        Ok(self.runtime.at_address(by_hand::http_builder(), number).build()?)
    }

    /// Where it listens, by address. Whoever asks for this host asks for its public URL; other hosts stay as they are.
    pub fn url(&self) -> &str {
        self.running.url()
    }

    /// The program.
    pub fn process(&self) -> &Process {
        self.running.process()
    }

    /// Everything that it has printed so far.
    pub fn log(&self) -> String {
        self.process().log()
    }

    /// The audit records that it has logged so far.
    pub fn records(&self) -> Vec<Value> {
        self.records_after(0)
    }

    /// The audit records that it has logged since its log was of this length.
    pub fn records_after(&self, mark: usize) -> Vec<Value> {
        self.runtime.records(&self.log()[mark..])
    }

    /// Waits for the first record of this event that it has logged since its log was of this length.
    ///
    /// # Errors
    /// When there is none in time.
    pub async fn record_after(&self, mark: usize, event: &str) -> Result<Value> {
        let found = async {
            loop {
                if let Some(record) = self.records_after(mark).into_iter().find(|record| record["event"] == event) {
                    return record;
                }
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(Duration::from_secs(5), found).await.with_context(|| format!("nothing is logged about: {event}"))
    }

    /// Stops it and removes its secrets; dropping it does the same.
    pub fn stop(&self) {
        self.running.stop();
    }
}

impl Drop for Edge {
    fn drop(&mut self) {
        self.stop();
    }
}
