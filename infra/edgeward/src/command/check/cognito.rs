//! Cognito: its discovery document, the app client, the resource servers.

use std::collections::BTreeSet;

use anyhow::Result;
use aws_sdk_cognitoidentityprovider::types::{OAuthFlowType, UserPoolClientType};
use edgeward_core::{Config, route::Route};

use super::super::Described;
use crate::{
    fetch::Fetch,
    pool::Pool,
    report::{Problem, Report},
};

const STACK: &str = "mend it in the security stack's configuration and deploy it";
const JWKS_PATH: &str = "/.well-known/jwks.json";
const DISCOVERY_PATH: &str = "/.well-known/openid-configuration";
const OPENID: [&str; 5] = ["openid", "email", "phone", "profile", "aws.cognito.signin.user.admin"];

pub(super) async fn check(
    described: &Described,
    config: Option<&Config>,
    fetch: &Fetch,
    report: &mut Report,
) -> Result<()> {
    if let Some(config) = config {
        discovery(config, fetch, report).await;
    }
    // What is missing or malformed is named among the settings.
    let Ok(pool) = Pool::of(&described.settings, &described.aws) else { return Ok(()) };
    match pool.describe().await {
        Ok(client) => app_client(&client, &pool, config, report),
        Err(error) => report.problem(Problem::new("the app client", format!("{error:#}"), "deploy the security stack")),
    }
    let Some(config) = config else { return Ok(()) };
    let asked: Vec<_> = asked(config).into_iter().filter(|scope| !OPENID.contains(&scope.as_str())).collect();
    if asked.is_empty() {
        return Ok(());
    }
    match pool.custom_scopes().await {
        Ok(known) => {
            for scope in asked.into_iter().filter(|scope| !known.contains(scope)) {
                let what =
                    format!("no resource server of the user pool has the scope {scope}, which the edge asks for");
                report.problem(Problem::new(
                    "the user pool",
                    what,
                    "add it to a resource server, or take it out of cognito-scopes or resources",
                ));
            }
        }
        Err(error) => report.problem(Problem::new("the user pool", format!("{error:#}"), "allow it to be read")),
    }
    Ok(())
}

/// The scopes that the edge asks for at Cognito: always, and together with one of its own.
fn asked(config: &Config) -> BTreeSet<String> {
    let mut asked: BTreeSet<_> = config.cognito.scopes.to_strings().into_iter().collect();
    for resource in &config.resources {
        asked.extend(resource.upstream_scopes(&resource.scope()).into_iter().map(str::to_owned));
    }
    asked
}

async fn discovery(config: &Config, fetch: &Fetch, report: &mut Report) {
    let cognito = &config.cognito;
    // Where the keys are is where the document is: the issuer of a stand-in may be a name only.
    let base = cognito.jwks_url.strip_suffix(JWKS_PATH).unwrap_or(cognito.issuer());
    let url = format!("{base}{DISCOVERY_PATH}");
    match fetch.json(&url, None).await {
        Err(error) => {
            let remedy = "compare cognito-user-pool-id with the user pool, and its region";
            report.problem(Problem::new(url, format!("cannot be read: {error:#}"), remedy));
        }
        Ok(document) => {
            let mut differs = |member: &str, expected: &str, parameter: &str| {
                let found = document[member].as_str().unwrap_or_default();
                if found != expected {
                    let what = format!("says {member} {found:?}, but by the parameters it is {expected:?}");
                    report.problem(Problem::new(url.clone(), what, format!("correct the parameter {parameter}")));
                }
            };
            // Either form of a pool's issuer is taken.
            let issuer = document["issuer"].as_str().filter(|issuer| cognito.issuers.contains(issuer));
            differs("issuer", issuer.unwrap_or(cognito.issuer()), "cognito-user-pool-id or cognito-issuer");
            differs("token_endpoint", &format!("{}/oauth2/token", cognito.domain), "cognito-domain");
            differs("jwks_uri", &cognito.jwks_url, "cognito-jwks-url");
        }
    }
    match fetch.json(&cognito.jwks_url, None).await {
        Ok(document) if document["keys"].as_array().is_some_and(|keys| !keys.is_empty()) => {}
        Ok(_) => {
            report.problem(Problem::new(&cognito.jwks_url, "holds no keys", "correct the parameter cognito-jwks-url"))
        }
        Err(error) => {
            let what = format!("cannot be read: {error:#}");
            report.problem(Problem::new(&cognito.jwks_url, what, "compare cognito-user-pool-id with the user pool"));
        }
    }
    if let Err(error) = fetch.answers(&format!("{}/oauth2/authorize", cognito.domain)).await {
        let remedy = "compare cognito-domain with the user pool's domain; a new one needs some minutes";
        report.problem(Problem::new(&cognito.domain, format!("does not answer: {error:#}"), remedy));
    }
}

fn app_client(client: &UserPoolClientType, pool: &Pool, config: Option<&Config>, report: &mut Report) {
    let place = format!("the app client {}", pool.client_id());
    let mut problem = |what: String| report.problem(Problem::new(place.clone(), what, STACK));
    let flows = client.allowed_o_auth_flows();
    if client.allowed_o_auth_flows_user_pool_client != Some(true) || !flows.contains(&OAuthFlowType::Code) {
        problem("does not allow the authorization code flow".to_owned());
    }
    if flows.iter().any(|flow| *flow != OAuthFlowType::Code) {
        problem("allows other flows than the authorization code flow".to_owned());
    }
    if client.client_secret.as_deref().is_none_or(str::is_empty) {
        problem("has no secret".to_owned());
    }
    if client.enable_token_revocation != Some(true) {
        problem("does not allow tokens to be revoked".to_owned());
    }
    let Some(config) = config else { return };
    let callback = format!("{}{}", config.issuer, Route::Callback.path());
    if !client.callback_urls().contains(&callback) {
        problem(format!("does not have the callback URL {callback}"));
    }
    let signed_out = format!("{}{}", config.issuer, Route::SignedOut.path());
    for url in std::iter::once(&signed_out).chain(&config.pages.sign_out_urls) {
        if !client.logout_urls().contains(url) {
            problem(format!("does not have the sign-out URL {url}"));
        }
    }
    let allowed = client.allowed_o_auth_scopes();
    for scope in asked(config).into_iter().filter(|scope| !allowed.contains(scope)) {
        problem(format!("does not allow the scope {scope}, which the edge asks for"));
    }
}
