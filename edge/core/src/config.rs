//! Settings, read and checked once: later code never asks whether they are sane.

mod client;
mod credentials;
mod disclosure;
mod entry;
mod host;
mod issuers;
mod origin;
mod pages;
mod rate_limits;
mod registration;
mod resource;
mod scope_rule;
mod url_setting;

use std::fmt;

pub use client::{PreRegistered, SecretDigest};
pub use disclosure::{EmailRules, GroupPatterns, UnverifiedEmail};
use edgeward_identity::names::edge as names;
pub use host::{HostPatterns, RedirectHosts};
pub use issuers::Issuers;
pub use origin::{Credentials, Origin};
pub use pages::{Brand, ConsentMode, Pages};
pub use rate_limits::RateLimits;
pub use registration::Registration;
use resource::Servers;
pub use resource::{Machine, ProtectedResource};
pub use scope_rule::ScopeRule;
use url_setting::{absolute_url, public_origin};

use crate::{
    keys::Keys,
    oauth::{
        RedirectUri, RefusedRedirectUri, Resource, Scope,
        redirect_uri::{PrivateUseSchemes, RedirectUriError},
    },
    secret::Secret,
};

/// Everything the edge is told.
#[derive(Debug)]
pub struct Config {
    /// The issuer identifier: the edge's own origin, without trailing slash. Requests for another one are refused.
    pub issuer: String,
    /// The identity provider.
    pub cognito: Cognito,
    /// Groups that the MCP server is told of beside those that its scopes name.
    pub origin_groups: GroupPatterns,
    /// Private keys.
    pub keys: Keys,
    /// The protected resources; at least one, the first is the default.
    pub resources: Vec<ProtectedResource>,
    /// Clients known beforehand.
    pub clients: Vec<PreRegistered>,
    /// Whether clients may register themselves.
    pub registration: Registration,
    /// Whether clients may be described by a document at the URL that is their identifier.
    pub metadata_documents: MetadataDocuments,
    /// Hosts that clients may have users sent to.
    pub redirect_hosts: RedirectHosts,
    /// Private-use schemes that redirect URIs may have.
    pub private_use_schemes: PrivateUseSchemes,
    /// `Origin`s besides our own that may call the resources.
    pub allowed_origins: AllowedOrigins,
    /// Longest life of an access token in seconds.
    pub access_token_seconds: u64,
    /// What people see.
    pub pages: Pages,
    /// How many requests one party may make.
    pub rate_limits: RateLimits,
    /// Whether answers say how long they took (Server Timing).
    pub server_timing: bool,
    /// Where the platform keeps counts and times, if anywhere.
    pub metrics_dataset: Option<String>,
}

/// The Cognito user pool and our app client there.
#[derive(Debug)]
pub struct Cognito {
    /// The issuers that its tokens may name.
    pub issuers: Issuers,
    /// Where its public keys are.
    pub jwks_url: String,
    /// Base URL of its OAuth endpoints, without trailing slash.
    pub domain: String,
    /// Our app client.
    pub client_id: String,
    /// The app client's secrets: one, or two while one replaces the other.
    pub client_secrets: Vec<Secret<String>>,
    /// The scopes asked for.
    pub scopes: Scope,
    /// Which of its users' e-mail addresses are told, and as what.
    pub emails: EmailRules,
}

impl Cognito {
    /// The issuer under which its keys and its discovery document are, unless the settings say otherwise.
    pub fn issuer(&self) -> &str {
        self.issuers.first()
    }

    /// What tells our app client from every other: the domain is one user pool's. Its refresh tokens are good here whatever
    /// else the settings say.
    pub fn app_client(&self) -> [&str; 2] {
        [&self.domain, &self.client_id]
    }
}

/// Whose pages may call the resources. Requests carry bearer tokens, which a browser adds to none by itself, and cookies are not
/// read there, so a page gets nothing that its user has not given it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AllowedOrigins {
    /// Pages of every origin.
    All,
    /// Those of these origins, and our own.
    These(Vec<String>),
}

impl Default for AllowedOrigins {
    fn default() -> Self {
        Self::These(Vec::new())
    }
}

/// Whether a client identifier may be the URL of the client's metadata (draft-ietf-oauth-client-id-metadata-document).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MetadataDocuments {
    /// It may, at some hosts.
    On {
        /// The only hosts; none means all.
        allowed: HostPatterns,
        /// Never these.
        denied: HostPatterns,
    },
    /// It may not.
    Off,
}

