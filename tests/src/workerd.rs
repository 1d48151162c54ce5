//! A Worker in bare workerd. `wrangler dev` puts Workers of its own in front, which cost more than the one that is looked
//! at; here is nothing but the runtime, so its time and memory are the Worker's.

use std::{fmt::Write as _, fs, path::Path, process::Command, time::Duration};

use anyhow::{Context as _, Result, bail};
use http::StatusCode;
use serde_json::Value;

use crate::{
    by_hand::http,
    edge::{Variables, wrangler::records},
    origin::ready,
    place,
    port::{Port, loopback},
    process::Process,
};

/// What to run. The first module is the main one.
#[derive(Debug, Clone, Default)]
pub struct Worker {
    /// Its modules.
    pub modules: Vec<Module>,
    /// Its variables and secrets, by name. They go into the process's environment, and into no file.
    pub variables: Variables,
    /// Names of bindings that count as the platform's rate limits do, and never say no.
    pub counters: Vec<&'static str>,
    /// Whether its scripts may call `gc()`.
    pub collects: bool,
    /// The class of its Durable Objects and the name of its binding to them, if it has any. Their storage is in the Worker's folder.
    pub objects: Option<[&'static str; 2]>,
}

/// A part of a Worker.
#[derive(Debug, Clone)]
pub struct Module {
    /// The name that the others import it by, without `./`.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Its content.
    pub content: Vec<u8>,
}

/// What a module is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An ES module.
    JavaScript,
    /// Compiled WebAssembly.
    Wasm,
}

impl Worker {
    /// One of a single module.
    pub fn script(text: impl Into<Vec<u8>>) -> Self {
        Self { modules: vec![Module::script("main.mjs", text)], ..Self::default() }
    }

    /// The edge as it is deployed: the bundle of `make size`, with counters that count in memory.
    ///
    /// # Errors
    /// When it is not built.
    pub fn edge(variables: &Variables) -> Result<Self> {
        Self::bundled(&place::target()?.join("bundle"), variables)
    }

    /// As [`Worker::edge`], of a bundle in another folder.
    ///
    /// # Errors
    /// When there is none.
    pub fn bundled(folder: &Path, variables: &Variables) -> Result<Self> {
        let missing = || format!("the edge is not bundled in {}: run `make size`", folder.display());
        let mut modules = Vec::new();
        for entry in fs::read_dir(folder).with_context(missing)? {
            let path = entry?.path();
            let kind = match path.extension().and_then(|extension| extension.to_str()) {
                Some("js") => Kind::JavaScript,
                Some("wasm") => Kind::Wasm,
                _ => continue,
            };
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            modules.push(Module { name, kind, content: fs::read(&path)? });
        }
        // The only script is the entry.
        modules.sort_by_key(|module| module.kind != Kind::JavaScript);
        if !matches!(&*modules, [first, second] if first.kind != second.kind) {
            bail!(missing());
        }
        let counters = vec!["CALLS_LIMIT", "GRANT_LIMIT", "CLIENT_LIMIT", "REDIRECT_HOST_LIMIT", "ADDRESS_LIMIT"];
        Ok(Self { modules, variables: variables.clone(), counters, collects: false, objects: Some(REFRESHES) })
    }

    /// The edge as `make edge` has compiled it, without counters.
    ///
    /// # Errors
    /// When it is not compiled.
    pub fn built_edge(variables: &Variables) -> Result<Self> {
        let build = place::edge_entry()?.with_file_name("build");
        let scripts = place::edge_scripts()?.into_iter().map(|(name, text)| Module::script(&name, text));
        let mut modules: Vec<_> = scripts.collect();
        for (name, kind) in [("bindings.js", Kind::JavaScript), ("index_bg.wasm", Kind::Wasm)] {
            let content = fs::read(build.join(name)).with_context(|| format!("no {name}: run `make edge`"))?;
            modules.push(Module { name: format!("build/{name}"), kind, content });
        }
        Ok(Self { modules, variables: variables.clone(), objects: Some(REFRESHES), ..Self::default() })
    }

    /// The same behind a script that says how much memory its wasm has, and without objects.
    pub(crate) fn measured_edge(variables: &Variables) -> Result<Self> {
        let edge = Self::built_edge(variables)?.behind("memory.mjs", include_str!("memory.mjs"));
        Ok(Self { collects: true, objects: None, ..edge })
    }

    /// The same with another main module, which may import those there are.
    #[must_use]
    pub fn behind(mut self, name: &str, text: impl Into<Vec<u8>>) -> Self {
        self.modules.insert(0, Module::script(name, text));
        self
    }
}

