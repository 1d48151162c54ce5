//! `edgeward up --local`: the same configuration in workerd on this machine, against the real user pool and the real MCP server.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use edgeward_identity::names::edge::{KEYS, PUBLIC_URL};
use tokio::process::Command;
use zeroize::Zeroizing;

use super::{Described, Patience, Target, accepted, check, read_secret, try_out};
use crate::{
    cli::{self, TargetArguments, Up},
    destination::{Destination, Part},
    generate,
    jwks::PrivateJwks,
    managed_secret,
    report::Report,
    secret_file::SecretFile,
};

/// Serves the edge until it is stopped.
pub(super) async fn run(arguments: &Up, mut described: Described, report: &mut Report) -> Result<()> {
    let file = described.deployment().file().context("no file describes this deployment")?;
    let folder = file.path.parent().map(PathBuf::from).unwrap_or_default().join(".edgeward").join("local");
    let mut settings = described.settings.clone();
    settings.set(PUBLIC_URL, &format!("http://localhost:{}", arguments.port));
    settings.set(KEYS, &keys(&folder, arguments)?);
    read_secret(&described, &mut settings, arguments.dry_run, report).await?;
    described.settings = settings.clone();
    managed_secret::resolve(&mut settings, &described.aws).await?;
    let config = accepted(&settings, described.deployment(), report)?;
    check::look(&described, arguments.target.env, &arguments.plain_http, arguments.clock.now(), report).await?;
    report.print_notes();
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
    let mut command = Command::new(&arguments.target.wrangler);
    command.args(["dev", "--config"]).arg(folder.join("wrangler.json"));
    command.args(["--ip", "127.0.0.1", "--port", &arguments.port.to_string()]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true).env("WRANGLER_SEND_METRICS", "false");
    let program = arguments.target.wrangler.display();
    let mut server = command.spawn().with_context(|| format!("cannot run {program}"))?;
    let patience = Patience {
        limit: Duration::from_secs(arguments.wait.min(60)),
        interval: Duration::from_millis(arguments.interval.min(500)),
    };
    let target = Target::new(&config, arguments.edge_url.as_ref());
    tokio::select! {
        ended = server.wait() => bail!("wrangler has ended: {}", ended.context("wrangler was lost")?),
        tried = try_out(&target, &config, &settings, patience, report) => tried?,
    }
    report.did("serving until Ctrl-C");
    tokio::select! {
        ended = server.wait() => bail!("wrangler has ended: {}", ended.context("wrangler was lost")?),
        stopped = tokio::signal::ctrl_c() => stopped.context("Ctrl-C cannot be waited for"),
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