impl Config {
    /// Reads the settings through `variable`, which gives a variable's or secret's value by its name.
    ///
    /// # Errors
    /// All that is missing or malformed, at once.
    pub fn parse(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigErrors> {
        let mut read = Reader { variable, errors: Vec::new() };

        let issuer = read.required(names::PUBLIC_URL, public_origin);
        let named = read.optional(names::COGNITO_ISSUER, Issuers::parse);
        let has_issuer = named.is_some();
        let of_pool = read.required(names::COGNITO_USER_POOL_ID, |text| {
            Issuers::of_pool(text, has_issuer).map(|issuers| (text.to_owned(), issuers))
        });
        let (pool_id, pool_issuers) = of_pool.unzip();
        let issuers = named.or(pool_issuers);
        let jwks_url = read
            .optional(names::COGNITO_JWKS_URL, absolute_url)
            .or_else(|| issuers.as_ref().map(|issuers| format!("{}/.well-known/jwks.json", issuers.first())));
        let domain = read.required(names::COGNITO_DOMAIN, |text| {
            if text.contains("://") { absolute_url(text) } else { absolute_url(&format!("https://{text}")) }
        });
        let client_id = read.required(names::COGNITO_CLIENT_ID, |text| Ok(text.to_owned()));
        let client_secrets = read.required(names::COGNITO_CLIENT_SECRET, |text| {
            let secrets: Vec<_> = text.split_whitespace().map(|secret| Secret::new(secret.to_owned())).collect();
            if secrets.len() > 2 { Err("holds more than two secrets".into()) } else { Ok(secrets) }
        });
        let scopes = read.optional(names::COGNITO_SCOPES, |text| {
            let scopes = Scope::parse(text).ok_or("is not a list of scopes")?;
            // Without `openid` Cognito sends no ID token, and no user can be named.
            if scopes.contains("openid") { Ok(scopes) } else { Err("does not hold `openid`".into()) }
        });
        let servers = Servers {
            url: read.optional(names::ORIGIN_URL, absolute_url),
            audience: read.optional(names::ORIGIN_AUDIENCE, |text| Ok(text.to_owned())),
        };
        let pool_id = pool_id.unwrap_or_default();
        let groups = read.optional(names::ORIGIN_GROUPS, |text| GroupPatterns::parse(text, &pool_id));
        let emails = EmailRules {
            trusted_providers: read.optional(names::TRUSTED_EMAIL_PROVIDERS, disclosure::providers).unwrap_or_default(),
            unverified: read.optional(names::UNVERIFIED_EMAIL, disclosure::unverified_email).unwrap_or_default(),
        };
        let keys = read.required(names::KEYS, Keys::parse);
        let schemes = read
            .optional(names::PRIVATE_USE_SCHEMES, |text| match text {
                "none" => Ok(PrivateUseSchemes::none()),
                text => PrivateUseSchemes::new(text.split_whitespace().map(str::to_owned))
                    .ok_or_else(|| "holds something that is neither a private-use scheme nor a URI with one".into()),
            })
            .unwrap_or_default();
        let base = issuer.as_deref().unwrap_or("https://unset.invalid");
        let mut resources = read
            .optional(names::RESOURCES, |text| resource::parse(text, base, &servers))
            .unwrap_or_else(|| resource::default(base, &servers));
        if let Some(ProtectedResource { path, .. }) = resources.iter().find(|resource| resource.origin.url.is_empty()) {
            read.refuse_unless_refused(names::ORIGIN_URL, || {
                format!("is missing, and the resource {path:?} has no origin_url of its own")
            });
        }
        read.optional(names::ORIGIN_CREDENTIALS, |text| credentials::give(text, &mut resources));
        let clients =
            read.optional(names::CLIENTS, |text| client::parse(text, &schemes, &resources)).unwrap_or_default();
        let registration = registration::read(&mut read);
        let documents = read.optional(names::CLIENT_METADATA_DOCUMENTS, on_or_off);
        let allowed = read.optional(names::CLIENT_METADATA_HOSTS, HostPatterns::parse).unwrap_or_default();
        let denied = read.optional(names::CLIENT_METADATA_DENIED_HOSTS, HostPatterns::parse).unwrap_or_default();
        let metadata_documents = match documents.unwrap_or(true) {
            true => MetadataDocuments::On { allowed, denied },
            false => MetadataDocuments::Off,
        };
        let redirect_hosts = read.optional(names::REDIRECT_HOSTS, RedirectHosts::parse).unwrap_or_default();
        let allowed_origins = read
            .optional(names::ALLOWED_ORIGINS, |text| match text {
                "*" => Ok(AllowedOrigins::All),
                text => text.split_whitespace().map(public_origin).collect::<Result<_, _>>().map(AllowedOrigins::These),
            })
            .unwrap_or_default();
        let access_token_seconds = read.optional(names::ACCESS_TOKEN_SECONDS, |text| match text.parse() {
            Ok(seconds @ 60..=86_400) => Ok(seconds),
            _ => Err("is not a number of seconds from 60 to 86400".into()),
        });

        let pages = Pages {
            consent: read.optional(names::CONSENT, pages::consent_mode).unwrap_or_default(),
            brand: read.optional(names::BRAND, pages::brand).unwrap_or_default(),
            sign_out_urls: read.optional(names::SIGN_OUT_URLS, pages::sign_out_urls).unwrap_or_default(),
        };

        let server_timing = read.optional(names::SERVER_TIMING, on_or_off).unwrap_or(false);
        let metrics_dataset = read.optional(names::METRICS_DATASET, |text| {
            let is_name = text.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_');
            if is_name { Ok(text.to_owned()) } else { Err("is not a name of letters, digits and `_`".into()) }
        });
        let rate_limits = read.optional(names::RATE_LIMITS, RateLimits::parse).unwrap_or_default();

        let errors = read.errors;
        match (issuer, issuers, jwks_url, domain, client_id, client_secrets, keys) {
            (
                Some(issuer),
                Some(issuers),
                Some(jwks_url),
                Some(domain),
                Some(client_id),
                Some(client_secrets),
                Some(keys),
            ) if errors.is_empty() => Ok(Self {
                cognito: Cognito {
                    issuers,
                    jwks_url,
                    domain,
                    client_id,
                    client_secrets,
                    scopes: scopes.or_else(|| Scope::parse("openid email")).unwrap_or_default(),
                    emails,
                },
                origin_groups: groups.unwrap_or_default(),
                keys,
                resources,
                clients,
                registration,
                metadata_documents,
                redirect_hosts,
                private_use_schemes: schemes,
                allowed_origins,
                access_token_seconds: access_token_seconds.unwrap_or(900),
                pages,
                rate_limits,
                server_timing,
                metrics_dataset,
                issuer,
            }),
            _ => Err(ConfigErrors(errors)),
        }
    }

    /// The resource that a client means by `indicator`; the default one if it names none.
    pub fn resource(&self, indicator: Option<&str>) -> Option<&ProtectedResource> {
        let Some(indicator) = indicator else { return self.resources.first() };
        let wanted = Resource::parse(indicator)?;
        self.resources.iter().find(|resource| resource.indicator == wanted)
    }

    /// Checks a redirect URI that a client has chosen.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub(crate) fn redirect_uri(&self, text: &str) -> Result<RedirectUri, RefusedRedirectUri> {
        let allowed = |uri: &RedirectUri| self.redirect_hosts.allow(uri);
        let uri = RedirectUri::parse(text, &self.private_use_schemes);
        uri.and_then(|uri| if allowed(&uri) { Ok(uri) } else { Err(RedirectUriError::HostNotAllowed) })
            .map_err(|error| RefusedRedirectUri::new(text, error))
    }

