//! Host names among the settings.

use url::Host;

/// Which hosts a setting means: exact names, and with `*.` before it everything below a name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostPatterns(Vec<String>);

impl HostPatterns {
    /// Parses patterns separated by spaces.
    ///
    /// # Errors
    /// When one is none.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let patterns: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        let is_pattern = |pattern: &String| {
            let name = pattern.strip_prefix("*.").unwrap_or(pattern);
            matches!(Host::parse(name), Ok(Host::Domain(parsed)) if parsed == name) && !name.contains('*')
        };
        if patterns.iter().all(is_pattern) { Ok(Self(patterns)) } else { Err("holds something that is no host".into()) }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one of them means `host`.
    pub fn matches(&self, host: &str) -> bool {
        self.0.iter().any(|pattern| match pattern.strip_prefix('*') {
            Some(suffix) => host.len() > suffix.len() && host.ends_with(suffix),
            None => pattern == host,
        })
    }
}

/// To which hosts users may be sent that clients choose: those of registered clients and of metadata documents.
/// Pre-registered clients have the operator's own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RedirectHosts {
    hosts: HostPatterns,
    without_loopback: bool,
}

/// Among the redirect hosts: no program on the user's own machine.
const NO_LOOPBACK: &str = "!loopback";

impl RedirectHosts {
    /// Parses patterns separated by spaces. Without any, every host is allowed.
    ///
    /// # Errors
    /// When one is none.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (switches, hosts): (Vec<&str>, Vec<&str>) = text.split_whitespace().partition(|word| *word == NO_LOOPBACK);
        Ok(Self { hosts: HostPatterns::parse(&hosts.join(" "))?, without_loopback: !switches.is_empty() })
    }

    /// Whether a user may be sent there. Private-use schemes have a setting of their own.
    pub fn allow(&self, uri: &crate::oauth::RedirectUri) -> bool {
        if uri.is_loopback() {
            return !self.without_loopback;
        }
        uri.https_host().is_none_or(|host| self.hosts.is_empty() || self.hosts.matches(host))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::{RedirectUri, redirect_uri::PrivateUseSchemes};

    #[test]
    fn a_pattern_means_one_host_or_all_below_one() {
        let patterns = HostPatterns::parse("claude.ai  *.client.example").unwrap();
        for host in ["claude.ai", "a.client.example", "a.b.client.example"] {
            assert!(patterns.matches(host), "{host}");
        }
        for host in ["a.claude.ai", "client.example", "evilclient.example", ".client.example", "claude.ai.evil.example"]
        {
            assert!(!patterns.matches(host), "{host}");
        }
        assert!(!HostPatterns::default().matches("claude.ai"));
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for bad in [
            "*",
            "*.",
            "a.*",
            "https://a.example",
            "a.example/",
            "a.example:443",
            "A.example",
            "*.*.example",
            "127.0.0.1",
        ] {
            assert!(HostPatterns::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn loopback_is_allowed_unless_it_is_listed_off() {
        let allows = |setting: &str, uri: &str| {
            let schemes = PrivateUseSchemes::new(["cursor".to_owned()]).unwrap();
            RedirectHosts::parse(setting).unwrap().allow(&RedirectUri::parse(uri, &schemes).unwrap())
        };
        let (https, loopback, private) = ("https://client.example/cb", "http://localhost:1/cb", "cursor://cb");
        for (setting, expected) in [
            ("", [true, true, true]),
            ("client.example", [true, true, true]),
            ("*.example", [true, true, true]),
            ("other.example", [false, true, true]),
            ("!loopback", [true, false, true]),
            ("other.example !loopback", [false, false, true]),
        ] {
            assert_eq!([https, loopback, private].map(|uri| allows(setting, uri)), expected, "{setting}");
        }
        assert!(!allows("localhost !loopback", loopback));
        assert!(
            !allows("other.example", "https://localhost/cb"),
            "https is no program on the user's machine by itself"
        );
    }
}
