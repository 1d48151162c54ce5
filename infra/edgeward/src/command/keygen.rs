//! `edgeward keygen`

use anyhow::{Context as _, Result, bail};

use super::Located;
use crate::{
    cli::Keygen,
    generate,
    jwks::{Kind, PrivateJwks},
    parameter::Protection,
    private_file,
    report::Report,
};

/// Makes keys, and stores those that are not there yet.
pub(crate) async fn run(arguments: &Keygen, report: &mut Report) -> Result<()> {
    let now = arguments.clock.now();
    let edge = PrivateJwks::of(generate::all(now)?);
    let sessions = PrivateJwks::of_sessions(vec![generate::session(now)?]);
    let asked = if arguments.session { &sessions } else { &edge };
    if arguments.stdout {
        // Nothing else: this is for a pipe.
        println!("{}", *asked.to_text());
        return Ok(());
    }
    if let Some(path) = &arguments.output {
        if arguments.dry_run {
            if path.exists() {
                bail!("{} is there already, and is not overwritten", path.display());
            }
            report.did(format!("would write keys to {}", path.display()));
            return Ok(());
        }
        private_file::create(path, &asked.to_text()).with_context(|| format!("cannot write {}", path.display()))?;
        report.did(format!("wrote the keys {} to {}", listed(asked), path.display()));
        return Ok(());
    }

    let store = Located::find(&arguments.which).await?.store;
    let deployment = &store.deployment;
    let mut all = vec![(super::keys_parameter(deployment), &edge)];
    // A server of one's own has its own sessions.
    if deployment.file().is_none() {
        all.push((super::session_keys_parameter(deployment), &sessions));
    }
    let mut missing = Vec::new();
    for (name, keys) in &all {
        if !store.has(name).await? {
            missing.push((name, keys));
        }
    }
    if missing.is_empty() {
        let names: Vec<_> = all.iter().map(|(name, _)| name.as_str()).collect();
        let are = if names.len() == 1 { "is" } else { "are" };
        bail!(
            "{} {are} there already, and {are} not overwritten; `edgeward rotate` replaces keys",
            names.join(" and ")
        );
    }
    for (name, keys) in missing {
        if arguments.dry_run {
            report.did(format!("would make keys and store them as {name}"));
            continue;
        }
        let stored = store.create(name, &keys.to_text(), Protection::Encrypted).await;
        stored.context("no keys were stored; `edgeward rotate` replaces keys")?;
        report.did(format!("stored the keys {} as {name}", listed(keys)));
    }
    Ok(())
}

/// Their ids, and what each is for.
fn listed(keys: &PrivateJwks) -> String {
    let kinds = Kind::ALL.into_iter().chain([Kind::Session]);
    let described =
        kinds.flat_map(|kind| keys.of_kind(kind).map(move |key| format!("{} ({})", key.key_id(), kind.word())));
    described.collect::<Vec<_>>().join(", ")
}
