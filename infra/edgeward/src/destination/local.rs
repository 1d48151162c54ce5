//! A local edge: what `wrangler dev` reads. Variables stand in `wrangler.json`, secrets in `.dev.vars`.

use std::{fs, path::PathBuf};

use anyhow::{Context as _, Result, bail};
use edgeward_core::Config;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::{CONFIG, bindings};
use crate::{deployment::Environment, edge::Settings, private_file, report::Report};

/// A folder with the settings of a local edge.
#[derive(Debug)]
pub(crate) struct Local {
    pub(super) output: PathBuf,
    pub(super) edge_folder: PathBuf,
    /// Whose limits it has.
    pub(super) environment: Environment,
}

/// What the edge's own `wrangler.toml` says about the runtime.
#[derive(Deserialize)]
struct Runtime {
    name: String,
    main: PathBuf,
    compatibility_date: String,
    #[serde(default)]
    compatibility_flags: Vec<String>,
}

impl Local {
    pub(super) fn write(&self, settings: &Settings, config: &Config, dry_run: bool, report: &mut Report) -> Result<()> {
        let [config_file, secrets] = self.files();
        let what = format!("{} and {}", config_file.display(), secrets.display());
        let (config_text, secrets_text) = (self.config(settings, config)?, dev_vars(settings)?);
        if dry_run {
            report.did(format!("would write {what}"));
            return Ok(());
        }
        let written = || {
            private_file::make_folder(&self.output)?;
            // wrangler reads both again as soon as one changes.
            private_file::replace(&secrets, &secrets_text)?;
            private_file::replace(&config_file, &config_text)
        };
        written().with_context(|| format!("cannot write {what}"))?;
        report.did(format!("wrote {what}"));
        Ok(())
    }

    /// Removes the files, and the folder if nothing else is in it.
    pub(super) fn remove(&self, dry_run: bool, report: &mut Report) -> Result<bool> {
        let mut found = Vec::new();
        // A write that broke off has left its draft.
        for path in self.files().into_iter().flat_map(|path| [private_file::draft(&path), path]) {
            if path.try_exists().with_context(|| format!("cannot read {}", path.display()))? {
                found.push(path);
            }
        }
        if found.is_empty() {
            report.did(format!("there is no local edge in {}", self.output.display()));
            return Ok(false);
        }
        let what = found.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(" and ");
        if dry_run {
            report.did(format!("would remove {what}"));
            return Ok(true);
        }
        for path in &found {
            let removed = fs::remove_file(path);
            removed.with_context(|| format!("cannot remove {}; no parameter was removed", path.display()))?;
        }
        // Refused by the system when there is more in it.
        let _ = fs::remove_dir(&self.output);
        report.did(format!("removed {what}"));
        Ok(true)
    }

    fn files(&self) -> [PathBuf; 2] {
        ["wrangler.json", ".dev.vars"].map(|name| self.output.join(name))
    }

    fn config(&self, settings: &Settings, config: &Config) -> Result<String> {
        let path = self.edge_folder.join(CONFIG);
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let runtime: Runtime = toml::from_str(&text).with_context(|| format!("cannot read {}", path.display()))?;
        let own: Value = toml::from_str(&text).with_context(|| format!("cannot read {}", path.display()))?;
        let bindings = bindings::of(&own, self.environment, config)?;
        let variables: Map<_, _> = settings.plain().map(|(name, value)| (name.to_owned(), value.into())).collect();
        let mut document = json!({
            "name": runtime.name,
            "main": self.edge_folder.join(runtime.main),
            "compatibility_date": runtime.compatibility_date,
            "compatibility_flags": runtime.compatibility_flags,
            "vars": Value::Object(variables),
        });
        for (name, value) in bindings {
            document[name] = value;
        }
        // What wrangler does with a bundle; the classes of objects, and the bindings to them.
        for (name, value) in [
            ("no_bundle", &own["no_bundle"]),
            ("find_additional_modules", &own["find_additional_modules"]),
            ("migrations", &own["migrations"]),
            ("durable_objects", &own["env"][self.environment.to_string()]["durable_objects"]),
        ] {
            if !value.is_null() {
                document[name] = value.clone();
            }
        }
        Ok(serde_json::to_string_pretty(&document)?)
    }
}

fn dev_vars(settings: &Settings) -> Result<Zeroizing<String>> {
    let mut lines = Zeroizing::new(String::new());
    for (name, value) in settings.secret() {
        let mut value = Zeroizing::new(value.to_owned());
        if value.starts_with(['{', '[']) {
            // In JSON, both stand in strings only.
            *value = value.replace('\'', "\\u0027").replace(['\n', '\r'], " ");
        }
        if value.contains(['\'', '\n', '\r']) {
            bail!("the value of {name} cannot be written in a .dev.vars file");
        }
        lines.push_str(name);
        lines.push_str("='");
        lines.push_str(&value);
        lines.push_str("'\n");
    }
    Ok(lines)
}
