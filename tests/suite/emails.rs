//! E-mail addresses of native, federated and linked users: which are told as verified, and what becomes of the others.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use edgeward_cognito::{AppClient, Config, Identity, IdentityProvider, ProviderKind, ProviderUser, User as PoolUser};
use edgeward_identity::names::edge as names;
use edgeward_tests::{
    browser::{Browser, Decision, Landing, Page, User, query},
    by_hand::{HandMade, redirect_uri},
    edge::{Edge, Sandbox},
    stack::{Options, Stack},
};
use reqwest::{StatusCode, Url};

use crate::{
    groups::who,
    world::{World, tests},
};

tests![an_address_is_told_as_what_it_is];

const PASSWORD: &str = "not+a+secret_edgeward_tests_only_2";
/// A provider whose claim is mapped.
const MAPPED: &str = "Google";
/// A provider that says nothing, and is trusted.
const TRUSTED: &str = "Entra";
/// A provider that says nothing, and is not.
const UNTRUSTED: &str = "Okta";

/// A pool with all three, and native users, some of whom have identities there.
fn pool() -> Config {
    let provider = |name, kind, users: &[&str]| {
        let users = users.iter().map(|id| ProviderUser::new(id, &format!("{id}@{name}.example"))).collect();
        IdentityProvider { users, ..IdentityProvider::new(name, kind) }
    };
    let mut mapped = provider(MAPPED, ProviderKind::Google, &["ada", "bob"]);
    mapped.maps_email_verified = true;
    mapped.users[0].email_verified = true;
    let native = |number: usize, username: &str, email_verified: bool, providers: &[&str]| PoolUser {
        email: Some(format!("{username}@native.example")),
        email_verified,
        identities: providers.iter().map(|provider| Identity::linked(provider, username)).collect(),
        ..PoolUser::new(username, PASSWORD, &format!("6f1c2a9e-7c1d-4d7e-9a55-0d0e5eed1{number:03}"))
    };
    let client = AppClient { identity_providers: None, ..Config::default().app_clients.remove(0) };
    Config {
        identity_providers: vec![
            mapped,
            provider(TRUSTED, ProviderKind::Saml, &["cat", "linked", "both"]),
            provider(UNTRUSTED, ProviderKind::Oidc, &["dan", "both"]),
        ],
        users: vec![
            native(1, "verified", true, &[]),
            native(2, "unverified", false, &[]),
            native(3, "linked", true, &[TRUSTED]),
            native(4, "both", true, &[TRUSTED, UNTRUSTED]),
            native(5, "pending", false, &[TRUSTED]),
        ],
        app_clients: vec![client],
        ..Config::default()
    }
}

/// The page that the login page's link to a provider leads to.
async fn choose(browser: &mut Browser, login: &Page, provider: &str) -> Result<Page> {
    let links = login.body.split("href=\"").filter_map(|rest| rest.split('"').next());
    let mut links = links.map(|link| link.replace("&amp;", "&"));
    let link = links.find(|link| link.ends_with(&format!("identity_provider={provider}")));
    browser.get(&login.url.join(&link.context("no link to the provider")?)?).await
}

/// Signs in, with a password or through a provider, and gives the code.
async fn code(client: &HandMade, user: &str, provider: Option<&str>) -> Result<String> {
    let (mut browser, end): (_, Url) = (Browser::new()?, redirect_uri());
    let consent = browser.open_consent(&client.authorization_url(&client.authorization())?).await?;
    let page = browser.decide(&consent, Decision::Allow).await?;
    let Landing::Page(login) = browser.follow(page, &end).await? else { anyhow::bail!("no login page") };
    let page = match provider {
        None => browser.log_in(&login, User { name: user, password: PASSWORD }).await?,
        Some(provider) => {
            let page = choose(&mut browser, &login, provider).await?;
            let Landing::Page(page) = browser.follow(page, &end).await? else {
                anyhow::bail!("no page of the provider")
            };
            browser.log_in(&page, User { name: user, password: "" }).await?
        }
    };
    let Landing::Client(back) = browser.follow(page, &end).await? else { anyhow::bail!("{user} was not let in") };
    query(&back, "code").context("no code")
}

