//! The edge: what `make edge` built, in real workerd under `wrangler dev`.

use std::{
    collections::BTreeMap,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use edgeward_identity::names::edge as names;
use http::StatusCode;
use serde_json::{Value, json};

use crate::{
    by_hand::http,
    front,
    origin::ready,
    place,
    port::{Port, loopback},
    process::Process,
    workerd::{Worker, Workerd},
};

/// A running edge.
#[derive(Debug)]
pub struct Edge {
    process: Process,
    /// Has the secrets in it, so it goes when the edge goes.
    folder: PathBuf,
    url: String,
}

/// The variables and secrets of an edge, by name.
pub type Variables = BTreeMap<String, String>;

/// How many requests a minute one party may make. The stack that suites share has no limits: they flood it on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limits {
    /// As many as `wrangler.toml` says.
    Deployed,
    /// As many as this: calls, refreshes of one grant, of one client, redirect host, address.
    Of([u32; 5]),
}

/// Where requests go that the edge sends to hosts below `example`: the Internet has none.
pub type Elsewhere = Option<SocketAddr>;

/// What stands around an edge in place of the platform, so that a test can have what the platform would not give it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Around {
    /// Nothing.
    Nothing,
    /// Hosts below `example`.
    Hosts(SocketAddr),
    /// The platform's counters.
    Limits(Limits),
    /// A dataset, whose data points are logged as well.
    Dataset,
    /// Its clock can be moved ([`Edge::move_clock`]), and whatever waits for half a minute or longer waits for a fiftieth
    /// of that.
    Clock,
    /// Its bindings can be changed while it lives ([`Edge::rebind`]).
    Bindings,
    /// It is the build that panics when it is told to.
    Panics,
    /// Its calls to what is around it are counted ([`Edge::calls`]): wasm, `fetch`, and the bindings it is deployed with.
    Count,
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

impl From<Elsewhere> for Around {
    fn from(elsewhere: Elsewhere) -> Self {
        elsewhere.map_or(Self::Nothing, Self::Hosts)
    }
}

impl Edge {
    /// Starts it on a port, with its log in `folder`, and waits until it serves.
    ///
    /// # Errors
    /// When it is not built, wrangler is not installed, it ends, or does not serve in time.
    pub async fn start(port: u16, variables: &Variables, around: Around, folder: &Path) -> Result<Self> {
        let this = Self::spawn("edge", port, variables, around, folder)?;
        this.answers(StatusCode::OK).await?;
        Ok(this)
    }

    /// Starts it as it is deployed, in bare workerd: what `wrangler dev` puts before it costs as much as the edge. Nothing of
    /// its log is kept.
    ///
    /// # Errors
    /// When it is not bundled, workerd is not installed, it ends, or does not serve in time.
    pub async fn start_bare(port: u16, variables: &Variables, folder: &Path) -> Result<Self> {
        let workerd = Workerd::start_on(port, "edge", &Worker::edge(variables)?, folder).await?;
        let url = workerd.url().to_owned();
        Ok(Self { process: workerd.into_process(), folder: folder.join("edge"), url })
    }

    /// Starts another one, with other settings. Its log is `other-edge.log`.
    ///
    /// # Errors
    /// As [`Edge::start`].
    pub async fn start_other(port: u16, variables: &Variables, elsewhere: Elsewhere, folder: &Path) -> Result<Self> {
        let this = Self::spawn("other-edge", port, variables, elsewhere.into(), folder)?;
        this.answers(StatusCode::OK).await?;
        Ok(this)
    }

    /// As [`Edge::start`], with a name of its own for its log: `NAME.log`.
    ///
    /// # Errors
    /// As [`Edge::start`].
    pub async fn start_named(name: &str, port: u16, variables: &Variables, folder: &Path) -> Result<Self> {
        let this = Self::spawn(name, port, variables, Around::Nothing, folder)?;
        this.answers(StatusCode::OK).await?;
        Ok(this)
    }

