//! Settings: read once, checked once, so that no later code asks whether they are sane.
//!
//! Each comes from its environment variable or else from its parameter. Everything that is missing or malformed is
//! named in one error.

use std::{
    collections::BTreeMap,
    fmt,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use axum::http::uri::Authority;
use edgeward_identity::{
    SealingKeys, VerifyingKeys,
    names::origin::{
        ALLOWED_HOSTS, AUDIENCE, ISSUER, JWKS, JWKS_URL, LISTEN, PARAMETER_PATH, SESSION_KEYS, SHUTDOWN_SECONDS,
        Setting, WEATHER_URL,
    },
};
use url::{Host, Url};

mod telemetry;

pub use telemetry::Telemetry;

/// What the server needs to know.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The edge that is believed.
    pub issuer: String,
    /// The audience that assertions must name.
    pub audience: String,
    /// The edge's public keys.
    pub keys: KeySource,
    /// The keys that seal session ids.
    pub session_keys: SessionKeySource,
    /// Values of `Host` that are answered.
    pub allowed_hosts: Vec<String>,
    /// Base URL of the National Weather Service API, without a trailing slash.
    pub weather_url: Url,
}

/// Where the edge's public keys come from.
#[derive(Debug, Clone)]
pub enum KeySource {
    /// They are given, for the life of the process.
    Given(VerifyingKeys),
    /// They are what the parameter [`JWKS`] held at the start; it is read again when a key is missing or they are old.
    Parameter(VerifyingKeys),
    /// They are fetched here.
    Fetched(Url),
}

/// Where the keys that seal session ids come from.
#[derive(Debug, Clone)]
pub enum SessionKeySource {
    /// They are given, for the life of the process.
    Given(SealingKeys),
    /// They are what the parameter [`SESSION_KEYS`] held at the start; it is read again when a key is missing or they are
    /// old.
    Parameter(SealingKeys),
    /// The process makes one that nobody else has.
    Process,
}

/// What belongs to the process rather than to the service: from the environment only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Where to listen.
    pub listen: SocketAddr,
    /// How long open requests may go on when the process is told to stop.
    pub shutdown: Duration,
    /// Where metrics go, if anywhere.
    pub telemetry: Option<Telemetry>,
}

/// Values of settings, by name.
pub type Values = BTreeMap<String, String>;

impl Settings {
    /// Reads the settings from environment `variables` or else from `parameters` (named without their path).
    ///
    /// # Errors
    /// [`SettingsError`], which names every setting that is missing or malformed.
    pub fn read(variables: &Values, parameters: &Values) -> Result<Self, SettingsError> {
        let mut reader = Reader { variables, parameters, problems: Vec::new() };
        let issuer = reader.required(ISSUER, parse_issuer);
        let audience = reader.required(AUDIENCE, parse_audience);
        let jwks = reader.optional(JWKS, |text| VerifyingKeys::from_jwks(text.as_bytes()).map_err(|e| e.to_string()));
        let jwks_url = reader.optional(JWKS_URL, |text| parse_trusted_url(text).map_err(str::to_owned));
        let session_keys = reader.session_keys();
        let allowed_hosts = reader.optional(ALLOWED_HOSTS, parse_hosts);
        let weather_url = reader.optional(WEATHER_URL, parse_base_url);

        let (Some(issuer), Some(audience), []) = (issuer, audience, reader.problems.as_slice()) else {
            return Err(SettingsError(reader.problems));
        };
        let keys = match (jwks, jwks_url) {
            (Some(keys), _) if reader.has_variable(JWKS) => KeySource::Given(keys),
            (Some(keys), _) => KeySource::Parameter(keys),
            (None, Some(url)) => KeySource::Fetched(url),
            (None, None) => KeySource::Fetched(issuer.jwks_url),
        };
        let loopback = || ["localhost", "127.0.0.1", "::1"].map(str::to_owned).to_vec();
        Ok(Self {
            issuer: issuer.text,
            audience,
            keys,
            session_keys,
            allowed_hosts: allowed_hosts.unwrap_or_else(loopback),
            weather_url: match weather_url {
                Some(url) => url,
                None => Url::parse(WEATHER_DEFAULT).map_err(|_| SettingsError(Vec::new()))?,
            },
        })
    }
}

impl Process {
    /// Reads what belongs to the process from environment `variables`.
    ///
    /// # Errors
    /// [`SettingsError`], which names every variable that is malformed.
    pub fn read(variables: &Values) -> Result<Self, SettingsError> {
        let parameters = Values::new();
        let mut reader = Reader { variables, parameters: &parameters, problems: Vec::new() };
        let listen = reader.variable(LISTEN, |text| {
            text.parse::<SocketAddr>().map_err(|_| "not an address with a port, such as 0.0.0.0:8080".to_owned())
        });
        let shutdown = reader.variable(SHUTDOWN_SECONDS, |text| {
            text.parse::<u16>().map_err(|_| "not a number of seconds between 0 and 65535".to_owned())
        });
        let telemetry = Telemetry::read(&mut reader);
        if !reader.problems.is_empty() {
            return Err(SettingsError(reader.problems));
        }
        Ok(Self {
            listen: listen.unwrap_or(LISTEN_DEFAULT),
            shutdown: shutdown.map_or(SHUTDOWN_DEFAULT, |seconds| Duration::from_secs(seconds.into())),
            telemetry,
        })
    }
}

