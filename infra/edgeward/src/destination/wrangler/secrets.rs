//! The secrets of a Worker. Their values reach wrangler through its standard input alone.

use std::{
    collections::BTreeMap,
    io::{self, Write as _},
};

use anyhow::{Context as _, Result, bail};
use edgeward_core::Config;
use edgeward_identity::names::edge::SETTINGS;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::{Wrangler, explain};
use crate::{edge::Settings, report::Report};

/// A change of secrets, as JSON: values are set, null removes.
pub(super) struct Change {
    document: Zeroizing<String>,
    set: Vec<&'static str>,
    removed: Vec<&'static str>,
}

/// Every secret as the settings have it; those of the Worker that are unset now are removed.
pub(super) fn all(settings: &Settings, standing: &[String]) -> Change {
    change(settings.secret(), obsolete(settings, standing))
}

/// One secret; the others stay.
pub(super) fn one(settings: &Settings, name: &'static str) -> Change {
    change(settings.secret().filter(|(secret, _)| *secret == name), Vec::new())
}

/// The secrets that the Worker has and the settings have no more. Others may have secrets there too, which stay.
pub(super) fn obsolete(settings: &Settings, standing: &[String]) -> Vec<&'static str> {
    let ours = unset(settings);
    ours.filter(|name| standing.iter().any(|standing| standing == name)).collect()
}

/// The secrets that the settings do not have.
fn unset(settings: &Settings) -> impl Iterator<Item = &'static str> {
    let secrets = SETTINGS.into_iter().filter(|setting| setting.secret);
    secrets.map(|setting| setting.variable).filter(|name| settings.get(name).is_none())
}

/// Says which secrets a push would remove, without asking which of them the Worker has.
pub(super) fn would_remove_unset(settings: &Settings, report: &mut Report) {
    let unset: Vec<_> = unset(settings).collect();
    if !unset.is_empty() {
        report.did(format!("would remove the secrets {}, if the Worker has them", unset.join(", ")));
    }
}

