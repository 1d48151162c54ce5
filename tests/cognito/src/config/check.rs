//! Cognito's documented limits on the settings of a pool.

use std::collections::HashSet;
use std::path::PathBuf;

use url::{Host, Url};

use super::{AppClient, Config, Flow, IdentityProvider, ProviderKind, ResourceServer, User};

/// A pool that cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The seed file could not be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The seed is not JSON of the right shape.
    #[error("the seed is not understood: {0}")]
    Json(serde_json::Error),
    /// A setting Cognito would refuse.
    #[error("{what} {name:?}: {rule}")]
    Setting {
        /// The kind of thing the setting belongs to.
        what: &'static str,
        /// Which one.
        name: String,
        /// The rule it breaks.
        rule: &'static str,
    },
}

impl Config {
    /// Checks every setting against Cognito's limits.
    pub fn check(&self) -> Result<(), ConfigError> {
        let pool_rule = "must look like us-east-1_Name";
        let well_formed = self.pool_id.split_once('_').is_some_and(|(region, name)| {
            !region.is_empty() && !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric())
        });
        require(well_formed, "pool", &self.pool_id, pool_rule)?;
        let length_rule = "refresh tokens have 1,700 to 1,852 characters";
        require((1_700..=1_852).contains(&self.refresh_token_length), "pool", &self.pool_id, length_rule)?;
        self.users.iter().try_for_each(check_user)?;
        self.identity_providers.iter().try_for_each(check_identity_provider)?;
        let names: Vec<String> = self.users.iter().map(|user| self.folded(&user.username)).collect();
        unique("user", names.iter().map(String::as_str))?;
        unique("identity provider", self.identity_providers.iter().map(|provider| provider.name.as_str()))?;
        unique("app client", self.app_clients.iter().map(|client| client.id.as_str()))?;
        unique("resource server", self.resource_servers.iter().map(|server| server.identifier.as_str()))?;
        self.app_clients.iter().try_for_each(check_client)?;
        self.resource_servers.iter().try_for_each(check_resource_server)
    }
}

/// Limits on users and groups: the quotas "Groups to which each user can belong" and "Identities linked to a user", and the pattern and length of `GroupName` and `Username` in
/// the API model.
pub(crate) fn check_user(user: &User) -> Result<(), ConfigError> {
    let rule = |holds: bool, rule| require(holds, "user", &user.username, rule);
    rule(is_name(&user.username, 1..=128), "the name has 1 to 128 letters, marks, symbols, numbers and punctuation")?;
    rule(user.groups.len() <= 100, "at most 100 groups")?;
    rule(user.identities.iter().filter(|identity| !identity.primary).count() <= 5, "at most 5 linked identities")?;
    rule(
        user.groups.iter().all(|group| is_name(group, 1..=128)),
        "a group's name has 1 to 128 letters, marks, symbols, numbers and punctuation",
    )
}

/// Limits on identity providers: the pattern and length of `ProviderName` in the API model.
pub(crate) fn check_identity_provider(provider: &IdentityProvider) -> Result<(), ConfigError> {
    let rule = |holds: bool, rule| require(holds, "identity provider", &provider.name, rule);
    rule(
        is_name(&provider.name, 3..=32) && !provider.name.starts_with('_'),
        "the name has 3 to 32 letters, marks, symbols, numbers and punctuation and starts without _",
    )?;
    rule(provider.name != "COGNITO", "the name is taken")?;
    rule((provider.kind == ProviderKind::Google) == (provider.name == "Google"), "Google, and nobody else, is Google")?;
    rule(provider.users.iter().all(|user| is_name(&user.id, 1..=90)), "a user's id has 1 to 90 characters")
}

