//! `edgeward up --local`: the same configuration in workerd on this machine, against the real user pool and the real MCP server.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use edgeward_identity::names::edge::{KEYS, PUBLIC_URL};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    process::Child,
    signal::unix::{SignalKind, signal},
};
use zeroize::Zeroizing;

use super::{Described, Patience, Target, checked, try_out};
use crate::{
    cli::{self, TargetArguments, Up},
    destination::{Destination, EdgeFolder, Part, Program},
    generate,
    jwks::PrivateJwks,
    report::Report,
    secret_file::SecretFile,
};

/// Serves the edge until it is stopped.
pub(super) async fn run(arguments: &Up, mut described: Described, report: &mut Report) -> Result<()> {
    let file = described.deployment().file().context("no file describes this deployment")?;
    let edge = EdgeFolder::find(arguments.target.edge_folder.as_deref())?;
    edge.is_built()?;
    let folder = file.path.parent().map(PathBuf::from).unwrap_or_default().join(".edgeward").join("local");
    let mut settings = described.settings.clone();
    settings.set(PUBLIC_URL, &format!("http://localhost:{}", arguments.port));
    settings.set(KEYS, &keys(&folder, arguments)?);
    let config = checked(&mut described, &mut settings, arguments, report).await?;
    if report.has_problems() && !arguments.force {
        bail!(
            "the edge was not started: the app client needs the callback URL {}/callback and what else is named above; or add \
             --force",
            config.issuer
        );
    }
    let target =
        TargetArguments { target: cli::Target::Local, output: Some(folder.clone()), ..arguments.target.clone() };
    let destination = Destination::prepare(&target, described.deployment(), arguments.dry_run).await?;
    let everything = Part::Everything { domain: false, only_changes: false };
    destination.deliver(&settings, &config, everything, arguments.dry_run, report).await?;
    if arguments.dry_run {
        return Ok(());
    }
    let wrangler = Program::new(target.wrangler.as_deref(), &edge);
    wrangler.prepare().await?;
    let mut server = Server::start(&wrangler, &folder.join("wrangler.json"), arguments.port)?;
    let patience = Patience {
        limit: Duration::from_secs(arguments.wait.min(60)),
        interval: Duration::from_millis(arguments.interval.min(500)),
    };
    let target = Target::new(&config, arguments.edge_url.as_ref());
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let tried = tokio::select! {
        ended = server.ended() => return ended,
        _ = interrupt.recv() => return Ok(()),
        _ = terminate.recv() => return Ok(()),
        tried = try_out(&target, &config, &settings, patience, report) => tried,
    };
    // The operator may be about to start the MCP server, or to change what is said of it.
    report.did(format!("serving {} until Ctrl-C", config.issuer));
    tokio::select! {
        ended = server.ended() => ended,
        _ = interrupt.recv() => tried,
        _ = terminate.recv() => tried,
    }
}

/// wrangler with workerd; both end when this is dropped.
struct Server(Child);

impl Server {
    fn start(wrangler: &Program, config: &Path, port: u16) -> Result<Self> {
        let mut command = wrangler.command();
        command.args(["dev", "--config"]).arg(config).args(["--ip", "127.0.0.1", "--port", &port.to_string()]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).process_group(0);
        Ok(Self(wrangler.started(command.spawn())?))
    }

    /// wrangler ends by itself only when it fails; it has printed why.
    async fn ended(&mut self) -> Result<()> {
        bail!("wrangler has ended: {}", self.0.wait().await.context("wrangler was lost")?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let id = self.0.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(group) = id {
            // It fails if wrangler has ended already.
            let _ = kill_process_group(group, Signal::TERM);
        }
    }
}

/// Keys of this edge alone, which stay, so that clients need not register at each start.
fn keys(folder: &Path, arguments: &Up) -> Result<Zeroizing<String>> {
    let file = SecretFile::new(folder.join("keys.json"));
    if let Some(found) = file.read()?.get("keys") {
        return Ok(Zeroizing::new(found.text().to_owned()));
    }
    let keys = PrivateJwks::of(generate::all(arguments.clock.now())?).to_text();
    if !arguments.dry_run {
        file.write("keys", &keys)?;
    }
    Ok(keys)
}
