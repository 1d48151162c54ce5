//! The app client's OAuth settings, secret and authentication flows.

use aws_sdk_cognitoidentityprovider::types::{ExplicitAuthFlowsType, OAuthFlowType};
use edgeward_core::{Config, route::Route};

use super::{
    asked,
    domain::LoginPages,
    remedy::{INFORMATION, LOGIN_PAGES, Remedy},
};
use crate::{
    pool::AppClient,
    report::{Problem, Report, Weight},
};

pub(super) fn check(client: &AppClient, remedy: &Remedy, config: Option<&Config>, report: &mut Report) {
    let place = format!("the app client {}", remedy.client);
    let described = &client.described;
    let mut problem = |what: &str, to_do: String| report.problem(Problem::new(place.clone(), what, to_do));
    let pages = |what: &str| remedy.client(LOGIN_PAGES, what);
    let flows = described.allowed_o_auth_flows();
    if described.allowed_o_auth_flows_user_pool_client != Some(true) || !flows.contains(&OAuthFlowType::Code) {
        problem("does not allow the authorization code flow", pages("allow the authorization code grant"));
    }
    if flows.iter().any(|flow| *flow != OAuthFlowType::Code) {
        problem(
            "allows other flows than the authorization code flow",
            pages("allow the authorization code grant alone"),
        );
    }
    if let Some(arn) = &client.secret_arn {
        let what = format!(
            "keeps its secret in AWS Secrets Manager ({arn}), where Cognito replaces it every seven days: the edge's copy works \
             for a week at most"
        );
        let to_do = format!(
            "give the edge an app client whose secret Cognito keeps itself, as the security stack makes it; until then, after \
             each replacement, write the member `clientSecretValue` of `aws secretsmanager get-secret-value --secret-id {arn}` \
             into the parameter cognito-client-secret and run `edgeward push --secrets-only`"
        );
        problem(&what, to_do);
    } else if described.client_secret.as_deref().is_none_or(str::is_empty) {
        problem(
            "has no secret",
            "make one with a secret in the security stack's configuration and deploy it".to_owned(),
        );
    }
    if described.enable_token_revocation != Some(true) {
        problem(
            "does not allow tokens to be revoked",
            remedy.client(INFORMATION, "enable token revocation (Advanced security configurations)"),
        );
    }
    if described.supported_identity_providers().is_empty() {
        problem(
            "has no identity provider: nobody can sign in",
            pages("enable the user pool itself or another provider"),
        );
    }
    let Some(config) = config else { return };
    let callback = format!("{}{}", config.issuer, Route::Callback.path());
    if !described.callback_urls().contains(&callback) {
        problem(&format!("does not have the callback URL {callback}"), pages("add it, to the letter"));
    }
    let signed_out = format!("{}{}", config.issuer, Route::SignedOut.path());
    for url in std::iter::once(&signed_out).chain(&config.pages.sign_out_urls) {
        if !described.logout_urls().contains(url) {
            problem(&format!("does not have the sign-out URL {url}"), pages("add it, to the letter"));
        }
    }
    let allowed = described.allowed_o_auth_scopes();
    for scope in asked(config).into_iter().filter(|scope| !allowed.contains(scope)) {
        problem(&format!("does not allow the scope {scope}, which the edge asks for"), pages("add the scope"));
    }
}

/// Authentication flows of the API, `ExplicitAuthFlows`. Signing in through the login pages needs none of them but one.
pub(super) fn flows(
    client: &AppClient,
    remedy: &Remedy,
    login_pages: Option<LoginPages>,
    has_passkeys: bool,
    report: &mut Report,
) {
    let place = format!("the app client {}", remedy.client);
    let mut add = |weight, what: &str, to_do: &str| {
        report.add(weight, Problem::new(&place, what, remedy.client(INFORMATION, to_do)));
    };
    if client.auth_flows().is_none() {
        add(
            Weight::Note,
            "says nothing of authentication flows, which means ALLOW_USER_SRP_AUTH, ALLOW_CUSTOM_AUTH and \
             ALLOW_REFRESH_TOKEN_AUTH: anybody who has its secret can try passwords without the login pages",
            "choose ALLOW_USER_AUTH alone",
        );
    }
    let plain = client.auth_flows().unwrap_or_default().iter().map(ExplicitAuthFlowsType::as_str);
    let plain: Vec<_> = plain.filter(|flow| PLAIN_PASSWORDS.contains(flow)).collect();
    if !plain.is_empty() {
        let what = format!(
            "allows {}: anybody who has its secret can try plain passwords without the login pages, and the edge needs none of it",
            plain.join(" and ")
        );
        add(Weight::Note, &what, "choose ALLOW_USER_AUTH alone");
    }
    if has_passkeys && login_pages == Some(LoginPages::Managed) && !client.allows(&ExplicitAuthFlowsType::AllowUserAuth)
    {
        add(
            Weight::Problem,
            "does not allow ALLOW_USER_AUTH, and without it managed login offers no passkeys, which the user pool allows",
            "add ALLOW_USER_AUTH (choice-based sign-in)",
        );
    }
}

/// With the names of older clients.
const PLAIN_PASSWORDS: [&str; 4] =
    ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH", "USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"];
