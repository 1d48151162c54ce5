//! `edgeward drift`

mod bindings;
pub(super) mod clients;
pub(super) mod documents;

use std::time::Duration;

use anyhow::{Result, bail};

use super::{Described, accepted, plain_http};
use crate::{cli::Drift, cloudflare::Cloudflare, fetch::Fetch, report::Report, target::Target, waiting::Patience};

const PUSH: &str = "run `edgeward push`";

/// Compares the deployment's parameters with the running edge, and asks the edge as its clients do.
pub(crate) async fn run(arguments: &Drift, report: &mut Report) -> Result<()> {
    let described = Described::read(&arguments.which).await?;
    let deployment = described.deployment();
    let config = accepted(&described.settings, deployment, report)?;
    let target = Target::new(&config, arguments.edge_url.as_ref());
    let patience =
        Patience { limit: Duration::from_secs(arguments.wait), interval: Duration::from_millis(arguments.interval) };
    let fetch = Fetch::new()?;
    // Without an edge, nothing can be said about its clients.
    if documents::check(&target, &config, patience, &fetch, report).await {
        clients::check(&target, &config, &fetch, report).await;
    }
    plain_http::check(&config, arguments.plain_http.plain_url.as_ref(), &fetch, report).await;
    match Cloudflare::from_environment() {
        Some(cloudflare) => {
            bindings::check(&cloudflare, &fetch, &described.settings, &deployment.worker(), report).await;
        }
        None => report.did(
            "the Worker's variables and secrets were not compared: that needs CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID",
        ),
    }
    if report.has_problems() {
        bail!("the edge is not what the parameters of the deployment {deployment} say, or its clients do not reach it");
    }
    report.did(format!("the edge is what the parameters of the deployment {deployment} say"));
    Ok(())
}
