//! What the pool is made of: settings, users, app clients, resource servers.
//!
//! A [`Config`] is checked once, when the pool starts, against the limits Cognito documents for the same settings; a
//! pool that AWS would refuse to create does not start here either.

mod app_client;
mod check;
mod identity_provider;
mod mode;
mod seed;
mod user;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use serde::{Deserialize, Serialize};
use url::Url;

pub use self::app_client::{AppClient, Flow, Rotation};
pub use self::check::ConfigError;
pub(crate) use self::check::{check_identity_provider, check_user};
pub use self::identity_provider::{IdentityProvider, ProviderError, ProviderKind, ProviderUser};
pub use self::mode::{
    Answers, Firewall, LambdaErrors, LoginPages, Mode, Replay, Revocation, StateHandling, TokenTrigger,
    TokenTriggerError,
};
pub use self::seed::{DEV_CLIENT_ID, DEV_CLIENT_SECRET, DEV_PASSWORD, DEV_POOL_ID, DEV_USERNAME};
pub use self::user::{Identity, User};

/// Everything that can be chosen about a pool.
///
/// [`Config::default`] is the development pool: one confidential app client, one user, both published constants.
/// Every field may be left out of a seed file; a list that is given replaces the default list.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The pool's id, `{region}_{name}`; last segment of the issuer.
    pub pool_id: String,
    /// Where the domain (authorize, login, token, …) listens; port 0 picks a free one. Not part of a seed file.
    #[serde(skip, default = "any_port")]
    pub domain_addr: SocketAddr,
    /// Where the issuer (discovery, key set) listens; port 0 picks a free one. Not part of a seed file.
    #[serde(skip, default = "any_port")]
    pub issuer_addr: SocketAddr,
    /// Where the updated form of the issuer (the same documents, another URL) listens; port 0 picks a free one. Not part
    /// of a seed file.
    #[serde(skip, default = "any_port")]
    pub updated_issuer_addr: SocketAddr,
    /// Origin under which browsers and clients reach the domain. Default: `http://` and the address listened on.
    pub public_domain_url: Option<Url>,
    /// Origin under which clients reach the issuer; the pool id is appended. Default: `http://` and the address.
    pub public_issuer_url: Option<Url>,
    /// Origin under which clients reach the updated form of the issuer; the pool id is appended.
    pub public_updated_issuer_url: Option<Url>,
    /// `iss` of tokens, if it is neither form of the issuer; see also [`Issuers`](crate::Issuers). One report of the 2026 issuer format has discovery
    /// still naming the old issuer while tokens carry the new one.
    pub token_issuer: Option<String>,
    /// Which of the known or disputed behaviours the pool shows.
    pub mode: Mode,
    /// Serves the switches under `/__admin/` on the domain. Not part of a seed file.
    #[serde(skip)]
    pub admin: bool,
    /// The `acr` claim of user tokens (2026, rolled out gradually, so absent by default).
    pub acr: Option<String>,
    /// The `amr` claim of user tokens; absent when empty.
    pub amr: Vec<String>,
    /// Characters in a refresh token: 1,700 to 1,852, the most by default. Real ones were measured with 1,852
    /// (amazon-cognito-identity-js#688), 1,776 (gin-contrib/sessions#90) and about 1,700 (nextauthjs/next-auth#2213).
    pub refresh_token_length: usize,
    /// Whether `Ada` and `ada` are two users (`UsernameConfiguration.CaseSensitive`). They are one by default, and then the
    /// usernames of federated users are in lower case.
    pub case_sensitive_usernames: bool,
    /// The identity providers the pool is federated with; none by default.
    pub identity_providers: Vec<IdentityProvider>,
    /// Who can sign in.
    pub users: Vec<User>,
    /// The app clients.
    pub app_clients: Vec<AppClient>,
    /// The resource servers with their custom scopes.
    pub resource_servers: Vec<ResourceServer>,
}

impl Config {
    /// Parses a seed: JSON with the fields of this struct.
    pub fn parse(json: &str) -> Result<Self, ConfigError> {
        serde_json::from_str(json).map_err(ConfigError::Json)
    }

    /// Reads a seed file; see [`Config::parse`].
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let json = std::fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.into(), source })?;
        Self::parse(&json)
    }

    /// The app client with this id.
    pub fn app_client(&self, id: &str) -> Option<&AppClient> {
        self.app_clients.iter().find(|client| client.id == id)
    }

    /// A username as it is compared.
    pub(crate) fn folded(&self, username: &str) -> String {
        if self.case_sensitive_usernames { username.to_owned() } else { username.to_lowercase() }
    }

    /// Whether a custom scope (`{identifier}/{name}`) exists in a resource server.
    pub(crate) fn has_custom_scope(&self, scope: &str) -> bool {
        scope.rsplit_once('/').is_some_and(|(identifier, name)| {
            self.resource_servers
                .iter()
                .any(|server| server.identifier == identifier && server.scopes.iter().any(|known| known == name))
        })
    }
}

/// A resource server: an identifier that may be an `https` URL with a path, and the names of its scopes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResourceServer {
    /// The identifier; scopes are asked for as `{identifier}/{name}`.
    pub identifier: String,
    /// Scope names, without `/`.
    #[serde(default)]
    pub scopes: Vec<String>,
}

fn any_port() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}