/// The secrets that are uploaded with the code. A secret that is not among them stays at the Worker as it is, so an obsolete
/// one gets a blank value, which the edge takes for unset: it could contradict the new variables. Not an empty one, which
/// Cloudflare might refuse.
pub(super) fn uploaded(settings: &Settings, obsolete: &[&'static str]) -> Zeroizing<String> {
    let blank = obsolete.iter().map(|name| ((*name).to_owned(), Value::from(" ")));
    let members = settings.secret().map(|(name, value)| (name.to_owned(), Value::from(value)));
    Zeroizing::new(Value::Object(members.chain(blank).collect()).to_string())
}

fn change<'a>(set: impl Iterator<Item = (&'static str, &'a str)>, removed: Vec<&'static str>) -> Change {
    let (mut names, mut members) = (Vec::new(), Map::new());
    for (name, value) in set {
        names.push(name);
        members.insert(name.to_owned(), value.into());
    }
    members.extend(removed.iter().map(|name| ((*name).to_owned(), Value::Null)));
    Change { document: Zeroizing::new(Value::Object(members).to_string()), set: names, removed }
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct Deployment {
    versions: Vec<Share>,
}

#[derive(Deserialize)]
struct Share {
    version_id: String,
}

#[derive(Deserialize)]
struct Version {
    resources: Resources,
    #[serde(default)]
    annotations: Annotations,
}

#[derive(Default, Deserialize)]
struct Annotations {
    #[serde(rename = "workers/tag")]
    tag: Option<String>,
}

#[derive(Deserialize)]
struct Resources {
    bindings: Vec<Binding>,
}

#[derive(Deserialize)]
struct Binding {
    name: String,
    /// Of variables alone.
    text: Option<String>,
}

impl Wrangler {
    /// The names of the Worker's secrets; none when there is no such Worker.
    pub(in crate::destination) async fn standing_secrets(&self) -> Result<Option<Vec<String>>> {
        // Given an environment as well, this command of wrangler would append it to the name. Said to be empty, it stops
        // wrangler from asking which one is meant.
        let found: Option<Vec<Named>> = self.asked(&["secret", "list", "--name", &self.worker, "--env="]).await?;
        Ok(found.map(|secrets| secrets.into_iter().map(|secret| secret.name).collect()))
    }

    /// Sets and removes secrets: that is one version of the Worker.
    pub(super) async fn set_secrets(&self, change: &Change, report: &mut Report) -> Result<()> {
        if let Err(meaning) = self.bulk(change).await? {
            bail!(
                "`wrangler secret bulk` failed; its message is above.{meaning} Mend that and run this again: until then the \
                 Worker {} may have older secrets",
                self.worker
            );
        }
        report.did(format!("set {}", self.described_secrets(change)));
        self.did_remove(&change.removed, report);
        Ok(())
    }

    pub(super) fn would_set(&self, change: &Change, report: &mut Report) {
        report.did(format!("would set {}", self.described_secrets(change)));
    }

    /// Removes secrets that no version needs any more.
    pub(super) async fn remove_secrets(&self, names: &[&'static str], report: &mut Report) -> Result<()> {
        if names.is_empty() {
            return Ok(());
        }
        if let Err(meaning) = self.bulk(&change(std::iter::empty(), names.to_vec())).await? {
            bail!(
                "the Worker {} is deployed, but `wrangler secret bulk` failed; its message is above.{meaning} The secrets {} \
                 are still there, with blank values, which the edge takes for unset: mend that and run `edgeward push` again",
                self.worker,
                names.join(", ")
            );
        }
        self.did_remove(names, report);
        Ok(())
    }

    /// Refuses secrets that do not go with the variables that the Worker has, which may be older than the parameters.
    pub(super) async fn accepts_secrets(&self, settings: &Settings) -> Result<()> {
        for variables in self.standing_variables().await? {
            let secret = |name: &str| settings.secret().find(|(secret, _)| *secret == name).map(|(_, value)| value);
            let found = |name: &str| secret(name).map(str::to_owned).or_else(|| variables.get(name).cloned());
            if let Err(problems) = Config::parse(found) {
                bail!(
                    "the variables of the Worker {} do not go with these secrets, so nothing was written ({problems}): run \
                     `edgeward push` without --secrets-only, which writes both at once",
                    self.worker
                );
            }
        }
        Ok(())
    }

    /// The variables of each version that serves.
    async fn standing_variables(&self) -> Result<Vec<BTreeMap<String, String>>> {
        let variables = |version: Version| {
            version.resources.bindings.into_iter().filter_map(|binding| Some((binding.name, binding.text?))).collect()
        };
        Ok(self.standing_versions().await?.into_iter().map(variables).collect())
    }

    /// The tag of the version that serves, if it is one alone and has one.
    pub(super) async fn standing_tag(&self) -> Result<Option<String>> {
        let versions = self.standing_versions().await?;
        Ok(<[Version; 1]>::try_from(versions).ok().and_then(|[version]| version.annotations.tag))
    }

    async fn standing_versions(&self) -> Result<Vec<Version>> {
        let worker = ["--name", &self.worker, "--env=", "--json"];
        let deployment: Option<Deployment> = self.asked(&[&["deployments", "status"], &worker[..]].concat()).await?;
        let mut all = Vec::new();
        for Share { version_id } in deployment.into_iter().flat_map(|deployment| deployment.versions) {
            let version = self.asked(&[&["versions", "view", &version_id], &worker[..]].concat()).await?;
            all.extend(version);
        }
        Ok(all)
    }

    /// What wrangler answers to a question, as JSON; nothing when there is no such Worker.
    async fn asked<T: DeserializeOwned>(&self, question: &[&str]) -> Result<Option<T>> {
        let output = self.output(question).await?;
        if output.status.success() {
            let answer = serde_json::from_slice(&output.stdout);
            return answer
                .map(Some)
                .with_context(|| format!("`wrangler {}` has not answered in JSON", question[..2].join(" ")));
        }
        let said = [output.stdout, output.stderr].concat();
        let words = String::from_utf8_lossy(&said);
        if self.is_not_there(&words) {
            return Ok(None);
        }
        let _ = io::stderr().write_all(&said);
        bail!(
            "`wrangler {}` failed; its message is above.{} The Worker {} was not changed",
            question[..2].join(" "),
            explain(&words),
            self.worker
        )
    }

    /// What a failure means, if it fails.
    async fn bulk(&self, change: &Change) -> Result<Result<(), String>> {
        let command = self.command(&["secret", "bulk", "--name", &self.worker, "--env="]);
        let ended = self.run(command, change.document.as_bytes()).await?;
        Ok(if ended.success { Ok(()) } else { Err(explain(&ended.said)) })
    }

    fn described_secrets(&self, change: &Change) -> String {
        format!("the secrets {} of the Worker {}", change.set.join(", "), self.worker)
    }

    fn did_remove(&self, names: &[&'static str], report: &mut Report) {
        if !names.is_empty() {
            report.did(format!("removed the secrets {} of the Worker {}", names.join(", "), self.worker));
        }
    }
}
