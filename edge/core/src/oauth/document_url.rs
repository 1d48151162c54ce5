//! URLs that a stranger has us fetch: client identifiers that are URLs, and what their documents name.
//!
//! Such a URL must lead neither to ourselves nor to where only we can go. Whether a public-looking name resolves to a
//! private address cannot be seen here: see [`Fetch`](crate::platform::Fetch).

use std::fmt;

use url::{Host, Url};

use super::{
    client_id::MAX_BYTES,
    error_code::{MAX_QUOTED, quotable_uri},
};

/// The URL of a document: `https`, a host name in public use, the default port, a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentUrl {
    text: String,
    host: String,
}

impl DocumentUrl {
    /// Parses a URL that is in its normal form, so that what is compared, shown and fetched is one and the same.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn parse(text: &str) -> Result<Self, DocumentUrlError> {
        if text.len() > MAX_BYTES {
            return Err(DocumentUrlError::TooLong);
        }
        if !text.starts_with("https://") {
            return Err(DocumentUrlError::NotHttps);
        }
        // Parsers differ about characters that no URI has (RFC 3986 §2): some escape them, others leave them.
        if !text.bytes().all(|c| c.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&c)) {
            return Err(DocumentUrlError::NotNormal);
        }
        let url = Url::parse(text).map_err(|_| DocumentUrlError::NotNormal)?;
        // This also refuses dot segments (however they are encoded), an empty path, `:443`, an empty user name, capital
        // letters in the host, and what a parser drops or repairs.
        if url.as_str() != text {
            return Err(DocumentUrlError::NotNormal);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(DocumentUrlError::UserInformation);
        }
        if url.fragment().is_some() {
            return Err(DocumentUrlError::Fragment);
        }
        // Other ports are where services are that nobody meant to publish.
        if url.port().is_some() {
            return Err(DocumentUrlError::Port);
        }
        // A host is somebody only together with a path: `https://host/` is the host's, not an application's.
        if url.path() == "/" {
            return Err(DocumentUrlError::NoPath);
        }
        let host = match url.host() {
            Some(Host::Domain(name)) if is_public(name) => name.to_owned(),
            // No address at all, however it is written: an address vouches for no name.
            _ => return Err(DocumentUrlError::NotPublic),
        };
        Ok(Self { text: text.to_owned(), host })
    }

    /// The URL.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its host name, in lower case.
    pub fn host(&self) -> &str {
        &self.host
    }
}

/// The part of it that is fit to be quoted.
impl fmt::Display for DocumentUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&quotable_uri(&self.text, MAX_QUOTED))
    }
}

/// Whether a name may be one of the public DNS: several labels, and a last one that is not reserved for private use or
/// for something else than the DNS (RFC 6761, RFC 6762, RFC 7686, RFC 8375, ICANN's `internal`).
fn is_public(name: &str) -> bool {
    const PRIVATE: [&str; 10] =
        ["localhost", "local", "internal", "intranet", "lan", "home", "corp", "private", "arpa", "onion"];
    let is_host_name = |c: u8| c.is_ascii_alphanumeric() || b"-._".contains(&c);
    name.bytes().all(is_host_name)
        && name
            .rsplit_once('.')
            .is_some_and(|(rest, last)| !rest.is_empty() && !last.is_empty() && !PRIVATE.contains(&last))
}