impl Module {
    /// An ES module.
    pub fn script(name: &str, text: impl Into<Vec<u8>>) -> Self {
        Self { name: name.to_owned(), kind: Kind::JavaScript, content: text.into() }
    }
}

/// A running workerd with one Worker. It is stopped when it is dropped.
#[derive(Debug)]
pub struct Workerd {
    process: Process,
    url: String,
}

impl Workerd {
    /// Starts it on a free port, with its log `NAME.log` and its modules in `folder`, and waits until it answers at all.
    ///
    /// # Errors
    /// When workerd is not installed, it ends, or does not answer in time.
    pub async fn start(name: &str, worker: &Worker, folder: &Path) -> Result<Self> {
        Self::start_on(Port::Free.choose()?, name, worker, folder).await
    }

    /// As [`Workerd::start`], on a port that is known before.
    ///
    /// # Errors
    /// As [`Workerd::start`].
    pub async fn start_on(port: u16, name: &str, worker: &Worker, folder: &Path) -> Result<Self> {
        let this = Self::spawn(port, name, worker, folder)?;
        let deadline = Duration::from_secs(20);
        ready(&this.process, &format!("{}/healthz", this.url), StatusCode::OK, deadline).await?;
        Ok(this)
    }

    /// Starts the edge that `make edge` has compiled, without counters, on a free port, whatever its public URL is, and waits until it answers.
    ///
    /// # Errors
    /// As [`Workerd::start`].
    pub async fn start_measured(name: &str, variables: &Variables, folder: &Path) -> Result<Self> {
        let this = Self::spawn(Port::Free.choose()?, name, &Worker::measured_edge(variables)?, folder)?;
        let deadline = Duration::from_secs(20);
        ready(&this.process, &format!("{}{MEMORY_PATH}", this.url), StatusCode::OK, deadline).await?;
        Ok(this)
    }

    /// As [`Workerd::start_on`], and does not wait.
    ///
    /// # Errors
    /// When workerd is not installed or cannot be started.
    pub fn spawn(port: u16, name: &str, worker: &Worker, folder: &Path) -> Result<Self> {
        Self::spawn_instances(&[port], name, worker, folder)
    }

    /// As [`Workerd::spawn`], with an instance of the Worker for each port, in an isolate of its own. All have the same objects,
    /// which live in the first one's isolate. Its URL is the first one's.
    ///
    /// # Errors
    /// As [`Workerd::spawn`].
    pub fn spawn_instances(ports: &[u16], name: &str, worker: &Worker, folder: &Path) -> Result<Self> {
        let own = folder.join(name);
        worker
            .modules
            .iter()
            .try_for_each(|module| {
                let path = own.join(&module.name);
                fs::create_dir_all(path.parent().unwrap_or(&own))?;
                fs::write(path, &module.content)
            })
            .with_context(|| format!("cannot write the modules of {name}"))?;
        let config = own.join("config.capnp");
        fs::write(&config, configuration(ports, worker, &own)?)
            .with_context(|| format!("cannot write {}", config.display()))?;
        let mut command = Command::new(place::workerd()?);
        command.env_clear().envs(&worker.variables).arg("serve").arg(&config);
        let process = Process::spawn(name, &mut command, folder)?;
        let port = ports.first().context("no port")?;
        Ok(Self { process, url: format!("http://localhost:{port}") })
    }

    /// Its own URL, which may be an issuer, without a trailing slash.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The program.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// The audit records that it has logged so far.
    pub fn records(&self) -> Vec<Value> {
        records(&self.process.log())
    }

    /// What it has cost so far, with the kernel's time for it.
    pub fn cpu_time(&self) -> Duration {
        self.process.cpu_time(PROGRAM)
    }

    /// The memory of the wasm of an edge of [`Workerd::start_measured`], in bytes.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn wasm_memory(&self) -> Result<u64> {
        let http = http()?;
        Ok(http.get(format!("{}{MEMORY_PATH}", self.url)).send().await?.json().await?)
    }

    /// Moves the clock of such an edge: so many seconds ahead of this machine's.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn move_clock(&self, ahead: u64) -> Result<()> {
        self.set("ahead", &ahead.to_string()).await
    }

    /// Whether such an edge goes on for clients that have gone, as the platform does for half a minute.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn goes_on(&self, goes_on: bool) -> Result<()> {
        self.set("goesOn", &goes_on.to_string()).await
    }

    async fn set(&self, name: &str, value: &str) -> Result<()> {
        let http = http()?;
        http.get(format!("{}{MEMORY_PATH}?{name}={value}", self.url)).send().await?.error_for_status()?;
        Ok(())
    }

    /// Its resident memory, in bytes.
    pub fn memory(&self) -> u64 {
        self.process.memory(PROGRAM)
    }

    /// The most of it that it has had at one time, in bytes.
    pub fn peak_memory(&self) -> u64 {
        self.process.peak_memory(PROGRAM)
    }
}

