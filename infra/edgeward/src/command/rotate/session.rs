//! `edgeward rotate session`
//!
//! The origin's tasks read the parameter themselves: when they meet a key that they do not have, and every ten minutes.

use anyhow::{Context as _, Result};
use edgeward_identity::{UnixTime, names::origin::SESSION_KEYS};

use super::{
    super::{Located, session_keys_parameter},
    due, words,
};
use crate::{
    cli::Rotate,
    generate,
    jwks::{Date, Kind, PrivateJwks},
    parameter::Protection,
    report::Report,
    rotation::{self, Step},
};

/// Does the step that is due.
pub(super) async fn run(arguments: &Rotate, report: &mut Report) -> Result<()> {
    let located = Located::find(&arguments.which).await?;
    located.has_origin_of_ours().await?;
    let store = located.store;
    let found = store.origin().await?.and_then(|mut origin| origin.remove(SESSION_KEYS.parameter));
    let found = found.context("the deployment has no keys of sessions: run `edgeward keygen`")?;
    let mut keys = PrivateJwks::parse_sessions(found.text())?;
    let Some(step) = due(Kind::Session, &keys, arguments, report)? else { return Ok(()) };

    let now = arguments.clock.now();
    let (said, next) = match step {
        Step::Add => {
            let key = generate::one(Kind::Session, now)?;
            let key_id = key.key_id().to_owned();
            keys.add(key);
            published(&mut keys, key_id, now)
        }
        Step::Deliver { key_id } => published(&mut keys, key_id, now),
        Step::Promote { key_id } => {
            let replaced = keys.of_kind(Kind::Session).next().map(|key| key.key_id().to_owned()).unwrap_or_default();
            let from = rotation::removable_from(Kind::Session, now, 0);
            keys.promote(&key_id, from);
            (format!("the session key {key_id} is in use"), Some((from, Step::Remove { key_id: replaced })))
        }
        Step::Remove { key_id } => {
            keys.remove(&key_id);
            if let Some(in_use) = keys.of_kind(Kind::Session).next().filter(|_| arguments.force_remove) {
                report.did(super::still_in_use(in_use, Kind::Session));
            }
            (format!("the session key {key_id} is removed"), None)
        }
    };
    let name = session_keys_parameter(&store.deployment);
    store.unchanged_since(&name, found.version).await?;
    store.write(&name, &keys.to_text(), Protection::Encrypted).await?;
    report.did(format!("stored the keys of sessions as {name}"));
    report.did(said);
    if let Some((from, step)) = next {
        report.next(from, words(&step, Kind::Session.word()));
    }
    Ok(())
}

/// A key that the tasks read from now on.
fn published(keys: &mut PrivateJwks, key_id: String, now: UnixTime) -> (String, Option<(UnixTime, Step)>) {
    let from = now.plus(rotation::publication(Kind::Session));
    keys.set_date(&key_id, Date::UsableFrom, from);
    (format!("the session key {key_id} opens"), Some((from, Step::Promote { key_id })))
}