/// An edge beside the stack's with another setting.
async fn beside(stack: &Stack, name: &str, settings: &[(&str, &str)]) -> Result<Edge> {
    let mut variables = stack.variables().clone();
    variables.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    stack.start_edge(name, Sandbox::default(), &variables).await
}

async fn an_address_is_told_as_what_it_is(_: Arc<World>) -> Result<()> {
    let trusting = (names::TRUSTED_EMAIL_PROVIDERS, TRUSTED);
    let variables =
        [trusting, (names::UNVERIFIED_EMAIL, "tell")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    let options =
        Options { name: "federated".to_owned(), cognito: pool(), variables: variables.into(), ..Options::default() };
    let stack = Stack::start(options).await?;
    let hiding = beside(&stack, "hiding-edge", &[(names::UNVERIFIED_EMAIL, "hide")]).await?;
    let doubting =
        beside(&stack, "doubting-edge", &[(names::TRUSTED_EMAIL_PROVIDERS, ""), (names::UNVERIFIED_EMAIL, "")]).await?;
    let client = HandMade::register(&stack).await?;
    for (user, provider, address, is_verified, is_without_trust) in [
        ("verified", None, "verified@native.example", true, true),
        ("unverified", None, "unverified@native.example", false, false),
        ("ada", Some(MAPPED), "ada@Google.example", true, true),
        ("bob", Some(MAPPED), "bob@Google.example", false, false),
        ("cat", Some(TRUSTED), "cat@Entra.example", true, false),
        ("dan", Some(UNTRUSTED), "dan@Okta.example", false, false),
        // A user of the pool's own: the provider writes the address over, and the user may write it, too.
        ("linked", None, "linked@native.example", true, true),
        ("linked", Some(TRUSTED), "linked@Entra.example", false, false),
        ("pending", None, "pending@native.example", false, false),
        // With one of two linked identities anybody may have written the address.
        ("both", Some(UNTRUSTED), "both@Okta.example", false, false),
        ("both", Some(TRUSTED), "both@Entra.example", false, false),
    ] {
        let client = client.again()?;
        let tokens = client.token(&client.redemption(&code(&client, user, provider).await?)).await?;
        assert_eq!(tokens.status, StatusCode::OK, "{user}: {}", tokens.text("error"));
        let refreshing = client.refreshing(tokens.text("refresh_token"));
        let case = format!("{user} through {provider:?}");
        let (verified, unverified) = if is_verified { (address, "") } else { ("", address) };
        let told = who(stack.issuer(), "/mcp", tokens.text("access_token")).await?;
        assert_eq!(addresses(&told), (verified, unverified), "{case}, telling");
        // Without rotation a refresh token may be used anywhere.
        for (edge, expected) in [(&hiding, verified), (&doubting, if is_without_trust { address } else { "" })] {
            let tokens = client.clone().at(edge.url()).token(&refreshing).await?;
            assert_eq!(tokens.status, StatusCode::OK, "{case}: {}", tokens.text("error"));
            let told = who(edge.url(), "/mcp", tokens.text("access_token")).await?;
            assert_eq!(addresses(&told), (expected, ""), "{case}, at {}", edge.url());
        }
    }
    stack.stop();
    for edge in [stack.edge(), &hiding, &doubting] {
        edge.stop();
        let log = edge.log();
        assert!(
            !["@native", "@Google", "@Entra", "@Okta"].iter().any(|end| log.contains(end)),
            "an address is in a log"
        );
    }
    Ok(())
}

fn addresses(told: &serde_json::Value) -> (&str, &str) {
    let text = |name: &str| told[name].as_str().unwrap_or_default();
    (text("email"), text("unverified_email"))
}
