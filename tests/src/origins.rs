//! The origins of a stack: several tasks of one service, behind a load balancer that is not sticky.

use std::{
    path::{Path, PathBuf},
    process::ExitStatus,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};

use crate::{
    forward::lock,
    origin::{Origin, Program, Settings},
    port::Port,
    process::Process,
    round_robin::RoundRobin,
};

/// How many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tasks {
    /// One: for what must reach the task that it began at.
    One,
    /// Two, as in every deployment.
    #[default]
    Two,
}

/// What all of them are told.
#[derive(Debug, Clone)]
pub struct Shared {
    /// Which program.
    pub program: Program,
    /// The edge's issuer.
    pub issuer: String,
    /// What the edge calls them.
    pub audience: String,
    /// Base URL of the weather service.
    pub weather: String,
    /// Their keys of sessions.
    pub session_keys: String,
}

/// Running origins; they stop when this is dropped.
#[derive(Debug)]
pub struct Origins {
    front: RoundRobin,
    shared: Shared,
    folder: PathBuf,
    started: AtomicUsize,
    running: Mutex<Vec<Arc<Origin>>>,
    /// Logs of those that were replaced.
    replaced: Mutex<String>,
}

impl Origins {
    /// Starts them behind `front`, with their logs in `folder`.
    ///
    /// # Errors
    /// When one does not start.
    pub async fn start(front: RoundRobin, shared: Shared, tasks: Tasks, folder: &Path) -> Result<Self> {
        let this = Self {
            front,
            shared,
            folder: folder.to_owned(),
            started: AtomicUsize::new(0),
            running: Mutex::default(),
            replaced: Mutex::default(),
        };
        match tasks {
            Tasks::One => this.add().await?,
            Tasks::Two => {
                let (one, two) = tokio::join!(this.add(), this.add());
                one.and(two)?;
            }
        }
        Ok(this)
    }

    /// Where all of them are reached, without a trailing slash.
    pub fn url(&self) -> String {
        format!("http://{}", self.front.address())
    }

    /// Their keys of sessions.
    pub fn session_keys(&self) -> &str {
        &self.shared.session_keys
    }

    /// Replaces the oldest as a rolling deployment does: another is started and serves, the oldest is asked no more, ends
    /// what it has begun, and then itself.
    ///
    /// # Errors
    /// When one does not start or does not end well.
    pub async fn replace(&self) -> Result<()> {
        self.add().await?;
        let oldest = {
            let mut running = lock(&self.running);
            ensure!(running.len() > 1, "there is no origin to replace");
            running.remove(0)
        };
        self.front.remove(oldest.url()).await?;
        let status = tokio::task::spawn_blocking(move || {
            oldest.process().stop();
            oldest.process().exited().map(|status| (status, oldest.process().log()))
        });
        let (status, log) = status.await.context("it was not stopped")??;
        lock(&self.replaced).push_str(&log);
        ensure!(status.is_some_and(|status| status.success()), "an origin ended with {status:?}");
        Ok(())
    }

    /// Everything that they have logged.
    pub fn log(&self) -> String {
        let running: Vec<_> = lock(&self.running).iter().map(|origin| origin.process().log()).collect();
        [lock(&self.replaced).clone(), running.concat()].concat()
    }

    /// Resident memory of the largest, in bytes.
    pub fn memory(&self) -> u64 {
        let running = lock(&self.running);
        running.iter().map(|origin| origin.process().memory("edgeward-origin")).max().unwrap_or_default()
    }

    /// One that has ended by itself, and how.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn ended(&self) -> Result<Option<(Arc<Origin>, ExitStatus)>> {
        for origin in lock(&self.running).iter() {
            if let Some(status) = origin.process().exited()? {
                return Ok(Some((Arc::clone(origin), status)));
            }
        }
        Ok(None)
    }

    /// Stops them.
    pub fn stop(&self) {
        let running = lock(&self.running).clone();
        std::thread::scope(|scope| {
            for origin in &running {
                scope.spawn(|| Process::stop(origin.process()));
            }
        });
    }

    async fn add(&self) -> Result<()> {
        let Shared { program, issuer, audience, weather, session_keys } = &self.shared;
        let name = format!("origin-{}", self.started.fetch_add(1, Ordering::Relaxed) + 1);
        let settings = Settings {
            name: &name,
            program: *program,
            port: Port::Free.choose()?,
            issuer,
            audience,
            weather,
            session_keys: Some(session_keys),
            shutdown: SHUTDOWN,
        };
        let origin = Origin::start(&settings, &self.folder).await?;
        self.front.add(origin.url());
        lock(&self.running).push(Arc::new(origin));
        Ok(())
    }
}

/// Shorter than [`Process::stop`] waits.
const SHUTDOWN: Duration = Duration::from_secs(1);
