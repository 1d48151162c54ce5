//! `edgeward rotate client-secret`

use anyhow::{Result, bail};

use super::super::{Described, accepted, client_secret as secrets};
use crate::{
    cli::Rotate,
    destination::Destination,
    managed_secret,
    pool::Pool,
    report::Report,
    rotation::ROLLOUT,
    secret_rotation::{self, Plan},
};

/// Does the step that is due.
pub(super) async fn run(arguments: &Rotate, report: &mut Report) -> Result<()> {
    let described = Described::read(&arguments.which).await?;
    let deployment = described.deployment();
    let parameter = secrets::stored(&described)?;
    if let Some(arn) = managed_secret::arn(parameter.text()) {
        bail!(
            "Secrets Manager rotates this secret by itself ({arn}): `edgeward push --secrets-only` gives the edge the newest"
        );
    }
    let stored = secrets::words(parameter);
    let [newest, ..] = stored.as_slice() else { bail!(secrets::inconsistent(0, 0)) };

    let pool = Pool::of(&described.settings, &described.aws)?;
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
        Plan::Inconsistent => bail!(secrets::inconsistent(stored.len(), listed.len())),
    };
    if arguments.dry_run {
        report.did(would);
        return Ok(());
    }
    // What could fail for another reason fails before anything is written.
    let destination = Destination::prepare(&arguments.target, deployment, false).await?;
    accepted(&described.settings, deployment, report)?;
    match plan {
        Plan::Add => {
            secrets::add(&pool, &described, deployment, &destination, newest, report).await?;
            let until = arguments.clock.now().plus(ROLLOUT);
            report.next(until, "delete the old secret at Cognito");
        }
        Plan::Delete(id) => {
            pool.delete_secret(&id).await?;
            report.did(format!("deleted the old secret {id} at Cognito"));
            secrets::deliver_and_store(&described, deployment, &destination, newest, report).await?;
        }
        Plan::Settle => secrets::deliver_and_store(&described, deployment, &destination, newest, report).await?,
        Plan::Unknown(id) => {
            pool.delete_secret(&id).await?;
            report.did(format!("deleted the secret {id} at Cognito"));
        }
        Plan::Wait(_) | Plan::Inconsistent => {}
    }
    Ok(())
}
