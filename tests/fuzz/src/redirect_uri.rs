//! Redirect URIs: what may be registered, and what matches.

use edgeward_core::oauth::{RedirectTarget, RedirectUri, redirect_uri::PrivateUseSchemes};
use url::Url;

use crate::browser::{self, Seen};

const SCHEMES: [&str; 2] = ["cursor", "com.example.app"];
const PARAMETERS: [(&str, &str); 3] = [("code", "a.b-_c"), ("state", "x&y=z #%\"<>"), ("iss", "https://edge.example")];

/// The first line is what a request asks for, the others are registered. Whatever is accepted is read alike by all
/// parsers; whatever matches leads a browser to the host that was registered, also with the answer in its query.
pub fn check(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let schemes = PrivateUseSchemes::new(SCHEMES.map(str::to_owned)).unwrap();
    let mut lines = text.split('\n');
    let requested = lines.next().unwrap_or("");
    let Ok(uri) = RedirectUri::parse(requested, &schemes) else { return };
    let Some(seen) = accepted(requested) else { return };
    let registered: Vec<RedirectUri> = lines.filter_map(|uri| RedirectUri::parse(uri, &schemes).ok()).collect();
    let is_meant = |registered: &RedirectUri| is_meant(registered.as_str(), requested);
    let expected = registered.iter().any(is_meant);
    let target = uri.find_in(&registered);
    assert_eq!(target.is_some(), expected, "{requested} among {registered:?}");
    if let Some(target) = target {
        crate::accept();
        leads_there(&target, &seen);
        assert_eq!(serde_json::to_value(&target).unwrap(), target.as_str(), "what is sealed is what was checked");
    }
}

/// What must hold of each URI that is accepted. `None` if a browser does not go there at all.
pub(crate) fn accepted(text: &str) -> Option<Seen> {
    assert!(text.len() <= 512 && text.bytes().all(|c| c.is_ascii_graphic()), "{text}");
    let url = Url::parse(text).unwrap();
    let host = url.host_str().unwrap_or("");
    let Some(seen) = browser::read(text) else {
        assert!(browser::may_be_refused(host), "a browser does not read {text}");
        return None;
    };
    assert_eq!((seen.scheme.as_str(), seen.host.as_str()), (url.scheme(), host), "{text}");
    assert!(!seen.has_user && !seen.has_fragment, "{text}");
    match seen.scheme.as_str() {
        "https" => {}
        "http" => assert!(is_loopback(&seen.host), "{text}"),
        scheme => assert!(SCHEMES.contains(&scheme), "{text}"),
    }
    if let Some(host) = browser::rfc_3986_host(text).filter(|_| seen.scheme.starts_with("http")) {
        // Numbers are addresses to browsers alone, and IPv6 addresses have several spellings.
        let is_address = seen.host.starts_with(|c: char| c.is_ascii_digit() || c == '[');
        assert!(host == seen.host || is_address, "{text}: {host} and {}", seen.host);
    }
    Some(seen)
}

fn is_loopback(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}

/// Character for character; on loopback with any port.
fn is_meant(registered: &str, requested: &str) -> bool {
    let (Some(one), Some(other)) = (browser::read(registered), browser::read(requested)) else {
        return registered == requested;
    };
    let is_program = |seen: &Seen| seen.scheme == "http" && is_loopback(&seen.host);
    let rest = |text: &str| {
        let after = text.split_once("://").map_or("", |(_, rest)| rest).to_owned();
        after.find(['/', '?']).map_or(String::new(), |at| after[at..].to_owned())
    };
    registered == requested
        || is_program(&one) && is_program(&other) && one.host == other.host && rest(registered) == rest(requested)
}

fn leads_there(target: &RedirectTarget, seen: &Seen) {
    let location = target.with(PARAMETERS);
    assert!(location.bytes().all(|c| c.is_ascii_graphic()), "{location}");
    let there = browser::read(&location).expect("a browser goes there");
    assert_eq!((&there.scheme, &there.host, &there.path), (&seen.scheme, &seen.host, &seen.path), "{location}");
    assert!(!there.has_user && !there.has_fragment, "{location}");
    let pairs = |query: &str| -> Vec<(String, String)> {
        form_urlencoded::parse(query.as_bytes()).map(|(name, value)| (name.into(), value.into())).collect()
    };
    let before = pairs(&seen.query);
    let after = pairs(&there.query);
    let added = PARAMETERS.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(after, [before.as_slice(), &added].concat(), "{location}");
}
