//! What `make edge` built, in real workerd under `wrangler dev`.
//!
//! What a sandbox asks for is scripts around the edge's entry, one around the other; `front` is the outermost.

mod front;
mod scripts;

use std::{
    collections::BTreeMap,
    fs,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};
use edgeward_identity::names::edge as names;
use futures_util::{FutureExt as _, future::BoxFuture};
use http::{HeaderMap, HeaderValue, StatusCode};
use reqwest::ClientBuilder;
use serde_json::{Value, json};

use super::{Capability, Edge, EdgeRuntime, Launch, Limits, Running, Sandbox, Settings, Variables, workerd};
use crate::{
    by_hand::http,
    place,
    port::{Port, loopback},
    process::Process,
};

/// Cloudflare's edge, as people develop with it; in bare workerd where nothing may stand before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wrangler;

impl EdgeRuntime for Wrangler {
    fn capabilities(&self) -> &'static [Capability] {
        &Capability::ALL
    }

    fn launch(&self, launch: &Launch<'_>) -> Result<Box<dyn Running>> {
        if launch.sandbox.has(Capability::Direct) {
            return workerd::launch_measured(launch);
        }
        let own = launch.folder.join(launch.name);
        let asked_by = match launch.settings {
            Settings::Given(variables) => {
                write_settings(&own, launch.port, variables, &launch.sandbox)
                    .context("cannot write the edge's settings")?;
                AskedBy::PublicUrl
            }
            Settings::Written(settings) => {
                copy_settings(settings, &own, &launch.sandbox)
                    .with_context(|| format!("cannot copy the settings in {}", settings.display()))?;
                AskedBy::Address
            }
        };
        let process = Process::spawn(launch.name, &mut wrangler_dev(&own, launch.port)?, launch.folder)?;
        let url = format!("http://{}", loopback(launch.port));
        Ok(Box::new(WranglerDev { process, folder: own, url, asked_by }))
    }

    fn records(&self, log: &str) -> Vec<Value> {
        records(log)
    }

    fn at_address(&self, client: ClientBuilder, number: u8) -> ClientBuilder {
        at_address(client, number)
    }
}

/// The records in the log of an edge. wrangler puts marks around those that are not for information only.
pub fn records(log: &str) -> Vec<Value> {
    let json = |line: &str| serde_json::from_str(line.get(line.find('{')?..=line.rfind('}')?)?).ok();
    log.lines().filter_map(json).collect()
}

/// Cloudflare tells the Worker in a header field where a request comes from.
pub(super) fn at_address(client: ClientBuilder, number: u8) -> ClientBuilder {
    let mut headers = HeaderMap::new();
    if let Ok(address) = HeaderValue::try_from(Ipv4Addr::new(198, 51, 100, number).to_string()) {
        headers.insert("cf-connecting-ip", address);
    }
    client.default_headers(headers)
}

#[derive(Debug)]
struct WranglerDev {
    process: Process,
    /// Has the secrets in it, so it goes when the edge goes.
    folder: PathBuf,
    url: String,
    asked_by: AskedBy,
}

/// What a request to the address of an edge is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AskedBy {
    /// Its public URL: the front has changed it.
    PublicUrl,
    /// The address, for which an edge does not answer.
    Address,
}

impl Running for WranglerDev {
    fn url(&self) -> &str {
        &self.url
    }

    fn process(&self) -> &Process {
        &self.process
    }

    fn stop(&self) {
        self.process.stop();
        // It is in `target`; what cannot be removed now goes with the next run.
        let _ = fs::remove_dir_all(&self.folder);
    }

    fn ready(&self) -> (&str, StatusCode) {
        let status = match self.asked_by {
            AskedBy::PublicUrl => StatusCode::OK,
            AskedBy::Address => StatusCode::MISDIRECTED_REQUEST,
        };
        ("/healthz", status)
    }

