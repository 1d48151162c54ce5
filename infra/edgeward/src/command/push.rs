//! `edgeward push`

use anyhow::{Context as _, Result};
use edgeward_identity::names::edge::{COGNITO_CLIENT_SECRET, KEYS};

use super::{Described, accepted, client_secret, publish_jwks::publish};
use crate::{
    cli::Push,
    destination::{Destination, Part},
    jwks::PrivateJwks,
    managed_secret,
    pool::Pool,
    report::Report,
};

/// Writes the edge's settings from the deployment's parameters.
pub(crate) async fn run(arguments: &Push, report: &mut Report) -> Result<()> {
    let dry_run = arguments.dry_run;
    let Described { aws, store, mut settings, .. } = Described::read(&arguments.which).await?;
    let deployment = &store.deployment.clone();
    let destination = Destination::prepare(&arguments.target, deployment, dry_run).await?;

    let first_secret = match settings.get(COGNITO_CLIENT_SECRET) {
        Some(_) => None,
        None => Some(Pool::of(&settings, &aws)?.first_secret().await?),
    };
    if let Some(secret) = &first_secret {
        settings.set(COGNITO_CLIENT_SECRET, secret.expose());
    }
    managed_secret::resolve(&mut settings, &aws).await?;
    let config = accepted(&settings, deployment, report)?;
    destination.fits(&settings, deployment, report)?;

    if let Some(secret) = &first_secret {
        client_secret::store_first(&store, secret.expose(), dry_run, report).await?;
    }
    let keys = settings.get(KEYS).context("the deployment has no keys: run `edgeward keygen`")?;
    publish(&store, &PrivateJwks::parse(keys)?, dry_run, report).await?;
    let part = if arguments.secrets_only {
        Part::Secrets
    } else {
        Part::Everything { domain: !arguments.no_domain, only_changes: false }
    };
    destination.deliver(&settings, &config, part, dry_run, report).await
}
