//! Redirect URIs: what may be registered, what matches, and where a browser may be sent.

use serde::Serialize;
use url::{Host, Url};

use super::error_code::{MAX_QUOTED, quotable_uri};

/// The longest redirect URI accepted.
pub const MAX_BYTES: usize = 512;

/// Which private-use URI schemes (RFC 8252 §7.1) redirect URIs may have, and which single URIs with such schemes may be one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrivateUseSchemes(Vec<String>);

impl Default for PrivateUseSchemes {
    /// Cursor's redirect URI: it registers no other that works.
    fn default() -> Self {
        Self(vec!["cursor://anysphere.cursor-mcp/oauth/callback".to_owned()])
    }
}

impl PrivateUseSchemes {
    /// Allows schemes, written in lower case without colon, and URIs, which are compared character for character. `None` if
    /// one of them is neither, or has a scheme that browsers treat specially: `javascript:` and its like run as code or leave
    /// the web.
    pub fn new(allowed: impl IntoIterator<Item = String>) -> Option<Self> {
        let usable = |allowed: &String| {
            let (scheme, rest) = allowed.split_once(':').unwrap_or((allowed, ""));
            scheme.starts_with(|c: char| c.is_ascii_lowercase())
                && scheme.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || b"+-.".contains(&c))
                && !NEVER.contains(&scheme)
                && (allowed == scheme || !rest.is_empty() && Url::parse(allowed).is_ok())
        };
        let allowed: Vec<String> = allowed.into_iter().collect();
        allowed.iter().all(usable).then_some(Self(allowed))
    }

    /// Allows none.
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    fn allows(&self, scheme: &str, uri: &str) -> bool {
        self.0.iter().any(|allowed| allowed == scheme || allowed == uri)
    }
}

/// Schemes that are never private use, whatever a setting says.
const NEVER: [&str; 14] = [
    "about",
    "blob",
    "data",
    "file",
    "filesystem",
    "ftp",
    "http",
    "https",
    "intent",
    "javascript",
    "mailto",
    "vbscript",
    "view-source",
    "ws",
];

/// A redirect URI of acceptable form. Not yet one that a client has registered: see [`RedirectUri::find_in`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedirectUri {
    text: String,
    url: Url,
}

impl RedirectUri {
    /// Parses a redirect URI: `https`, `http` on the loopback interface (RFC 8252 §7.3), or an allowed private-use
    /// scheme; absolute, without fragment (RFC 6749 §3.1.2), without user information.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn parse(text: &str, schemes: &PrivateUseSchemes) -> Result<Self, RedirectUriError> {
        if text.len() > MAX_BYTES {
            return Err(RedirectUriError::TooLong);
        }
        // The URL standard drops tabs and newlines, trims blanks and turns `\` into `/`: what we compare would then
        // differ from what a browser follows.
        if !text.bytes().all(|c| c.is_ascii_graphic() && !b"\\\"<>^`{|}".contains(&c)) {
            return Err(RedirectUriError::ForbiddenCharacter);
        }
        let url = Url::parse(text).map_err(|_| RedirectUriError::NotAbsolute)?;
        if url.fragment().is_some() {
            return Err(RedirectUriError::Fragment);
        }
        if !url.username().is_empty() || url.password().is_some() || authority_of(text).contains('@') {
            return Err(RedirectUriError::UserInformation);
        }
        match url.scheme() {
            // The parser forgives `https:host` and `https:///host`; other parsers read those differently.
            "http" | "https" if !has_plain_authority(text) => Err(RedirectUriError::NotAbsolute),
            "https" => Ok(Self { text: text.to_owned(), url }),
            "http" if is_loopback(&url) => Ok(Self { text: text.to_owned(), url }),
            "http" => Err(RedirectUriError::InsecureHttp),
            scheme if schemes.allows(scheme, text) => Ok(Self { text: text.to_owned(), url }),
            _ => Err(RedirectUriError::SchemeNotAllowed),
        }
    }

    /// The text as it was sent.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its host, if it is `https`.
    pub fn https_host(&self) -> Option<&str> {
        self.url.host_str().filter(|_| self.url.scheme() == "https")
    }

    /// Whether it is a program on the user's own machine, in the form that RFC 8252 §7.3 has for those.
    pub fn is_loopback(&self) -> bool {
        self.url.scheme() == "http" && is_loopback(&self.url)
    }

    /// Finds this URI among those a client registered: character for character (RFC 9700 §2.1), but for the port of a
    /// loopback URI, which native applications choose anew each time (RFC 8252 §7.3).
    pub fn find_in(self, registered: &[Self]) -> Option<RedirectTarget> {
        let matches = |registered: &Self| registered.text == self.text || registered.matches_but_for_port(&self);
        registered.iter().any(matches).then_some(RedirectTarget(self))
    }

    /// Whether it is the address itself, and no pattern for several: native applications choose the port of a loopback URI
    /// when they run (RFC 8252 §7.3).
    pub fn is_complete(&self) -> bool {
        !self.is_loopback()
    }

    /// The only one of those that a client has registered, which it need not name then (RFC 6749 §3.1.2.3).
    pub fn only_of(registered: &[Self]) -> Option<RedirectTarget> {
        match registered {
            [only] if only.is_complete() => Some(RedirectTarget(only.clone())),
            _ => None,
        }
    }

    fn matches_but_for_port(&self, requested: &Self) -> bool {
        let without_port = |uri: &Self| {
            let mut url = uri.url.clone();
            url.set_port(None).ok().map(|()| url)
        };
        self.is_loopback()
            && requested.url.scheme() == "http"
            && without_port(self).is_some_and(|url| Some(url) == without_port(requested))
            // Equal once parsed is not enough for the path: it must be spelled alike.
            && path_of(&self.text) == path_of(&requested.text)
    }
}

