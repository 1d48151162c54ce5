//! The origin: the real program `edgeward-origin`.

use std::{
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};
use edgeward_identity::names::origin as names;
use http::StatusCode;

use crate::{place, port::loopback, process::Process};

/// A running origin.
#[derive(Debug)]
pub struct Origin {
    process: Process,
    url: String,
}

/// Which program is the origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Program {
    /// The real one.
    #[default]
    Real,
    /// The one that the official conformance tool asks for.
    Conformance,
}

/// What an origin has to be told.
#[derive(Debug)]
pub struct Settings<'a> {
    /// What it is called, and its log.
    pub name: &'a str,
    /// Which one.
    pub program: Program,
    /// Port to listen on.
    pub port: u16,
    /// The edge's issuer.
    pub issuer: &'a str,
    /// What the edge calls this origin.
    pub audience: &'a str,
    /// Base URL of the weather service.
    pub weather: &'a str,
    /// Its keys of sessions; one of its own if there are none.
    pub session_keys: Option<&'a str>,
    /// How long open requests may go on when it is told to stop.
    pub shutdown: Duration,
}

impl Origin {
    /// Starts it, with its log in `folder`, and waits until it serves.
    ///
    /// # Errors
    /// When it is not built, ends, or does not serve in time.
    pub async fn start(settings: &Settings<'_>, folder: &Path) -> Result<Self> {
        let address = loopback(settings.port);
        let program = match settings.program {
            Program::Real => "edgeward-origin",
            Program::Conformance => "edgeward-conformance",
        };
        let mut command = Command::new(place::program(program)?);
        command
            .env_clear()
            .env(names::ISSUER.variable, settings.issuer)
            .env(names::AUDIENCE.variable, settings.audience)
            .env(names::WEATHER_URL.variable, settings.weather)
            .env(names::LISTEN, address.to_string())
            .env(names::SHUTDOWN_SECONDS, settings.shutdown.as_secs().to_string());
        if let Some(keys) = settings.session_keys {
            command.env(names::SESSION_KEYS.variable, keys);
        }
        let process = Process::spawn(settings.name, &mut command, folder)?;
        let this = Self { process, url: format!("http://{address}") };
        this.ready().await?;
        Ok(this)
    }

    /// Its base URL, without a trailing slash.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The program.
    pub fn process(&self) -> &Process {
        &self.process
    }

    async fn ready(&self) -> Result<()> {
        let health = format!("{}/healthz", self.url);
        ready(&self.process, &health, StatusCode::OK, Duration::from_secs(20)).await
    }
}

/// Waits until a program answers at `health` with this status.
///
/// # Errors
/// When it ends, or does not answer so in time.
pub async fn ready(process: &Process, health: &str, status: StatusCode, patience: Duration) -> Result<()> {
    let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(5)).build()?;
    let started = Instant::now();
    loop {
        let answer = http.get(health).send().await;
        if answer.as_ref().is_ok_and(|answer| answer.status() == status) {
            return Ok(());
        }
        let (name, log) = (process.name(), process.log_path().display().to_string());
        if let Some(status) = process.exited()? {
            bail!("{name} ended with {status}; its log is {log}:\n{}", end_of(&process.log()));
        }
        if started.elapsed() > patience {
            let last = match answer {
                Ok(answer) => format!("its last answer was {}", answer.status()),
                Err(error) => format!("{error}"),
            };
            let end = end_of(&process.log());
            bail!("{name} is not ready after {} s: {last}; its log is {log}:\n{end}", patience.as_secs());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The last lines of a log.
fn end_of(log: &str) -> String {
    let lines: Vec<_> = log.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
