//! Where the parameters of a deployment are kept: in SSM Parameter Store, or its secrets in a file.

use anyhow::{Result, anyhow, bail};
use aws_sdk_ssm::{
    Client,
    types::{Parameter as SsmParameter, ParameterType},
};
use edgeward_core::secret::Secret;
use edgeward_identity::{
    UnixTime,
    names::{edge::SETTINGS, origin::EXISTING},
};

use crate::{
    aws::{Aws, explained},
    deployment::Deployment,
    parameter::{Parameter, Parameters, Protection},
    secret_file::SecretFile,
};

/// Where the parameters of one deployment are kept.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    backend: Backend,
    pub(crate) deployment: Deployment,
}

#[derive(Debug, Clone)]
enum Backend {
    Ssm(Ssm),
    /// Secrets alone, each under the name that [`Deployment::secret`] gives it.
    File(SecretFile),
}

#[derive(Debug, Clone)]
struct Ssm {
    client: Client,
    region: String,
}

impl Store {
    pub(crate) fn new(aws: &Aws, deployment: &Deployment) -> Self {
        let file = deployment.file().and_then(|file| file.secrets.clone());
        let backend = match file {
            Some(path) => Backend::File(SecretFile::new(path)),
            None => Backend::Ssm(Ssm { client: aws.ssm(), region: aws.region().to_owned() }),
        };
        Self { backend, deployment: deployment.clone() }
    }

    /// Where it is, for people.
    pub(crate) fn place(&self) -> String {
        match (&self.backend, self.deployment.file().and_then(|file| file.secrets.as_ref())) {
            (Backend::Ssm(ssm), _) => ssm.region.clone(),
            (Backend::File(_), path) => path.map(|path| path.display().to_string()).unwrap_or_default(),
        }
    }

    /// The edge's parameters. If no file describes the deployment, they must have been begun; if one does, only the secrets
    /// are here.
    pub(crate) async fn edge(&self) -> Result<Parameters> {
        let ssm = match &self.backend {
            Backend::File(file) => return file.read(),
            Backend::Ssm(ssm) => ssm,
        };
        let path = self.deployment.edge_path();
        let mut parameters = ssm.below(&path).await?;
        if self.deployment.file().is_some() {
            parameters.retain(|name, _| SETTINGS.iter().any(|setting| setting.secret && setting.parameter == name));
            return Ok(parameters);
        }
        if parameters.is_empty() {
            bail!(
                "there are no parameters below {path} in {}: is this the name of the deployment and its home region? If \
                 so, deploy the stacks first",
                ssm.region
            );
        }
        Ok(parameters)
    }

    /// The origin's parameters; none if its MCP server is not the stacks'.
    pub(crate) async fn origin(&self) -> Result<Option<Parameters>> {
        let (Backend::Ssm(ssm), None) = (&self.backend, self.deployment.file()) else { return Ok(None) };
        let parameters = ssm.below(&self.deployment.origin_path()).await?;
        Ok(Some(parameters).filter(|parameters| !parameters.contains_key(EXISTING)))
    }

    /// Whether there is such a parameter.
    pub(crate) async fn has(&self, name: &str) -> Result<bool> {
        match &self.backend {
            Backend::Ssm(ssm) => Ok(ssm.version(name).await?.is_some()),
            Backend::File(file) => Ok(file.read()?.contains_key(in_file(name))),
        }
    }

    /// Deletes parameters, ten at most: the names of those that were there.
    pub(crate) async fn delete(&self, names: &[String]) -> Result<Vec<String>> {
        let ssm = match &self.backend {
            Backend::File(file) => {
                let own: Vec<_> = names.iter().map(|name| in_file(name)).collect();
                let removed = file.remove(&own)?;
                return Ok(names.iter().filter(|name| removed.iter().any(|it| it == in_file(name))).cloned().collect());
            }
            Backend::Ssm(ssm) => ssm,
        };
        let answer = ssm.client.delete_parameters().set_names(Some(names.to_vec())).send().await;
        let doing = format!("delete {}", names.join(", "));
        let answer = answer.map_err(|error| explained(&doing, &ssm.region, error))?;
        Ok(answer.deleted_parameters.unwrap_or_default())
    }

    /// Creates a parameter that is not there yet.
    pub(crate) async fn create(&self, name: &str, value: &str, protection: Protection) -> Result<i64> {
        match &self.backend {
            Backend::Ssm(ssm) => ssm.put(name, value, protection, false).await,
            Backend::File(file) if file.read()?.contains_key(in_file(name)) => bail!(is_there(name)),
            Backend::File(file) => file.write(in_file(name), value),
        }
    }

    /// Writes a parameter.
    pub(crate) async fn write(&self, name: &str, value: &str, protection: Protection) -> Result<i64> {
        match &self.backend {
            Backend::Ssm(ssm) => ssm.put(name, value, protection, true).await,
            Backend::File(file) => file.write(in_file(name), value),
        }
    }

    /// Refuses to go on when somebody has written the parameter since `version`.
    pub(crate) async fn unchanged_since(&self, name: &str, version: i64) -> Result<()> {
        let found = match &self.backend {
            Backend::Ssm(ssm) => ssm.version(name).await?,
            Backend::File(file) => file.read()?.get(in_file(name)).map(|found| found.version),
        };
        if found != Some(version) {
            bail!("somebody else has written {name} meanwhile; run this again");
        }
        Ok(())
    }
}

/// The name in the file, of [`Deployment::secret`]'s.
fn in_file(name: &str) -> &str {
    name.rsplit_once('#').map_or(name, |(_, name)| name)
}

fn is_there(name: &str) -> String {
    format!("{name} is there already, and is not overwritten")
}

impl Ssm {
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

    /// The version of a parameter, if it is there.
    async fn version(&self, name: &str) -> Result<Option<i64>> {
        match self.client.get_parameter().name(name).with_decryption(false).send().await {
            Ok(answer) => Ok(Some(answer.parameter.map_or(0, |parameter| parameter.version))),
            Err(error) if error.as_service_error().is_some_and(|error| error.is_parameter_not_found()) => Ok(None),
            Err(error) => Err(explained(&format!("read {name}"), &self.region, error)),
        }
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
                return anyhow!(is_there(name));
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
