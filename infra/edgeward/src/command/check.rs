//! `edgeward check`

pub(super) mod cognito;
mod keys;
mod parameters;

use std::time::Duration;

use anyhow::{Result, bail};
use edgeward_identity::{UnixTime, names::edge::KEYS};

use super::{Described, smoke};
use crate::{
    cli::{Check, PlainHttp},
    deployment::Environment,
    destination::too_large,
    fetch::Fetch,
    jwks::PrivateJwks,
    report::{Problem, Report},
};

/// Names everything that is missing or inconsistent.
pub(crate) async fn run(arguments: &Check, report: &mut Report) -> Result<()> {
    let described = Described::read(&arguments.which).await?;
    let deployment = described.deployment();
    if arguments.fix
        && let Ok(config) = described.settings.config(deployment)
    {
        cognito::fix::run(&described, &config, arguments.dry_run, report).await?;
    }
    look(&described, arguments.env, &arguments.plain_http, arguments.clock.now(), report).await?;
    let origin = described.store.origin().await?;
    if let (None, Ok(config)) = (origin, described.settings.config(deployment)) {
        let keys = PrivateJwks::parse(described.settings.get(KEYS).unwrap_or_default())?;
        let longest = arguments.silence.map_or(smoke::LONGEST_SILENCE, Duration::from_millis);
        let silence = arguments.streams.then_some(longest);
        smoke::origins(&config, &keys, silence, &Fetch::new()?, report).await;
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

/// Looks at everything but the MCP server.
pub(super) async fn look(
    described: &Described,
    environment: Option<Environment>,
    plain_http: &PlainHttp,
    now: UnixTime,
    report: &mut Report,
) -> Result<()> {
    let deployment = described.deployment();
    let origin = described.store.origin().await?;
    if let Err(error) = deployment.environment(environment) {
        report.problem(Problem::new("--env", error.to_string(), "name the environment that the edge is deployed from"));
    }
    let config = described.settings.config(deployment);
    parameters::check(described, origin.as_ref(), &config, report);
    keys::check(described, origin.as_ref(), now, report);
    let config = match config {
        Ok(config) => Some(config),
        Err(problems) => {
            problems.into_iter().for_each(|problem| report.problem(problem));
            None
        }
    };
    too_large(&described.settings, deployment).into_iter().for_each(|problem| report.problem(problem));
    let fetch = Fetch::new()?;
    cognito::check(described, config.as_ref(), &fetch, report).await;
    if let Some(config) = &config {
        super::plain_http::check(config, plain_http.plain_url.as_ref(), &fetch, report).await;
    }
    Ok(())
}
