//! `edgeward check --fix`: what Cognito's API can change about the app client of a pool that is somebody else's.
//!
//! `UpdateUserPoolClient` resets every value that it is not given. So the client's description is changed and sent back whole,
//! with members that this program does not know.

use std::{collections::BTreeSet, fmt};

use anyhow::{Result, bail};
use aws_sdk_cognitoidentityprovider::types::ExplicitAuthFlowsType;
use edgeward_core::Config;
use serde_json::{Map, Value, json};

use super::{
    super::super::Described,
    app_client::{callback_url, sign_out_urls},
    asked, attributes,
    domain::{self, LoginPages},
    has_passkeys,
    tokens::FULL_GRACE,
};
use crate::{
    pool::{AppClient, Pool},
    report::Report,
};

/// A change of the app client.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Change {
    CallbackUrl(String),
    SignOutUrl(String),
    CodeGrantAlone,
    Scope(String),
    Revocation,
    UserPoolItself,
    Rotation,
    AccessTokenSeconds(u64),
    ChoiceOfFactors,
    ReadableAttribute(&'static str),
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CallbackUrl(url) => write!(f, "the callback URL {url}"),
            Self::SignOutUrl(url) => write!(f, "the sign-out URL {url}"),
            Self::CodeGrantAlone => f.write_str("the authorization code grant, and no other grant"),
            Self::Scope(scope) => write!(f, "the scope {scope}"),
            Self::Revocation => f.write_str("token revocation"),
            Self::UserPoolItself => f.write_str("the user pool itself as identity provider"),
            Self::Rotation => write!(
                f,
                "refresh token rotation with a grace period of {FULL_GRACE} seconds, without ALLOW_REFRESH_TOKEN_AUTH"
            ),
            Self::AccessTokenSeconds(seconds) => write!(f, "access tokens of {seconds} seconds"),
            Self::ChoiceOfFactors => f.write_str("ALLOW_USER_AUTH"),
            Self::ReadableAttribute(name) => write!(f, "read access to {name}"),
        }
    }
}

/// Makes the changes, or says that it would; whether there were any.
pub(in crate::command) async fn run(
    described: &Described,
    config: &Config,
    dry_run: bool,
    report: &mut Report,
) -> Result<bool> {
    if described.deployment().file().is_none() {
        bail!(
            "--fix is for an app client of your own: the stacks own this one, so change their configuration and deploy them"
        );
    }
    let pool = Pool::of(&described.settings, &described.aws)?;
    let (client, mut document) = pool.describe_for_update().await?;
    let user_pool = pool.user_pool().await.ok();
    let login_pages = domain::login_pages(&pool, user_pool.as_ref()).await;
    let offers_passkeys = login_pages == Some(LoginPages::Managed) && has_passkeys(user_pool.as_ref());
    let changes = needed(&client, config, offers_passkeys);
    let names = changes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    if !changes.is_empty() {
        if dry_run {
            report.did(format!("would give the app client {}: {names}", pool.client_id()));
        } else {
            changes.iter().for_each(|change| change.apply(&mut document));
            pool.update_client(document).await?;
            report.did(format!("gave the app client {}: {names}", pool.client_id()));
        }
    }
    let mut has_changed = !changes.is_empty();
    if login_pages == Some(LoginPages::Managed) && !pool.is_branded().await? {
        has_changed = true;
        if dry_run {
            report.did(format!("would give the app client {} a branding style of managed login", pool.client_id()));
        } else {
            pool.create_branding().await?;
            report.did(format!("gave the app client {} a branding style of managed login", pool.client_id()));
        }
    }
    Ok(has_changed)
}

