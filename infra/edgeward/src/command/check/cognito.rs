//! Cognito: what it says of itself, what its API says of the app client and the pool, and what a browser would see.

mod app_client;
mod attributes;
mod discovery;
mod domain;
mod firewall;
pub(in crate::command) mod fix;
mod issuer;
mod probe;
mod providers;
mod remedy;
mod tokens;

use std::collections::BTreeSet;

use anyhow::Result;
use aws_sdk_cognitoidentityprovider::types::{AuthFactorType, UserPoolType};
use edgeward_core::Config;
use edgeward_identity::names::edge::COGNITO_CLIENT_SECRET;

pub(in crate::command) use self::app_client::{callback_url, sign_out_urls};
use self::remedy::Remedy;
use super::super::Described;
use crate::{
    aws::is_denied,
    fetch::Fetch,
    pool::Pool,
    report::{Problem, Report},
};

const OPENID: [&str; 5] = ["openid", "email", "phone", "profile", "aws.cognito.signin.user.admin"];

pub(in crate::command) async fn check(
    described: &Described,
    config: Option<&Config>,
    fetch: &Fetch,
    report: &mut Report,
) {
    if let Some(config) = config {
        discovery::check(config, fetch, report).await;
    }
    // What is missing or malformed is named among the settings.
    let Ok(pool) = Pool::of(&described.settings, &described.aws) else { return };
    let remedy = Remedy::of(&pool, described.deployment());
    if let Some(config) = config {
        probe::check(config, &remedy, fetch, report).await;
    }
    if described.deployment().file().is_some() && !described.aws.has_credentials().await {
        let what = "was looked at from outside only: there are no AWS credentials";
        let to_do = "sign in (`aws sso login`) and run `edgeward check`, which also reads the app client's settings";
        report.note(Problem::new(format!("the user pool {}", pool.id()), what, to_do));
        return;
    }
    let client = match pool.describe().await {
        Err(error) if !is_denied(&error) => {
            report.problem(Problem::new("the app client", format!("{error:#}"), {
                remedy.by_owner("deploy the security stack", "correct cognito-client-id or cognito-user-pool-id")
            }));
            None
        }
        result => seen(result, "the app client", "DescribeUserPoolClient", report),
    };
    let client = client.as_ref();
    let place = format!("the user pool {}", pool.id());
    let user_pool = seen(pool.user_pool().await, &place, "DescribeUserPool", report);
    if let Some(client) = client {
        let stored = described.settings.get(COGNITO_CLIENT_SECRET);
        app_client::check(client, &remedy, stored, config, report);
        attributes::check(client, &remedy, config, report);
    }
    let domain = domain::check(&pool, user_pool.as_ref(), &remedy, config, report).await;
    if let Some(client) = client {
        app_client::flows(client, &remedy, domain, has_passkeys(user_pool.as_ref()), report);
    }
    let providers = providers::check(&pool, client, described, report).await;
    if let Some(client) = client {
        tokens::check(client, &remedy, config, &providers, report);
    }
    firewall::check(&pool, user_pool.as_ref(), &providers, described, config, report).await;
    tokens::sessions(&pool, &remedy, report).await;
    if let Some(config) = config {
        issuer::check(&pool, user_pool.as_ref(), config, report);
        custom_scopes(&pool, config, report).await;
    }
}

/// What the API shows; what it does not show hides nothing else.
fn seen<T>(result: Result<T>, place: &str, operation: &str, report: &mut Report) -> Option<T> {
    match result {
        Ok(found) => Some(found),
        Err(error) => {
            // IAM knows no resource for a domain.
            let resource = if operation == "DescribeUserPoolDomain" { "`*`" } else { "the user pool" };
            let remedy = match is_denied(&error) {
                true => format!("allow `cognito-idp:{operation}` on {resource}, and run this again"),
                false => "run this again".to_owned(),
            };
            report.note(Problem::new(place, format!("was not looked at: {error:#}"), remedy));
            None
        }
    }
}

/// Whether users may sign in with a passkey alone.
fn has_passkeys(user_pool: Option<&UserPoolType>) -> bool {
    let policy = user_pool.and_then(|pool| pool.policies.as_ref()?.sign_in_policy.as_ref());
    policy.is_some_and(|policy| policy.allowed_first_auth_factors().contains(&AuthFactorType::WebAuthn))
}

async fn custom_scopes(pool: &Pool, config: &Config, report: &mut Report) {
    let asked: Vec<_> = asked(config).into_iter().filter(|scope| !OPENID.contains(&scope.as_str())).collect();
    if asked.is_empty() {
        return;
    }
    let place = format!("the user pool {}", pool.id());
    let Some(known) = seen(pool.custom_scopes().await, &place, "ListResourceServers", report) else { return };
    for scope in asked.into_iter().filter(|scope| !known.contains(scope)) {
        let what = format!("no resource server of the user pool has the scope {scope}, which the edge asks for");
        let remedy = "add it to a resource server, or take it out of cognito-scopes or resources";
        report.problem(Problem::new(&place, what, remedy));
    }
}

/// The scopes that the edge asks for at Cognito: always, and together with one of its own.
fn asked(config: &Config) -> BTreeSet<String> {
    let mut asked: BTreeSet<_> = config.cognito.scopes.to_strings().into_iter().collect();
    for resource in &config.resources {
        asked.extend(resource.upstream_scopes(&resource.scope()).into_iter().map(str::to_owned));
    }
    asked
}
