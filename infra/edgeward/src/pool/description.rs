//! What belongs to the user pool around the app client: its domain, branding, identity providers, sessions.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use aws_sdk_cognitoidentityprovider::types::{DomainDescriptionType, IdentityProviderTypeType, UserPoolType};
use serde::Deserialize;

use super::{Pool, unmodelled::Answer};
use crate::aws::{error_code, explained};

/// An identity provider that the pool federates with.
#[derive(Debug, Clone)]
pub(crate) struct Provider {
    pub(crate) name: String,
    pub(crate) kind: Option<IdentityProviderTypeType>,
    /// What each attribute of the pool's users is filled with.
    pub(crate) mapping: BTreeMap<String, String>,
    /// The issuer of its tokens, if it is an OIDC provider.
    pub(crate) oidc_issuer: Option<String>,
}

impl Pool {
    /// The user pool itself.
    pub(crate) async fn user_pool(&self) -> Result<UserPoolType> {
        let doing = format!("describe the user pool {}", self.pool_id);
        let answer = self.client.describe_user_pool().user_pool_id(&self.pool_id).send().await;
        let answer = answer.map_err(|error| explained(&doing, &self.region, error))?;
        answer.user_pool.with_context(|| format!("Cognito does not {doing}"))
    }

    /// A domain by its prefix, or by its name if it is one of the operator's own. A domain that is not in this account and
    /// region has no members.
    pub(crate) async fn domain(&self, domain: &str) -> Result<DomainDescriptionType> {
        let doing = format!("describe the domain {domain}");
        let answer = self.client.describe_user_pool_domain().domain(domain).send().await;
        let answer = answer.map_err(|error| explained(&doing, &self.region, error))?;
        answer.domain_description.with_context(|| format!("Cognito does not {doing}"))
    }

    /// Whether the app client has a branding style of managed login.
    pub(crate) async fn is_branded(&self) -> Result<bool> {
        let request = self.client.describe_managed_login_branding_by_client();
        let answer = request.user_pool_id(&self.pool_id).client_id(&self.client_id).send().await;
        let doing = format!("describe the branding of the app client {}", self.client_id);
        match answer.map_err(|error| explained(&doing, &self.region, error)) {
            Ok(answer) => Ok(answer.managed_login_branding.is_some()),
            Err(error) if error_code(&error) == Some("ResourceNotFoundException") => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The names of the pool's identity providers.
    pub(crate) async fn provider_names(&self) -> Result<Vec<String>> {
        let doing = format!("list the identity providers of {}", self.pool_id);
        let mut names = Vec::new();
        let request = self.client.list_identity_providers().user_pool_id(&self.pool_id).max_results(60);
        let mut pages = request.into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| explained(&doing, &self.region, error))?;
            names.extend(page.providers.into_iter().filter_map(|provider| provider.provider_name));
        }
        Ok(names)
    }

    /// One identity provider. What else Cognito says of it holds a secret, and is dropped.
    pub(crate) async fn provider(&self, name: &str) -> Result<Provider> {
        let doing = format!("describe the identity provider {name}");
        let request = self.client.describe_identity_provider().user_pool_id(&self.pool_id).provider_name(name);
        let answer = request.send().await.map_err(|error| explained(&doing, &self.region, error))?;
        let found = answer.identity_provider.with_context(|| format!("Cognito does not {doing}"))?;
        let mapping = found.attribute_mapping.unwrap_or_default().into_iter().collect();
        let oidc_issuer = found.provider_details.and_then(|mut details| details.remove("oidc_issuer"));
        Ok(Provider { name: name.to_owned(), kind: found.provider_type, mapping, oidc_issuer })
    }

    /// How many sessions of a user Cognito keeps, if it tracks them: one more, and it ends the one that was used least
    /// recently. The SDK has no `GetUserPoolSessionConfiguration` yet, whose request is that of `DescribeUserPool`. Where
    /// Cognito has no such operation, or the pool's tier does not have the feature, nothing is tracked.
    pub(crate) async fn session_limit(&self) -> Result<Option<u64>> {
        const TARGET: &str = "AWSCognitoIdentityProviderService.GetUserPoolSessionConfiguration";
        const NOT_OFFERED: [&str; 3] =
            ["UnknownOperationException", "InvalidAction", "FeatureUnavailableInTierException"];
        let raw = Answer::default();
        let request = self.client.describe_user_pool().user_pool_id(&self.pool_id).customize();
        let request = request.interceptor(raw.keeper()).mutate_request(|request| {
            request.headers_mut().insert("x-amz-target", TARGET);
        });
        let doing = format!("read the session configuration of {}", self.pool_id);
        match request.send().await.map_err(|error| explained(&doing, &self.region, error)) {
            Ok(_) => {
                let sessions: Sessions = raw.read().with_context(|| format!("Cognito does not let us {doing}"))?;
                Ok((sessions.tracking == "ENABLED").then_some(sessions.tokens.max_per_user))
            }
            Err(error) if error_code(&error).is_some_and(|code| NOT_OFFERED.contains(&code)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The answer of `GetUserPoolSessionConfiguration`.
#[derive(Deserialize)]
struct Sessions {
    #[serde(rename = "UserSessionTracking")]
    tracking: String,
    #[serde(rename = "TokenSession")]
    tokens: TokenSessions,
}

#[derive(Deserialize)]
struct TokenSessions {
    #[serde(rename = "MaxPerUser")]
    max_per_user: u64,
}
