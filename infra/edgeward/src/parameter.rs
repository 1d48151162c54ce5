//! Parameters of a deployment in SSM Parameter Store.

use std::collections::BTreeMap;

use anyhow::{Result, anyhow, bail};
use aws_sdk_ssm::{
    Client,
    types::{Parameter as SsmParameter, ParameterType},
};
use edgeward_core::secret::Secret;
use edgeward_identity::UnixTime;

use crate::{
    aws::{Aws, explained},
    deployment::Deployment,
};

/// One parameter. `Debug` hides its value, whatever it is.
#[derive(Debug, Clone)]
pub(crate) struct Parameter {
    pub(crate) value: Secret<String>,
    pub(crate) is_secure: bool,
    pub(crate) version: i64,
    pub(crate) modified: UnixTime,
}

impl Parameter {
    pub(crate) fn text(&self) -> &str {
        self.value.expose()
    }
}

/// Parameters directly below one path, by the last part of their names.
pub(crate) type Parameters = BTreeMap<String, Parameter>;

/// How a parameter is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protection {
    Plain,
    Encrypted,
}

/// The parameters of one deployment.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    client: Client,
    pub(crate) region: String,
    pub(crate) deployment: Deployment,
}

impl Store {
    pub(crate) fn new(aws: &Aws, deployment: &Deployment) -> Self {
        Self { client: aws.ssm(), region: aws.region().to_owned(), deployment: deployment.clone() }
    }

    /// The edge's parameters; they must have been begun.
    pub(crate) async fn edge(&self) -> Result<Parameters> {
        let path = self.deployment.edge_path();
        let parameters = self.below(&path).await?;
        if parameters.is_empty() {
            bail!(
                "there are no parameters below {path} in {}: is this the name of the deployment and its home region? If \
                 so, deploy the stacks first",
                self.region
            );
        }
        Ok(parameters)
    }

    pub(crate) async fn origin(&self) -> Result<Parameters> {
        self.below(&self.deployment.origin_path()).await
    }

    async fn below(&self, path: &str) -> Result<Parameters> {
        let request = self.client.get_parameters_by_path().path(path).with_decryption(true);
        let mut pages = request.into_paginator().send();
        let mut parameters = Parameters::new();
        while let Some(page) = pages.next().await {
            let doing = format!("read the parameters below {path}");
            let page = page.map_err(|error| explained(&doing, &self.region, error))?;
            parameters.extend(page.parameters.unwrap_or_default().into_iter().filter_map(|found| entry(path, found)));
        }
        Ok(parameters)
    }

    /// Whether there is such a parameter.
    pub(crate) async fn has(&self, name: &str) -> Result<bool> {
        match self.client.get_parameter().name(name).with_decryption(false).send().await {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(|error| error.is_parameter_not_found()) => Ok(false),
            Err(error) => Err(explained(&format!("read {name}"), &self.region, error)),
        }
    }

    /// Deletes parameters, ten at most: the names of those that were there.
    pub(crate) async fn delete(&self, names: &[String]) -> Result<Vec<String>> {
        let answer = self.client.delete_parameters().set_names(Some(names.to_vec())).send().await;
        let doing = format!("delete {}", names.join(", "));
        let answer = answer.map_err(|error| explained(&doing, &self.region, error))?;
        Ok(answer.deleted_parameters.unwrap_or_default())
    }

    /// Creates a parameter that is not there yet.
    pub(crate) async fn create(&self, name: &str, value: &str, protection: Protection) -> Result<i64> {
        self.put(name, value, protection, false).await
    }

    /// Writes a parameter.
    pub(crate) async fn write(&self, name: &str, value: &str, protection: Protection) -> Result<i64> {
        self.put(name, value, protection, true).await
    }

    /// Refuses to go on when somebody has written the parameter since `version`.
    pub(crate) async fn unchanged_since(&self, name: &str, version: i64) -> Result<()> {
        let answer = self.client.get_parameter().name(name).with_decryption(false).send().await;
        let answer = answer.map_err(|error| explained(&format!("read {name}"), &self.region, error))?;
        if answer.parameter.map(|parameter| parameter.version) != Some(version) {
            bail!("somebody else has written {name} meanwhile; run this again");
        }
        Ok(())
    }

    async fn put(&self, name: &str, value: &str, protection: Protection, overwrite: bool) -> Result<i64> {
        let kind = match protection {
            Protection::Plain => ParameterType::String,
            Protection::Encrypted => ParameterType::SecureString,
        };
        let request = self.client.put_parameter().name(name).value(value).r#type(kind).overwrite(overwrite);
        let answer = request.send().await;
        let answer = answer.map_err(|error| {
            if error.as_service_error().is_some_and(|error| error.is_parameter_already_exists()) {
                return anyhow!("{name} is there already, and is not overwritten");
            }
            explained(&format!("write {name}"), &self.region, error)
        })?;
        Ok(answer.version)
    }
}

fn entry(path: &str, parameter: SsmParameter) -> Option<(String, Parameter)> {
    let name = parameter.name?.strip_prefix(path)?.strip_prefix('/')?.to_owned();
    let modified = parameter.last_modified_date.and_then(|date| u64::try_from(date.secs()).ok()).unwrap_or_default();
    let found = Parameter {
        value: Secret::new(parameter.value?),
        is_secure: parameter.r#type == Some(ParameterType::SecureString),
        version: parameter.version,
        modified: UnixTime::from_secs(modified),
    };
    Some((name, found))
}
