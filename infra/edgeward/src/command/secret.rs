//! `edgeward secret`

use std::{
    fs,
    io::{self, IsTerminal as _, Read as _},
};

use anyhow::{Context as _, Result, bail};
use edgeward_identity::names::edge::{KEYS, SETTINGS, Setting};
use zeroize::Zeroizing;

use super::Described;
use crate::{
    cli::{Secret, SecretCommand},
    jwks::PrivateJwks,
    parameter::Protection,
    report::Report,
};

/// Stores or removes one secret of the edge. The edge gets it with the next push.
pub(crate) async fn run(arguments: &Secret, report: &mut Report) -> Result<()> {
    match &arguments.command {
        SecretCommand::Set { name, file } => {
            let setting = named(name)?;
            let described = Described::read(&arguments.which).await?;
            let value = match file {
                Some(path) => fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?,
                None => asked(name)?,
            };
            let value = Zeroizing::new(value.trim().to_owned());
            if value.is_empty() {
                bail!("{name} is empty: nothing was stored; `edgeward secret remove {name}` removes it");
            }
            if setting.variable == KEYS {
                PrivateJwks::parse(&value).context("these keys were not stored")?;
            }
            let place = described.deployment().secret(name);
            let mut settings = described.settings.clone();
            settings.set(setting.variable, &value);
            // What else is missing is no matter of this command.
            let problems = settings.config(described.deployment()).err().unwrap_or_default();
            if let Some(problem) = problems.into_iter().find(|problem| problem.place.contains(setting.variable)) {
                bail!("{name} {}: nothing was stored", problem.what);
            }
            described.store.write(&place, &value, Protection::Encrypted).await?;
            report.did(format!("stored {name} as {place}; `edgeward up` or `edgeward push` gives it to the edge"));
        }
        SecretCommand::Remove { name } => {
            let setting = named(name)?;
            if setting.variable == KEYS {
                bail!(
                    "without its keys no client is known and nobody stays signed in: `edgeward rotate` and `edgeward leaked` replace keys"
                );
            }
            let store = Described::read(&arguments.which).await?.store;
            let place = store.deployment.secret(name);
            match store.delete(std::slice::from_ref(&place)).await?.is_empty() {
                true => bail!("there is no {place}"),
                false => {
                    report.did(format!("removed {place}; `edgeward up` or `edgeward push` takes it from the edge"))
                }
            }
        }
    }
    Ok(())
}

fn named(name: &str) -> Result<Setting> {
    let secrets = SETTINGS.into_iter().filter(|setting| setting.secret);
    let found = secrets.clone().find(|setting| setting.parameter == name || setting.variable == name);
    found.with_context(|| {
        let names: Vec<_> = secrets.map(|setting| setting.parameter).collect();
        format!("{name} is no secret of the edge: there are {}", names.join(", "))
    })
}

/// The value from standard input: typed without being shown, or piped.
pub(super) fn asked(name: &str) -> Result<String> {
    if io::stdin().is_terminal() {
        return rpassword::prompt_password(format!("{name}: ")).context("cannot read from the terminal");
    }
    let mut value = String::new();
    io::stdin().read_to_string(&mut value).context("standard input cannot be read")?;
    Ok(value)
}