    /// Starts another one, whose settings are wrong, and waits until it refuses to serve. Its log is
    /// `misconfigured-edge.log`.
    ///
    /// # Errors
    /// As [`Edge::start`]; also when it serves.
    pub async fn start_misconfigured(port: u16, variables: &Variables, folder: &Path) -> Result<Self> {
        let this = Self::spawn("misconfigured-edge", port, variables, Around::Nothing, folder)?;
        this.answers(StatusCode::INTERNAL_SERVER_ERROR).await?;
        Ok(this)
    }

    /// Starts another one with something around it. Its log is `NAME.log`.
    ///
    /// # Errors
    /// As [`Edge::start`].
    pub async fn start_around(name: &str, around: Around, variables: &Variables, folder: &Path) -> Result<Self> {
        let this = Self::spawn(name, Port::Free.choose()?, variables, around, folder)?;
        this.answers(StatusCode::OK).await?;
        Ok(this)
    }

    /// Sets the clock of an edge with [`Around::Clock`] or [`Around::Hosts`]: so many seconds ahead of this machine's, or behind it.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn move_clock(&self, ahead: i64) -> Result<()> {
        let http = http()?;
        let answer = http.get(format!("{}{CLOCK_PATH}?{ahead}", self.url)).send().await?;
        if answer.status() != StatusCode::NO_CONTENT {
            bail!("its clock cannot be moved: {}", answer.status());
        }
        Ok(())
    }

    /// Gives an edge with [`Around::Bindings`] other variables and secrets, and does not restart it.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn rebind(&self, how: Rebinding, variables: &Variables) -> Result<()> {
        let how = match how {
            Rebinding::Replaced => "replaced",
            Rebinding::Mutated => "mutated",
            Rebinding::Copied => "copied",
        };
        let http = http()?;
        let change =
            http.post(format!("{}{BINDINGS_PATH}", self.url)).json(&json!({ "how": how, "variables": variables }));
        let answer = change.send().await?;
        if answer.status() != StatusCode::NO_CONTENT {
            bail!("its bindings cannot be changed: {}", answer.status());
        }
        Ok(())
    }

    /// How often an edge with [`Around::Bindings`] has read its settings, and how many requests it has begun.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn configured_and_begun(&self) -> Result<[u64; 2]> {
        let http = http()?;
        Ok(http.get(format!("{}{BINDINGS_PATH}", self.url)).send().await?.json().await?)
    }

    /// What an edge with [`Around::Count`] has called since it was asked last, and how often: `into wasm NAME`,
    /// `out of wasm NAME`, `fetch`, `binding NAME`.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn calls(&self) -> Result<BTreeMap<String, u64>> {
        let http = http()?;
        Ok(http.get(format!("{}{CALLS_PATH}", self.url)).send().await?.json().await?)
    }

    async fn answers(&self, status: StatusCode) -> Result<()> {
        ready(&self.process, &format!("{}/healthz", self.url), status, Duration::from_secs(60)).await
    }

    /// Starts one with [`Around::Bindings`] and a copy of the settings that `edgeward push --target local` has written to
    /// `settings`, so that it keeps them when others are written, and waits until it serves.
    ///
    /// # Errors
    /// As [`Edge::start`].
    pub async fn start_from(settings: &Path, name: &str, port: u16, folder: &Path) -> Result<Self> {
        let entry = place::edge_entry()?;
        let own = folder.join(name);
        let copied = || {
            fs::create_dir_all(&own)?;
            fs::copy(settings.join(SECRETS), own.join(SECRETS))?;
            fs::write(own.join(ENTRY), rebound(&entry))?;
            let mut config: Value = serde_json::from_str(&fs::read_to_string(settings.join(CONFIG))?)?;
            config["main"] = ENTRY.into();
            anyhow::Ok(fs::write(own.join(CONFIG), config.to_string())?)
        };
        copied().with_context(|| format!("cannot copy the settings in {}", settings.display()))?;
        let this = Self::run(name, port, own, folder)?;
        // It is asked by its address, for which an edge does not answer.
        this.answers(StatusCode::MISDIRECTED_REQUEST).await?;
        Ok(this)
    }

    fn spawn(name: &str, port: u16, variables: &Variables, around: Around, folder: &Path) -> Result<Self> {
        let entry = place::edge_entry()?;
        let own = folder.join(name);
        write_settings(&own, &entry, port, variables, around).context("cannot write the edge's settings")?;
        Self::run(name, port, own, folder)
    }

    /// Runs wrangler in `own`, where its settings are.
    fn run(name: &str, port: u16, own: PathBuf, folder: &Path) -> Result<Self> {
        let process = Process::spawn(name, &mut wrangler_dev(&own, port)?, folder)?;
        Ok(Self { process, folder: own, url: format!("http://{}", loopback(port)) })
    }

    /// Stops it and removes its secrets; dropping it does the same.
    pub fn stop(&self) {
        self.process.stop();
        // It is in `target`; what cannot be removed now goes with the next run.
        let _ = fs::remove_dir_all(&self.folder);
    }

    /// Where it listens, by address. Whoever asks for this host asks for its public URL; other hosts stay as they are.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The program.
    pub fn process(&self) -> &Process {
        &self.process
    }
}

