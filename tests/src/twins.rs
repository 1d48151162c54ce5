//! Two instances of the edge as it is deployed, each in an isolate of its own, in one workerd: they share nothing but the objects
//! in which instances coordinate refreshes.

use std::{path::Path, time::Duration};

use anyhow::{Context as _, Result};
use http::StatusCode;
use serde_json::Value;

use crate::{
    by_hand::http,
    edge::{Variables, wrangler::records},
    origin::ready,
    port::{Port, loopback},
    process::Process,
    workerd::{Worker, Workerd},
};

/// Both. They are stopped when this is dropped.
#[derive(Debug)]
pub struct Twins {
    workerd: Workerd,
    urls: [String; 2],
}

/// What becomes of an instance's calls to the objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Objects {
    /// They arrive.
    Work,
    /// They fail at once.
    Throw,
    /// They are not answered.
    Hang,
    /// There is no binding.
    Missing,
}

impl Twins {
    /// Starts both, with their log `NAME.log`, and waits until they serve.
    ///
    /// # Errors
    /// When the edge is not built, workerd is not installed, it ends, or does not serve in time.
    pub async fn start(name: &str, variables: &Variables, folder: &Path) -> Result<Self> {
        let worker = Worker::built_edge(variables)?.behind("twins.mjs", include_str!("twins.mjs"));
        let ports = [Port::Free.choose()?, Port::Free.choose()?];
        let workerd = Workerd::spawn_instances(&ports, name, &worker, folder)?;
        let urls = ports.map(|port| format!("http://{}", loopback(port)));
        for url in &urls {
            let deadline = Duration::from_secs(20);
            ready(workerd.process(), &format!("{url}{CONTROL_PATH}"), StatusCode::NO_CONTENT, deadline).await?;
        }
        Ok(Self { workerd, urls })
    }

    /// Where each listens. Whoever asks there asks for the public URL.
    pub fn urls(&self) -> [&str; 2] {
        self.urls.each_ref().map(String::as_str)
    }

    /// The program.
    pub fn process(&self) -> &Process {
        self.workerd.process()
    }

    /// The audit records that they have logged since their log was of this length.
    pub fn records_after(&self, mark: usize) -> Vec<Value> {
        records(&self.process().log()[mark..])
    }

    /// Sets the clocks of both, and with them that of the objects: so many seconds ahead of this machine's.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn move_clock(&self, ahead: u64) -> Result<()> {
        for url in self.urls() {
            set(url, "ahead", &ahead.to_string()).await?;
        }
        Ok(())
    }

    /// Says what becomes of the calls of the instance at `url` to the objects.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn set_objects(&self, url: &str, objects: Objects) -> Result<()> {
        let mode = match objects {
            Objects::Work => "works",
            Objects::Throw => "throws",
            Objects::Hang => "hangs",
            Objects::Missing => "missing",
        };
        set(url, "refreshes", mode).await
    }

    /// Whether the instance at `url` goes on for clients that have gone. If not, a request ends with its client.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn goes_on(&self, url: &str, goes_on: bool) -> Result<()> {
        set(url, "goesOn", &goes_on.to_string()).await
    }
}

async fn set(url: &str, name: &str, value: &str) -> Result<()> {
    let request = http()?.get(format!("{url}{CONTROL_PATH}?{name}={value}"));
    request.send().await?.error_for_status().context("an instance cannot be told anything")?;
    Ok(())
}

/// As in `twins.mjs`.
const CONTROL_PATH: &str = "/test-twin";
