//! Names that several parts of Edgeward must spell alike.

/// The request header that carries the identity assertion from the edge to the origin.
pub const IDENTITY_HEADER: &str = "x-edgeward-identity";

/// Every header whose name starts with this is the edge's to set; the edge strips it from what clients send.
pub const RESERVED_HEADER_PREFIX: &str = "x-edgeward-";

/// Variables and secrets of the edge.
pub mod edge {
    /// The Cognito user pool, `<region>_<id>`.
    pub const COGNITO_USER_POOL_ID: &str = "COGNITO_USER_POOL_ID";
    /// The confidential Cognito app client that the edge signs users in with.
    pub const COGNITO_CLIENT_ID: &str = "COGNITO_CLIENT_ID";
    /// Its secret; two separated by a space while one replaces the other.
    pub const COGNITO_CLIENT_SECRET: &str = "COGNITO_CLIENT_SECRET";
    /// The user pool's domain: a host name, or an `https` URL.
    pub const COGNITO_DOMAIN: &str = "COGNITO_DOMAIN";
    /// Overrides the issuer that Cognito's tokens must name.
    pub const COGNITO_ISSUER: &str = "EDGEWARD_COGNITO_ISSUER";
    /// Overrides where Cognito's public keys are fetched.
    pub const COGNITO_JWKS_URL: &str = "EDGEWARD_COGNITO_JWKS_URL";
    /// Scopes asked for at Cognito, separated by spaces.
    pub const COGNITO_SCOPES: &str = "EDGEWARD_COGNITO_SCOPES";
    /// The edge's own public origin: the issuer.
    pub const PUBLIC_URL: &str = "EDGEWARD_PUBLIC_URL";
    /// Where MCP requests are forwarded to, for resources that have no server of their own.
    pub const ORIGIN_URL: &str = "EDGEWARD_ORIGIN_URL";
    /// The audience of identity assertions; by default the origin URL.
    pub const ORIGIN_AUDIENCE: &str = "EDGEWARD_ORIGIN_AUDIENCE";
    /// Header fields that origins demand, as JSON: path of a resource, name, value.
    pub const ORIGIN_CREDENTIALS: &str = "EDGEWARD_ORIGIN_CREDENTIALS";
    /// Groups that the origin is told of beside those in scopes: names, or beginnings of names with `*`, separated by
    /// spaces.
    pub const ORIGIN_GROUPS: &str = "EDGEWARD_ORIGIN_GROUPS";
    /// Identity providers of the user pool whose e-mail addresses count as verified, separated by spaces.
    pub const TRUSTED_EMAIL_PROVIDERS: &str = "EDGEWARD_TRUSTED_EMAIL_PROVIDERS";
    /// What becomes of an e-mail address that is not verified: `hide` or `tell`.
    pub const UNVERIFIED_EMAIL: &str = "EDGEWARD_UNVERIFIED_EMAIL";
    /// Private keys as a JWKS.
    pub const KEYS: &str = "EDGEWARD_KEYS";
    /// The protected resources and their scopes, as JSON.
    pub const RESOURCES: &str = "EDGEWARD_RESOURCES";
    /// Pre-registered clients, as JSON.
    pub const CLIENTS: &str = "EDGEWARD_CLIENTS";
    /// Dynamic client registration: `open`, `off`, or `token`: only with an initial access token.
    pub const REGISTRATION: &str = "EDGEWARD_REGISTRATION";
    /// The initial access token; two separated by a space while one replaces the other.
    pub const REGISTRATION_TOKEN: &str = "EDGEWARD_REGISTRATION_TOKEN";
    /// Clients whose identifier is the URL of their metadata: `on` or `off`.
    pub const CLIENT_METADATA_DOCUMENTS: &str = "EDGEWARD_CLIENT_METADATA_DOCUMENTS";
    /// The only hosts whose documents are taken, separated by spaces.
    pub const CLIENT_METADATA_HOSTS: &str = "EDGEWARD_CLIENT_METADATA_HOSTS";
    /// Hosts whose documents are not taken, separated by spaces.
    pub const CLIENT_METADATA_DENIED_HOSTS: &str = "EDGEWARD_CLIENT_METADATA_DENIED_HOSTS";
    /// The only hosts that clients may choose to have users sent to, separated by spaces.
    pub const REDIRECT_HOSTS: &str = "EDGEWARD_REDIRECT_HOSTS";
    /// Private-use URI schemes that redirect URIs may have, separated by spaces.
    pub const PRIVATE_USE_SCHEMES: &str = "EDGEWARD_PRIVATE_USE_SCHEMES";
    /// `Origin`s besides the edge's own that may call the resources, separated by spaces.
    pub const ALLOWED_ORIGINS: &str = "EDGEWARD_ALLOWED_ORIGINS";
    /// When users are asked for consent: `ask` or `remember`.
    pub const CONSENT: &str = "EDGEWARD_CONSENT";
    /// How pages look, as JSON.
    pub const BRAND: &str = "EDGEWARD_BRAND";
    /// Where `/logout` may send browsers, separated by spaces.
    pub const SIGN_OUT_URLS: &str = "EDGEWARD_SIGN_OUT_URLS";
    /// Requests a minute of one grant, client, redirect host, address: `grant:60 client:1200 redirect-host:2400 address:6000`.
    pub const RATE_LIMITS: &str = "EDGEWARD_RATE_LIMITS";
    /// Whether answers say how long they took: `on` or `off`.
    pub const SERVER_TIMING: &str = "EDGEWARD_SERVER_TIMING";
    /// The dataset that counts and times are written to.
    pub const METRICS_DATASET: &str = "EDGEWARD_METRICS_DATASET";
    /// Lifetime of access tokens in seconds.
    pub const ACCESS_TOKEN_SECONDS: &str = "EDGEWARD_ACCESS_TOKEN_SECONDS";

