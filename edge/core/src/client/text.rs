//! What clients say of themselves, made fit to be shown.

use url::Url;

use crate::message::visible::visible;

const MAX_CHARACTERS: usize = 64;

/// A name as it may be shown: no control or direction-changing characters, not too long.
pub(super) fn printable(name: &str) -> Option<String> {
    visible(name, MAX_CHARACTERS)
}

/// The URL of a web page, not too long; `None` if it is none.
pub(super) fn web_page(text: &str) -> Option<Url> {
    const MAX_BYTES: usize = 512;
    let url = Url::parse(text).ok().filter(|url| text.len() <= MAX_BYTES && url.has_host())?;
    (matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none()).then_some(url)
}

/// The host of a web page.
pub(super) fn site_host(text: &str) -> Option<String> {
    web_page(text)?.host_str().map(str::to_owned)
}
