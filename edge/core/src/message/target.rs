//! What a request asks for, and of whom.

/// The URL of a request, in its parts.
///
/// The platform has parsed the URL before; this only cuts its text. Nothing is decoded, folded or completed on the way, so that
/// an origin which is spelled in another way than the issuer is another origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target<'a> {
    /// Scheme, host and port, and whatever else stands before the path.
    pub origin: &'a str,
    /// The path as it was sent, still percent-encoded.
    pub path: &'a str,
    /// The query as it was sent, without `?`.
    pub query: Option<&'a str>,
}

impl<'a> Target<'a> {
    /// The parts of an absolute URL without a fragment. What is no such URL has an origin that no issuer has.
    pub fn of(url: &'a str) -> Self {
        // Every MCP request comes here, and to look at bytes costs less than to search a text.
        let from = |at: usize, byte: u8| url.bytes().skip(at).position(|other| other == byte).map(|count| at + count);
        let authority = match from(0, b':') {
            Some(scheme) if url[scheme..].starts_with("://") => scheme + "://".len(),
            _ => url.len(),
        };
        let path = from(authority, b'/').unwrap_or(url.len());
        let question = from(path, b'?');
        let (origin, query) = (&url[..path], question.map(|at| &url[at + 1..]));
        let path = &url[path..question.unwrap_or(url.len())];
        Self { origin, path: if path.is_empty() { "/" } else { path }, query }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_cut_into_its_parts() {
        for (url, origin, path, query) in [
            ("https://edge.example/mcp", "https://edge.example", "/mcp", None),
            ("https://edge.example/", "https://edge.example", "/", None),
            ("https://edge.example", "https://edge.example", "/", None),
            ("http://localhost:8787/a/b?c=/d?e", "http://localhost:8787", "/a/b", Some("c=/d?e")),
            ("http://[::1]:8787/mcp?", "http://[::1]:8787", "/mcp", Some("")),
            ("https://edge.example//other.example/", "https://edge.example", "//other.example/", None),
            ("https://user@edge.example/mcp", "https://user@edge.example", "/mcp", None),
            ("https://edge.example?a=/mcp", "https://edge.example?a=", "/mcp", None),
            ("/mcp", "/mcp", "/", None),
            ("", "", "/", None),
        ] {
            assert_eq!(Target::of(url), Target { origin, path, query }, "{url}");
        }
    }
}
