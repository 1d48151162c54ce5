//! `edgeward publish-jwks`, and what other commands publish.

use anyhow::{Context as _, Result};
use edgeward_identity::names::{edge::KEYS, origin::JWKS};
use serde_json::Value;

use super::{Described, Located};
use crate::{cli::Change, jwks::PrivateJwks, parameter::Protection, report::Report, store::Store};

/// Writes the public keys to the origin's parameter.
pub(crate) async fn run(arguments: &Change, report: &mut Report) -> Result<()> {
    Located::find(&arguments.which).await?.has_origin_of_ours().await?;
    let described = Described::read(&arguments.which).await?;
    let keys = described.settings.get(KEYS).context("the deployment has no keys: run `edgeward keygen`")?;
    publish(&described.store, &PrivateJwks::parse(keys)?, arguments.dry_run, report).await
}

/// Writes the public halves of `keys` to the origin's parameter, unless they are there. A server of one's own reads them at the
/// edge.
pub(super) async fn publish(store: &Store, keys: &PrivateJwks, dry_run: bool, report: &mut Report) -> Result<()> {
    let Some(published) = store.origin().await? else { return Ok(()) };
    let name = super::jwks_parameter(&store.deployment);
    let public = keys.public()?;
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
