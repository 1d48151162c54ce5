//! The whole stack on this machine.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::ExitStatus,
    sync::Mutex,
    time::Duration,
};

use anyhow::{Context as _, Result, anyhow};
use edgeward_cognito::{Cognito, Config};
use edgeward_identity::names::edge as names;
use reqwest::Url;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing_subscriber::EnvFilter;

use crate::{
    edge::{DivertedHosts, Edge, EdgeRuntime, Launch, Limits, Sandbox, Settings, Variables},
    keys, origin,
    origins::{self, Origins, Tasks},
    place,
    port::{Port, loopback},
    process::Process,
    recorder::Recorder,
    round_robin::RoundRobin,
    weather::Weather,
};

/// How to start a stack.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Name of the run, for its folder in `target/stack`.
    pub name: String,
    /// Port of the edge.
    pub edge_port: Port,
    /// Port of the load balancer in front of the origins.
    pub origin_port: Port,
    /// Which program the origins are.
    pub origin: origin::Program,
    /// How many origins there are.
    pub tasks: Tasks,
    /// Port of Cognito's domain.
    pub cognito_port: Port,
    /// Port of Cognito's issuer.
    pub cognito_issuer_port: Port,
    /// Whether to remember all that passes the edge and the origin.
    pub recording: Recording,
    /// The user pool. Its addresses and the callback of its first client are set by the stack.
    pub cognito: Config,
    /// `EDGEWARD_KEYS`; new ones if there are none.
    pub keys: Option<String>,
    /// Further variables of the edge, or other values.
    pub variables: Variables,
    /// Where the edge's requests to hosts below `example` go.
    pub diverted_hosts: DivertedHosts,
    /// What else its edge has.
    pub sandbox: Sandbox,
    /// How many requests one party may make; none means any number.
    pub limits: Option<Limits>,
    /// What runs the edge; by default that of the first [edge](crate::edge::EDGES).
    pub runtime: &'static dyn EdgeRuntime,
}

/// Whether traffic is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Recording {
    /// It is not.
    #[default]
    Off,
    /// By a proxy in front of the edge and one in front of the origin. The edge's port is then the proxy's.
    On,
}

/// A running stack; everything stops when it is dropped, also by a panic.
#[derive(Debug)]
pub struct Stack {
    runtime: &'static dyn EdgeRuntime,
    // Stopped in this order.
    edge: Edge,
    origins: Origins,
    recorders: Option<Recorders>,
    cognito: Cognito,
    weather: Weather,
    variables: Variables,
    issuer: String,
    folder: PathBuf,
}

#[derive(Debug)]
struct Recorders {
    edge: Recorder,
    origin: Recorder,
}

impl Stack {
    /// Starts everything and waits until it serves.
    ///
    /// # Errors
    /// When something is not built or does not start; the message says what to do or where the log is.
    pub async fn start(options: Options) -> Result<Self> {
        allow_open_files();
        let folder = place::run_folder(&options.name)?;
        log_to(&folder.join("local.log"))?;
        let mut attempts = 3;
        loop {
            let started = Self::start_in(&folder, &options).await;
            attempts -= 1;
            match started {
                // A port that was free has been taken before it was used.
                Err(error) if attempts > 0 && is_clash(&error) => {}
                started => return started,
            }
        }
    }

