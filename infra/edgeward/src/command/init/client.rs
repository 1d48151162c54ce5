//! The user pool and the app client that the edge is to sign users in with: chosen, or said by hand.

use std::{fs, path::Path};

use anyhow::{Context as _, Result, bail};
use aws_sdk_cognitoidentityprovider::types::UserPoolType;
use edgeward_core::secret::Secret;
use zeroize::Zeroizing;

use super::{super::secret::asked, questions::Questions};
use crate::{
    aws::Aws,
    cli::Answers,
    pool::{self, Named, NewClient, Pool},
};

/// What `--client` says for a client that is to be made.
const NEW: &str = "new";

/// A pool and an app client of it.
pub(super) struct Cognito {
    pub(super) pool_id: String,
    /// `new` until it is made.
    pub(super) client_id: String,
    /// Host of the login pages.
    pub(super) domain: String,
    /// Said by hand.
    pub(super) secret: Option<Secret<String>>,
    pub(super) has_credentials: bool,
    aws: Aws,
}

impl Cognito {
    pub(super) async fn choose(answers: &Answers, questions: &Questions) -> Result<Self> {
        let of_pool =
            answers.user_pool.as_deref().and_then(|id| id.split_once('_')).map(|(region, _)| region.to_owned());
        let aws = match answers.region.clone().or(of_pool) {
            Some(region) => Aws::connect(Some(region)).await?,
            None => match Aws::connect(None).await {
                Ok(aws) => aws,
                Err(_) => {
                    Aws::connect(Some(questions.text("region", "AWS region of the user pool", None, None)?)).await?
                }
            },
        };
        let has_credentials = aws.has_credentials().await;
        let pool_id = match &answers.user_pool {
            Some(id) => id.trim().to_owned(),
            None if has_credentials => {
                let pools = pool::pools(&aws, aws.region()).await?;
                if pools.is_empty() {
                    bail!("the account has no user pool in {}: name another --region", aws.region());
                }
                questions.choice("user-pool", "User pool, by number or id", &pools)?
            }
            None => questions.text("user-pool", "Id of the user pool", None, None)?,
        };
        let pool = Pool::new(&pool_id, NEW, &aws)?;
        let client_id = match &answers.client {
            Some(id) => id.trim().to_owned(),
            None if has_credentials => {
                let mut clients = pool.clients().await?;
                clients.push(Named {
                    id: NEW.to_owned(),
                    name: "one that is made now, with the right settings".to_owned(),
                });
                questions.choice("client", "App client, by number or id", &clients)?
            }
            None => questions.text("client", "Id of the app client", None, None)?,
        };
        if client_id == NEW && !has_credentials {
            bail!("an app client can be made with AWS credentials only: sign in, or name one with --client");
        }
        let domain = match &answers.domain {
            Some(domain) => domain.trim().to_owned(),
            None if has_credentials => domain(&pool).await?,
            None => questions.text("domain", "Host of the user pool's domain", None, None)?,
        };
        let secret = match &answers.client_secret_file {
            Some(path) => Some(read(path)?),
            None if has_credentials => None,
            None if questions.are_asked() => Some(non_empty(&asked("Secret of the app client")?)?),
            None => bail!(
                "--client-secret-file is missing: there are no AWS credentials, so Cognito cannot be asked for the secret"
            ),
        };
        Ok(Self { pool_id, client_id, domain, secret, has_credentials, aws })
    }

    pub(super) fn is_new(&self) -> bool {
        self.client_id == NEW
    }

    pub(super) fn pool(&self) -> Result<Pool> {
        Pool::new(&self.pool_id, &self.client_id, &self.aws)
    }

    pub(super) async fn create(self, new: &NewClient<'_>) -> Result<Self> {
        let made = self.pool()?.create_client(new).await?;
        Ok(Self { client_id: made.client_id().to_owned(), ..self })
    }

    /// The app client's secret: said, or as Cognito tells it. Where Cognito keeps it in Secrets Manager, the ARN of that.
    pub(super) async fn secret(&self) -> Result<Secret<String>> {
        if let Some(secret) = &self.secret {
            return Ok(secret.clone());
        }
        let pool = self.pool()?;
        match pool.describe().await?.secret_arn {
            Some(arn) => Ok(Secret::new(arn)),
            None => pool.first_secret().await,
        }
    }
}

/// The domain of the pool: the operator's own, or Cognito's.
async fn domain(pool: &Pool) -> Result<String> {
    let UserPoolType { custom_domain, domain, .. } = pool.user_pool().await?;
    if let Some(host) = custom_domain {
        return Ok(host);
    }
    match domain {
        Some(prefix) => Ok(format!("{prefix}.auth.{}.amazoncognito.com", pool.region())),
        None => bail!(
            "the user pool {0} has no domain, so it has no login pages: run `aws cognito-idp create-user-pool-domain \
             --user-pool-id {0} --domain PREFIX --managed-login-version 2`, with a prefix that nobody has yet in {1}",
            pool.id(),
            pool.region()
        ),
    }
}

fn read(path: &Path) -> Result<Secret<String>> {
    if path == Path::new("-") {
        return non_empty(&asked("Secret of the app client")?);
    }
    let text = Zeroizing::new(fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?);
    non_empty(&text)
}

fn non_empty(text: &str) -> Result<Secret<String>> {
    match text.trim() {
        "" => bail!("the app client's secret is empty"),
        text => Ok(Secret::new(text.to_owned())),
    }
}
