//! Client identifiers that are URLs: what strangers have the edge fetch.

use edgeward_core::oauth::DocumentUrl;

use crate::browser;

/// The whole input is the URL. What is accepted is fetched as it is written, from a host that has a name in public use.
pub fn check(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let Ok(url) = DocumentUrl::parse(text) else { return };
    crate::accept();
    assert_eq!(url.as_str(), text);
    let host = url.host();
    // What stands between `https://` and the path, to any reader.
    assert_eq!(text["https://".len()..].split('/').next(), Some(host));
    assert_eq!(browser::rfc_3986_host(text).as_deref().unwrap_or(host), host, "{text}");
    let last = host.rsplit('.').next().unwrap_or("");
    // What ends in a number is an address to browsers.
    let is_hex = |digits: &str| digits.bytes().all(|c| c.is_ascii_hexdigit());
    let is_number = last.bytes().all(|c| c.is_ascii_digit()) || last.strip_prefix("0x").is_some_and(is_hex);
    assert!(host.contains('.') && !last.is_empty() && !is_number, "{text}");
    assert!(!matches!(last, "localhost" | "local" | "internal" | "arpa" | "onion"), "{text}");
    match browser::read(text) {
        Some(seen) => {
            assert_eq!((seen.href.as_str(), seen.host.as_str(), seen.scheme.as_str()), (text, host, "https"));
            assert!(!seen.has_user && !seen.has_fragment && seen.path.len() > 1, "{text}");
        }
        None => assert!(browser::may_be_refused(host), "a browser does not read {text}"),
    }
}
