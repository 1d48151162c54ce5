//! `edgeward leaked client-secret`
//!
//! Every state in which a run can break off is one of a rotation's, so both commands go on from it.

use anyhow::{Context as _, Result, bail};
use zeroize::Zeroizing;

use super::{
    super::{Described, accepted, client_secret as secrets},
    agreed,
};
use crate::{
    cli::Leaked,
    destination::Destination,
    managed_secret::{self, SecretArn},
    pool::Pool,
    report::Report,
};

/// Replaces all secrets that the app client has.
pub(super) async fn run(arguments: &Leaked, report: &mut Report) -> Result<()> {
    let described = Described::read(&arguments.which).await?;
    let deployment = described.deployment();
    let parameter = secrets::stored(&described)?;
    if let Some(arn) = managed_secret::arn(parameter.text()) {
        let arn = SecretArn::parse(arn)?.secret;
        bail!(
            "Secrets Manager keeps this secret: run `aws secretsmanager rotate-secret --secret-id {arn}`, wait until it has ended, \
             and run `edgeward push --secrets-only`. Then do both again: the secret before probably works until the rotation after. \
             `aws cognito-idp list-user-pool-client-secrets` shows which there are"
        );
    }
    let stored = secrets::words(parameter);
    let pool = Pool::of(&described.settings, &described.aws)?;
    let mut listed = pool.secrets().await?;
    // Which of them the edge uses: see `secret_rotation`.
    let (superfluous, in_use) = match (stored.as_slice(), listed.len()) {
        ([in_use] | [in_use, _], 1) => (None, in_use),
        ([in_use, _], 2) => (Some(listed.remove(0)), in_use),
        ([in_use], 2) => (listed.pop(), in_use),
        (stored, listed) => bail!(secrets::inconsistent(stored.len(), listed)),
    };
    let Some(leaked) = listed.pop() else { bail!(secrets::inconsistent(stored.len(), 0)) };

    let ids: Vec<_> = superfluous.iter().chain([&leaked]).map(|secret| secret.id.as_str()).collect();
    let costs = [
        format!("a new secret takes the place of {} at Cognito", ids.join(" and ")),
        "nobody has to sign in again for the client secret. Until every instance of the edge has the new one, within 5 minutes, \
         some sign-ins and refreshes get a 503, and clients try again"
            .to_owned(),
    ];
    if !agreed(arguments, costs, report)? {
        return Ok(());
    }
    // What could fail for another reason fails before anything is written.
    let destination = Destination::prepare(&arguments.target, deployment, false).await?;
    accepted(&described.settings, deployment, report)?;
    if let Some(secret) = superfluous {
        // Cognito has room for two.
        pool.delete_secret(&secret.id).await?;
        report.did(format!("deleted the secret {} at Cognito", secret.id));
    }
    let new = secrets::add(&pool, &described, deployment, &destination, in_use, report).await?;
    pool.delete_secret(&leaked.id).await?;
    report.did(format!("deleted the secret {} at Cognito: nobody gets tokens with it any more", leaked.id));
    let new: Zeroizing<String> = Zeroizing::new(new.expose().clone());
    let done = secrets::deliver_and_store(&described, deployment, &destination, &new, report).await;
    done.context(
        "what has leaked is gone already; run `edgeward rotate client-secret` to give the edge the new secret alone",
    )
}
