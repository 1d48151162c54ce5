//! AWS: who we are there, and what its errors mean.

use std::{error::Error, fmt};

use anyhow::{Result, anyhow};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_ssm::config::ProvideCredentials as _;
use aws_sdk_ssm::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

/// AWS in one region.
#[derive(Debug, Clone)]
pub(crate) struct Aws {
    config: SdkConfig,
    region: String,
}

impl Aws {
    /// Region, credentials and endpoint come from where AWS's tools take them; `region` wins.
    pub(crate) async fn connect(region: Option<String>) -> Result<Self> {
        // The same TLS as everywhere else.
        let http =
            aws_smithy_http_client::Builder::new().tls_provider(Provider::rustls(CryptoMode::Ring)).build_https();
        let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(http);
        if let Some(region) = region {
            loader = loader.region(Region::new(region));
        }
        let config = loader.load().await;
        let region = config.region().map(ToString::to_string);
        let region = region.ok_or_else(|| anyhow!("no AWS region: add --region, or set AWS_REGION"))?;
        Ok(Self { config, region })
    }

    /// Whether there are any credentials; they may be good for nothing.
    pub(crate) async fn has_credentials(&self) -> bool {
        let Some(provider) = self.config.credentials_provider() else { return false };
        provider.provide_credentials().await.is_ok()
    }

    pub(crate) fn region(&self) -> &str {
        &self.region
    }

    pub(crate) fn ssm(&self) -> aws_sdk_ssm::Client {
        aws_sdk_ssm::Client::new(&self.config)
    }

    /// AWS Secrets Manager where a secret is.
    pub(crate) fn secrets_manager(&self, region: &str) -> aws_sdk_secretsmanager::Client {
        aws_sdk_secretsmanager::Client::new(&self.in_region(region))
    }

    /// Cognito where the user pool is.
    pub(crate) fn cognito(&self, region: &str) -> aws_sdk_cognitoidentityprovider::Client {
        aws_sdk_cognitoidentityprovider::Client::new(&self.in_region(region))
    }

    /// AWS WAF where the user pool is.
    pub(crate) fn waf(&self, region: &str) -> aws_sdk_wafv2::Client {
        aws_sdk_wafv2::Client::new(&self.in_region(region))
    }

    fn in_region(&self, region: &str) -> SdkConfig {
        self.config.to_builder().region(Region::new(region.to_owned())).build()
    }
}

/// An error of AWS, as a sentence that says what to do.
#[derive(Debug)]
struct AwsError {
    code: Option<String>,
    text: String,
}

impl fmt::Display for AwsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Error for AwsError {}

/// The code of an error that AWS answered, such as `AccessDeniedException`.
pub(crate) fn error_code(error: &anyhow::Error) -> Option<&str> {
    error.downcast_ref::<AwsError>()?.code.as_deref()
}

/// Whether AWS refused because the signed-in principal lacks a permission.
pub(crate) fn is_denied(error: &anyhow::Error) -> bool {
    matches!(error_code(error), Some("AccessDeniedException" | "AccessDenied" | "NotAuthorizedException"))
}

/// An error of AWS as a sentence that says what to do.
pub(crate) fn explained<E, R>(doing: &str, region: &str, error: SdkError<E, R>) -> anyhow::Error
where
    E: ProvideErrorMetadata + Error + 'static,
    R: fmt::Debug + 'static,
{
    let code = error.as_service_error().map(|service| service.code().unwrap_or("an unknown error").to_owned());
    let text = text(doing, region, &error);
    AwsError { code, text }.into()
}

fn text<E, R>(doing: &str, region: &str, error: &SdkError<E, R>) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
    R: fmt::Debug + 'static,
{
    if let Some(service) = error.as_service_error() {
        let code = service.code().unwrap_or("an unknown error");
        let remedy = match code {
            "AccessDeniedException" => "the signed-in principal lacks the permission",
            "ExpiredTokenException" | "ExpiredToken" => "the credentials have expired: sign in again",
            "UnrecognizedClientException" | "InvalidClientTokenId" | "InvalidSignatureException" => {
                "the credentials are not valid: sign in again"
            }
            "ResourceNotFoundException" => "it is not there: is this the right account and region?",
            _ => "see AWS's message",
        };
        let message = service.message().unwrap_or("no message");
        return format!("cannot {doing} in {region}: {code}, {message}; {remedy}");
    }
    let text = DisplayErrorContext(error).to_string();
    if text.to_lowercase().contains("credential") {
        return format!(
            "cannot {doing}: there are no AWS credentials; sign in (`aws sso login`), or set AWS_PROFILE, or \
             AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        );
    }
    format!("cannot {doing}: AWS does not answer in {region}; is that a region, and is the network up? ({text})")
}
