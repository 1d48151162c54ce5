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

/// What the ARN of a parameter means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SecretArn<'a> {
    /// The ARN of the secret alone. Its last seven characters, a hyphen and six random ones, may be left out.
    pub(crate) secret: &'a str,
    region: &'a str,
    /// Empty for the current one.
    stage: &'a str,
    /// Empty for that of the stage.
    version: &'a str,
}

impl<'a> SecretArn<'a> {
    /// Parses `arn:PARTITION:secretsmanager:REGION:ACCOUNT:secret:NAME`, and what ECS takes for the same secret:
    /// `…:NAME:JSON-KEY:VERSION-STAGE:VERSION-ID`, of which each may be empty.
    ///
    /// # Errors
    /// When it is the ARN of something else.
    pub(crate) fn parse(arn: &'a str) -> Result<Self> {
        let parts: Vec<_> = arn.split(':').collect();
        let ["arn", _, "secretsmanager", region, _, "secret", name, reference @ ..] = &parts[..] else {
            bail!("the parameter cognito-client-secret holds {arn}, which is no ARN of a secret in Secrets Manager")
        };
        let part = |index| reference.get(index).copied().unwrap_or_default();
        if region.is_empty() || name.is_empty() || reference.len() > 3 || !["", VALUE].contains(&part(0)) {
            bail!(
                "the parameter cognito-client-secret holds {arn}, which is no ARN of a secret in Secrets Manager: after the \
                 secret's name there may be :{VALUE}:VERSION-STAGE:VERSION-ID"
            )
        }
        let reference: usize = reference.iter().map(|part| part.len() + 1).sum();
        Ok(Self { secret: &arn[..arn.len() - reference], region, stage: part(1), version: part(2) })
    }

    /// Whether it means this secret, of which AWS has told the complete ARN.
    pub(crate) fn names(&self, complete: &str) -> bool {
        // AWS takes an ARN that ends like a complete one for a complete one.
        self.secret == complete
            || (without_suffix(self.secret).is_none() && without_suffix(complete) == Some(self.secret))
    }

    /// Whether it means the value that is there at any time, and not a version of it that is replaced.
    pub(crate) fn follows(&self) -> bool {
        self.version.is_empty() && ["", CURRENT].contains(&self.stage)
    }
}

/// The member of the document that holds the secret.
const VALUE: &str = "clientSecretValue";
const CURRENT: &str = "AWSCURRENT";

/// A complete ARN without the random characters with which AWS completes it.
fn without_suffix(arn: &str) -> Option<&str> {
    let (before, suffix) = arn.rsplit_once('-')?;
    (suffix.len() == 6 && suffix.bytes().all(|byte| byte.is_ascii_alphanumeric())).then_some(before)
}

/// Replaces the ARN among the settings, if there is one, by the secret that is there now.
///
/// # Errors
/// When it cannot be read, or belongs to another app client.
pub(crate) async fn resolve(settings: &mut Settings, aws: &Aws) -> Result<()> {
    let Some(arn) = settings.get(COGNITO_CLIENT_SECRET).and_then(arn).map(str::to_owned) else { return Ok(()) };
    let SecretArn { secret, region, stage, version } = SecretArn::parse(&arn)?;
    let doing = format!("read the app client's secret {arn}");
    let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let request = aws.secrets_manager(region).get_secret_value().secret_id(secret);
    let answer = request.set_version_stage(given(stage)).set_version_id(given(version)).send().await;
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

    const COMPLETE: &str = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:exampleclientid-AbCdEf";

    #[test]
    fn an_arn_says_where_its_secret_is() {
        for text in [COMPLETE, "arn:aws-us-gov:secretsmanager:eu-west-1:111122223333:secret:a/b"] {
            assert_eq!(arn(text), Some(text));
            let parsed = SecretArn::parse(text).unwrap();
            assert_eq!((parsed.region, parsed.secret), ("eu-west-1", text));
        }
        assert_eq!(arn("1example0client0secret0with0fifty0one0characters000"), None);
        for bad in [
            "arn:aws:ssm:eu-west-1:1:parameter/x",
            "arn:aws:secretsmanager::1:secret:x",
            "arn:aws:secretsmanager:eu-west-1:1:secret:",
            "arn:aws:secretsmanager:eu-west-1:1:secret:x:password",
            "arn:aws:secretsmanager:eu-west-1:1:secret:x:::v:",
            "arn:",
        ] {
            assert!(SecretArn::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_arn_is_compared_by_the_secret_that_it_means() {
        let partial = COMPLETE.strip_suffix("-AbCdEf").unwrap();
        for (follows, reference) in [
            (true, ""),
            (true, ":"),
            (true, "::AWSCURRENT:"),
            (true, ":clientSecretValue::"),
            (false, "::AWSPREVIOUS"),
            (false, ":::example-version-id-of-32-characters"),
        ] {
            for named in [COMPLETE, partial] {
                let text = format!("{named}{reference}");
                let arn = SecretArn::parse(&text).unwrap();
                assert_eq!((arn.secret, arn.names(COMPLETE), arn.follows()), (named, true, follows), "{text}");
            }
        }
        for other in ["exampleclientid-AbCdEg", "exampleclient", "exampleclientid-AbC", "exampleclientid-AbCdEf-AbCdEf"]
        {
            let text = COMPLETE.replace("exampleclientid-AbCdEf", other);
            assert!(!SecretArn::parse(&text).unwrap().names(COMPLETE), "{other}");
        }
        // Of a secret whose name ends in seven such characters, the partial ARN passes for a complete one.
        assert!(!SecretArn::parse(COMPLETE).unwrap().names(&format!("{COMPLETE}-GhIjKl")));
        let elsewhere = partial.replace("eu-west-1", "eu-west-2");
        assert!(!SecretArn::parse(&elsewhere).unwrap().names(COMPLETE));
    }
}