    fn move_clock(&self, ahead: i64) -> BoxFuture<'_, Result<()>> {
        async move {
            let answer = http()?.get(format!("{}{}?{ahead}", self.url, scripts::CLOCK_PATH)).send().await?;
            if answer.status() != StatusCode::NO_CONTENT {
                bail!("its clock cannot be moved: {}", answer.status());
            }
            Ok(())
        }
        .boxed()
    }

    fn change_settings<'a>(&'a self, settings: Settings<'a>) -> BoxFuture<'a, Result<()>> {
        async move {
            match settings {
                Settings::Given(variables) => change_bindings(&self.url, Rebinding::Replaced, variables).await,
                Settings::Written(folder) => {
                    change_bindings(&self.url, Rebinding::Replaced, &written_settings(folder)?).await
                }
            }
        }
        .boxed()
    }
}

/// How the platform gives other bindings to an isolate that lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rebinding {
    /// As another object.
    Replaced,
    /// In the same object.
    Mutated,
    /// As another object for each request.
    Copied,
}

/// Gives an edge with [`Capability::Bindings`] other variables and secrets in one of the platform's ways.
///
/// # Errors
/// When nobody answers.
pub async fn rebind(edge: &Edge, how: Rebinding, variables: &Variables) -> Result<()> {
    edge.needs(Capability::Bindings)?;
    change_bindings(edge.url(), how, variables).await
}

async fn change_bindings(url: &str, how: Rebinding, variables: &Variables) -> Result<()> {
    let how = match how {
        Rebinding::Replaced => "replaced",
        Rebinding::Mutated => "mutated",
        Rebinding::Copied => "copied",
    };
    let change = json!({ "how": how, "variables": variables });
    let answer = http()?.post(format!("{url}{}", scripts::BINDINGS_PATH)).json(&change).send().await?;
    if answer.status() != StatusCode::NO_CONTENT {
        bail!("its bindings cannot be changed: {}", answer.status());
    }
    Ok(())
}

/// How often an edge with [`Capability::Bindings`] has read its settings, and how many requests it has begun.
///
/// # Errors
/// When nobody answers.
pub async fn configured_and_begun(edge: &Edge) -> Result<[u64; 2]> {
    edge.needs(Capability::Bindings)?;
    Ok(http()?.get(format!("{}{}", edge.url(), scripts::BINDINGS_PATH)).send().await?.json().await?)
}

/// What an edge with [`Capability::CountedCalls`] has called since it was asked last, and how often: `into wasm NAME`,
/// `out of wasm NAME`, `fetch`, `binding NAME`.
///
/// # Errors
/// When nobody answers.
pub async fn calls(edge: &Edge) -> Result<BTreeMap<String, u64>> {
    edge.needs(Capability::CountedCalls)?;
    Ok(http()?.get(format!("{}{}", edge.url(), scripts::CALLS_PATH)).send().await?.json().await?)
}

/// `wrangler dev` in a folder with a `wrangler.json`.
///
/// # Errors
/// When wrangler is not installed, or no port is free.
pub fn wrangler_dev(own: &Path, port: u16) -> Result<Command> {
    let mut command = Command::new(place::wrangler()?);
    command
        .current_dir(own)
        .args(["dev", "--config", CONFIG])
        .args(["--ip", "127.0.0.1", "--port", &port.to_string()])
        .args(["--inspector-port", &Port::Free.choose()?.to_string()])
        .arg("--persist-to")
        .arg(own.join("state"))
        .arg("--show-interactive-dev-session=false")
        .env("PATH", place::node_path())
        // Quiet and at home: no reports, no look-ups, no questions, nothing outside its folder.
        .env("CI", "true")
        .env("NO_COLOR", "1")
        .env("CLOUDFLARE_CF_FETCH_ENABLED", "false")
        .env("WRANGLER_HIDE_BANNER", "true")
        .env("WRANGLER_SEND_ERROR_REPORTS", "false")
        .env("WRANGLER_SEND_METRICS", "false")
        .env("WRANGLER_WRITE_LOGS", "false")
        .env("WRANGLER_REGISTRY_PATH", own.join("registry"))
        .env("XDG_CONFIG_HOME", own.join("config"));
    Ok(command)
}

