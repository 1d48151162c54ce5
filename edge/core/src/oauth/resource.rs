//! Resource indicators (RFC 8707).

use std::fmt;

use url::Url;

/// A resource indicator in the one spelling we compare and issue: lower-case scheme and host, no default port, no
/// trailing slash. Clients differ in these; two spellings of one resource must not be two audiences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource(String);

impl Resource {
    /// Parses an absolute `http` or `https` URL without fragment (RFC 8707 §2) or user information. Its query is left out: users
    /// give clients MCP URLs with one, and it names no other resource.
    pub fn parse(text: &str) -> Option<Self> {
        let mut url = Url::parse(text).ok()?;
        url.set_query(None);
        let plain = matches!(url.scheme(), "http" | "https")
            && url.username().is_empty()
            && url.password().is_none()
            && url.fragment().is_none();
        if !plain {
            return None;
        }
        let canonical = url.as_str();
        Some(Self(canonical.strip_suffix('/').unwrap_or(canonical).to_owned()))
    }

    /// The canonical text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_resource_are_equal() {
        let canonical = Resource::parse("https://mcp.example.com/mcp").unwrap();
        assert_eq!(canonical.as_str(), "https://mcp.example.com/mcp");
        for same in [
            "HTTPS://MCP.example.COM/mcp",
            "https://mcp.example.com/mcp/",
            "https://mcp.example.com:443/mcp",
            "https://mcp.example.com/mcp?",
            "https://mcp.example.com/mcp?key=1&other=/x",
            "https://mcp.example.com/mcp/?key=1",
        ] {
            assert_eq!(Resource::parse(same).as_ref(), Some(&canonical), "{same}");
        }
    }

    #[test]
    fn other_resources_are_not_equal() {
        let canonical = Resource::parse("https://mcp.example.com/mcp").unwrap();
        for other in [
            "https://mcp.example.com/MCP",
            "https://mcp.example.com/mcp//",
            "https://mcp.example.com/mcp/x",
            "https://mcp.example.com/other?/mcp",
            "https://mcp.example.com",
            "http://mcp.example.com/mcp",
            "https://mcp.example.com:8443/mcp",
        ] {
            assert_ne!(Resource::parse(other).as_ref(), Some(&canonical), "{other}");
        }
    }

    #[test]
    fn what_is_no_plain_url_is_refused() {
        for bad in [
            "",
            "mcp",
            "/mcp",
            "https://h/mcp#f",
            "https://u@h/mcp",
            "https://u:p@h/mcp",
            "https://h/mcp?x#f",
            "ftp://h/mcp",
            "urn:x:y",
            "https://Bücher/mcp",
            "https://X%aa/mcp",
        ] {
            assert_eq!(Resource::parse(bad), None, "{bad}");
        }
    }
}