/// The rule that a document's URL breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DocumentUrlError {
    /// Longer than [`MAX_BYTES`].
    #[error("URL longer than {MAX_BYTES} bytes")]
    TooLong,
    /// Another scheme.
    #[error("URL that is not https")]
    NotHttps,
    /// Not a URL, or not in its normal form.
    #[error("URL that is not in its normal form")]
    NotNormal,
    /// It has a user name or password.
    #[error("URL with user information")]
    UserInformation,
    /// It has a fragment.
    #[error("URL with a fragment")]
    Fragment,
    /// It has a port.
    #[error("URL with a port")]
    Port,
    /// It has no path.
    #[error("URL without a path")]
    NoPath,
    /// An address, or a name that is not in public use.
    #[error("URL whose host is no public name")]
    NotPublic,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_clients_use_is_accepted() {
        for good in [
            "https://claude.ai/oauth/claude-code-client-metadata",
            "https://vscode.dev/oauth/client-metadata.json",
            "https://github.com/copilot/cli/client-metadata.json",
            "https://client.example/a%20b/c?d=e",
            "https://xn--bcher-kva.example/client",
            "https://local.example/client",
            "https://localhost.example/client",
            "https://10.example/client",
        ] {
            let url = DocumentUrl::parse(good);
            assert_eq!(url.as_ref().map(DocumentUrl::as_str), Ok(good));
        }
        assert_eq!(DocumentUrl::parse("https://a.client.example/x").unwrap().host(), "a.client.example");
    }

    #[test]
    fn each_rule_refuses_its_own_violation() {
        use DocumentUrlError::*;
        for (bad, error) in [
            ("", NotHttps),
            ("client", NotHttps),
            ("http://client.example/c", NotHttps),
            ("HTTPS://client.example/c", NotHttps),
            ("https:client.example/c", NotHttps),
            ("https:///client.example/c", NotNormal),
            ("https://", NotNormal),
            ("https://client.example", NotNormal),
            ("https://client.example/", NoPath),
            ("https://client.example/?c", NoPath),
            ("https://Client.example/c", NotNormal),
            ("https://cl%69ent.example/c", NotNormal),
            ("https://client.example:443/c", NotNormal),
            ("https://client.example:/c", NotNormal),
            ("https://client.example:8443/c", Port),
            ("https://client.example:80/c", Port),
            ("https://@client.example/c", NotNormal),
            ("https://user@client.example/c", UserInformation),
            ("https://user:secret@client.example/c", UserInformation),
            ("https://client.example@evil.example/c", UserInformation),
            ("https://client.example/c#", Fragment),
            ("https://client.example/c#f", Fragment),
            ("https://client.example/a/../c", NotNormal),
            ("https://client.example/./c", NotNormal),
            ("https://client.example/a/%2e%2E/c", NotNormal),
            ("https://client.example\\c", NotNormal),
            (" https://client.example/c", NotHttps),
            ("https://client.example/c ", NotNormal),
            ("https://client.example/a\tb", NotNormal),
            ("https://client.example/ü", NotNormal),
            ("https://client.example/a^b", NotNormal),
            ("https://client.$example.com/c", NotPublic),
            ("https://bücher.example/c", NotNormal),
            ("https://Bücher.example/c", NotNormal),
            ("https://X%aa-/c", NotNormal),
            ("https://xn---h-khtthtthttp://c", NotNormal),
        ] {
            assert_eq!(DocumentUrl::parse(bad), Err(error), "{bad}");
        }
        let long = |length: usize| format!("https://client.example/{}", "c".repeat(length - 23));
        assert_eq!(DocumentUrl::parse(&long(1025)), Err(TooLong));
        assert!(DocumentUrl::parse(&long(1024)).is_ok());
    }

    #[test]
    fn no_address_and_no_private_name_is_reached_however_it_is_written() {
        for host in [
            // Loopback, private, link-local and metadata, carrier-grade NAT, unspecified, public; in every notation.
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0x7f.1",
            "017700000001",
            "0177.0.0.1",
            "127.0.0.1.",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.0.1",
            "169.254.169.254",
            "0xa9fea9fe",
            "2852039166",
            "100.64.0.1",
            "100.100.100.200",
            "0.0.0.0",
            "0",
            "255.255.255.255",
            "198.18.0.1",
            "192.0.0.1",
            "224.0.0.1",
            "1.1.1.1",
            "%31%32%37.0.0.1",
            "①②⑦.0.0.1",
            // Loopback, unspecified, link-local, unique local, IPv4-mapped, IPv4-compatible, NAT64, 6to4, Teredo,
            // multicast, public.
            "[::1]",
            "[::]",
            "[fe80::1]",
            "[fc00::1]",
            "[fd00:ec2::254]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[::7f00:1]",
            "[64:ff9b::7f00:1]",
            "[64:ff9b::a9fe:a9fe]",
            "[64:ff9b:1::1]",
            "[2002:7f00:1::]",
            "[2001::1]",
            "[ff02::1]",
            "[2606:4700:4700::1111]",
            "localhost",
            "localhost.",
            "LOCALHOST",
            "a.localhost",
            "a.b.localhost",
            "printer.local",
            "metadata.google.internal",
            "a.internal",
            "metadata",
            "intranet",
            "router.lan",
            "a.home.arpa",
            "a.corp",
            "1.0.0.127.in-addr.arpa",
            "a.onion",
            "client.example.",
            ".example",
            "..",
        ] {
            let url = format!("https://{host}/client");
            assert!(DocumentUrl::parse(&url).is_err(), "{url}");
        }
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod properties {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_parses_is_fetched_as_it_is_written_from_the_host_that_is_shown(
            text in "https://[a-c0-9.:@%#?/\\\\\\[\\]xX~-]{1,40}"
        ) {
            if let Ok(url) = DocumentUrl::parse(&text) {
                let parsed = Url::parse(url.as_str()).unwrap();
                prop_assert_eq!(parsed.as_str(), &text);
                prop_assert!(matches!(parsed.host(), Some(Host::Domain(name)) if name == url.host()));
                let host = text[8..].split('/').next();
                prop_assert_eq!(host, Some(url.host()));
            }
        }

        #[test]
        fn no_ipv4_address_passes_in_any_notation(address: u32, hex: bool, parts in 1usize..=4) {
            let bytes = address.to_be_bytes();
            let rest = bytes[parts - 1..].iter().fold(0u64, |sum, byte| sum << 8 | u64::from(*byte));
            let numbers = bytes[..parts - 1].iter().map(|byte| u64::from(*byte)).chain([rest]);
            let host: Vec<_> =
                numbers.map(|number| if hex { format!("0x{number:x}") } else { number.to_string() }).collect();
            let url = format!("https://{}/client", host.join("."));
            prop_assert!(DocumentUrl::parse(&url).is_err(), "{}", url);
        }
    }
}