impl Drop for Edge {
    fn drop(&mut self) {
        self.stop();
    }
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
fn write_settings(folder: &Path, entry: &Path, port: u16, variables: &Variables, around: Around) -> Result<()> {
    fs::create_dir_all(folder)?;
    let mut settings = wrangler_config(entry, around)?;
    let wrapped = match around {
        Around::Nothing | Around::Limits(_) => None,
        Around::Hosts(address) => Some(diverted(entry, address)),
        Around::Dataset => Some(observed(entry)),
        Around::Clock => Some(movable(entry)),
        Around::Bindings => Some(rebound(entry)),
        Around::Panics => Some(panicking(entry, folder)?),
        Around::Count => Some(counted(entry)),
    };
    let own = folder.join(ENTRY);
    if let Some(text) = &wrapped {
        fs::write(&own, text)?;
    }
    let inner = if wrapped.is_some() { &own } else { entry };
    fs::write(folder.join(FRONT), front::script(inner, port, variables.get(names::PUBLIC_URL)))?;
    settings["main"] = FRONT.into();
    fs::write(folder.join(CONFIG), settings.to_string())?;
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

/// The edge as it is, with a clock that can be moved, and a `fetch` around the platform's that sends https requests to hosts
/// below `example` to `address`, the host as the first part of the path. All else about a request stays.
fn diverted(entry: &Path, address: SocketAddr) -> String {
    format!(
        r#"{clock}
const platform = globalThis.fetch;
globalThis.fetch = (input, init) => {{
  const url = new URL(input.url ?? input);
  if (url.protocol !== "https:" || !url.hostname.endsWith(".example")) return platform(input, init);
  return platform(new Request("http://{address}/" + url.host + url.pathname + url.search, input), init);
}};
"#,
        clock = clock(entry)
    )
}

/// The edge as it is, with a clock and timers around the platform's.
fn movable(entry: &Path) -> String {
    format!(
        r#"{clock}
const wait = globalThis.setTimeout;
globalThis.setTimeout = (act, delay, ...rest) => wait(act, delay >= 30_000 ? delay / 50 : delay, ...rest);
"#,
        clock = clock(entry)
    )
}

/// The edge as it is, with a clock around the platform's.
fn clock(entry: &Path) -> String {
    format!(
        r#"import edge from {entry};
export {{ Refreshes }} from {entry};
const {{ now }} = Date;
let ahead = 0;
Date.now = () => now.call(Date) + ahead;
export default {{
  fetch(request, env, ctx) {{
    const url = new URL(request.url);
    if (url.pathname !== "{CLOCK_PATH}") return edge.fetch(request, env, ctx);
    ahead = Number(url.search.slice(1)) * 1000;
    return new Response(null, {{ status: 204 }});
  }},
}};
"#,
        entry = json!(entry)
    )
}

/// The edge as it is, with a dataset that logs each data point before the platform's gets it.
fn observed(entry: &Path) -> String {
    format!(
        r#"import edge from {entry};
export {{ Refreshes }} from {entry};
export default {{
  fetch(request, env, ctx) {{
    const writeDataPoint = (point) => {{
      console.log(JSON.stringify({{ point }}));
      env.METRICS.writeDataPoint(point);
    }};
    return edge.fetch(request, {{ ...env, METRICS: {{ writeDataPoint }} }}, ctx);
  }},
}};
"#,
        entry = json!(entry)
    )
}

/// The edge as it is, with bindings that can be changed.
fn rebound(entry: &Path) -> String {
    include_str!("bindings.mjs").replace(r#""entry.mjs""#, &json!(entry).to_string())
}

/// The variables and secrets that `edgeward push --target local` has written to a folder.
///
/// # Errors
/// When they cannot be read.
pub fn written_settings(folder: &Path) -> Result<Variables> {
    let config: Value = serde_json::from_str(&fs::read_to_string(folder.join(CONFIG))?)?;
    let variables = config["vars"].as_object().context("no variables")?;
    let plain = variables.iter().filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
    let secrets = fs::read_to_string(folder.join(SECRETS))?;
    let secret =
        |line: &str| line.strip_suffix('\'')?.split_once("='").map(|(name, value)| (name.into(), value.into()));
    Ok(plain.chain(secrets.lines().filter_map(secret)).collect())
}

/// The edge as it is, with everything counted that it calls.
fn counted(entry: &Path) -> String {
    include_str!("count.mjs").replace(r#""entry.mjs""#, &json!(entry).to_string())
}

const CONFIG: &str = "wrangler.json";
const SECRETS: &str = ".dev.vars";
const ENTRY: &str = "entry.mjs";
/// As in `bindings.mjs`.
const BINDINGS_PATH: &str = "/test-bindings";
const FRONT: &str = "front.mjs";
/// As in `count.mjs`.
const CALLS_PATH: &str = "/test-calls";
const CLOCK_PATH: &str = "/test-clock";

/// The edge's entry, with what it imports beside it, around the build that panics.
fn panicking(entry: &Path, folder: &Path) -> Result<String> {
    let build = place::target()?.join("panicking-edge");
    if !build.is_dir() {
        bail!("the edge that panics is not built: run `make panicking-edge`");
    }
    let build = format!("{}/", build.to_str().context("a path that is not Unicode")?);
    for (name, script) in place::edge_scripts()?.into_iter().filter(|(name, _)| name != ENTRY) {
        fs::write(folder.join(name), script.replace("./build/", &build))?;
    }
    Ok(fs::read_to_string(entry)?)
}

/// What the edge's own `wrangler.toml` says about the runtime, with its entry named by its full path.
fn wrangler_config(entry: &Path, around: Around) -> Result<Value> {
    let own = entry.with_file_name("wrangler.toml");
    let text = fs::read_to_string(&own).with_context(|| format!("cannot read {}", own.display()))?;
    let own: Value = toml::from_str(&text).with_context(|| format!("cannot read {}", own.display()))?;
    let mut config = json!({
        "name": "edgeward",
        "main": entry,
        "compatibility_date": own["compatibility_date"],
        "compatibility_flags": own["compatibility_flags"],
        "migrations": own["migrations"],
        "durable_objects": own["env"]["prod"]["durable_objects"],
    });
    match around {
        Around::Nothing | Around::Hosts(_) | Around::Clock | Around::Bindings | Around::Panics => {}
        Around::Count => config["ratelimits"] = own["env"]["prod"]["ratelimits"].clone(),
        Around::Limits(limits) => {
            let mut counters = own["env"]["prod"]["ratelimits"].clone();
            if let Limits::Of(numbers) = limits {
                for (counter, number) in counters.as_array_mut().into_iter().flatten().zip(numbers) {
                    counter["simple"]["limit"] = number.into();
                }
            }
            config["ratelimits"] = counters;
        }
        Around::Dataset => {
            config["analytics_engine_datasets"] = json!([{ "binding": "METRICS", "dataset": "edgeward" }]);
        }
    }
    Ok(config)
}
