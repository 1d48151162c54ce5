//! The user pool and the app client at Cognito, as AWS describes them.

mod app_client;
mod change;
mod description;
mod list;
mod unmodelled;

use anyhow::{Context as _, Result, anyhow, bail};
use aws_sdk_cognitoidentityprovider::Client;
use edgeward_core::secret::Secret;
use edgeward_identity::{
    UnixTime,
    names::edge::{COGNITO_CLIENT_ID, COGNITO_USER_POOL_ID},
};

use crate::{
    aws::{Aws, explained},
    edge::Settings,
};

pub(crate) use app_client::AppClient;
pub(crate) use change::NewClient;
pub(crate) use description::Provider;
pub(crate) use list::{Named, pools};

/// The app client of the edge.
#[derive(Debug, Clone)]
pub(crate) struct Pool {
    client: Client,
    region: String,
    pool_id: String,
    client_id: String,
}

/// A secret of the app client, without its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) id: String,
    pub(crate) created: UnixTime,
}

impl Pool {
    /// As the settings name it. A user pool says itself in which region it is.
    pub(crate) fn of(settings: &Settings, aws: &Aws) -> Result<Self> {
        let pool_id = settings.get(COGNITO_USER_POOL_ID).context("the setting cognito-user-pool-id is missing")?;
        let client_id = settings.get(COGNITO_CLIENT_ID).context("the setting cognito-client-id is missing")?;
        Self::new(pool_id, client_id, aws)
    }

    /// A pool by its id, and one of its app clients.
    pub(crate) fn new(pool_id: &str, client_id: &str, aws: &Aws) -> Result<Self> {
        let Some((region, _)) = pool_id.split_once('_') else {
            bail!("{pool_id:?} is not the id of a user pool, which is a region, `_` and characters")
        };
        Ok(Self {
            client: aws.cognito(region),
            region: region.to_owned(),
            pool_id: pool_id.to_owned(),
            client_id: client_id.to_owned(),
        })
    }

    pub(crate) fn client_id(&self) -> &str {
        &self.client_id
    }

    pub(crate) fn id(&self) -> &str {
        &self.pool_id
    }

    pub(crate) fn region(&self) -> &str {
        &self.region
    }

    /// The secret that the app client was made with. Cognito shows no later one again, and does not document what it
    /// describes once the first one is deleted, so nothing is taken from a client that has been given others.
    pub(crate) async fn first_secret(&self) -> Result<Secret<String>> {
        let AppClient { described: client, secret_arn } = self.describe().await?;
        if let Some(arn) = secret_arn {
            bail!(
                "the secret of the app client {} is in Secrets Manager ({arn}), where Cognito replaces it every week: the edge \
                 needs one that stays, or the ARN in the parameter cognito-client-secret and a push on a schedule; `edgeward check` \
                 says how",
                self.client_id
            );
        }
        let made = client.creation_date.and_then(|date| u64::try_from(date.secs()).ok()).map(UnixTime::from_secs);
        if was_rotated(made, &self.secrets().await?) {
            bail!(
                "the app client {} has been given other secrets, and Cognito shows none of them again: write the parameter \
                 cognito-client-secret, from a backup or with a secret that `aws cognito-idp add-user-pool-client-secret` \
                 makes, and delete the secrets that are not in it",
                self.client_id
            );
        }
        client.client_secret.map(Secret::new).with_context(|| {
            format!(
                "the app client {} has no secret, and cannot get one: the edge needs a confidential client",
                self.client_id
            )
        })
    }

    /// For how many seconds a refresh token of Cognito is good.
    pub(crate) async fn refresh_token_seconds(&self) -> Result<u64> {
        Ok(self.describe().await?.refresh_token_seconds())
    }

