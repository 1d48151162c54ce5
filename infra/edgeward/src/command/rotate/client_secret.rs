//! `edgeward rotate client-secret`

use anyhow::{Context as _, Result, bail};
use edgeward_identity::names::edge::COGNITO_CLIENT_SECRET;
use zeroize::Zeroizing;

use super::super::{Described, accepted, secret_parameter};
use crate::{
    cli::Rotate,
    destination::{Destination, Part},
    parameter::Protection,
    pool::Pool,
    report::Report,
    rotation::ROLLOUT,
    secret_rotation::{self, Plan},
};

/// Does the step that is due.
pub(super) async fn run(arguments: &Rotate, report: &mut Report) -> Result<()> {
    let run = Run { arguments, described: Described::read(&arguments.which).await? };
    let parameter = run.described.edge.get("cognito-client-secret");
    let parameter = parameter.context("the app client's secret is not stored yet: run `edgeward push` first")?;
    let stored: Vec<_> = parameter.text().split_whitespace().map(|word| Zeroizing::new(word.to_owned())).collect();
    let [newest, ..] = stored.as_slice() else {
        bail!("the parameter cognito-client-secret is empty: write the app client's secret into it, from a backup")
    };

    let pool = Pool::of(&run.described.settings, &run.described.aws)?;
    let listed = pool.secrets().await?;
    let plan = secret_rotation::plan(stored.len(), parameter.modified, &listed, arguments.clock.now());
    if arguments.force_remove && !matches!(plan, Plan::Unknown(_)) {
        bail!("every secret of the app client is stored: there is none to remove");
    }
    let would = match &plan {
        Plan::Add => "would add a secret at Cognito and give the edge both".to_owned(),
        Plan::Wait(until) => {
            report.did("nothing is due for the client secret: the edge is getting both");
            report.next(*until, "delete the old secret at Cognito");
            return Ok(());
        }
        Plan::Delete(id) => format!("would delete the old secret {id} at Cognito and give the edge the new one alone"),
        Plan::Settle => "would give the edge the new secret alone".to_owned(),
        Plan::Unknown(id) if arguments.force_remove => format!("would delete the secret {id} at Cognito"),
        Plan::Unknown(id) => bail!(
            "Cognito has a secret {id} that is not stored: another rotation is under way, or was cut short; if it is not \
             under way, --force-remove deletes that secret"
        ),
        Plan::Inconsistent => bail!(
            "{} secrets are stored and Cognito has {}: leave in the parameter cognito-client-secret those that Cognito has, and \
             run `edgeward push`",
            stored.len(),
            listed.len()
        ),
    };
    if arguments.dry_run {
        report.did(would);
        return Ok(());
    }
    // What could fail for another reason fails before anything is written.
    let destination = Destination::prepare(&arguments.target, &arguments.which.deployment, false).await?;
    accepted(&run.described.settings, &arguments.which.deployment, report)?;
    match plan {
        Plan::Add => {
            let (id, secret) = pool.add_secret().await?;
            report.did(format!("added the secret {id} at Cognito"));
            let both = Zeroizing::new(format!("{} {}", secret.expose(), newest.as_str()));
            if let Err(error) = run.deliver_and_store(&destination, &both, report).await {
                // Cognito never shows it again. An edge that has got it falls back to the old one.
                pool.delete_secret(&id).await.with_context(|| {
                    format!("the secret {id} at Cognito is not stored and could not be deleted: --force-remove does it")
                })?;
                report.did(format!("deleted the secret {id} at Cognito again"));
                return Err(error);
            }
            let until = arguments.clock.now().plus(ROLLOUT);
            report.next(until, "delete the old secret at Cognito");
        }
        Plan::Delete(id) => {
            pool.delete_secret(&id).await?;
            report.did(format!("deleted the old secret {id} at Cognito"));
            run.deliver_and_store(&destination, newest, report).await?;
        }
        Plan::Settle => run.deliver_and_store(&destination, newest, report).await?,
        Plan::Unknown(id) => {
            pool.delete_secret(&id).await?;
            report.did(format!("deleted the secret {id} at Cognito"));
        }
        Plan::Wait(_) | Plan::Inconsistent => {}
    }
    Ok(())
}

struct Run<'a> {
    arguments: &'a Rotate,
    described: Described,
}

impl Run<'_> {
    /// Stored after it is delivered: the date of the parameter says since when the edge has what it holds.
    async fn deliver_and_store(&self, destination: &Destination, secrets: &str, report: &mut Report) -> Result<()> {
        let deployment = &self.arguments.which.deployment;
        let mut settings = self.described.settings.clone();
        settings.set(COGNITO_CLIENT_SECRET, secrets);
        let config = accepted(&settings, deployment, report)?;
        destination.deliver(&settings, &config, Part::Secret(COGNITO_CLIENT_SECRET), false, report).await?;
        let name = secret_parameter(deployment);
        self.described.store.write(&name, secrets, Protection::Encrypted).await?;
        report.did(format!("stored the client secret as {name}"));
        Ok(())
    }
}