/// As in `memory.mjs`.
pub(crate) const MEMORY_PATH: &str = "/test-memory";
/// What the process is called.
const PROGRAM: &str = "workerd";

/// The configuration, as workerd's own schema wants it. It names the modules by paths beside it.
fn configuration(ports: &[u16], worker: &Worker, folder: &Path) -> Result<String> {
    let runtime = place::checkout().join("edge/cloudflare/wrangler.toml");
    let text = fs::read_to_string(&runtime).with_context(|| format!("cannot read {}", runtime.display()))?;
    let runtime: Value = toml::from_str(&text).with_context(|| format!("cannot read {}", runtime.display()))?;
    let (mut modules, mut bindings, mut extensions) = (String::new(), String::new(), String::new());
    for Module { name, kind, .. } in &worker.modules {
        let member = match kind {
            Kind::JavaScript => "esModule",
            Kind::Wasm => "wasm",
        };
        write!(modules, "(name = {name:?}, {member} = embed {name:?}), ")?;
    }
    for name in worker.variables.keys() {
        write!(bindings, "(name = {name:?}, fromEnvironment = {name:?}), ")?;
    }
    for name in &worker.counters {
        write!(bindings, "(name = {name:?}, wrapped = (moduleName = \"counter\")), ")?;
    }
    if !worker.counters.is_empty() {
        write!(extensions, "(modules = [(name = \"counter\", internal = true, esModule = {COUNTER:?})])")?;
    }
    let (mut objects, mut services) = (String::new(), String::new());
    if let Some([class, binding]) = worker.objects {
        let of_the_first = format!(r#"(className = {class:?}, serviceName = "{}")"#, service(0));
        write!(bindings, "(name = {binding:?}, durableObjectNamespace = {of_the_first}), ")?;
        objects = format!(
            "durableObjectNamespaces = [(className = {class:?}, uniqueKey = {class:?}, enableSql = true)],
  durableObjectStorage = (localDisk = \"storage\"),"
        );
        let storage = folder.join("storage");
        // What an earlier run has left is not this one's.
        let _ = fs::remove_dir_all(&storage);
        fs::create_dir_all(&storage).with_context(|| format!("cannot make {}", storage.display()))?;
        writeln!(services, r#"    (name = "storage", disk = (path = {storage:?}, writable = true)),"#)?;
    }
    let (mut sockets, mut workers) = (String::new(), String::new());
    for (index, port) in ports.iter().enumerate() {
        let (name, address) = (service(index), loopback(*port));
        writeln!(services, r#"    (name = "{name}", worker = .{name}),"#)?;
        writeln!(sockets, r#"    (name = "http{index}", address = "{address}", http = (), service = "{name}"),"#)?;
        write!(
            workers,
            r#"
const {name} :Workerd.Worker = (
  modules = [{modules}],
  bindings = [{bindings}],
  {objects}
  compatibilityDate = {date},
  compatibilityFlags = {flags},
);
"#,
            objects = if index == 0 { objects.as_str() } else { "" },
            date = runtime["compatibility_date"],
            flags = runtime["compatibility_flags"],
        )?;
    }
    Ok(format!(
        r#"using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
{services}    (name = "internet", network = (allow = ["public", "private"])),
  ],
  sockets = [
{sockets}  ],
  extensions = [{extensions}],
  v8Flags = ["--max-heap-size={HEAP_MEGABYTES}"{collects}],
);
{workers}"#,
        collects = if worker.collects { r#", "--expose-gc""# } else { "" },
    ))
}

fn service(index: usize) -> String {
    format!("instance{index}")
}

/// The class of the edge's objects, and the name of its binding to them.
const REFRESHES: [&str; 2] = ["Refreshes", "REFRESHES"];

/// As much as a Worker may have of it at Cloudflare: without a limit, V8 collects late.
pub const HEAP_MEGABYTES: u32 = 128;

/// Counts by key, as the platform does near the request, and is never full.
const COUNTER: &str = "export default () => { \
const counts = new Map(); \
return { async limit({ key }) { counts.set(key, (counts.get(key) ?? 0) + 1); return { success: true }; } }; }";
