//! `edgeward rotate signing`, `sealing` and `registration`

use anyhow::{Context as _, Result};
use edgeward_identity::names::edge::KEYS;

use super::{
    super::{Described, accepted, keys_parameter, publish_jwks::publish},
    due, words,
};
use crate::{
    cli::Rotate,
    destination::{Destination, Part},
    edge::Settings,
    generate,
    jwks::{Date, Kind, PrivateJwks},
    managed_secret,
    parameter::Protection,
    pool::Pool,
    report::Report,
    rotation::{self, Step},
};

/// Does the step that is due for the keys of one kind.
pub(super) async fn run(kind: Kind, arguments: &Rotate, report: &mut Report) -> Result<()> {
    let mut run = Run::begin(kind, arguments).await?;
    match due(kind, &run.keys, arguments, report)? {
        Some(step) => run.take(step, report).await,
        None => Ok(()),
    }
}

struct Run<'a> {
    kind: Kind,
    arguments: &'a Rotate,
    described: Described,
    keys: PrivateJwks,
    version: i64,
}

impl<'a> Run<'a> {
    async fn begin(kind: Kind, arguments: &'a Rotate) -> Result<Self> {
        let described = Described::read(&arguments.which).await?;
        let keys = described.settings.get(KEYS).context("the deployment has no keys: run `edgeward keygen`")?;
        let keys = PrivateJwks::parse(keys)?;
        let version = described.edge.get("keys").map_or(0, |parameter| parameter.version);
        Ok(Self { kind, arguments, described, keys, version })
    }

    async fn take(&mut self, step: Step, report: &mut Report) -> Result<()> {
        let deployment = &self.described.store.deployment.clone();
        // What could fail for another reason fails before anything is written.
        let destination = Destination::prepare(&self.arguments.target, deployment, false).await?;
        if destination.takes_all_secrets(Part::Secret(KEYS)) {
            managed_secret::resolve(&mut self.described.settings, &self.described.aws).await?;
        }
        accepted(&self.described.settings, deployment, report)?;
        let word = self.kind.word();
        match step {
            Step::Add => {
                let key = generate::one(self.kind, self.arguments.clock.now())?;
                let key_id = key.key_id().to_owned();
                self.keys.add(key);
                destination.fits(&self.settings(), deployment, report)?;
                // Kept before anybody knows it, so that two operators at once do not deliver different keys.
                self.store(report).await?;
                self.deliver_behind(&destination, &key_id, report).await
            }
            Step::Deliver { key_id } => self.deliver_behind(&destination, &key_id, report).await,
            Step::Promote { key_id } => {
                let refresh_token = match self.kind {
                    Kind::Sealing => {
                        Pool::of(&self.described.settings, &self.described.aws)?.refresh_token_seconds().await?
                    }
                    Kind::Signing | Kind::Registration | Kind::Session => 0,
                };
                let replaced =
                    self.keys.of_kind(self.kind).next().map(|key| key.key_id().to_owned()).unwrap_or_default();
                let removable_from = |now| rotation::removable_from(self.kind, now, refresh_token);
                self.keys.promote(&key_id, removable_from(self.arguments.clock.now()));
                self.deliver(&destination, report).await?;
                let until = removable_from(self.arguments.clock.now());
                self.keys.set_date(&replaced, Date::RemovableFrom, until);
                self.store(report).await?;
                report.did(format!("the {word} key {key_id} is in use"));
                if until == rotation::NEVER {
                    report.did(format!("the {word} key {replaced} stays, as client ids never expire"));
                } else {
                    report.next(until, words(&Step::Remove { key_id: replaced }, word));
                }
                Ok(())
            }
            Step::Remove { key_id } => {
                self.keys.remove(&key_id);
                self.deliver(&destination, report).await?;
                self.store(report).await?;
                report.did(format!("the {word} key {key_id} is removed"));
                if let Some(in_use) = self.keys.of_kind(self.kind).next().filter(|_| self.arguments.force_remove) {
                    report.did(super::still_in_use(in_use, self.kind));
                }
                Ok(())
            }
        }
    }

    async fn deliver_behind(&mut self, destination: &Destination, key_id: &str, report: &mut Report) -> Result<()> {
        self.deliver(destination, report).await?;
        let from = self.arguments.clock.now().plus(rotation::publication(self.kind));
        self.keys.set_date(key_id, Date::UsableFrom, from);
        self.store(report).await?;
        report.next(from, words(&Step::Promote { key_id: key_id.to_owned() }, self.kind.word()));
        Ok(())
    }

    /// The settings with the keys as they are now.
    fn settings(&self) -> Settings {
        let mut settings = self.described.settings.clone();
        settings.set(KEYS, &self.keys.to_deliver());
        settings
    }

    /// Publishes and delivers the keys as they are now.
    async fn deliver(&self, destination: &Destination, report: &mut Report) -> Result<()> {
        let settings = self.settings();
        let config = accepted(&settings, self.described.deployment(), report)?;
        publish(&self.described.store, &self.keys, false, report).await?;
        destination.deliver(&settings, &config, Part::Secret(KEYS), false, report).await
    }

    /// Keeps the keys as they are now.
    async fn store(&mut self, report: &mut Report) -> Result<()> {
        let name = keys_parameter(self.described.deployment());
        self.described.store.unchanged_since(&name, self.version).await?;
        self.version = self.described.store.write(&name, &self.keys.to_text(), Protection::Encrypted).await?;
        report.did(format!("stored the keys as {name}"));
        Ok(())
    }
}