fn check_client(client: &AppClient) -> Result<(), ConfigError> {
    let rule = |holds: bool, rule| require(holds, "app client", &client.id, rule);
    rule(is_word(&client.id, 1..=128), "the id must match [\\w+]{1,128}")?;
    rule(client.secrets.len() <= 2, "at most two secrets can be active")?;
    rule(client.secrets.iter().all(|secret| is_word(secret, 24..=64)), "a secret must match [\\w+]{24,64}")?;
    rule(client.callback_urls.len() <= 100 && client.logout_urls.len() <= 100, "at most 100 URLs of a kind")?;
    let mut urls = client.callback_urls.iter().chain(&client.logout_urls);
    rule(
        urls.all(|url| is_allowed_url(url)),
        "URLs must be https, http on localhost, 127.0.0.1 or [::1], or of a private scheme, without fragment, \
         at most 1,024 characters",
    )?;
    rule(client.allowed_scopes.len() <= 50, "at most 50 scopes")?;
    rule(client.allowed_scopes.iter().all(|scope| is_printable(scope)), "a scope has a character it may not have")?;
    if client.flows.contains(&Flow::ClientCredentials) {
        rule(client.flows.len() == 1, "client_credentials cannot be combined with other flows")?;
        rule(!client.secrets.is_empty(), "client_credentials needs a secret")?;
    }
    let (five_minutes, hour, day) = (300, 3_600, 86_400);
    rule((five_minutes..=day).contains(&client.access_token_validity), "access tokens are valid 5 minutes to 1 day")?;
    rule((five_minutes..=day).contains(&client.id_token_validity), "ID tokens are valid 5 minutes to 1 day")?;
    rule(
        (hour..=3_650 * day).contains(&client.refresh_token_validity),
        "refresh tokens are valid 1 hour to 3,650 days",
    )?;
    let grace = client.rotation.map_or(0, |rotation| rotation.retry_grace_period_seconds);
    rule(grace <= 60, "the grace period of rotation is 0 to 60 seconds")
}

fn check_resource_server(server: &ResourceServer) -> Result<(), ConfigError> {
    let rule = |holds: bool, rule| require(holds, "resource server", &server.identifier, rule);
    rule(is_printable(&server.identifier), "the identifier has a character it may not have")?;
    rule(server.scopes.len() <= 100, "at most 100 scopes")?;
    rule(
        server.scopes.iter().all(|scope| is_printable(scope) && !scope.contains('/')),
        "a scope name has a character it may not have",
    )
}

/// `https`, plain `http` to this machine only, or a private scheme; no fragment.
fn is_allowed_url(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    let this_machine = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    text.len() <= 1_024 && url.fragment().is_none() && (url.scheme() != "http" || this_machine)
}

/// `[\p{L}\p{M}\p{S}\p{N}\p{P}]+`: no separators and no control characters. Characters that Unicode assigns to nothing or
/// to private use are let through.
fn is_name(text: &str, length: std::ops::RangeInclusive<usize>) -> bool {
    length.contains(&text.chars().count()) && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}

fn is_word(text: &str, length: std::ops::RangeInclusive<usize>) -> bool {
    length.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'+')
}

fn is_printable(text: &str) -> bool {
    (1..=256).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\')
}

fn unique<'a>(what: &'static str, names: impl Iterator<Item = &'a str>) -> Result<(), ConfigError> {
    let mut seen = HashSet::new();
    for name in names {
        require(seen.insert(name), what, name, "is there twice")?;
    }
    Ok(())
}

fn require(holds: bool, what: &'static str, name: &str, rule: &'static str) -> Result<(), ConfigError> {
    if holds { Ok(()) } else { Err(ConfigError::Setting { what, name: name.to_owned(), rule }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_development_pool_is_one_cognito_would_accept() {
        Config::default().check().unwrap();
    }

    #[test]
    fn settings_beyond_the_documented_limits_are_refused() {
        let spoil: [fn(&mut Config); 8] = [
            |config| config.pool_id = "nounderscore".to_owned(),
            |config| config.app_clients[0].secrets = vec!["too-short".to_owned()],
            |config| config.app_clients[0].callback_urls = vec!["http://example.com/callback".to_owned()],
            |config| config.app_clients[0].flows.push(Flow::ClientCredentials),
            |config| config.app_clients[0].access_token_validity = 60,
            |config| config.users.push(config.users[0].clone()),
            |config| config.refresh_token_length = 1_699,
            |config| config.refresh_token_length = 1_853,
        ];
        for spoil in spoil {
            let mut config = Config::default();
            spoil(&mut config);
            assert!(config.check().is_err(), "{config:?}");
        }
    }

    #[test]
    fn loopback_literals_and_private_schemes_are_callbacks_too() {
        for url in
            ["http://127.0.0.1:9/cb", "http://[::1]:9/cb", "http://localhost/cb", "my-app://cb", "https://a.test"]
        {
            assert!(is_allowed_url(url), "{url}");
        }
    }

    #[test]
    fn a_seed_survives_writing_and_reading() {
        let json = serde_json::to_string(&Config::default()).unwrap();
        let again = Config::parse(&json).unwrap();
        assert_eq!(serde_json::to_string(&again).unwrap(), json);
    }

    #[test]
    fn a_seed_may_name_only_what_differs() {
        let config = Config::parse(r#"{"pool_id": "eu-west-1_Other"}"#).unwrap();
        assert_eq!(config.app_clients.len(), 1);
        assert!(Config::parse(r#"{"pool": "eu-west-1_Other"}"#).is_err());
    }
}