    async fn start_in(folder: &Path, options: &Options) -> Result<Self> {
        // Listens from the beginning, so that nobody takes its port.
        let recorders = match options.recording {
            Recording::Off => None,
            Recording::On => Some(Recorders {
                edge: Recorder::start(loopback(options.edge_port.choose()?)).await?,
                origin: Recorder::start(loopback(0)).await?,
            }),
        };
        let (edge_port, public_port) = match &recorders {
            Some(recorders) => (Port::Free.choose()?, recorders.edge.address().port()),
            None => {
                let port = options.edge_port.choose()?;
                (port, port)
            }
        };
        let balancer = RoundRobin::start(options.origin_port.address()).await?;
        let origin_url = match &recorders {
            Some(recorders) => format!("http://{}", recorders.origin.address()),
            None => format!("http://{}", balancer.address()),
        };
        let issuer = format!("http://localhost:{public_port}");

        let weather = Weather::start(loopback(0)).await.context("cannot start the weather service")?;
        let cognito = Cognito::start(pool(options, &issuer)).await.context("cannot start the local Cognito")?;
        let variables = variables(options, &issuer, &origin_url, &cognito)?;
        let shared = origins::Shared {
            program: options.origin,
            issuer: issuer.clone(),
            audience: origin_url,
            weather: weather.url(),
            session_keys: keys::sessions()?,
        };
        // Both take their time.
        let (origins, edge) = tokio::join!(Origins::start(balancer, shared, options.tasks, folder), async {
            let sandbox = options.sandbox.clone().divert_hosts(options.diverted_hosts);
            let sandbox = options.limits.map_or(sandbox.clone(), |limits| sandbox.limit(limits));
            let settings = Settings::Given(&variables);
            let launch = Launch { name: "edge", port: edge_port, settings, sandbox, folder };
            Edge::start(options.runtime, &launch).await
        });
        let (origins, edge) = (origins?, edge?);
        if let Some(recorders) = &recorders {
            recorders.origin.forward_to(&origins.url());
            recorders.edge.forward_to(edge.url());
        }
        Ok(Self {
            runtime: options.runtime,
            edge,
            origins,
            recorders,
            cognito,
            weather,
            variables,
            issuer,
            folder: folder.to_owned(),
        })
    }

    /// The edge's issuer: its public origin, without a trailing slash.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The URL of something at the edge.
    ///
    /// # Panics
    /// When `path` makes no URL.
    pub fn url(&self, path: &str) -> Url {
        format!("{}{path}", self.issuer).parse().expect("a URL")
    }

    /// The MCP resource.
    pub fn mcp(&self) -> Url {
        self.url("/mcp")
    }

    /// The local Cognito.
    pub fn cognito(&self) -> &Cognito {
        &self.cognito
    }

    /// The weather service.
    pub fn weather(&self) -> &Weather {
        &self.weather
    }

    /// The origins.
    pub fn origins(&self) -> &Origins {
        &self.origins
    }

    /// The origins' own URL, without a trailing slash: past the edge and the recorder.
    pub fn origin_url(&self) -> String {
        self.origins.url()
    }

    /// The variables and secrets of the edge.
    pub fn variables(&self) -> &Variables {
        &self.variables
    }

    /// The edge.
    pub fn edge(&self) -> &Edge {
        &self.edge
    }

