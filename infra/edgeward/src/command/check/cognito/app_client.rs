//! The app client's OAuth settings, secret and authentication flows.

use aws_sdk_cognitoidentityprovider::types::{ExplicitAuthFlowsType, OAuthFlowType};
use edgeward_core::{Config, route::Route};

use super::{
    asked,
    domain::LoginPages,
    remedy::{INFORMATION, LOGIN_PAGES, Remedy},
};
use crate::{
    managed_secret::{self, SecretArn},
    pool::AppClient,
    report::{Problem, Report, Weight},
};

/// `stored_secret` is what the parameter cognito-client-secret holds.
pub(super) fn check(
    client: &AppClient,
    remedy: &Remedy,
    stored_secret: Option<&str>,
    config: Option<&Config>,
    report: &mut Report,
) {
    secret(client, remedy, stored_secret, report);
    let place = format!("the app client {}", remedy.client);
    let described = &client.described;
    let mut problem = |what: &str, to_do: String| report.problem(Problem::new(place.clone(), what, to_do));
    let pages = |what: &str| remedy.fixed(LOGIN_PAGES, what);
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
    if described.enable_token_revocation != Some(true) {
        problem(
            "does not allow tokens to be revoked",
            remedy.fixed(INFORMATION, "enable token revocation (Advanced security configurations)"),
        );
    }
    if described.supported_identity_providers().is_empty() {
        problem(
            "has no identity provider: nobody can sign in",
            pages("enable the user pool itself or another provider"),
        );
    }
    let Some(config) = config else { return };
    let callback = callback_url(config);
    if !described.callback_urls().contains(&callback) {
        problem(&format!("does not have the callback URL {callback}"), pages("add it, to the letter"));
    }
    for url in sign_out_urls(config) {
        if !described.logout_urls().contains(&url) {
            problem(&format!("does not have the sign-out URL {url}"), pages("add it, to the letter"));
        }
    }
    let allowed = described.allowed_o_auth_scopes();
    for scope in asked(config).into_iter().filter(|scope| !allowed.contains(scope)) {
        problem(&format!("does not allow the scope {scope}, which the edge asks for"), pages("add the scope"));
    }
}

/// Where Cognito sends browsers back to the edge.
pub(in crate::command) fn callback_url(config: &Config) -> String {
    format!("{}{}", config.issuer, Route::Callback.path())
}

/// Where it sends them after they have signed out: the edge's own page, then what the settings list.
pub(in crate::command) fn sign_out_urls(config: &Config) -> Vec<String> {
    let own = format!("{}{}", config.issuer, Route::SignedOut.path());
    std::iter::once(own).chain(config.pages.sign_out_urls.iter().cloned()).collect()
}

/// Whether the parameter follows the secret: Cognito keeps it itself, or in Secrets Manager, where it is replaced.
fn secret(client: &AppClient, remedy: &Remedy, stored: Option<&str>, report: &mut Report) {
    let place = format!("the app client {}", remedy.client);
    let mut add = |weight, what: String, to_do: String| report.add(weight, Problem::new(&place, what, to_do));
    // `UpdateUserPoolClient`, PublishSecretsInAWSSecretsManager: false moves the secret back and deletes that in Secrets Manager.
    let off = remedy.client(
        INFORMATION,
        "take the secret out of AWS Secrets Manager (PublishSecretsInAWSSecretsManager: false), and write the ClientSecret that \
         `aws cognito-idp describe-user-pool-client` then shows into the parameter cognito-client-secret",
    );
    const SCHEDULE: &str = "run `edgeward push --secrets-only` on a schedule, at least daily";
    let stored = stored.and_then(managed_secret::arn);
    let meant = stored.and_then(|stored| SecretArn::parse(stored).ok());
    match (&client.secret_arn, stored) {
        (Some(arn), Some(stored)) if meant.is_some_and(|meant| meant.names(arn) && !meant.follows()) => add(
            Weight::Problem,
            format!(
                "keeps its secret in AWS Secrets Manager ({arn}), where Cognito replaces it, every seven days by default: the \
                 parameter cognito-client-secret holds {stored}, which names one version of it"
            ),
            format!("write {arn} into the parameter, and {SCHEDULE}. Or {off}"),
        ),
        (Some(arn), Some(_)) if meant.is_some_and(|meant| meant.names(arn)) => add(
            Weight::Note,
            format!(
                "keeps its secret in AWS Secrets Manager ({arn}), where Cognito replaces it, every seven days by default. The edge \
                 has the new one after the next push only. How long Cognito takes the one before is not documented; once it does \
                 not, sign-ins and refreshes get a 503"
            ),
            format!("{SCHEDULE}. Or {off}"),
        ),
        (Some(arn), _) => add(
            Weight::Problem,
            format!(
                "keeps its secret in AWS Secrets Manager ({arn}), where Cognito replaces it, every seven days by default: the one \
                 in the parameter cognito-client-secret stops working"
            ),
            format!("{off}. Or write that ARN into the parameter in place of a secret, and {SCHEDULE}"),
        ),
        (None, Some(stored)) => add(
            Weight::Problem,
            format!(
                "does not keep its secret in AWS Secrets Manager, and the parameter cognito-client-secret holds {stored}"
            ),
            "write the app client's secret into the parameter, and run `edgeward push --secrets-only`".to_owned(),
        ),
        (None, None) if client.described.client_secret.as_deref().is_none_or(str::is_empty) => add(
            Weight::Problem,
            "has no secret".to_owned(),
            remedy
                .by_owner(
                    "make one with a secret in the security stack's configuration and deploy it",
                    "a public client cannot get one: `edgeward init --client new` makes a client with a secret",
                )
                .to_owned(),
        ),
        (None, None) => {}
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
