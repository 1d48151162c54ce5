//! The edge in bare workerd: what `wrangler dev` puts before it costs as much as the edge, and changes what is sent.

use std::{fs, path::PathBuf};

use anyhow::{Result, bail};
use futures_util::{FutureExt as _, future::BoxFuture};
use http::StatusCode;
use reqwest::ClientBuilder;
use serde_json::Value;

use super::{Capability, EdgeRuntime, Launch, Running, Settings, wrangler};
use crate::{
    process::Process,
    workerd::{MEMORY_PATH, Worker, Workerd},
};

/// The edge as it is deployed: the bundle of `make size`, with counters that count in memory. No suite runs against it; its
/// time and memory are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BareWorkerd;

impl EdgeRuntime for BareWorkerd {
    fn capabilities(&self) -> &'static [Capability] {
        &[Capability::Direct]
    }

    fn launch(&self, launch: &Launch<'_>) -> Result<Box<dyn Running>> {
        let Settings::Given(variables) = launch.settings else { bail!("bare workerd reads no written settings") };
        let workerd = Workerd::spawn(launch.port, launch.name, &Worker::edge(variables)?, launch.folder)?;
        Ok(Box::new(Bare { workerd, folder: launch.folder.join(launch.name), is_measured: false }))
    }

    fn records(&self, log: &str) -> Vec<Value> {
        wrangler::records(log)
    }

    fn at_address(&self, client: ClientBuilder, number: u8) -> ClientBuilder {
        wrangler::at_address(client, number)
    }
}

/// What `make edge` has compiled, without counters, whose memory can be read and whose clock can be moved.
pub(super) fn launch_measured(launch: &Launch<'_>) -> Result<Box<dyn Running>> {
    const KNOWN: [Capability; 2] = [Capability::Direct, Capability::Memory];
    if let Some(other) = launch.needs().find(|capability| !KNOWN.contains(capability)) {
        bail!("an edge with nothing before it has no {other}");
    }
    let Settings::Given(variables) = launch.settings else { bail!("bare workerd reads no written settings") };
    let workerd = Workerd::spawn(launch.port, launch.name, &Worker::measured_edge(variables)?, launch.folder)?;
    Ok(Box::new(Bare { workerd, folder: launch.folder.join(launch.name), is_measured: true }))
}

#[derive(Debug)]
struct Bare {
    workerd: Workerd,
    folder: PathBuf,
    is_measured: bool,
}

impl Running for Bare {
    fn url(&self) -> &str {
        self.workerd.url()
    }

    fn process(&self) -> &Process {
        self.workerd.process()
    }

    fn stop(&self) {
        self.workerd.process().stop();
        // It is in `target`; what cannot be removed now goes with the next run.
        let _ = fs::remove_dir_all(&self.folder);
    }

    fn ready(&self) -> (&str, StatusCode) {
        // By its address, for which an edge with another public URL does not answer.
        (if self.is_measured { MEMORY_PATH } else { "/healthz" }, StatusCode::OK)
    }

    fn wasm_memory(&self) -> BoxFuture<'_, Result<u64>> {
        self.workerd.wasm_memory().boxed()
    }
}
