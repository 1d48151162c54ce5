//! What `rotate` and `leaked` share about the app client's secret.

use anyhow::{Context as _, Result, bail};
use edgeward_core::secret::Secret;
use edgeward_identity::names::edge::COGNITO_CLIENT_SECRET;
use zeroize::Zeroizing;

use super::{Described, accepted, secret_parameter};
use crate::{
    deployment::Deployment,
    destination::{Destination, Part},
    parameter::{Parameter, Protection},
    pool::Pool,
    report::Report,
    store::Store,
};

/// Stores the secret that the app client was made with, or says that it would.
pub(super) async fn store_first(store: &Store, secret: &str, dry_run: bool, report: &mut Report) -> Result<()> {
    let name = secret_parameter(&store.deployment);
    if dry_run {
        report.did(format!("would store the app client's secret as {name}"));
        return Ok(());
    }
    store.create(&name, secret, Protection::Encrypted).await?;
    report.did(format!("stored the app client's secret as {name}"));
    Ok(())
}

/// The parameter.
pub(super) fn stored(described: &Described) -> Result<&Parameter> {
    let parameter = described.edge.get("cognito-client-secret");
    let parameter = parameter.context("the app client's secret is not stored yet: run `edgeward push` first")?;
    if parameter.text().trim().is_empty() {
        bail!("the parameter cognito-client-secret is empty: write the app client's secret into it, from a backup");
    }
    Ok(parameter)
}

/// The secrets in the parameter, newest first.
pub(super) fn words(parameter: &Parameter) -> Vec<Zeroizing<String>> {
    parameter.text().split_whitespace().map(|word| Zeroizing::new(word.to_owned())).collect()
}

/// What is stored and what Cognito lists cannot belong together.
pub(super) fn inconsistent(stored: usize, listed: usize) -> String {
    format!(
        "{stored} secrets are stored and Cognito has {listed}: leave in the parameter cognito-client-secret those that Cognito \
         has, and run `edgeward push`"
    )
}

/// Makes another secret at Cognito, and gives the edge both.
pub(super) async fn add(
    pool: &Pool,
    described: &Described,
    deployment: &Deployment,
    destination: &Destination,
    in_use: &str,
    report: &mut Report,
) -> Result<Secret<String>> {
    let (id, secret) = pool.add_secret().await?;
    report.did(format!("added the secret {id} at Cognito"));
    let both = Zeroizing::new(format!("{} {in_use}", secret.expose()));
    if let Err(error) = deliver_and_store(described, deployment, destination, &both, report).await {
        // Cognito never shows it again. An edge that has got it falls back to the old one.
        pool.delete_secret(&id).await.with_context(|| {
            format!("the secret {id} at Cognito is not stored and could not be deleted: --force-remove does it")
        })?;
        report.did(format!("deleted the secret {id} at Cognito again"));
        return Err(error);
    }
    Ok(secret)
}

/// Stored after it is delivered: the date of the parameter says since when the edge has what it holds.
pub(super) async fn deliver_and_store(
    described: &Described,
    deployment: &Deployment,
    destination: &Destination,
    secrets: &str,
    report: &mut Report,
) -> Result<()> {
    let mut settings = described.settings.clone();
    settings.set(COGNITO_CLIENT_SECRET, secrets);
    let config = accepted(&settings, deployment, report)?;
    destination.deliver(&settings, &config, Part::Secret(COGNITO_CLIENT_SECRET), false, report).await?;
    let name = secret_parameter(deployment);
    described.store.write(&name, secrets, Protection::Encrypted).await?;
    report.did(format!("stored the client secret as {name}"));
    Ok(())
}