    /// What runs it.
    pub fn runtime(&self) -> &'static dyn EdgeRuntime {
        self.runtime
    }

    /// Starts another edge, which remembers nothing of what this one has seen. Its log is `NAME.log`.
    ///
    /// # Errors
    /// As [`Edge::start`].
    pub async fn start_edge(&self, name: &str, sandbox: impl Into<Sandbox>, variables: &Variables) -> Result<Edge> {
        Edge::start(self.runtime, &self.launch(name, sandbox.into(), variables)?).await
    }

    /// Starts another edge, whose settings are wrong, and waits until it refuses to serve. Its log is `NAME.log`.
    ///
    /// # Errors
    /// As [`Edge::start_misconfigured`].
    pub async fn start_misconfigured_edge(&self, name: &str, variables: &Variables) -> Result<Edge> {
        Edge::start_misconfigured(self.runtime, &self.launch(name, Sandbox::default(), variables)?).await
    }

    fn launch<'a>(&'a self, name: &'a str, sandbox: Sandbox, variables: &'a Variables) -> Result<Launch<'a>> {
        let (port, settings) = (Port::Free.choose()?, Settings::Given(variables));
        Ok(Launch { name, port, settings, sandbox, folder: &self.folder })
    }

    /// What passes between clients and the edge, if it is recorded.
    pub fn edge_traffic(&self) -> Option<&Recorder> {
        self.recorders.as_ref().map(|recorders| &recorders.edge)
    }

    /// What passes between the edge and the origins, if it is recorded.
    pub fn origin_traffic(&self) -> Option<&Recorder> {
        self.recorders.as_ref().map(|recorders| &recorders.origin)
    }

    /// Stops the edge and the origins; dropping the stack does the same. Afterwards their logs are complete.
    pub fn stop(&self) {
        std::thread::scope(|scope| {
            scope.spawn(|| self.edge.stop());
            self.origins.stop();
        });
    }

    /// Waits until a program of the stack ends by itself, which is an error.
    ///
    /// # Errors
    /// Then.
    pub async fn ended(&self) -> Result<()> {
        loop {
            let ended = |process: &Process, status: ExitStatus| {
                anyhow!("{} ended with {status}; its log is {}", process.name(), process.log_path().display())
            };
            if let Some(status) = self.edge.process().exited()? {
                return Err(ended(self.edge.process(), status));
            }
            if let Some((origin, status)) = self.origins.ended()? {
                return Err(ended(origin.process(), status));
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    /// The folder with the logs: `edge.log`, `origin-1.log` and so on, and `local.log` of what runs in this process.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

/// The user pool of an edge with this issuer.
pub fn pool(options: &Options, issuer: &str) -> Config {
    let mut config = options.cognito.clone();
    config.domain_addr = options.cognito_port.address();
    config.issuer_addr = options.cognito_issuer_port.address();
    if let Some(client) = config.app_clients.first_mut() {
        client.callback_urls = vec![format!("{issuer}/callback")];
        client.logout_urls = vec![format!("{issuer}/signed-out")];
    }
    config
}

/// The group of the demo user, which every local origin is told of.
pub const DEMO_GROUP: &str = "demo-group";

/// The variables and secrets of an edge in front of this origin.
///
/// # Errors
/// When the pool has no app client, or the system no randomness.
pub fn variables(options: &Options, issuer: &str, origin_url: &str, cognito: &Cognito) -> Result<Variables> {
    let client = cognito.config().app_clients.first().context("the user pool has no app client")?;
    let keys = match &options.keys {
        Some(keys) => keys.clone(),
        None => keys::generate()?,
    };
    let mut variables: Variables = [
        (names::PUBLIC_URL, issuer),
        (names::ORIGIN_URL, origin_url),
        (names::COGNITO_USER_POOL_ID, &cognito.config().pool_id),
        (names::COGNITO_CLIENT_ID, &client.id),
        (names::COGNITO_CLIENT_SECRET, &client.secrets.join(" ")),
        (names::COGNITO_DOMAIN, cognito.domain_url()),
        (names::COGNITO_ISSUER, &format!("{} {}", cognito.issuer_url(), cognito.updated_issuer_url())),
        (names::COGNITO_JWKS_URL, &cognito.jwks_url()),
        (names::KEYS, &keys),
        (names::ORIGIN_GROUPS, DEMO_GROUP),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    variables.extend(options.variables.clone());
    Ok(variables)
}

/// Raises the soft limit of open files for this program and those it starts: macOS allows 256.
fn allow_open_files() {
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.map_or(OPEN_FILES, |most| most.min(OPEN_FILES));
    if limit.current.is_some_and(|allowed| allowed < wanted) {
        // Without it, a run that needs more fails, and says so.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), ..limit });
    }
}

/// The most that macOS takes, where no hard limit is set.
const OPEN_FILES: u64 = 10_240;

/// What runs in this process logs to one file.
fn log_to(path: &Path) -> Result<()> {
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    let filter = EnvFilter::new("warn,edgeward_cognito=info");
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(Mutex::new(file)).with_ansi(false);
    // A second stack in the process logs to the file of the first.
    let _ = subscriber.try_init();
    Ok(())
}

fn is_clash(error: &anyhow::Error) -> bool {
    let text = format!("{error:#}").to_lowercase();
    text.contains("address already in use") || text.contains("address in use") || text.contains("addrinuse")
}

impl Drop for Stack {
    fn drop(&mut self) {
        self.stop();
    }
}
