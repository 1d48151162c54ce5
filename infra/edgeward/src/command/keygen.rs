//! `edgeward keygen`

use std::{fs, io::Write as _, os::unix::fs::OpenOptionsExt as _, path::Path};

use anyhow::{Context as _, Result, bail};

use crate::{
    aws::Aws,
    cli::Keygen,
    generate,
    jwks::{Kind, PrivateJwks},
    parameter::{Protection, Store},
    report::Report,
};

/// Makes keys, and stores them if there are none.
pub(crate) async fn run(arguments: &Keygen, report: &mut Report) -> Result<()> {
    let keys = PrivateJwks::of(generate::all(arguments.clock.now())?);
    let made = Kind::ALL
        .into_iter()
        .flat_map(|kind| keys.of_kind(kind).map(move |key| format!("{} ({})", key.key_id(), kind.word())))
        .collect::<Vec<_>>()
        .join(", ");
    if arguments.stdout {
        // Nothing else: this is for a pipe.
        println!("{}", *keys.to_text());
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
        write(path, &keys.to_text()).with_context(|| format!("cannot write {}", path.display()))?;
        report.did(format!("wrote the keys {made} to {}", path.display()));
        return Ok(());
    }
    let deployment = arguments.deployment.as_ref().context("--deployment is missing")?;
    let store = Store::new(&Aws::connect(arguments.region.clone()).await?, deployment);
    let name = super::keys_parameter(deployment);
    if arguments.dry_run {
        if store.has(&name).await? {
            bail!("{name} is there already, and is not overwritten; `edgeward rotate` replaces keys");
        }
        report.did(format!("would make keys and store them as {name}"));
        return Ok(());
    }
    let stored = store.create(&name, &keys.to_text(), Protection::Encrypted).await;
    stored.context("no keys were stored; `edgeward rotate` replaces keys")?;
    report.did(format!("stored the keys {made} as {name}"));
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    Ok(())
}
