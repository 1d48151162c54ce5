//! The app client's secret where Cognito keeps it in AWS Secrets Manager: the parameter then holds the ARN of that secret, and
//! what it stands for is read whenever the edge is given its secrets.
//!
//! Cognito writes a JSON document with `userPoolId`, `userPoolClientId` and `clientSecretValue`, and replaces it every seven
//! days. Whether the value before stays good for a while is not documented.

use anyhow::{Context as _, Result, bail};
use edgeward_identity::names::edge::{COGNITO_CLIENT_ID, COGNITO_CLIENT_SECRET, COGNITO_USER_POOL_ID};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::{
    aws::{Aws, explained},
    edge::Settings,
};

/// The ARN that a parameter holds in place of a secret.
pub(crate) fn arn(parameter: &str) -> Option<&str> {
    // No secret of Cognito's has a colon in it (API reference, `ClientSecret`).
    Some(parameter.trim()).filter(|text| text.starts_with("arn:"))
}

/// Replaces the ARN among the settings, if there is one, by the secret that is there now.
///
/// # Errors
/// When it cannot be read, or belongs to another app client.
pub(crate) async fn resolve(settings: &mut Settings, aws: &Aws) -> Result<()> {
    let Some(arn) = settings.get(COGNITO_CLIENT_SECRET).and_then(arn).map(str::to_owned) else { return Ok(()) };
    let region = region(&arn)?;
    let doing = format!("read the app client's secret {arn}");
    let answer = aws.secrets_manager(region).get_secret_value().secret_id(&arn).send().await;
    let answer = answer.map_err(|error| explained(&doing, region, error))?;
    let text = Zeroizing::new(answer.secret_string.with_context(|| format!("{arn} holds no text"))?);
    let found: Managed = serde_json::from_str(&text).ok().with_context(|| {
        format!("{arn} is no secret of an app client: it has no userPoolId, userPoolClientId and clientSecretValue")
    })?;
    let ours = [COGNITO_USER_POOL_ID, COGNITO_CLIENT_ID].map(|name| settings.get(name).unwrap_or_default());
    if [found.pool.as_str(), &found.client] != ours {
        bail!("{arn} is the secret of the app client {} of {}, not of this one", found.client, found.pool);
    }
    settings.set(COGNITO_CLIENT_SECRET, &Zeroizing::new(found.value));
    Ok(())
}

fn region(arn: &str) -> Result<&str> {
    let parts: Vec<_> = arn.splitn(7, ':').collect();
    match parts[..] {
        ["arn", _, "secretsmanager", region, _, "secret", _] if !region.is_empty() => Ok(region),
        _ => bail!("the parameter cognito-client-secret holds {arn}, which is no ARN of a secret in Secrets Manager"),
    }
}

#[derive(Deserialize)]
struct Managed {
    #[serde(rename = "userPoolId")]
    pool: String,
    #[serde(rename = "userPoolClientId")]
    client: String,
    #[serde(rename = "clientSecretValue")]
    value: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_says_where_its_secret_is() {
        for text in [
            "arn:aws:secretsmanager:eu-west-1:111122223333:secret:exampleclientid-AbCdEf",
            "arn:aws-us-gov:secretsmanager:eu-west-1:111122223333:secret:with:colons",
        ] {
            assert_eq!(arn(text), Some(text));
            assert_eq!(region(text).unwrap(), "eu-west-1");
        }
        assert_eq!(arn("1example0client0secret0with0fifty0one0characters000"), None);
        for bad in ["arn:aws:ssm:eu-west-1:1:parameter/x", "arn:aws:secretsmanager::1:secret:x", "arn:"] {
            assert!(region(bad).is_err(), "{bad}");
        }
    }
}