    /// Every scope of the user pool's resource servers, as clients ask for it.
    pub(crate) async fn custom_scopes(&self) -> Result<Vec<String>> {
        let doing = format!("list the resource servers of {}", self.pool_id);
        let mut scopes = Vec::new();
        let request = self.client.list_resource_servers().user_pool_id(&self.pool_id).max_results(50);
        let mut pages = request.into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| explained(&doing, &self.region, error))?;
            for server in page.resource_servers {
                let identifier = server.identifier.unwrap_or_default();
                let names = server.scopes.unwrap_or_default();
                scopes.extend(names.into_iter().map(|scope| format!("{identifier}/{}", scope.scope_name)));
            }
        }
        Ok(scopes)
    }

    /// The app client's secrets, oldest first.
    pub(crate) async fn secrets(&self) -> Result<Vec<Listed>> {
        let doing = format!("list the secrets of the app client {}", self.client_id);
        let mut listed = Vec::new();
        let mut token = None;
        loop {
            let request = self.client.list_user_pool_client_secrets();
            let request = request.user_pool_id(&self.pool_id).client_id(&self.client_id).set_next_token(token);
            let answer = request.send().await.map_err(|error| explained(&doing, &self.region, error))?;
            for secret in answer.client_secrets.unwrap_or_default() {
                let created = secret.client_secret_create_date.and_then(|date| u64::try_from(date.secs()).ok());
                let id = secret.client_secret_id.context("Cognito lists a secret without an id")?;
                listed.push(Listed { id, created: UnixTime::from_secs(created.unwrap_or_default()) });
            }
            token = answer.next_token;
            if token.is_none() {
                break;
            }
        }
        listed.sort_by_key(|secret| secret.created);
        Ok(listed)
    }

    /// Makes another secret: its id and value. Cognito shows the value this once.
    pub(crate) async fn add_secret(&self) -> Result<(String, Secret<String>)> {
        let request = self.client.add_user_pool_client_secret();
        let request = request.user_pool_id(&self.pool_id).client_id(&self.client_id);
        let doing = format!("add a secret to the app client {}", self.client_id);
        let answer = request.send().await.map_err(|error| explained(&doing, &self.region, error))?;
        let added = answer.client_secret_descriptor.context("Cognito added a secret and did not say which")?;
        match (added.client_secret_id, added.client_secret_value) {
            (Some(id), Some(value)) => Ok((id, Secret::new(value))),
            _ => Err(anyhow!("Cognito added a secret and did not show it")),
        }
    }

    pub(crate) async fn delete_secret(&self, id: &str) -> Result<()> {
        let request = self.client.delete_user_pool_client_secret();
        let request = request.user_pool_id(&self.pool_id).client_id(&self.client_id).client_secret_id(id);
        let doing = format!("delete the secret {id} of the app client {}", self.client_id);
        request.send().await.map_err(|error| explained(&doing, &self.region, error))?;
        Ok(())
    }
}

/// Whether a client has other secrets than the one that it was made with.
fn was_rotated(made: Option<UnixTime>, listed: &[Listed]) -> bool {
    // Cognito dates the first secret like its client, give or take.
    const AT_ONCE: u64 = 600;
    match (made, listed) {
        (_, [_, _, ..]) => true,
        (Some(made), [only]) => only.created > made.plus(AT_ONCE),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_with_another_secret_than_its_first_is_told_apart() {
        let made = UnixTime::from_secs(1_790_000_000);
        let listed = |after: u64| Listed { id: format!("secret-{after}"), created: made.plus(after) };
        assert!(!was_rotated(Some(made), &[listed(0)]));
        assert!(!was_rotated(Some(made), &[listed(5)]));
        assert!(!was_rotated(Some(made), &[]));
        assert!(was_rotated(Some(made), &[listed(0), listed(3_600)]), "a rotation is under way");
        assert!(was_rotated(Some(made), &[listed(3_600)]), "the first one is deleted");
        assert!(!was_rotated(None, &[listed(3_600)]), "nothing is known of the client's age");
    }
}
