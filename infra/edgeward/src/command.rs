//! The commands.

pub(crate) mod check;
mod client_secret;
pub(crate) mod drift;
pub(crate) mod keygen;
pub(crate) mod leaked;
pub(crate) mod licenses;
mod mcp;
mod plain_http;
pub(crate) mod publish_jwks;
pub(crate) mod push;
pub(crate) mod remove;
pub(crate) mod rotate;

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
    parameter::{Parameters, Store},
    report::Report,
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
        let aws = Aws::connect(which.region.clone()).await?;
        let store = Store::new(&aws, &which.deployment);
        let edge = store.edge().await?;
        let settings = Settings::of(&edge);
        Ok(Self { aws, store, edge, settings })
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
    format!("{}/{}", deployment.edge_path(), setting(variable).map_or(variable, |setting| setting.parameter))
}