/// All as secrets, which wrangler does not print.
fn write_settings(folder: &Path, port: u16, variables: &Variables, sandbox: &Sandbox) -> Result<()> {
    let entry = place::edge_entry()?;
    fs::create_dir_all(folder)?;
    let mut config = wrangler_config(&entry, sandbox)?;
    let inner = scripts::write(folder, &entry, sandbox)?;
    fs::write(folder.join(FRONT), front::script(&inner, port, variables.get(names::PUBLIC_URL)))?;
    config["main"] = FRONT.into();
    fs::write(folder.join(CONFIG), config.to_string())?;
    let mut lines = String::new();
    for (name, value) in variables {
        if value.contains(['\'', '\n']) {
            bail!("the value of {name} cannot be written in a .dev.vars file");
        }
        lines.push_str(&format!("{name}='{value}'\n"));
    }
    fs::write(folder.join(SECRETS), lines)?;
    Ok(())
}

/// A copy, so that an edge keeps its settings when others are written.
fn copy_settings(settings: &Path, folder: &Path, sandbox: &Sandbox) -> Result<()> {
    let entry = place::edge_entry()?;
    fs::create_dir_all(folder)?;
    fs::copy(settings.join(SECRETS), folder.join(SECRETS))?;
    let mut config: Value = serde_json::from_str(&fs::read_to_string(settings.join(CONFIG))?)?;
    config["main"] = json!(scripts::write(folder, &entry, sandbox)?);
    fs::write(folder.join(CONFIG), config.to_string())?;
    Ok(())
}

/// The variables and secrets that `edgeward push --target local` has written to a folder.
fn written_settings(folder: &Path) -> Result<Variables> {
    let config: Value = serde_json::from_str(&fs::read_to_string(folder.join(CONFIG))?)?;
    let variables = config["vars"].as_object().context("no variables")?;
    let plain = variables.iter().filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
    let secrets = fs::read_to_string(folder.join(SECRETS))?;
    let secret =
        |line: &str| line.strip_suffix('\'')?.split_once("='").map(|(name, value)| (name.into(), value.into()));
    Ok(plain.chain(secrets.lines().filter_map(secret)).collect())
}

/// What the edge's own `wrangler.toml` says about the runtime.
fn wrangler_config(entry: &Path, sandbox: &Sandbox) -> Result<Value> {
    let own = entry.with_file_name("wrangler.toml");
    let text = fs::read_to_string(&own).with_context(|| format!("cannot read {}", own.display()))?;
    let own: Value = toml::from_str(&text).with_context(|| format!("cannot read {}", own.display()))?;
    let mut config = json!({
        "name": "edgeward",
        "compatibility_date": own["compatibility_date"],
        "compatibility_flags": own["compatibility_flags"],
        "migrations": own["migrations"],
        "durable_objects": own["env"]["prod"]["durable_objects"],
    });
    if sandbox.limits().is_some() || sandbox.has(Capability::CountedCalls) {
        config["ratelimits"] = own["env"]["prod"]["ratelimits"].clone();
    }
    if let Some(Limits::Of(numbers)) = sandbox.limits() {
        for (counter, number) in config["ratelimits"].as_array_mut().into_iter().flatten().zip(numbers) {
            counter["simple"]["limit"] = number.into();
        }
    }
    if sandbox.has(Capability::DataPoints) {
        config["analytics_engine_datasets"] = json!([{ "binding": "METRICS", "dataset": "edgeward" }]);
    }
    Ok(config)
}

const CONFIG: &str = "wrangler.json";
const SECRETS: &str = ".dev.vars";
const FRONT: &str = "front.mjs";