/// Where a browser may be sent: a redirect URI that the client has registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedirectTarget(RedirectUri);

impl RedirectTarget {
    /// The URI as the client sent it.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The URI with `parameters` added to its query (RFC 6749 §4.1.2).
    pub fn with<'a>(&self, parameters: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
        let mut url = self.0.url.clone();
        url.query_pairs_mut().extend_pairs(parameters);
        url.into()
    }

    /// What to show a user about where they will be sent: the host, or the scheme of an application.
    pub fn display_host(&self) -> String {
        match self.0.url.host_str() {
            Some(host) if matches!(self.0.url.scheme(), "http" | "https") => host.to_owned(),
            _ => format!("{}:", self.0.url.scheme()),
        }
    }

    /// Whether it is a program on the user's own machine.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.0.url)
    }

    /// Whether an application opens it, by a scheme of its own (RFC 8252 §7.1).
    pub fn is_private_use(&self) -> bool {
        !matches!(self.0.url.scheme(), "http" | "https")
    }

    /// The URI, of which the port is left out where it is another each time (RFC 8252 §7.3).
    pub fn without_loopback_port(&self) -> String {
        let mut url = self.0.url.clone();
        if self.is_loopback() && url.set_port(None).is_ok() { url.into() } else { self.as_str().to_owned() }
    }

    /// Restores a target from what was sealed after it had been checked.
    pub(crate) fn from_sealed(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        Some(Self(RedirectUri { text: text.to_owned(), url }))
    }
}

impl Serialize for RedirectTarget {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address == std::net::Ipv4Addr::LOCALHOST,
        Some(Host::Ipv6(address)) => address == std::net::Ipv6Addr::LOCALHOST,
        None => false,
    }
}

/// `scheme://` followed by something that is not another slash.
fn has_plain_authority(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, rest)| !scheme.contains([':', '/', '?']) && !rest.starts_with('/'))
}

fn authority_of(text: &str) -> &str {
    let rest = text.split_once("://").map_or("", |(_, rest)| rest);
    rest.split(['/', '?']).next().unwrap_or("")
}

/// Path and query as they were spelled.
fn path_of(text: &str) -> &str {
    let rest = text.split_once("://").map_or("", |(_, rest)| rest);
    rest.find(['/', '?']).map_or("", |at| &rest[at..])
}

/// The rule that a redirect URI breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RedirectUriError {
    /// Longer than [`MAX_BYTES`].
    #[error("redirect URI longer than {MAX_BYTES} bytes")]
    TooLong,
    /// Characters that are not allowed in a URI, or that parsers disagree about.
    #[error("redirect URI with a character that URIs do not have")]
    ForbiddenCharacter,
    /// Not an absolute URI.
    #[error("redirect URI is not absolute")]
    NotAbsolute,
    /// It has a fragment.
    #[error("redirect URI with a fragment")]
    Fragment,
    /// It has a user name or password.
    #[error("redirect URI with user information")]
    UserInformation,
    /// `http` to somewhere else than the user's own machine.
    #[error("redirect URI with http that is not loopback")]
    InsecureHttp,
    /// A scheme that is not allowed here.
    #[error("redirect URI with a scheme that is not allowed here (EDGEWARD_PRIVATE_USE_SCHEMES)")]
    SchemeNotAllowed,
    /// A host that is not allowed here.
    #[error("redirect URI with a host that is not allowed here (EDGEWARD_REDIRECT_HOSTS)")]
    HostNotAllowed,
}

/// A redirect URI that may not be used, and the rule that it breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error}: {uri}")]
pub struct RefusedRedirectUri {
    uri: String,
    /// The rule.
    pub error: RedirectUriError,
}

impl RefusedRedirectUri {
    /// That `uri` breaks a rule. What is not fit to be quoted of it is left out.
    pub fn new(uri: &str, error: RedirectUriError) -> Self {
        Self { uri: quotable_uri(uri, MAX_QUOTED), error }
    }
}

#[cfg(test)]
mod tests;
