//! Changes of a pool that is somebody else's: its app client, whole, and what belongs to that.

use std::fmt;

use anyhow::{Context as _, Result};
use aws_sdk_cognitoidentityprovider::types::{
    ExplicitAuthFlowsType, FeatureType, OAuthFlowType, PreventUserExistenceErrorTypes, RefreshTokenRotationType,
    TimeUnitsType, TokenValidityUnitsType,
};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::{AppClient, Pool};
use crate::aws::explained;

/// What a new app client is made with.
#[derive(Debug)]
pub(crate) struct NewClient<'a> {
    pub(crate) name: &'a str,
    pub(crate) callback_url: &'a str,
    pub(crate) sign_out_urls: &'a [String],
    pub(crate) scopes: &'a [String],
    /// `COGNITO`, and the names of identity providers.
    pub(crate) providers: &'a [String],
    pub(crate) access_token_seconds: u64,
    pub(crate) refresh_token_days: u64,
}

impl fmt::Display for NewClient<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "confidential, authorization code grant alone, callback URL {}, sign-out URL {}, scopes {}, identity providers {}, \
             token revocation, refresh token rotation with 60 seconds of grace, access tokens of {} seconds, refresh tokens of \
             {} days",
            self.callback_url,
            self.sign_out_urls.join(" "),
            self.scopes.join(" "),
            self.providers.join(" "),
            self.access_token_seconds,
            self.refresh_token_days
        )
    }
}

impl Pool {
    /// The app client, and a document that [`Self::update_client`] takes: all members of its description that can be written,
    /// also those that this release of the SDK does not know.
    pub(crate) async fn describe_for_update(&self) -> Result<(AppClient, Map<String, Value>)> {
        const READ_ONLY: [&str; 4] = ["ClientSecret", "ClientSecretArn", "CreationDate", "LastModifiedDate"];
        let (client, raw) = self.describe_whole().await?;
        let mut answer: Map<String, Value> = raw.read().unwrap_or_default();
        let document = answer.get_mut("UserPoolClient").and_then(Value::as_object_mut);
        let document = document.with_context(|| format!("Cognito describes no app client {}", self.client_id))?;
        document.retain(|name, _| !READ_ONLY.contains(&name.as_str()));
        Ok((client, std::mem::take(document)))
    }

    /// Makes the app client what this document says.
    pub(crate) async fn update_client(&self, document: Map<String, Value>) -> Result<()> {
        let doing = format!("change the app client {} of {}", self.client_id, self.pool_id);
        let body = Zeroizing::new(Value::Object(document).to_string());
        let request = self.client.update_user_pool_client().user_pool_id(&self.pool_id).client_id(&self.client_id);
        // Before it is signed.
        let request = request.customize().mutate_request(move |request| {
            request.headers_mut().insert("content-length", body.len().to_string());
            *request.body_mut() = (*body).clone().into();
        });
        request.send().await.map_err(|error| explained(&doing, &self.region, error))?;
        Ok(())
    }

    /// Gives the app client a branding style of managed login: Cognito's own.
    pub(crate) async fn create_branding(&self) -> Result<()> {
        let doing = format!("create a branding style for the app client {}", self.client_id);
        let request = self.client.create_managed_login_branding();
        let request = request.user_pool_id(&self.pool_id).client_id(&self.client_id).use_cognito_provided_values(true);
        request.send().await.map_err(|error| explained(&doing, &self.region, error))?;
        Ok(())
    }

    /// Makes an app client with a secret, with all that the edge wants of one: this pool, with that client.
    pub(crate) async fn create_client(mut self, new: &NewClient<'_>) -> Result<Self> {
        let doing = format!("create an app client in {}", self.pool_id);
        let rotation = RefreshTokenRotationType::builder().feature(FeatureType::Enabled).retry_grace_period_seconds(60);
        let units =
            TokenValidityUnitsType::builder().access_token(TimeUnitsType::Seconds).refresh_token(TimeUnitsType::Days);
        let number = |value: u64| i32::try_from(value).unwrap_or(i32::MAX);
        let request = self.client.create_user_pool_client();
        let request = request
            .user_pool_id(&self.pool_id)
            .client_name(new.name)
            .generate_secret(true)
            .allowed_o_auth_flows_user_pool_client(true)
            .allowed_o_auth_flows(OAuthFlowType::Code)
            .set_allowed_o_auth_scopes(Some(new.scopes.to_vec()))
            .callback_urls(new.callback_url)
            .set_logout_urls(Some(new.sign_out_urls.to_vec()))
            .set_supported_identity_providers(Some(new.providers.to_vec()))
            .explicit_auth_flows(ExplicitAuthFlowsType::AllowUserAuth)
            .enable_token_revocation(true)
            .prevent_user_existence_errors(PreventUserExistenceErrorTypes::Enabled)
            .refresh_token_rotation(rotation.build()?)
            .access_token_validity(number(new.access_token_seconds))
            .refresh_token_validity(number(new.refresh_token_days))
            .token_validity_units(units.build());
        let answer = request.send().await.map_err(|error| explained(&doing, &self.region, error))?;
        let made = answer.user_pool_client.and_then(|client| client.client_id);
        self.client_id = made.context("Cognito has made an app client and does not say which")?;
        Ok(self)
    }
}
