//! `edgeward leaked`: replaces what has leaked and takes it out of use, in one run.
//!
//! A rotation keeps the old key until nothing depends on it. Here it goes at once, so the command says first what that costs.

mod client_secret;
mod keys;
mod session;
mod words;

use anyhow::{Result, bail};

use crate::{
    cli::{Leak, Leaked},
    jwks::{Kind, PrivateJwks},
    replacement::{self, Replacement, Suspects, UnknownKey},
    report::Report,
};

/// Replaces it.
pub(crate) async fn run(arguments: &Leaked, report: &mut Report) -> Result<()> {
    match arguments.what {
        Leak::Signing => keys::run(&[Kind::Signing], arguments, report).await,
        Leak::Sealing => keys::run(&[Kind::Sealing], arguments, report).await,
        Leak::Registration => keys::run(&[Kind::Registration], arguments, report).await,
        Leak::Keys => keys::run(&Kind::ALL, arguments, report).await,
        Leak::Session => session::run(arguments, report).await,
        Leak::ClientSecret => client_secret::run(arguments, report).await,
        Leak::OriginSecret => {
            let located = super::Located::find(&arguments.which).await?;
            located.has_origin_of_ours().await?;
            report.did("nobody has to sign in again: CloudFront and the firewall of the origin's load balancer change");
            bail!(
                "the origin's secret belongs to the stacks: run `make deploy DEPLOYMENT={} LEAKED=origin-secret`, which raises \
                 server.originSecretGeneration by one and deploys; the old secret is refused once CloudFront has the new one",
                located.store.deployment
            )
        }
    }
}

/// Says what it costs, and whether the operator wants it.
fn agreed(arguments: &Leaked, costs: impl IntoIterator<Item = String>, report: &mut Report) -> Result<bool> {
    costs.into_iter().for_each(|cost| report.did(cost));
    match (arguments.dry_run, arguments.yes) {
        (true, _) => Ok(false),
        (false, true) => Ok(true),
        (false, false) => bail!("nothing was changed: if that is meant, add --yes"),
    }
}

/// Which keys go, of those that are stored.
fn plan(keys: &PrivateJwks, kinds: &[Kind], arguments: &Leaked) -> Result<Replacement> {
    let suspects = match (arguments.what, arguments.key.as_slice()) {
        (Leak::Keys, _) => Suspects::All,
        (_, []) => Suspects::InUse,
        (_, named) => Suspects::Named(named),
    };
    replacement::plan(keys, kinds, suspects, arguments.clock.now()).or_else(|UnknownKey(id)| {
        let stored: Vec<_> = kinds.iter().flat_map(|kind| keys.of_kind(*kind)).map(|key| key.key_id()).collect();
        bail!(
            "no key {id} is stored, and nothing was changed: the keys are {}, of which the first is in use. If {id} was removed \
             before, `edgeward push --secrets-only` gives the edge the keys that are stored",
            stored.join(", ")
        )
    })
}
