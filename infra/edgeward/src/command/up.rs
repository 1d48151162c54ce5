//! `edgeward up`: from `edgeward.toml` to an edge that clients can use. Run again, it changes only what differs.

mod local;

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use edgeward_core::Config;
use edgeward_identity::names::edge::{COGNITO_CLIENT_SECRET, KEYS};

use super::{Described, accepted, check, client_secret, drift::documents, keys_parameter, secret_parameter, smoke};
use crate::{
    cli::Up,
    destination::{Destination, Part},
    edge::Settings,
    fetch::Fetch,
    generate,
    jwks::PrivateJwks,
    managed_secret,
    parameter::Protection,
    pool::Pool,
    report::Report,
    target::Target,
    waiting::Patience,
};

/// Makes what is missing, checks, deploys, and tries the edge from outside.
pub(crate) async fn run(arguments: &Up, report: &mut Report) -> Result<()> {
    let mut described = Described::read(&arguments.which).await?;
    if described.deployment().file().is_none() {
        bail!(
            "`edgeward up` is for a deployment that a file describes; parameters describe {}: run `edgeward push`",
            described.deployment()
        );
    }
    if arguments.local {
        return local::run(arguments, described, report).await;
    }
    let dry_run = arguments.dry_run;
    let destination = Destination::prepare(&arguments.target, described.deployment(), dry_run).await?;
    let mut settings = described.settings.clone();
    make_keys(&described, &destination, &mut settings, arguments, report).await?;
    let config = checked(&mut described, &mut settings, arguments, report).await?;
    if report.has_problems() && !arguments.force {
        bail!(
            "nothing was deployed: mend the problems above (`edgeward check --fix` mends those of the app client), or add --force"
        );
    }
    destination.fits(&settings, described.deployment(), report)?;
    let part = Part::Everything { domain: true, only_changes: true };
    destination.deliver(&settings, &config, part, dry_run, report).await?;
    if dry_run {
        return Ok(());
    }
    let patience =
        Patience { limit: Duration::from_secs(arguments.wait), interval: Duration::from_millis(arguments.interval) };
    let target = Target::new(&config, arguments.edge_url.as_ref());
    try_out(&target, &config, &settings, patience, report).await
}

/// Completes the settings with the app client's secret, and checks all of it as `edgeward check` does.
async fn checked(
    described: &mut Described,
    settings: &mut Settings,
    arguments: &Up,
    report: &mut Report,
) -> Result<Config> {
    read_secret(described, settings, arguments.dry_run, report).await?;
    described.settings = settings.clone();
    managed_secret::resolve(settings, &described.aws).await?;
    let config = accepted(settings, described.deployment(), report)?;
    check::look(described, arguments.target.env, &arguments.plain_http, arguments.clock.now(), report).await?;
    report.print_notes();
    Ok(config)
}

/// Tries the edge, and says how to use it.
async fn try_out(
    target: &Target,
    config: &Config,
    settings: &Settings,
    patience: Patience,
    report: &mut Report,
) -> Result<()> {
    let fetch = Fetch::new()?;
    let keys = PrivateJwks::parse(settings.get(KEYS).unwrap_or_default())?;
    if documents::check(target, config, patience, &fetch, report).await {
        smoke::check(target, config, &keys, &fetch, report).await;
    }
    if report.has_problems() {
        bail!("the edge runs, and not everything works yet: mend the problems above, and run this again");
    }
    for resource in &config.resources {
        let url = resource.indicator.as_str();
        let name = resource.name.as_deref().unwrap_or("my-server");
        report.did(format!("MCP server: {url}"));
        if config.issuer.starts_with("https:") {
            report.did("  Claude, ChatGPT: Settings > Connectors > add a custom connector with this URL");
        }
        report.did(format!("  Claude Code:     claude mcp add --transport http {name} {url}"));
        report.did(format!(
            "  VS Code:         code --add-mcp '{{\"name\":\"{name}\",\"type\":\"http\",\"url\":\"{url}\"}}'"
        ));
        report.did(format!(
            "  Cursor:          {{\"mcpServers\":{{\"{name}\":{{\"url\":\"{url}\"}}}}}} in ~/.cursor/mcp.json"
        ));
    }
    Ok(())
}

/// Makes keys if there are none, here and at the edge.
async fn make_keys(
    described: &Described,
    destination: &Destination,
    settings: &mut Settings,
    arguments: &Up,
    report: &mut Report,
) -> Result<()> {
    if settings.get(KEYS).is_some() {
        return Ok(());
    }
    let name = keys_parameter(described.deployment());
    if !arguments.dry_run && destination.has_secret(KEYS).await? {
        bail!(
            "the edge has keys already, and {name} is not there: with new keys every client would have to register and every \
             user to sign in again. Copy the secrets from where the edge was deployed first; if they are lost, take the edge \
             away (`edgeward remove --yes`) and run this again"
        );
    }
    let keys = PrivateJwks::of(generate::all(arguments.clock.now())?).to_text();
    settings.set(KEYS, &keys);
    if arguments.dry_run {
        report.did(format!("would make keys and store them as {name}"));
        return Ok(());
    }
    described.store.create(&name, &keys, Protection::Encrypted).await?;
    report.did(format!("made keys and stored them as {name}"));
    Ok(())
}

/// Reads the app client's secret at Cognito, if it is not stored yet.
async fn read_secret(described: &Described, settings: &mut Settings, dry_run: bool, report: &mut Report) -> Result<()> {
    if settings.get(COGNITO_CLIENT_SECRET).is_some() {
        return Ok(());
    }
    let secret = Pool::of(settings, &described.aws)?.first_secret().await;
    let secret = secret.with_context(|| {
        let name = secret_parameter(described.deployment());
        format!("{name} is missing: `edgeward secret set cognito-client-secret` stores it")
    })?;
    settings.set(COGNITO_CLIENT_SECRET, secret.expose());
    client_secret::store_first(&described.store, secret.expose(), dry_run, report).await
}
