//! The domain of the login pages: whose it is, which pages it serves, and whether they have a branding style.

use aws_sdk_cognitoidentityprovider::types::{DomainDescriptionType, UserPoolType};
use edgeward_core::Config;
use url::Url;

use super::{remedy::Remedy, seen};
use crate::{
    pool::Pool,
    report::{Problem, Report},
};

/// Which login pages a domain serves (`ManagedLoginVersion`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LoginPages {
    /// Version 1.
    Classic,
    /// Version 2.
    Managed,
}

pub(super) async fn check(
    pool: &Pool,
    user_pool: Option<&UserPoolType>,
    remedy: &Remedy,
    config: Option<&Config>,
    report: &mut Report,
) -> Option<LoginPages> {
    let client = format!("the app client {}", remedy.client);
    let branded = seen(pool.is_branded().await, &client, "DescribeManagedLoginBrandingByClient", report);
    let host = config.and_then(|config| Url::parse(&config.cognito.domain).ok());
    // A stand-in on this machine has no name of Cognito's.
    let host = host.filter(|url| url.scheme() == "https").and_then(|url| url.host_str().map(str::to_owned));
    let domains = user_pool.map(|user_pool| domains(user_pool, pool.region()));
    let name = match (&domains, &host) {
        (Some(domains), Some(host)) => match domains.iter().find(|domain| domain.hosts.contains(host)) {
            Some(domain) => domain.name.clone(),
            None => {
                let hosts: Vec<_> = domains.iter().filter_map(|domain| domain.hosts.first().cloned()).collect();
                let what = match hosts.is_empty() {
                    true => format!("has no domain, and by the parameters it is {host}"),
                    false => format!("has the domain {}, and by the parameters it is {host}", hosts.join(" and ")),
                };
                let to_do = match hosts.first() {
                    Some(host) => {
                        format!(
                            "set cognito-domain to {host}{}, and push it",
                            remedy.by_owner(", in the stacks or by hand", "")
                        )
                    }
                    None => {
                        let arguments = "--domain PREFIX --managed-login-version 2";
                        managed_login(remedy, branded, "create-user-pool-domain", arguments)
                    }
                };
                report.problem(Problem::new(format!("the user pool {}", pool.id()), what, to_do));
                return None;
            }
        },
        (Some(domains), None) => domains.last()?.name.clone(),
        (None, Some(host)) => host.split_once(".auth.").map_or(host.clone(), |(prefix, _)| prefix.to_owned()),
        (None, None) => return None,
    };
    let place = format!("the domain {name}");
    let found = seen(pool.domain(&name).await, &place, "DescribeUserPoolDomain", report)?;
    if let Some(other) = found.user_pool_id.as_deref().filter(|other| *other != pool.id()) {
        let what = format!("belongs to the user pool {other}, and the edge's is {}", pool.id());
        report.problem(Problem::new(
            place,
            what,
            "correct cognito-domain, or cognito-user-pool-id and cognito-client-id",
        ));
        return None;
    }
    if found.managed_login_version != Some(2) {
        let what = "serves the classic login pages: they ignore `prompt`, so users cannot switch accounts there, and know no \
                    passkeys";
        let arguments = format!("--domain {name} --managed-login-version 2{}", certificate(&found));
        report.note(Problem::new(place, what, managed_login(remedy, branded, "update-user-pool-domain", &arguments)));
        return Some(LoginPages::Classic);
    }
    if branded == Some(false) {
        report.problem(Problem::new(client, UNBRANDED, branding(remedy)));
    }
    Some(LoginPages::Managed)
}

/// Which login pages the pool's domain serves, if it has one and Cognito says it.
pub(super) async fn login_pages(pool: &Pool, user_pool: Option<&UserPoolType>) -> Option<LoginPages> {
    let name = domains(user_pool?, pool.region()).into_iter().next()?.name;
    let is_managed = pool.domain(&name).await.ok()?.managed_login_version == Some(2);
    Some(if is_managed { LoginPages::Managed } else { LoginPages::Classic })
}

/// What keeps a domain of one's own as it is: an update without it takes the certificate away.
fn certificate(found: &DomainDescriptionType) -> String {
    let arn = found.custom_domain_config.as_ref().map(|config| config.certificate_arn.as_str());
    arn.filter(|arn| !arn.is_empty())
        .map_or(String::new(), |arn| format!(" --custom-domain-config CertificateArn={arn}"))
}

/// How a domain gets managed login. The branding style comes first, unless the app client is known to have one: without it
/// managed login answers every user with a 403.
fn managed_login(remedy: &Remedy, branded: Option<bool>, operation: &str, arguments: &str) -> String {
    let command = remedy.command(operation, arguments);
    let steps = match branded {
        Some(true) => command,
        Some(false) | None => format!("first {}, then {command}", create_branding(remedy)),
    };
    format!("{steps}; managed login needs the plan Essentials or Plus")
}

/// What to run for an app client without a branding style.
pub(super) fn branding(remedy: &Remedy) -> String {
    let other = remedy.by_owner(", or deploy the security stack", ", or `edgeward check --fix`, which does the same");
    format!("{}{other}", create_branding(remedy))
}

fn create_branding(remedy: &Remedy) -> String {
    let arguments = format!("--client-id {} --use-cognito-provided-values", remedy.client);
    remedy.command("create-managed-login-branding", &arguments)
}

pub(super) const UNBRANDED: &str =
    "has no branding style of managed login: users see a 403, \"Login pages unavailable\", and the edge is never told";

/// A domain of a pool, by the name that Cognito knows it by.
struct Domain {
    name: String,
    /// The usual one first.
    hosts: Vec<String>,
}

fn domains(user_pool: &UserPoolType, region: &str) -> Vec<Domain> {
    let custom = user_pool.custom_domain.iter().map(|host| Domain { name: host.clone(), hosts: vec![host.clone()] });
    let prefix = user_pool.domain.iter().map(|prefix| Domain {
        name: prefix.clone(),
        // The second one is for FIPS, and the only one in GovCloud.
        hosts: ["auth", "auth-fips"].map(|part| format!("{prefix}.{part}.{region}.amazoncognito.com")).to_vec(),
    });
    custom.chain(prefix).collect()
}
