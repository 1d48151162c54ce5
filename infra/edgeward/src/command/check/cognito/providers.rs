//! The pool's identity providers, and what the settings say of them.

use aws_sdk_cognitoidentityprovider::types::IdentityProviderTypeType;
use edgeward_identity::names::edge::{TRUSTED_EMAIL_PROVIDERS, UNVERIFIED_EMAIL};
use url::Url;

use super::{super::super::Described, seen};
use crate::{
    pool::{AppClient, Pool, Provider},
    report::{Problem, Report},
};

/// The parameter of [`TRUSTED_EMAIL_PROVIDERS`].
const TRUSTED: &str = "trusted-email-providers";
/// The parameter of [`UNVERIFIED_EMAIL`].
const UNVERIFIED: &str = "unverified-email";

/// The providers through which users of the edge sign in.
#[derive(Debug, Default)]
pub(super) struct Providers {
    pub(super) names: Vec<String>,
    pub(super) has_oidc: bool,
    pub(super) has_saml: bool,
}

pub(super) async fn check(
    pool: &Pool,
    client: Option<&AppClient>,
    described: &Described,
    report: &mut Report,
) -> Providers {
    // Read without the other settings, which may be wrong.
    let setting = |name: &str| described.settings.get(name).unwrap_or_default();
    let trusted: Vec<_> = setting(TRUSTED_EMAIL_PROVIDERS).split_whitespace().collect();
    let is_told = setting(UNVERIFIED_EMAIL) == "tell";
    let place = format!("the user pool {}", pool.id());
    let known = seen(pool.provider_names().await, &place, "ListIdentityProviders", report);
    if let Some(known) = &known {
        for name in trusted.iter().filter(|name| !known.iter().any(|known| known == *name)) {
            let what = format!("has no identity provider {name}, which {TRUSTED} names");
            let has = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            let to_do = format!("correct {TRUSTED} in the stacks' configuration and deploy them: the pool has {has}");
            report.problem(Problem::new(&place, what, to_do));
        }
    }
    let mut providers = Providers::default();
    // While the app client cannot be seen, any of the pool's may be its own.
    let supported = client.map(|client| client.described.supported_identity_providers());
    let supported = supported.or(known.as_deref()).unwrap_or_default();
    for name in supported.iter().filter(|name| *name != "COGNITO") {
        providers.names.push(name.clone());
        let place = format!("the identity provider {name}");
        let found = seen(pool.provider(name).await, &place, "DescribeIdentityProvider", report);
        let kind = found.as_ref().and_then(|provider| provider.kind.clone());
        match kind {
            Some(IdentityProviderTypeType::Saml) => providers.has_saml = true,
            _ => providers.has_oidc = true,
        }
        let is_trusted = trusted.contains(&name.as_str());
        if let Some((what, to_do)) = found.and_then(|found| without_email(&found, is_trusted, is_told, pool)) {
            report.note(Problem::new(place, what, to_do));
        }
    }
    providers
}

/// Why the origin gets no e-mail address of a provider's users, and what to do. An address is verified only if the provider says
/// so at each sign-in (Developer Guide, "Mapping IdP attributes to profiles and tokens").
fn without_email(provider: &Provider, is_trusted: bool, is_told: bool, pool: &Pool) -> Option<(String, String)> {
    const NONE: &str = "the origin gets no e-mail address of its users";
    let name = &provider.name;
    // No command: it makes the stacks drift, and replaces the whole mapping.
    let map = |attribute: &str| {
        format!(
            "map `{attribute}` in the stacks' configuration, or in the console (User pools > {} > Social and external \
             providers > {name} > Attribute mapping)",
            pool.id()
        )
    };
    if !provider.mapping.contains_key("email") {
        return Some((format!("fills no `email` of users: {NONE}"), map("email")));
    }
    if is_trusted || is_told {
        return None;
    }
    let trust = format!("if it verifies addresses, name {name} in {TRUSTED}; or set {UNVERIFIED} to tell");
    match provider.mapping.get("email_verified").map(String::as_str) {
        // Another claim, such as `xms_edov`, may come.
        None | Some("email_verified") if is_entra(provider) => {
            let what = format!("Entra sends no `email_verified`, so addresses of its users are never verified: {NONE}");
            Some((what, trust))
        }
        Some(_) => None,
        None => {
            let what = format!("fills no `email_verified` of users, so their addresses are never verified: {NONE}");
            // Of SAML nobody knows the claims.
            let to_do = match provider.kind {
                None | Some(IdentityProviderTypeType::Saml) => trust,
                Some(_) => format!("{}, if it sends that claim; {trust}", map("email_verified")),
            };
            Some((what, to_do))
        }
    }
}

/// Whether tokens come from Microsoft Entra ID: by its issuers of version 2.0 and 1.0, of the national clouds, too.
fn is_entra(provider: &Provider) -> bool {
    let issuer = provider.oidc_issuer.as_deref().and_then(|issuer| Url::parse(issuer).ok());
    issuer.as_ref().and_then(Url::host_str).is_some_and(|host| {
        host.starts_with("login.microsoftonline.")
            || ["sts.windows.net", "login.partner.microsoftonline.cn"].contains(&host)
    })
}
