//! `edgeward remove`

use anyhow::{Context as _, Result, bail};
use edgeward_identity::names::edge::{
    CLIENTS, COGNITO_ISSUER, COGNITO_JWKS_URL, ORIGIN_CREDENTIALS, REGISTRATION_TOKEN,
};

use super::{Located, jwks_parameter, keys_parameter, parameter, secret_parameter, session_keys_parameter};
use crate::{cli::Remove, deployment::Deployment, destination::Destination, report::Report};

/// Takes the deployment away as far as the tool has made it. The stacks need not be there any more.
pub(crate) async fn run(arguments: &Remove, report: &mut Report) -> Result<()> {
    let only_says = arguments.dry_run || !arguments.yes;
    let store = Located::find(&arguments.which).await?.store;
    let deployment = &store.deployment;
    // What could fail for another reason fails before anything is removed.
    let mut found = Vec::new();
    for name in parameters(deployment) {
        if store.has(&name).await? {
            found.push(name);
        }
    }
    let destination = Destination::prepare(&arguments.target, deployment, only_says).await?;

    // First, so that no edge runs whose keys are stored nowhere.
    let had_edge = destination.remove(only_says, report).await?;
    if found.is_empty() {
        report.did(format!(
            "the deployment {deployment} has no keys and nothing else to remove in {}{}",
            store.place(),
            match deployment.file() {
                Some(_) => "",
                None => "; if its home region is another, run this again with that --region",
            }
        ));
    } else if only_says {
        for name in &found {
            report.did(format!("would remove {}", described(name, deployment)));
        }
    } else {
        let deleted = store.delete(&found).await;
        for name in deleted.context("the edge is removed, its parameters are not; mend that and run this again")? {
            report.did(format!("removed {}", described(&name, deployment)));
        }
    }

    if !had_edge && found.is_empty() {
        report.did(format!("there is nothing to remove of the deployment {deployment}"));
    } else if only_says && !arguments.dry_run {
        bail!(
            "nothing was removed: the keys cannot be had back, so every client must register and every user sign in again; \
             if that is meant, add --yes"
        );
    }
    Ok(())
}

/// All that is not the stacks'.
fn parameters(deployment: &Deployment) -> Vec<String> {
    let own = [keys_parameter, secret_parameter].map(|name| name(deployment));
    // A server of one's own has no parameters.
    let origin =
        deployment.file().is_none().then(|| [jwks_parameter, session_keys_parameter].map(|name| name(deployment)));
    own.into_iter().chain(origin.into_iter().flatten()).chain(by_hand(deployment)).collect()
}

/// Settings that nothing writes but people.
fn by_hand(deployment: &Deployment) -> impl Iterator<Item = String> {
    let plain = deployment.file().is_none().then_some([COGNITO_ISSUER, COGNITO_JWKS_URL]);
    [CLIENTS, REGISTRATION_TOKEN, ORIGIN_CREDENTIALS]
        .into_iter()
        .chain(plain.into_iter().flatten())
        .map(|variable| parameter(deployment, variable))
}

fn described(name: &str, deployment: &Deployment) -> String {
    let by_hand = if by_hand(deployment).any(|known| known == name) { ", which was written by hand" } else { "" };
    format!("the parameter {name}{by_hand}")
}
