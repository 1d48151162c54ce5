//! `edgeward publish-jwks`, and what other commands publish.

use anyhow::{Context as _, Result};
use edgeward_identity::names::{edge::KEYS, origin::JWKS};
use serde_json::Value;

use super::Described;
use crate::{
    cli::Change,
    jwks::PrivateJwks,
    parameter::{Protection, Store},
    report::Report,
};

/// Writes the public keys to the origin's parameter.
pub(crate) async fn run(arguments: &Change, report: &mut Report) -> Result<()> {
    let described = Described::read(&arguments.which).await?;
    let keys = described.settings.get(KEYS).context("the deployment has no keys: run `edgeward keygen`")?;
    publish(&described.store, &PrivateJwks::parse(keys)?, arguments.dry_run, report).await
}

/// Writes the public halves of `keys` to the origin's parameter, unless they are there.
pub(super) async fn publish(store: &Store, keys: &PrivateJwks, dry_run: bool, report: &mut Report) -> Result<()> {
    let name = super::jwks_parameter(&store.deployment);
    let public = keys.public()?;
    let published = store.origin().await?;
    let published = published.get(JWKS.parameter).and_then(|found| serde_json::from_str::<Value>(found.text()).ok());
    if published.as_ref() == Some(&public) {
        report.did(format!("{name} has the public keys already"));
        return Ok(());
    }
    if dry_run {
        report.did(format!("would write the public keys to {name}"));
        return Ok(());
    }
    store.write(&name, &public.to_string(), Protection::Plain).await?;
    report.did(format!("wrote the public keys to {name}"));
    Ok(())
}