/// What the client lacks.
fn needed(client: &AppClient, config: &Config, offers_passkeys: bool) -> Vec<Change> {
    let described = &client.described;
    let mut changes = Vec::new();
    let mut need = |is_missing: bool, change: Change| {
        if is_missing {
            changes.push(change);
        }
    };
    let flows: Vec<_> = described.allowed_o_auth_flows().iter().map(|flow| flow.as_str()).collect();
    let has_flow = described.allowed_o_auth_flows_user_pool_client == Some(true);
    need(!has_flow || flows != ["code"], Change::CodeGrantAlone);
    let callback = callback_url(config);
    need(!described.callback_urls().contains(&callback), Change::CallbackUrl(callback));
    for url in sign_out_urls(config) {
        need(!described.logout_urls().contains(&url), Change::SignOutUrl(url));
    }
    let asked: BTreeSet<_> = asked(config);
    for scope in &asked {
        need(!described.allowed_o_auth_scopes().contains(scope), Change::Scope(scope.clone()));
    }
    need(described.enable_token_revocation != Some(true), Change::Revocation);
    need(described.supported_identity_providers().is_empty(), Change::UserPoolItself);
    let rotates_badly = client.rotation_grace().is_none_or(|grace| grace < FULL_GRACE)
        || client.allows(&ExplicitAuthFlowsType::AllowRefreshTokenAuth);
    need(rotates_badly, Change::Rotation);
    let seconds = config.access_token_seconds;
    need(client.access_token_seconds() < seconds, Change::AccessTokenSeconds(seconds));
    let has_choice = client.allows(&ExplicitAuthFlowsType::AllowUserAuth);
    need(offers_passkeys && !has_choice, Change::ChoiceOfFactors);
    for name in attributes::missing(client, &asked) {
        need(true, Change::ReadableAttribute(name));
    }
    changes
}

impl Change {
    fn apply(&self, client: &mut Map<String, Value>) {
        match self {
            Self::CallbackUrl(url) => add(client, "CallbackURLs", url),
            Self::SignOutUrl(url) => add(client, "LogoutURLs", url),
            Self::Scope(scope) => add(client, "AllowedOAuthScopes", scope),
            Self::UserPoolItself => add(client, "SupportedIdentityProviders", "COGNITO"),
            Self::ReadableAttribute(name) => add(client, "ReadAttributes", name),
            Self::CodeGrantAlone => {
                set(client, "AllowedOAuthFlows", json!(["code"]));
                set(client, "AllowedOAuthFlowsUserPoolClient", json!(true));
            }
            Self::Revocation => set(client, "EnableTokenRevocation", json!(true)),
            Self::Rotation => {
                let rotation = json!({ "Feature": "ENABLED", "RetryGracePeriodSeconds": FULL_GRACE });
                set(client, "RefreshTokenRotation", rotation);
                let flows = auth_flows(client);
                let mut kept: Vec<_> = flows.into_iter().filter(|flow| flow != REFRESH).collect();
                if kept.is_empty() {
                    // None at all would mean the default, which has it.
                    kept.push(CHOICE.to_owned());
                }
                set(client, AUTH_FLOWS, json!(kept));
            }
            Self::ChoiceOfFactors => {
                let flows = auth_flows(client);
                set(client, AUTH_FLOWS, json!(flows));
                add(client, AUTH_FLOWS, CHOICE);
            }
            Self::AccessTokenSeconds(seconds) => {
                set(client, "AccessTokenValidity", json!(seconds));
                let units = client.entry("TokenValidityUnits").or_insert_with(|| json!({}));
                units["AccessToken"] = json!("seconds");
            }
        }
    }
}

const AUTH_FLOWS: &str = "ExplicitAuthFlows";
const REFRESH: &str = "ALLOW_REFRESH_TOKEN_AUTH";
const CHOICE: &str = "ALLOW_USER_AUTH";

/// The authentication flows. Left out, they are SRP, custom and refresh (API reference, `ExplicitAuthFlows`).
fn auth_flows(client: &Map<String, Value>) -> Vec<String> {
    let listed = client.get(AUTH_FLOWS).and_then(Value::as_array).into_iter().flatten();
    let listed: Vec<_> = listed.filter_map(|flow| flow.as_str().map(str::to_owned)).collect();
    match listed.is_empty() {
        true => ["ALLOW_USER_SRP_AUTH", "ALLOW_CUSTOM_AUTH", REFRESH].map(str::to_owned).to_vec(),
        false => listed,
    }
}

fn set(client: &mut Map<String, Value>, member: &str, value: Value) {
    client.insert(member.to_owned(), value);
}

/// Adds to a list.
fn add(client: &mut Map<String, Value>, member: &str, value: &str) {
    let list = client.entry(member).or_insert_with(|| json!([]));
    match list.as_array_mut() {
        Some(values) if values.iter().any(|listed| listed == value) => {}
        Some(values) => values.push(value.into()),
        None => *list = json!([value]),
    }
}
