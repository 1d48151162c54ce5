//! Everything that takes part.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};
use edgeward_cognito::Cognito;
use edgeward_identity::names::edge as settings;
use edgeward_tests::{
    edge::{Variables, wrangler::wrangler_dev},
    keys, place,
    port::Port,
    stack::{self, Options},
    workerd::{Module, Worker},
};
use serde_json::{Value, json};

use crate::{
    figures::names,
    origin::Origin,
    peer::{Auth, Peer, Program},
    settings::Settings,
    sign_in::SignedIn,
    tokens::Mint,
};

/// The running scene.
#[derive(Debug)]
pub(crate) struct Scene {
    /// How to measure.
    pub(crate) settings: Settings,
    /// Where logs are.
    pub(crate) folder: PathBuf,
    /// The origin that all have behind them.
    pub(crate) origin: Origin,
    /// All that are compared; the origin itself first.
    pub(crate) peers: Vec<Peer>,
    /// The edge again, telling how much memory its wasm has. Nothing else is measured there.
    pub(crate) gauged: Peer,
    /// Mints the edge's tokens.
    pub(crate) mint: Mint,
    /// Who does not take part, and why.
    pub(crate) absent: Vec<(&'static str, String)>,
    /// The bundle of Cloudflare's library.
    pub(crate) library: Vec<u8>,
    _cognito: Cognito,
}

impl Scene {
    /// Starts everything.
    ///
    /// # Errors
    /// When something is not built or does not start.
    pub(crate) async fn start(settings: Settings) -> Result<Self> {
        let folder = place::run_folder("bench")?;
        let origin = Origin::start(&folder).await?;
        let (edge, fastmcp) = (Port::Free.choose()?, Port::Free.choose()?);
        let issuer = format!("http://localhost:{edge}");

        let options = Options { keys: Some(keys::generate()?), ..Options::default() };
        let mut pool = stack::pool(&options, &issuer);
        if let Some(client) = pool.app_clients.first_mut() {
            client.callback_urls.push(format!("http://localhost:{fastmcp}/callback"));
        }
        let cognito = Cognito::start(pool).await.context("cannot start the local Cognito")?;
        let mut variables = stack::variables(&options, &issuer, origin.url(), &cognito)?;
        // A run takes longer than an access token lives otherwise.
        variables.insert(settings::ACCESS_TOKEN_SECONDS.to_owned(), "86400".to_owned());
        let worker = Worker::edge(&variables)?;
        let gauged = gauged(&worker)?;
        let library = library(&folder)?;

        let mut peers = vec![
            Peer::new(names::DIRECT, port_of(origin.url())?, Auth::None, Program::Running),
            pass_through(origin.url())?,
            Peer::new(names::EDGEWARD, edge, Auth::Checked, Program::Worker(worker)),
            in_memory(&library, origin.url())?,
            with_kv(&library, &folder, origin.url())?,
        ];
        peers.retain(|peer| settings.admits(peer.name));
        for peer in &mut peers {
            peer.start(&folder).await?;
            if peer.auth == Auth::Checked {
                let signed_in = SignedIn::at(peer).await;
                peer.token = signed_in.with_context(|| format!("nobody can sign in at {}", peer.name))?.access_token;
            }
        }
        let is_edge = |peer: &&Peer| peer.name == names::EDGEWARD;
        let edgeward = peers.iter().find(is_edge).context("there is no bench without the edge")?;
        let (token, host) = (edgeward.token.clone(), edgeward.host.clone());
        if let Some(bundles) = &settings.bundles {
            for mut peer in other_bundles(bundles, &variables)? {
                peer.host.clone_from(&host);
                peer.start(&folder).await?;
                peer.token.clone_from(&token);
                peers.push(peer);
            }
        }
        let mut absent = Vec::new();
        if settings.admits(names::FASTMCP) {
            match fastmcp_peer(fastmcp, &folder, &origin, &cognito).await {
                Ok(peer) => peers.push(peer),
                Err(error) => absent.push((names::FASTMCP, format!("{error:#}"))),
            }
        }

        let mint = Mint::of(options.keys.as_deref().unwrap_or_default(), &token)?;
        let mut gauged = Peer::new("gauged-edgeward", Port::Free.choose()?, Auth::Checked, Program::Worker(gauged));
        (gauged.token, gauged.host) = (token, host);
        gauged.start(&folder).await?;
        Ok(Self { settings, folder, origin, peers, gauged, mint, absent, library, _cognito: cognito })
    }

    /// One of the peers.
    ///
    /// # Errors
    /// When it does not take part.
    pub(crate) fn peer(&self, name: &'static str) -> Result<&Peer> {
        self.peers.iter().find(|peer| peer.name == name).with_context(|| format!("{name} does not take part"))
    }

    /// The peers, in another order each round: what comes after a busy neighbour is not always the same.
    pub(crate) fn in_turn(&self, round: usize) -> impl Iterator<Item = &Peer> {
        let count = self.peers.len();
        (0..count).filter_map(move |at| self.peers.get((at + round) % count))
    }
}

/// Other bundles of the edge, to see what a change brings: each folder in `folder` holds one, as `make size` makes it.
fn other_bundles(folder: &Path, variables: &Variables) -> Result<Vec<Peer>> {
    let mut peers = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        let Some(name) = path.file_name().filter(|_| path.is_dir()) else { continue };
        // The names of peers are known when the program is compiled; these few are not.
        let name: &'static str = name.to_string_lossy().into_owned().leak();
        let worker = Worker::bundled(&path, variables)?;
        peers.push(Peer::new(name, Port::Free.choose()?, Auth::Checked, Program::Worker(worker)));
    }
    Ok(peers)
}