    /// The redirect URIs of a client that may be used here. Its others fall out: a client names all that it could use, anywhere.
    ///
    /// # Errors
    /// When none may: what is wrong with the first one, if there is one.
    pub fn allowed_of(&self, uris: &[&str]) -> Result<Vec<RedirectUri>, Option<RefusedRedirectUri>> {
        let mut refusal = None;
        let checked = uris.iter().filter_map(|uri| match self.redirect_uri(uri) {
            Ok(uri) => Some(uri),
            Err(refused) => {
                refusal.get_or_insert(refused);
                None
            }
        });
        let allowed: Vec<_> = checked.collect();
        if allowed.is_empty() { Err(refusal) } else { Ok(allowed) }
    }

    /// Every scope that some resource has.
    pub fn scope(&self) -> Scope {
        resource::all_scopes(&self.resources)
    }

    /// The resource served at `path`; one trailing slash is tolerated.
    pub fn resource_at(&self, path: &str) -> Option<&ProtectedResource> {
        let path = path.strip_suffix('/').unwrap_or(path);
        self.resources.iter().find(|resource| resource.path == path)
    }
}

fn on_or_off(text: &str) -> Result<bool, String> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err("is neither `on` nor `off`".into()),
    }
}

struct Reader<F> {
    variable: F,
    errors: Vec<ConfigError>,
}

impl<F: Fn(&str) -> Option<String>> Reader<F> {
    fn optional<T>(&mut self, name: &'static str, parse: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let text = self.text(name)?;
        parse(text.trim()).map_err(|problem| self.refuse(name, problem)).ok()
    }

    /// Apart from [`Self::optional`], as [`Self::refuse`] is, so that it is compiled once and not for each kind of value.
    #[inline(never)]
    fn text(&self, name: &'static str) -> Option<String> {
        (self.variable)(name).filter(|text| !text.trim().is_empty())
    }

    #[inline(never)]
    fn refuse(&mut self, setting: &'static str, problem: String) {
        self.errors.push(ConfigError { setting, problem });
    }

    /// Refuses a setting for something else than its value, unless that was refused.
    fn refuse_unless_refused(&mut self, setting: &'static str, problem: impl FnOnce() -> String) {
        if !self.errors.iter().any(|error| error.setting == setting) {
            self.refuse(setting, problem());
        }
    }

    fn required<T>(&mut self, name: &'static str, parse: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let before = self.errors.len();
        let value = self.optional(name, parse);
        if value.is_none() && self.errors.len() == before {
            self.refuse(name, "is missing".into());
        }
        value
    }
}

/// One setting that is missing or malformed. Holds no value: it may be a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The setting.
    pub setting: &'static str,
    /// What is wrong with it, as the rest of a sentence that begins with its name.
    pub problem: String,
}

/// Everything that is wrong with the settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigErrors(pub Vec<ConfigError>);

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, error) in self.0.iter().enumerate() {
            write!(f, "{}{} {}", if i > 0 { "; " } else { "" }, error.setting, error.problem)?;
        }
        Ok(())
    }
}
