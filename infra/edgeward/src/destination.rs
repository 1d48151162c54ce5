//! Where the edge's settings go.

mod bindings;
mod edge_folder;
mod limits;
mod local;
mod wrangler;

use anyhow::{Context as _, Result, bail};
use edgeward_core::Config;
use url::Url;

pub(crate) use self::{edge_folder::EdgeFolder, limits::too_large, wrangler::Program};
use self::{
    local::Local,
    wrangler::{Address, Wrangler},
};
use crate::{
    cli::{Target, TargetArguments},
    deployment::{Deployment, Environment},
    edge::Settings,
    report::Report,
};

/// How much is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// Code, variables and secrets.
    Everything {
        /// Whether the Worker gets the public URL's host as its domain.
        domain: bool,
        /// Whether an edge that has all of it already is left alone.
        only_changes: bool,
    },
    /// Every secret, and nothing else.
    Secrets,
    /// One secret: a rotation must deploy nothing else by the way.
    Secret(&'static str),
}

/// The file that wrangler reads.
const CONFIG: &str = "wrangler.toml";

/// A place for settings, known to be usable.
#[derive(Debug)]
pub(crate) enum Destination {
    Cloudflare(Wrangler),
    Local(Local),
}

impl Destination {
    /// Finds it. Nothing is written, and what is missing is said now rather than half-way.
    pub(crate) async fn prepare(arguments: &TargetArguments, deployment: &Deployment, dry_run: bool) -> Result<Self> {
        let folder = EdgeFolder::find(arguments.edge_folder.as_deref())?;
        match arguments.target {
            Target::Local => {
                let output = arguments.output.clone().context("--target local needs --output")?;
                let environment = deployment.environment(arguments.env).unwrap_or(Environment::Dev);
                Ok(Self::Local(Local { output, edge_folder: folder.path().to_owned(), environment }))
            }
            Target::Cloudflare => {
                let environment = deployment.environment(arguments.env)?;
                let program = Program::new(arguments.wrangler.as_deref(), &folder);
                let wrangler = Wrangler::new(program, folder.path().to_owned(), environment, deployment.worker());
                if !dry_run {
                    wrangler.authenticated().await?;
                }
                Ok(Self::Cloudflare(wrangler))
            }
        }
    }

    /// Whether delivering this part writes every secret there is.
    pub(crate) fn takes_all_secrets(&self, part: Part) -> bool {
        matches!(self, Self::Local(_)) || !matches!(part, Part::Secret(_))
    }

    /// Whether the edge has a secret of this name.
    pub(crate) async fn has_secret(&self, name: &str) -> Result<bool> {
        let Self::Cloudflare(wrangler) = self else { return Ok(false) };
        Ok(wrangler.standing_secrets().await?.is_some_and(|standing| standing.iter().any(|standing| standing == name)))
    }

    /// Writes the settings there.
    pub(crate) async fn deliver(
        &self,
        settings: &Settings,
        config: &Config,
        part: Part,
        dry_run: bool,
        report: &mut Report,
    ) -> Result<()> {
        match self {
            // Half of two small files is no use.
            Self::Local(local) => local.write(settings, config, dry_run, report),
            Self::Cloudflare(wrangler) => {
                let Part::Everything { domain: attach, only_changes } = part else {
                    let one = if let Part::Secret(name) = part { Some(name) } else { None };
                    return wrangler.push_secrets(settings, one, dry_run, report).await;
                };
                let address = match host(config, wrangler.environment)? {
                    Some(name) => Address::Host { name, attach },
                    None => Address::WorkersDev,
                };
                wrangler.push(settings, config, &address, only_changes, dry_run, report).await
            }
        }
    }

    /// Refuses settings that are too large for it, and names them.
    pub(crate) fn fits(&self, settings: &Settings, deployment: &Deployment, report: &mut Report) -> Result<()> {
        // A runtime on this machine has no such limit.
        let Self::Cloudflare(_) = self else { return Ok(()) };
        let problems = too_large(settings, deployment);
        if problems.is_empty() {
            return Ok(());
        }
        problems.into_iter().for_each(|problem| report.problem(problem));
        bail!("Cloudflare would refuse these settings; nothing was written")
    }

    /// Takes the edge away, or says that it would; whether there was something to take.
    pub(crate) async fn remove(&self, dry_run: bool, report: &mut Report) -> Result<bool> {
        match self {
            Self::Local(local) => local.remove(dry_run, report),
            Self::Cloudflare(wrangler) => wrangler.delete(dry_run, report).await,
        }
    }
}

/// The host that is to lead to the Worker: none for one that Cloudflare gives to Workers itself.
fn host(config: &Config, environment: Environment) -> Result<Option<String>> {
    let url = Url::parse(&config.issuer).context("the public URL is none")?;
    let host = url.host_str().unwrap_or_default();
    if url.scheme() != "https" || url.port().is_some() {
        bail!(
            "{} cannot be served by Cloudflare: the parameter public-url must be https, without a port",
            config.issuer
        );
    }
    if !host.ends_with(".workers.dev") {
        return Ok(Some(host.to_owned()));
    }
    if environment != Environment::Dev {
        bail!(
            "{} is a workers.dev address, which only the environment dev serves: give the deployment a domain of your own \
             (parameter public-url), or use --env dev",
            config.issuer
        );
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{generate, jwks::PrivateJwks};
    use edgeward_identity::{UnixTime, names::edge as names};

    pub(super) fn config(overrides: &[(&str, &str)]) -> Config {
        let keys = PrivateJwks::of(generate::all(UnixTime::from_secs(1)).unwrap()).to_text();
        let config = Config::parse(|name| {
            if let Some((_, text)) = overrides.iter().find(|(overridden, _)| *overridden == name) {
                return Some((*text).to_owned());
            }
            let text = match name {
                names::PUBLIC_URL => "https://mcp.example.com",
                names::ORIGIN_URL => "https://origin.example",
                names::COGNITO_USER_POOL_ID => "eu-west-1_Example",
                names::COGNITO_CLIENT_ID | names::COGNITO_CLIENT_SECRET => "example",
                names::COGNITO_DOMAIN => "login.example",
                names::KEYS => &keys,
                _ => return None,
            };
            Some(text.to_owned())
        });
        config.unwrap()
    }

    fn host_of(public_url: &str, environment: Environment) -> Result<Option<String>> {
        host(&config(&[(names::PUBLIC_URL, public_url)]), environment)
    }

    #[test]
    fn a_domain_of_ones_own_is_given_to_the_worker() {
        for environment in [Environment::Dev, Environment::Prod] {
            let host = host_of("https://mcp.example.com", environment).unwrap();
            assert_eq!(host.as_deref(), Some("mcp.example.com"));
        }
    }

    #[test]
    fn a_workers_dev_address_is_for_dev() {
        assert_eq!(host_of("https://edgeward-dev.example.workers.dev", Environment::Dev).unwrap(), None);
        assert!(host_of("https://edgeward-prod.example.workers.dev", Environment::Prod).is_err());
    }

    #[test]
    fn what_cloudflare_cannot_serve_is_refused() {
        for bad in ["http://localhost:8787", "https://mcp.example.com:8443"] {
            assert!(host_of(bad, Environment::Dev).is_err(), "{bad}");
        }
    }
}
