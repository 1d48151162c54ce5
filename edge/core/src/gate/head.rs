//! What the gate looks at first.

use crate::message::target::Target;

/// The head of a request to a protected resource.
#[derive(Debug, Clone, Copy)]
pub struct RequestHead<'a> {
    /// The method.
    pub method: &'a str,
    /// Its URL.
    pub target: Target<'a>,
    /// `Authorization`.
    pub authorization: Option<&'a str>,
    /// `Origin`.
    pub origin_header: Option<&'a str>,
    /// `traceparent`.
    pub traceparent: Option<&'a str>,
    /// `Content-Length`: zero without a body, `None` for a body that announces none, which the origin counts.
    pub content_length: Option<u64>,
    /// Whether it has `Upgrade`.
    pub has_upgrade: bool,
}

impl RequestHead<'_> {
    /// Whether an adapter may take others for one like this, from method, URL and `Authorization` alone. The scheme must be spelled
    /// `Bearer`, with one blank after it: a token with many spellings would take as many places in a memory.
    pub(crate) fn may_repeat(&self) -> bool {
        let is_plain = |value: &str| value.strip_prefix("Bearer ").is_some_and(|token| !token.starts_with(' '));
        self.origin_header.is_none()
            && self.traceparent.is_none()
            && !self.has_upgrade
            && self.authorization.is_none_or(is_plain)
    }
}
