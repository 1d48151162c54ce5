//! Parameters from AWS Systems Manager Parameter Store.

use aws_config::BehaviorVersion;
use aws_sdk_ssm::{error::DisplayErrorContext, types::Parameter};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

use super::settings::Values;

/// Reads every parameter directly below `path`, decrypted, by the last part of its name.
///
/// Region, credentials and endpoint come from where AWS's tools take them: the environment, or the task's role.
///
/// # Errors
/// [`ParametersError`] when they cannot be read.
pub async fn read(path: &str) -> Result<Values, ParametersError> {
    // The crate's own TLS, so that the binary has one TLS stack.
    let http = aws_smithy_http_client::Builder::new().tls_provider(Provider::rustls(CryptoMode::Ring)).build_https();
    let config = aws_config::defaults(BehaviorVersion::latest()).http_client(http).load().await;
    let mut pages = aws_sdk_ssm::Client::new(&config)
        .get_parameters_by_path()
        .path(path)
        .with_decryption(true)
        .into_paginator()
        .send();
    let mut values = Values::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| ParametersError {
            path: path.to_owned(),
            reason: DisplayErrorContext(&error).to_string(),
        })?;
        values.extend(page.parameters.unwrap_or_default().into_iter().filter_map(|parameter| entry(path, parameter)));
    }
    Ok(values)
}

fn entry(path: &str, parameter: Parameter) -> Option<(String, String)> {
    let name = parameter.name?.strip_prefix(path)?.strip_prefix('/')?.to_owned();
    Some((name, parameter.value?))
}

/// The parameters could not be read.
#[derive(Debug, thiserror::Error)]
#[error("parameters below {path} could not be read: {reason}")]
pub struct ParametersError {
    path: String,
    reason: String,
}
