//! The edge as a CDN runs it: one public address, several instances behind it. New settings reach one instance before the
//! other, and meanwhile a client's requests meet both. No instance is restarted for them.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use anyhow::{Context as _, Result};

use crate::{
    edge::{Capability, Edge, EdgeRuntime, Launch, Settings},
    forward::lock,
    port::{Port, loopback},
    round_robin::RoundRobin,
};

/// The public address. It stops, with all instances, when it is dropped.
#[derive(Debug)]
pub struct Front {
    runtime: &'static dyn EdgeRuntime,
    balancer: RoundRobin,
    instances: Mutex<Vec<Arc<Edge>>>,
    folder: PathBuf,
    started: AtomicUsize,
}

impl Front {
    /// Listens on a free port, with nothing behind it yet; logs of instances go to `folder`.
    ///
    /// # Errors
    /// When there is no free port.
    pub async fn start(runtime: &'static dyn EdgeRuntime, folder: &Path) -> Result<Self> {
        let balancer = RoundRobin::start(loopback(Port::Free.choose()?)).await?;
        let (instances, started) = (Mutex::default(), AtomicUsize::new(0));
        Ok(Self { runtime, balancer, instances, folder: folder.to_owned(), started })
    }

    /// The public URL, without a trailing slash.
    pub fn url(&self) -> String {
        format!("http://localhost:{}", self.balancer.address().port())
    }

    /// Starts an instance with the settings in a folder, beside those that serve already.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn add(&self, settings: &Path) -> Result<()> {
        let name = format!("edge-{}", self.started.fetch_add(1, Ordering::Relaxed) + 1);
        let (port, sandbox) = (Port::Free.choose()?, Capability::Bindings.into());
        let settings = Settings::Written(settings);
        let launch = Launch { name: &name, port, settings, sandbox, folder: &self.folder };
        let edge = Edge::start(self.runtime, &launch).await?;
        self.balancer.add(edge.url());
        lock(&self.instances).push(Arc::new(edge));
        Ok(())
    }

    /// Stops all instances; dropping this does the same.
    pub fn stop(&self) {
        lock(&self.instances).iter().for_each(|edge| edge.stop());
    }

    /// How many instances there are.
    pub fn instances(&self) -> usize {
        lock(&self.instances).len()
    }

    /// Gives the settings in a folder to one instance, which goes on with them.
    ///
    /// # Errors
    /// When there is no such instance, or it does not take them.
    pub async fn change(&self, at: usize, settings: &Path) -> Result<()> {
        let edge = lock(&self.instances).get(at).cloned().context("there is no such instance")?;
        edge.change_settings(Settings::Written(settings)).await
    }
}