/// Path of the parameters, if parameters are to be read at all: absolute, without a trailing slash.
///
/// # Errors
/// [`SettingsError`] when it is not a path of parameters.
pub fn parameter_path(variables: &Values) -> Result<Option<String>, SettingsError> {
    let parameters = Values::new();
    let mut reader = Reader { variables, parameters: &parameters, problems: Vec::new() };
    let path = reader.variable(PARAMETER_PATH, |text| {
        let path = text.trim_end_matches('/');
        let usable = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'/' | b'.' | b'-' | b'_');
        if path.starts_with('/') && path.len() > 1 && path.bytes().all(usable) {
            Ok(path.to_owned())
        } else {
            Err("not a path of parameters, such as /edgeward/prod/origin".to_owned())
        }
    });
    if reader.problems.is_empty() { Ok(path) } else { Err(SettingsError(reader.problems)) }
}

struct Reader<'a> {
    variables: &'a Values,
    parameters: &'a Values,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn required<T>(&mut self, setting: Setting, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let before = self.problems.len();
        let value = self.optional(setting, parse);
        if value.is_none() && self.problems.len() == before {
            self.problems.push(Problem { setting: both_names(setting), fault: "missing".to_owned() });
        }
        value
    }

    /// Several tasks need the same keys, so a server that has its settings from parameters does not start without them.
    fn session_keys(&mut self) -> SessionKeySource {
        let before = self.problems.len();
        let parse = |text: &str| SealingKeys::from_jwks(text.as_bytes()).map_err(|error| error.to_string());
        match self.optional(SESSION_KEYS, parse) {
            Some(keys) if self.has_variable(SESSION_KEYS) => SessionKeySource::Given(keys),
            Some(keys) => SessionKeySource::Parameter(keys),
            None => {
                let has_path = self.variables.get(PARAMETER_PATH).is_some_and(|value| present(value).is_some());
                if has_path && self.problems.len() == before {
                    let fault = "missing; `edgeward keygen` makes them".to_owned();
                    self.problems.push(Problem { setting: both_names(SESSION_KEYS), fault });
                }
                SessionKeySource::Process
            }
        }
    }

    fn optional<T>(&mut self, setting: Setting, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        match self.variables.get(setting.variable).and_then(|value| present(value)) {
            Some(text) => self.parsed(setting.variable.to_owned(), text, parse),
            None => {
                let text = self.parameters.get(setting.parameter).and_then(|value| present(value))?;
                self.parsed(format!("parameter {}", setting.parameter), text, parse)
            }
        }
    }

    fn has_variable(&self, setting: Setting) -> bool {
        self.variables.get(setting.variable).is_some_and(|value| present(value).is_some())
    }

    fn variable<T>(&mut self, name: &str, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        let text = self.variables.get(name).and_then(|value| present(value))?;
        self.parsed(name.to_owned(), text, parse)
    }

    fn parsed<T>(&mut self, setting: String, text: &str, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        parse(text).map_err(|fault| self.problems.push(Problem { setting, fault })).ok()
    }
}

/// Compose files and task definitions pass variables that are empty; those count as unset.
fn present(value: &str) -> Option<&str> {
    Some(value.trim()).filter(|text| !text.is_empty())
}

fn both_names(setting: Setting) -> String {
    format!("{} (parameter {})", setting.variable, setting.parameter)
}

struct Issuer {
    text: String,
    jwks_url: Url,
}

/// The issuer is the edge's own origin, written in one way only: it is compared as a string.
fn parse_issuer(text: &str) -> Result<Issuer, String> {
    let url = parse_trusted_url(text)?;
    if url.origin().ascii_serialization() != text {
        return Err("not an origin in its normal form, such as https://mcp.example.com".to_owned());
    }
    let jwks_url = url.join("/.well-known/jwks.json").map_err(|_| "not a URL".to_owned())?;
    Ok(Issuer { text: text.to_owned(), jwks_url })
}

fn parse_audience(text: &str) -> Result<String, String> {
    if text.len() <= 512 && text.bytes().all(|c| c.is_ascii_graphic()) {
        Ok(text.to_owned())
    } else {
        Err("not 1 to 512 visible ASCII characters".to_owned())
    }
}

/// Whoever answers at this URL decides who is believed, so plain `http` does for this machine only.
fn parse_trusted_url(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "not a URL")?;
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err("a URL with credentials or a fragment");
    }
    match (url.scheme(), url.host()) {
        ("https", Some(_)) => Ok(url),
        ("http", Some(host)) if is_loopback(&host) => Ok(url),
        _ => Err("not an https URL (http is for loopback hosts only)"),
    }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

fn parse_base_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|_| "not a URL".to_owned())?;
    let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    if matches!(url.scheme(), "http" | "https") && plain && url.fragment().is_none() {
        Ok(url)
    } else {
        Err("not an http or https URL without credentials, query and fragment".to_owned())
    }
}

fn parse_hosts(text: &str) -> Result<Vec<String>, String> {
    text.split_ascii_whitespace()
        .map(|host| {
            let is_authority = host.parse::<Authority>().is_ok_and(|authority| {
                !authority.as_str().contains('@') && !authority.host().is_empty() && !authority.host().contains('*')
            });
            if is_authority || host.parse::<Ipv6Addr>().is_ok() {
                Ok(host.to_owned())
            } else {
                Err(format!("{host:?} is not a host or host:port"))
            }
        })
        .collect()
}

const WEATHER_DEFAULT: &str = "https://api.weather.gov";
const LISTEN_DEFAULT: SocketAddr = SocketAddr::new(IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), 8080);
const SHUTDOWN_DEFAULT: Duration = Duration::from_secs(20);

/// Everything that is wrong with the settings, in one message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct SettingsError(Vec<Problem>);

/// One setting and what is wrong with it. Holds no value but a refused host.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Problem {
    setting: String,
    fault: String,
}

impl SettingsError {
    /// Both errors as one.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{}: {}", problem.setting, problem.fault)?;
        }
        Ok(())
    }
}