    /// One setting: a variable or secret of the edge, kept as a parameter in SSM Parameter Store.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Setting {
        /// Variable or secret of the edge.
        pub variable: &'static str,
        /// Name of the parameter below `/edgeward/<deployment>/edge`: the variable in lower case, without `EDGEWARD_`,
        /// with `-` for `_`.
        pub parameter: &'static str,
        /// Whether it is secret: a `SecureString` parameter, and a secret of the edge.
        pub secret: bool,
    }

    const fn plain(variable: &'static str, parameter: &'static str) -> Setting {
        Setting { variable, parameter, secret: false }
    }

    const fn secret(variable: &'static str, parameter: &'static str) -> Setting {
        Setting { variable, parameter, secret: true }
    }

    /// All settings.
    pub const SETTINGS: [Setting; 32] = [
        plain(PUBLIC_URL, "public-url"),
        plain(ORIGIN_URL, "origin-url"),
        plain(ORIGIN_AUDIENCE, "origin-audience"),
        secret(ORIGIN_CREDENTIALS, "origin-credentials"),
        plain(ORIGIN_GROUPS, "origin-groups"),
        plain(TRUSTED_EMAIL_PROVIDERS, "trusted-email-providers"),
        plain(UNVERIFIED_EMAIL, "unverified-email"),
        plain(COGNITO_USER_POOL_ID, "cognito-user-pool-id"),
        plain(COGNITO_CLIENT_ID, "cognito-client-id"),
        secret(COGNITO_CLIENT_SECRET, "cognito-client-secret"),
        plain(COGNITO_DOMAIN, "cognito-domain"),
        plain(COGNITO_ISSUER, "cognito-issuer"),
        plain(COGNITO_JWKS_URL, "cognito-jwks-url"),
        plain(COGNITO_SCOPES, "cognito-scopes"),
        secret(KEYS, "keys"),
        plain(RESOURCES, "resources"),
        secret(CLIENTS, "clients"),
        plain(REGISTRATION, "registration"),
        secret(REGISTRATION_TOKEN, "registration-token"),
        plain(CLIENT_METADATA_DOCUMENTS, "client-metadata-documents"),
        plain(CLIENT_METADATA_HOSTS, "client-metadata-hosts"),
        plain(CLIENT_METADATA_DENIED_HOSTS, "client-metadata-denied-hosts"),
        plain(REDIRECT_HOSTS, "redirect-hosts"),
        plain(PRIVATE_USE_SCHEMES, "private-use-schemes"),
        plain(ALLOWED_ORIGINS, "allowed-origins"),
        plain(ACCESS_TOKEN_SECONDS, "access-token-seconds"),
        plain(CONSENT, "consent"),
        plain(BRAND, "brand"),
        plain(SIGN_OUT_URLS, "sign-out-urls"),
        plain(RATE_LIMITS, "rate-limits"),
        plain(SERVER_TIMING, "server-timing"),
        plain(METRICS_DATASET, "metrics-dataset"),
    ];

    /// The setting of a variable.
    pub fn setting(variable: &str) -> Option<Setting> {
        SETTINGS.into_iter().find(|setting| setting.variable == variable)
    }
}

/// Settings of the origin, each an environment variable and a parameter in SSM Parameter Store.
pub mod origin {
    /// One setting: the variable wins over the parameter.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Setting {
        /// Environment variable.
        pub variable: &'static str,
        /// Name of the parameter below the path of [`PARAMETER_PATH`].
        pub parameter: &'static str,
    }

    /// Environment variable with the parameters' path, such as `/edgeward/prod/origin`. Unset: no parameters are read.
    pub const PARAMETER_PATH: &str = "EDGEWARD_PARAMETER_PATH";
    /// The edge's issuer identifier: the only one whose assertions are believed.
    pub const ISSUER: Setting = Setting { variable: "EDGEWARD_ISSUER", parameter: "issuer" };
    /// The audience that assertions must name.
    pub const AUDIENCE: Setting = Setting { variable: "EDGEWARD_AUDIENCE", parameter: "audience" };
    /// The edge's public keys, as a JWKS document.
    pub const JWKS: Setting = Setting { variable: "EDGEWARD_JWKS", parameter: "jwks" };
    /// Where the edge's public keys are fetched, if they are not given.
    pub const JWKS_URL: Setting = Setting { variable: "EDGEWARD_JWKS_URL", parameter: "jwks-url" };
    /// The keys that seal the ids of sessions, as a JWKS: the first seals, all open. Secret: a `SecureString` parameter.
    pub const SESSION_KEYS: Setting = Setting { variable: "EDGEWARD_SESSION_KEYS", parameter: "session-keys" };
    /// Values of `Host` that are answered, separated by spaces.
    pub const ALLOWED_HOSTS: Setting = Setting { variable: "EDGEWARD_ALLOWED_HOSTS", parameter: "allowed-hosts" };
    /// Base URL of the US National Weather Service API.
    pub const WEATHER_URL: Setting = Setting { variable: "EDGEWARD_WEATHER_URL", parameter: "weather-url" };
    /// A parameter that the stacks write in place of all others where an MCP server exists already, with that server's URL. The
    /// operator's tool alone reads it.
    pub const EXISTING: &str = "existing";
    /// Address to listen on; has no parameter, as it belongs to the container.
    pub const LISTEN: &str = "EDGEWARD_LISTEN";
    /// Seconds that open requests get to end when the process is told to stop; has no parameter either.
    pub const SHUTDOWN_SECONDS: &str = "EDGEWARD_SHUTDOWN_SECONDS";
}

#[cfg(test)]
mod tests;
