//! The commands.

pub(crate) mod check;
mod client_secret;
pub(crate) mod drift;
pub(crate) mod init;
pub(crate) mod keygen;
pub(crate) mod leaked;
pub(crate) mod licenses;
mod mcp;
mod plain_http;
pub(crate) mod publish_jwks;
pub(crate) mod push;
pub(crate) mod remove;
pub(crate) mod rotate;
pub(crate) mod secret;
mod smoke;
pub(crate) mod up;

use std::path::PathBuf;

use anyhow::{Result, bail};
use edgeward_core::Config;
use edgeward_identity::names::{
    edge::{COGNITO_CLIENT_SECRET, KEYS, setting},
    origin::{JWKS, SESSION_KEYS},
};

use crate::{
    aws::Aws,
    cli::Which,
    deployment::Deployment,
    edge::Settings,
    parameter::Parameters,
    project::{FILE, Project},
    report::Report,
    store::Store,
};

/// A deployment as its parameters describe it.
struct Described {
    aws: Aws,
    store: Store,
    edge: Parameters,
    settings: Settings,
}

impl Described {
    async fn read(which: &Which) -> Result<Self> {
        let Located { aws, store, plain } = Located::find(which).await?;
        let mut edge = store.edge().await?;
        edge.extend(plain.unwrap_or_default());
        let settings = Settings::of(&edge);
        Ok(Self { aws, store, edge, settings })
    }

    fn deployment(&self) -> &Deployment {
        &self.store.deployment
    }
}

/// A deployment and its store; the parameters are not read yet.
struct Located {
    aws: Aws,
    store: Store,
    /// What its file says, if a file describes it.
    plain: Option<Parameters>,
}

impl Located {
    /// Looks for `--config`, then `--deployment`, then `edgeward.toml` in the current folder.
    async fn find(which: &Which) -> Result<Self> {
        let path = match (&which.config, &which.deployment) {
            (Some(path), _) => path.clone(),
            (None, None) => PathBuf::from(FILE),
            (None, Some(deployment)) => {
                let aws = Aws::connect(which.region.clone()).await?;
                return Ok(Self { store: Store::new(&aws, deployment), aws, plain: None });
            }
        };
        let project = Project::read(&path)?;
        let aws = Aws::connect(which.region.clone().or(project.region)).await?;
        Ok(Self { store: Store::new(&aws, &project.deployment), aws, plain: Some(project.settings) })
    }

    /// Refuses what is about an origin that the stacks have made.
    async fn has_origin_of_ours(&self) -> Result<()> {
        if self.store.origin().await?.is_none() {
            bail!(
                "the MCP server of {} is not made by Edgeward's stacks: it has no session keys here, and it reads the public \
                 keys at the edge's /.well-known/jwks.json",
                self.store.deployment
            );
        }
        Ok(())
    }
}

/// The settings as the edge will read them; what it would refuse is named, and refused here.
fn accepted(settings: &Settings, deployment: &Deployment, report: &mut Report) -> Result<Config> {
    settings.config(deployment).or_else(|problems| {
        for problem in problems {
            report.problem(problem);
        }
        bail!("the edge would refuse these settings; nothing was written")
    })
}

/// The name of the parameter with the private keys.
fn keys_parameter(deployment: &Deployment) -> String {
    parameter(deployment, KEYS)
}

/// The name of the parameter with the app client's secret.
fn secret_parameter(deployment: &Deployment) -> String {
    parameter(deployment, COGNITO_CLIENT_SECRET)
}

/// The name of the origin's parameter with the public keys.
fn jwks_parameter(deployment: &Deployment) -> String {
    format!("{}/{}", deployment.origin_path(), JWKS.parameter)
}

/// The name of the origin's parameter with the keys of sessions.
fn session_keys_parameter(deployment: &Deployment) -> String {
    format!("{}/{}", deployment.origin_path(), SESSION_KEYS.parameter)
}

fn parameter(deployment: &Deployment, variable: &str) -> String {
    deployment.secret(setting(variable).map_or(variable, |setting| setting.parameter))
}
