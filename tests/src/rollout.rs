//! The edge as a CDN runs it: one public address, several instances behind it. New settings reach one instance before the
//! other, and meanwhile a client's requests meet both.

use std::{
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use anyhow::{Context as _, Result, bail};

use crate::{
    edge::Edge,
    forward::lock,
    port::Port,
    round_robin::{RoundRobin, Until},
};

/// The public address. It stops, with all instances, when it is dropped.
#[derive(Debug)]
pub struct Front {
    balancer: RoundRobin,
    instances: Mutex<Vec<Edge>>,
    folder: PathBuf,
    started: AtomicUsize,
}

impl Front {
    /// Listens on a free port, with nothing behind it yet; logs of instances go to `folder`.
    ///
    /// # Errors
    /// When there is no free port.
    pub async fn start(folder: &Path) -> Result<Self> {
        let balancer = RoundRobin::start(Port::Free.address()).await?;
        Ok(Self { balancer, instances: Mutex::default(), folder: folder.to_owned(), started: AtomicUsize::new(0) })
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
        let edge = Edge::start_from(settings, &name, Port::Free.choose()?, &self.folder).await?;
        self.balancer.add(edge.url());
        lock(&self.instances).push(edge);
        Ok(())
    }

    /// Takes the oldest instance out, and stops it when it has answered what it was asked.
    ///
    /// # Errors
    /// When there is none, or it does not come to an end.
    pub async fn retire(&self) -> Result<()> {
        let oldest = {
            let mut instances = lock(&self.instances);
            if instances.is_empty() {
                bail!("there is no instance");
            }
            instances.remove(0)
        };
        self.balancer.remove(oldest.url(), Until::Ended).await?;
        tokio::task::spawn_blocking(move || drop(oldest)).await.context("it was not stopped")
    }
}
