//! The pool's identity providers, and what the settings say of them.

use aws_sdk_cognitoidentityprovider::types::IdentityProviderTypeType;
use serde_json::json;

use super::{super::super::Described, remedy::Remedy, seen};
use crate::{
    pool::{AppClient, Pool, Provider},
    report::{Problem, Report},
};

/// Providers whose e-mail addresses the edge takes as verified.
const TRUSTED: &str = "trusted-email-providers";
/// What the origin is told of an address that is not verified: nothing (`hide`), or the address as such (`tell`).
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
    client: &AppClient,
    described: &Described,
    remedy: &Remedy,
    report: &mut Report,
) -> Providers {
    let setting = |name: &str| described.edge.get(name).map_or("", |found| found.text().trim()).to_owned();
    let (trusted, unverified) = (setting(TRUSTED), setting(UNVERIFIED));
    let trusted: Vec<_> = trusted.split_whitespace().collect();
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
    for name in client.described.supported_identity_providers().iter().filter(|name| *name != "COGNITO") {
        providers.names.push(name.clone());
        let place = format!("the identity provider {name}");
        let found = seen(pool.provider(name).await, &place, "DescribeIdentityProvider", report);
        let kind = found.as_ref().and_then(|provider| provider.kind.clone());
        match kind {
            Some(IdentityProviderTypeType::Saml) => providers.has_saml = true,
            _ => providers.has_oidc = true,
        }
        let is_trusted = trusted.contains(&name.as_str());
        if let Some(provider) = found.filter(|_| !is_trusted)
            && let Some(what) = without_email(&provider, unverified == "tell")
        {
            report.note(Problem::new(place, what, mapping(&provider, remedy)));
        }
    }
    providers
}

/// Why the origin gets no e-mail address of a provider's users. An address is verified only if the provider says so at each
/// sign-in (Developer Guide, "Mapping IdP attributes to profiles and tokens").
fn without_email(provider: &Provider, is_told: bool) -> Option<String> {
    if !provider.mapping.contains_key("email") {
        return Some("fills no `email` of users: the origin gets no e-mail address of its users".to_owned());
    }
    (!provider.mapping.contains_key("email_verified") && !is_told).then(|| {
        "fills no `email_verified` of users, so their addresses are never verified: the origin gets no e-mail address of its \
         users"
            .to_owned()
    })
}

fn mapping(provider: &Provider, remedy: &Remedy) -> String {
    let name = &provider.name;
    let trust = format!("if it verifies addresses, name {name} in {TRUSTED}; or set {UNVERIFIED} to tell");
    // Of SAML nobody knows the claims.
    if provider.kind == Some(IdentityProviderTypeType::Saml) || provider.kind.is_none() {
        return trust;
    }
    let mut whole = provider.mapping.clone();
    for claim in ["email", "email_verified"] {
        whole.entry(claim.to_owned()).or_insert_with(|| claim.to_owned());
    }
    let arguments = format!("--provider-name {name} --attribute-mapping '{}'", json!(whole));
    format!("{}, if it sends that claim; {trust}", remedy.command("update-identity-provider", &arguments))
}
