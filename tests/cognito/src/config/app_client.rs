//! App clients: who may ask the pool for tokens, and how.

use serde::{Deserialize, Serialize};

/// An app client of the pool.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppClient {
    /// The client id; real ones are 25 or 26 lower-case alphanumerics.
    pub id: String,
    /// None for a public client; two while a secret is being replaced (Cognito's limit), both accepted.
    #[serde(default)]
    pub secrets: Vec<String>,
    /// Allowed `redirect_uri` values, compared character by character.
    #[serde(default)]
    pub callback_urls: Vec<String>,
    /// Allowed `logout_uri` values, compared character by character.
    #[serde(default)]
    pub logout_urls: Vec<String>,
    /// Scopes the client may ask for. A custom scope that no resource server has any more is left out of tokens.
    #[serde(default = "standard_scopes")]
    pub allowed_scopes: Vec<String>,
    /// Allowed flows; `client_credentials` stands alone.
    #[serde(default = "code_flow")]
    pub flows: Vec<Flow>,
    /// Who the client's users may sign in with (`SupportedIdentityProviders`): `COGNITO` and names of identity providers.
    /// None means all the pool has. A client with one identity provider and without `COGNITO` has no login page: the
    /// browser goes straight to the provider.
    #[serde(default)]
    pub identity_providers: Option<Vec<String>>,
    /// Refresh token rotation; off by default, as in Cognito.
    #[serde(default)]
    pub rotation: Option<Rotation>,
    /// Seconds an access token is valid: 5 minutes to 1 day, 1 hour by default.
    #[serde(default = "an_hour")]
    pub access_token_validity: u64,
    /// Seconds an ID token is valid: 5 minutes to 1 day, 1 hour by default.
    #[serde(default = "an_hour")]
    pub id_token_validity: u64,
    /// Seconds a refresh token is valid: 1 hour to 3,650 days, 30 days by default. Rotation does not extend it.
    #[serde(default = "thirty_days")]
    pub refresh_token_validity: u64,
    /// Token revocation; without it `/oauth2/revoke` answers `invalid_request` and tokens lack `jti` and `origin_jti`.
    #[serde(default = "yes")]
    pub token_revocation: bool,
    /// `AllowedOAuthFlowsUserPoolClient`: without it the client may not use the OAuth endpoints at all.
    #[serde(default = "yes")]
    pub oauth_enabled: bool,
    /// Whether managed login has a branding style for the client; without one it shows no login page.
    #[serde(default = "yes")]
    pub branded: bool,
}

impl AppClient {
    /// A client without a secret, for the code flow.
    pub fn public(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            secrets: Vec::new(),
            callback_urls: Vec::new(),
            logout_urls: Vec::new(),
            allowed_scopes: standard_scopes(),
            flows: code_flow(),
            identity_providers: None,
            rotation: None,
            access_token_validity: an_hour(),
            id_token_validity: an_hour(),
            refresh_token_validity: thirty_days(),
            token_revocation: true,
            oauth_enabled: true,
            branded: true,
        }
    }

    /// A client with a secret, for the code flow.
    pub fn confidential(id: &str, secret: &str) -> Self {
        Self { secrets: vec![secret.to_owned()], ..Self::public(id) }
    }

    /// A client for `client_credentials`: a secret, custom scopes, no callback.
    pub fn machine(id: &str, secret: &str, scopes: &[&str]) -> Self {
        let allowed_scopes = scopes.iter().map(|&scope| scope.to_owned()).collect();
        Self { flows: vec![Flow::ClientCredentials], allowed_scopes, ..Self::confidential(id, secret) }
    }

    pub(crate) fn signs_in_with(&self, provider: &str) -> bool {
        self.identity_providers.as_ref().is_none_or(|names| names.iter().any(|name| name == provider))
    }

    pub(crate) fn allows(&self, flow: Flow) -> bool {
        self.oauth_enabled && self.flows.contains(&flow)
    }
}

/// An OAuth flow of an app client (`AllowedOAuthFlows`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flow {
    /// Authorization code.
    Code,
    /// Implicit: tokens in the fragment.
    Implicit,
    /// Client credentials.
    ClientCredentials,
}

/// Refresh token rotation (`RefreshTokenRotation`).
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// Seconds a replaced refresh token keeps working: 0 to 60.
    #[serde(default)]
    pub retry_grace_period_seconds: u64,
}

fn standard_scopes() -> Vec<String> {
    ["openid", "email", "profile"].map(str::to_owned).to_vec()
}

fn code_flow() -> Vec<Flow> {
    vec![Flow::Code]
}

fn an_hour() -> u64 {
    60 * 60
}

fn thirty_days() -> u64 {
    30 * 24 * 60 * 60
}

fn yes() -> bool {
    true
}