fn port_of(url: &str) -> Result<u16> {
    url.rsplit(':').next().and_then(|port| port.parse().ok()).context("a URL without a port")
}

fn script(name: &str) -> PathBuf {
    place::checkout().join("tests/tools/bench").join(name)
}

fn read(name: &str) -> Result<Vec<u8>> {
    let path = script(name);
    fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
}

fn variables(origin: &str, issuer: &str) -> Variables {
    [("ORIGIN", origin), ("ISSUER", issuer)].map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

fn pass_through(origin: &str) -> Result<Peer> {
    let worker = Worker { variables: variables(origin, ""), ..Worker::script(read("pass-through.mjs")?) };
    Ok(Peer::new(names::PASS_THROUGH, Port::Free.choose()?, Auth::None, Program::Worker(worker)))
}

fn gauged(edge: &Worker) -> Result<Worker> {
    let mut edge = edge.clone().behind("gauge.mjs", read("gauge.mjs")?);
    edge.modules.push(Module::script("memory.mjs", read("memory.mjs")?));
    Ok(edge)
}

/// Bundles Cloudflare's library as `wrangler deploy` would.
fn library(folder: &Path) -> Result<Vec<u8>> {
    let bundle = folder.join("oauth-provider.mjs");
    let made = Command::new(place::node_tool("esbuild")?)
        .arg(script("oauth-provider.mjs"))
        .args(["--bundle", "--minify", "--format=esm", "--target=esnext", "--external:cloudflare:*"])
        .args(["--log-level=warning"])
        .arg(format!("--outfile={}", bundle.display()))
        .status()
        .context("cannot run esbuild")?;
    if !made.success() {
        bail!("esbuild has failed");
    }
    fs::read(&bundle).context("there is no bundle")
}

fn in_memory(library: &[u8], origin: &str) -> Result<Peer> {
    let port = Port::Free.choose()?;
    let variables = variables(origin, &format!("http://localhost:{port}"));
    let worker = Worker { variables, ..Worker::script(library) };
    Ok(Peer::new(names::LIBRARY, port, Auth::Checked, Program::Worker(worker)))
}

/// Under `wrangler dev`, which is where its KV is at home, and which has Workers of its own in front.
fn with_kv(library: &[u8], folder: &Path, origin: &str) -> Result<Peer> {
    let config = place::checkout().join("edge/cloudflare/wrangler.toml");
    let config: Value = toml::from_str(&fs::read_to_string(&config).context("no wrangler.toml")?)?;
    let config = json!({
        "name": "bench",
        "main": "main.mjs",
        "compatibility_date": config["compatibility_date"],
        "compatibility_flags": config["compatibility_flags"],
        "kv_namespaces": [{ "binding": "OAUTH_KV", "id": "bench" }],
        "vars": { "ORIGIN": origin },
    });
    let (folder, library) = (folder.to_owned(), library.to_owned());
    let command = move |port: u16| {
        let own = folder.join(format!("{}-{port}", names::LIBRARY_KV));
        let mut config = config.clone();
        config["vars"]["ISSUER"] = format!("http://localhost:{port}").into();
        fs::create_dir_all(&own)?;
        fs::write(own.join("wrangler.json"), config.to_string())?;
        fs::write(own.join("main.mjs"), &library)?;
        wrangler_dev(&own, port)
    };
    let program = Program::Command(Box::new(command), "workerd");
    Ok(Peer::new(names::LIBRARY_KV, Port::Free.choose()?, Auth::Checked, program))
}

/// Starts FastMCP and signs in there.
async fn fastmcp_peer(port: u16, folder: &Path, origin: &Origin, cognito: &Cognito) -> Result<Peer> {
    let python = place::target()?.join("fastmcp/bin/python");
    if !python.is_file() {
        bail!("it is not installed: `.ci/setup bench` says why");
    }
    let client = cognito.config().app_clients.first().context("the user pool has no app client")?;
    let domain = cognito.domain_url();
    let settings = json!({
        "authorization_endpoint": format!("{domain}/oauth2/authorize"),
        "token_endpoint": format!("{domain}/oauth2/token"),
        "client_id": client.id,
        "client_secret": client.secrets.first(),
        "jwks_uri": cognito.jwks_url(),
        "issuer": cognito.issuer_url(),
        "origin": origin.url(),
    });
    let home = folder.join("fastmcp-home");
    let command = move |port: u16| {
        let mut settings = settings.clone();
        settings["port"] = port.into();
        settings["base_url"] = format!("http://localhost:{port}").into();
        let mut command = Command::new(&python);
        // Where it may keep what it likes.
        command.env("HOME", &home).arg(script("oauth-proxy.py")).arg(settings.to_string());
        Ok(command)
    };
    let mut peer = Peer::new(names::FASTMCP, port, Auth::Checked, Program::Command(Box::new(command), "python"));
    // Cognito is asked for what the client asks for, and knows no scope of ours.
    peer.scope = "openid";
    peer.start(folder).await?;
    peer.token = SignedIn::at(&peer).await.context("nobody can sign in")?.access_token;
    Ok(peer)
}
