//! `edgeward check`

mod cognito;
mod keys;
mod parameters;

use anyhow::{Result, bail};

use super::{Described, plain_http};
use crate::{
    cli::Check,
    destination::too_large,
    fetch::Fetch,
    report::{Problem, Report},
};

/// Names everything that is missing or inconsistent.
pub(crate) async fn run(arguments: &Check, report: &mut Report) -> Result<()> {
    let deployment = &arguments.which.deployment;
    let described = Described::read(&arguments.which).await?;
    let origin = described.store.origin().await?;
    if let Err(error) = deployment.environment(arguments.env) {
        report.problem(Problem::new("--env", error.to_string(), "name the environment that the edge is deployed from"));
    }
    let config = described.settings.config(deployment);
    parameters::check(&described, &origin, &config, report);
    keys::check(&described, &origin, arguments.clock.now(), report);
    let config = match config {
        Ok(config) => Some(config),
        Err(problems) => {
            problems.into_iter().for_each(|problem| report.problem(problem));
            None
        }
    };
    too_large(&described.settings, deployment).into_iter().for_each(|problem| report.problem(problem));
    let fetch = Fetch::new()?;
    cognito::check(&described, config.as_ref(), &fetch, report).await;
    if let Some(config) = &config {
        plain_http::check(config, arguments.plain_http.plain_url.as_ref(), &fetch, report).await;
    }
    let notes = match report.print_notes() {
        0 => String::new(),
        1 => "; 1 note".to_owned(),
        count => format!("; {count} notes"),
    };
    if report.has_problems() {
        bail!("the deployment {deployment} has problems");
    }
    report.did(format!("the deployment {deployment} is complete and consistent{notes}"));
    Ok(())
}
