//! Parameters from AWS Systems Manager Parameter Store.

use aws_config::BehaviorVersion;
use aws_sdk_ssm::{Client, error::DisplayErrorContext, types::Parameter};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

use super::settings::Values;

/// The parameters below one path.
#[derive(Debug, Clone)]
pub struct Store {
    client: Client,
    path: String,
}

impl Store {
    /// The parameters below `path`. Nothing is read yet.
    ///
    /// Region, credentials and endpoint come from where AWS's tools take them: the environment, or the task's role.
    pub async fn open(path: String) -> Self {
        // The crate's own TLS, so that the binary has one TLS stack.
        let http =
            aws_smithy_http_client::Builder::new().tls_provider(Provider::rustls(CryptoMode::Ring)).build_https();
        let config = aws_config::defaults(BehaviorVersion::latest()).http_client(http).load().await;
        Self { client: Client::new(&config), path }
    }

    /// Reads every parameter directly below the path, decrypted, by the last part of its name.
    ///
    /// # Errors
    /// [`ParametersError`] when they cannot be read.
    pub async fn read_all(&self) -> Result<Values, ParametersError> {
        let request = self.client.get_parameters_by_path().path(&self.path).with_decryption(true);
        let mut pages = request.into_paginator().send();
        let mut values = Values::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| ParametersError {
                name: format!("parameters below {}", self.path),
                reason: DisplayErrorContext(&error).to_string(),
            })?;
            values
                .extend(page.parameters.unwrap_or_default().into_iter().filter_map(|parameter| self.entry(parameter)));
        }
        Ok(values)
    }

    /// Reads the one parameter that is called `name` below the path, decrypted.
    ///
    /// # Errors
    /// [`ParametersError`] when it is not there or cannot be read.
    pub async fn read_one(&self, name: &str) -> Result<String, ParametersError> {
        let name = format!("{}/{name}", self.path);
        let answer = self.client.get_parameter().name(&name).with_decryption(true).send().await;
        let reason = match answer {
            Ok(answer) => match answer.parameter.and_then(|parameter| parameter.value) {
                Some(value) => return Ok(value),
                None => "it has no value".to_owned(),
            },
            Err(error) => DisplayErrorContext(&error).to_string(),
        };
        Err(ParametersError { name: format!("the parameter {name}"), reason })
    }

    fn entry(&self, parameter: Parameter) -> Option<(String, String)> {
        let name = parameter.name?.strip_prefix(&self.path)?.strip_prefix('/')?.to_owned();
        Some((name, parameter.value?))
    }
}

/// Parameters could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{name} could not be read: {reason}")]
pub struct ParametersError {
    name: String,
    reason: String,
}
