//! What a browser sees in a URL: Ada, the parser of Node and others, which shares no code with ours.

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) scheme: String,
    pub(crate) host: String,
    pub(crate) href: String,
    pub(crate) has_user: bool,
    pub(crate) has_fragment: bool,
    pub(crate) path: String,
    pub(crate) query: String,
}

/// What is at `text`; `None` if a browser goes nowhere.
pub(crate) fn read(text: &str) -> Option<Seen> {
    let url = ada_url::Url::parse(text, None).ok()?;
    Some(Seen {
        scheme: url.protocol().trim_end_matches(':').to_owned(),
        host: url.hostname().to_owned(),
        href: url.href().to_owned(),
        has_user: url.has_credentials(),
        has_fragment: url.has_hash(),
        path: url.pathname().to_owned(),
        query: url.search().trim_start_matches('?').to_owned(),
    })
}

/// The host as clients read it that know RFC 3986 alone; `None` if they cannot read it.
pub(crate) fn rfc_3986_host(text: &str) -> Option<String> {
    text.parse::<http::Uri>().ok()?.host().map(str::to_ascii_lowercase)
}

/// The browser's parser reads Unicode names, and so checks the ones that are written in ASCII for being good; ours does
/// not know them.
pub(crate) fn may_be_refused(host: &str) -> bool {
    host.split('.').any(|label| label.starts_with("xn--"))
}
