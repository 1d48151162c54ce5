//! `edgeward leaked session`
//!
//! The origin's tasks read the parameter themselves: when they meet a key that they do not have, and every ten minutes. A task
//! that has not met the new key seals with the old one for as long, and nobody else opens what it has sealed: such clients
//! initialize twice.

use anyhow::{Context as _, Result};
use edgeward_identity::names::origin::SESSION_KEYS;

use super::{
    super::{Located, session_keys_parameter},
    agreed, plan, words,
};
use crate::{
    cli::Leaked,
    generate,
    jwks::{Date, Kind, PrivateJwks},
    parameter::Protection,
    report::Report,
};

/// Replaces keys of sessions.
pub(super) async fn run(arguments: &Leaked, report: &mut Report) -> Result<()> {
    const KINDS: [Kind; 1] = [Kind::Session];
    let located = Located::find(&arguments.which).await?;
    located.has_origin_of_ours().await?;
    let store = located.store;
    let found = store.origin().await?.and_then(|mut origin| origin.remove(SESSION_KEYS.parameter));
    let found = found.context("the deployment has no keys of sessions: run `edgeward keygen`")?;
    let mut keys = PrivateJwks::parse_sessions(found.text())?;
    let plan = plan(&keys, &KINDS, arguments)?;
    if !agreed(arguments, words::costs(&keys, &KINDS, &plan), report)? {
        return Ok(());
    }

    let now = arguments.clock.now();
    let mut new = Vec::new();
    if !plan.renewed.is_empty() {
        let mut key = generate::one(Kind::Session, now)?;
        // Stored is delivered.
        key.set_date(Date::UsableFrom, Some(now));
        report.did(format!("the session key {} is in use", key.key_id()));
        new.push(key);
    }
    let leaked: Vec<_> = plan.leaked.iter().map(|(_, id)| id.clone()).collect();
    keys.replace(&leaked, new);
    plan.undelivered.iter().for_each(|(_, id)| keys.delivered(id, now));
    let name = session_keys_parameter(&store.deployment);
    store.unchanged_since(&name, found.version).await?;
    store.write(&name, &keys.to_text(), Protection::Encrypted).await?;
    report.did(format!("stored the keys of sessions as {name}"));
    leaked.iter().for_each(|id| report.did(format!("the session key {id} is gone")));
    words::limits(KINDS.into_iter()).into_iter().for_each(|limit| report.did(limit));
    Ok(())
}
