//! `edgeward leaked signing`, `sealing`, `registration` and `keys`

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use edgeward_identity::names::edge::KEYS;

use super::{
    super::{Described, accepted, keys_parameter, publish_jwks::publish},
    agreed, plan, words,
};
use crate::{
    cli::Leaked,
    destination::{Destination, Part},
    generate,
    jwks::{Kind, PrivateJwks},
    managed_secret,
    parameter::Protection,
    report::Report,
};

/// Replaces keys of these kinds: stored, published to the origin, delivered to the edge.
///
/// The keys are published first. An origin that has read them refuses the old key; one that has not reads them at the first
/// request with the new one. The other way round it would find nothing new, and refuse every request for a while.
pub(super) async fn run(kinds: &[Kind], arguments: &Leaked, report: &mut Report) -> Result<()> {
    let mut described = Described::read(&arguments.which).await?;
    let deployment = &described.store.deployment.clone();
    let keys = described.settings.get(KEYS).context("the deployment has no keys: run `edgeward keygen`")?;
    let mut keys = PrivateJwks::parse(keys)?;
    let plan = plan(&keys, kinds, arguments)?;
    if !agreed(arguments, words::costs(&keys, kinds, &plan), report)? {
        return Ok(());
    }

    // What could fail for another reason fails before anything is written.
    let destination = Destination::prepare(&arguments.target, deployment, false).await?;
    if destination.takes_all_secrets(Part::Secret(KEYS)) {
        managed_secret::resolve(&mut described.settings, &described.aws).await?;
    }
    let now = arguments.clock.now();
    let new = plan.renewed.iter().map(|kind| generate::one(*kind, now)).collect::<Result<Vec<_>>>()?;
    let mut in_use: BTreeMap<_, _> = plan.undelivered.iter().map(|(kind, id)| (kind.word(), id.clone())).collect();
    in_use.extend(plan.renewed.iter().zip(&new).map(|(kind, key)| (kind.word(), key.key_id().to_owned())));
    let leaked: Vec<_> = plan.leaked.iter().map(|(_, id)| id.clone()).collect();
    keys.replace(&leaked, new);
    let mut settings = described.settings.clone();
    settings.set(KEYS, &keys.to_deliver());
    let config = accepted(&settings, deployment, report)?;
    destination.fits(&settings, deployment, report)?;

    let name = keys_parameter(deployment);
    let mut version = described.edge.get("keys").map_or(0, |parameter| parameter.version);
    if !plan.renewed.is_empty() {
        // Nobody gets a key that is stored nowhere, and no other command delivers the old one any more.
        described.store.unchanged_since(&name, version).await?;
        version = described.store.write(&name, &keys.to_text(), Protection::Encrypted).await?;
        report.did(format!("stored the keys as {name}"));
    }
    publish(&described.store, &keys, false, report).await?;
    destination.deliver(&settings, &config, Part::Secret(KEYS), false, report).await.context(
        "the edge may still use what has leaked: mend that and run the same command again, which finishes this run",
    )?;
    let delivered = arguments.clock.now();
    for id in in_use.values() {
        keys.delivered(id, delivered);
    }
    described.store.unchanged_since(&name, version).await?;
    described.store.write(&name, &keys.to_text(), Protection::Encrypted).await?;
    report.did(format!("stored the keys as {name}"));

    in_use.iter().for_each(|(word, id)| report.did(format!("the {word} key {id} is in use")));
    plan.undelivered.iter().for_each(|(kind, id)| {
        report.did(format!(
            "this run has finished an earlier one, and replaced nothing of the {} keys: if {id} has leaked too, run the command again",
            kind.word()
        ));
    });
    plan.leaked.iter().for_each(|(kind, id)| report.did(format!("the {} key {id} is gone", kind.word())));
    words::limits(kinds.iter().copied()).into_iter().for_each(|limit| report.did(limit));
    Ok(())
}
