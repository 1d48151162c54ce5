//! Asks a host for a document: what it may answer with, how long the answer is good, and how it fails.

use crate::{
    oauth::DocumentUrl,
    platform::{FetchError, FetchReply, FetchRequest, Platform, UnixTime},
};

/// The longest document that is read.
const MAX_BYTES: usize = 10 * 1024;
const DEADLINE_MS: u32 = 5_000;
/// Bounds of a document's life here, whatever its headers say, and its life if they say nothing.
pub(super) const MIN_SECONDS: u64 = 60;
const MAX_SECONDS: u64 = 24 * 3600;
const DEFAULT_SECONDS: u64 = 3600;

/// The JSON that is at `url`.
///
/// # Errors
/// When the host gives none.
pub(super) async fn fetch<P: Platform>(url: &DocumentUrl, platform: &P) -> Result<FetchReply, HostFailure> {
    let request = FetchRequest {
        url: url.as_str().to_owned(),
        authorization: None,
        form: None,
        max_bytes: MAX_BYTES,
        deadline_ms: DEADLINE_MS,
    };
    let reply = platform.fetch(request).await?;
    if reply.status != 200 {
        return Err(HostFailure::Status(reply.status));
    }
    let media_type = reply.content_type.as_deref().unwrap_or("").split(';').next().unwrap_or("").trim();
    let media_type = media_type.to_ascii_lowercase();
    let is_json =
        media_type == "application/json" || media_type.starts_with("application/") && media_type.ends_with("+json");
    if is_json { Ok(reply) } else { Err(HostFailure::NotJson) }
}

/// How long an answer may be kept (RFC 9111 §4.2.1, §5.2.2), in seconds and within our bounds.
pub(super) fn lifetime(reply: &FetchReply, now: UnixTime) -> u64 {
    let directives = reply.cache_control.as_deref().unwrap_or_default().to_ascii_lowercase();
    let mut directives = directives.split(',').map(str::trim);
    if directives.clone().any(|directive| matches!(directive, "no-store" | "no-cache")) {
        return MIN_SECONDS;
    }
    let max_age = directives.find_map(|directive| directive.strip_prefix("max-age="));
    let max_age = max_age.and_then(|seconds| seconds.trim_matches('"').parse::<u64>().ok());
    let fresh = max_age.map(|seconds| seconds.saturating_sub(reply.age.unwrap_or(0).into()));
    let fresh = fresh.or_else(|| reply.expires.map(|then| then.secs_since(now)));
    fresh.unwrap_or(DEFAULT_SECONDS).clamp(MIN_SECONDS, MAX_SECONDS)
}

/// How the host of a document fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HostFailure {
    /// It does not answer.
    #[error("{0}")]
    NoAnswer(FetchError),
    /// It answers with another status than 200. Redirects are not followed: whoever can redirect from there need not be who
    /// vouches for the URL.
    #[error("the answer has the status {0}, not 200")]
    Status(u16),
    /// It answers with something else than JSON.
    #[error("the answer's content type is not JSON")]
    NotJson,
    /// It answers with more than is read.
    #[error("the answer is longer than {MAX_BYTES} bytes")]
    TooLong,
}

impl HostFailure {
    /// Whether it says nothing about the document, so that the same request may work soon.
    pub(super) const fn is_temporary(&self) -> bool {
        match self {
            Self::NoAnswer(_) => true,
            Self::Status(status) => !matches!(status, 300..=399 | 404 | 410),
            Self::NotJson | Self::TooLong => false,
        }
    }

    /// Whether it says that there is no such document.
    pub(super) const fn is_gone(&self) -> bool {
        matches!(self, Self::Status(404 | 410))
    }
}

impl From<FetchError> for HostFailure {
    fn from(error: FetchError) -> Self {
        match error {
            FetchError::TooLong => Self::TooLong,
            error => Self::NoAnswer(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

    fn lives(cache_control: &str, age: Option<u32>) -> u64 {
        let cache_control = Some(cache_control.to_owned()).filter(|text| !text.is_empty());
        lifetime(&FetchReply { cache_control, age, ..FetchReply::default() }, NOW)
    }

    #[test]
    fn a_document_lives_as_long_as_its_headers_say_within_bounds() {
        for (cache_control, age, seconds) in [
            ("", None, 3600),
            ("public", Some(10), 3600),
            ("max-age=600", None, 600),
            ("public, Max-Age=600", Some(100), 500),
            ("max-age=\"600\"", None, 600),
            ("max-age=600", Some(1000), 60),
            ("max-age=0", None, 60),
            ("max-age=31536000, immutable", None, 86_400),
            ("max-age=99999999999999999999", None, 3600),
            ("max-age=-1", None, 3600),
            ("no-store", None, 60),
            ("max-age=600, no-cache", None, 60),
            ("private, max-age=600", None, 600),
        ] {
            assert_eq!(lives(cache_control, age), seconds, "{cache_control} {age:?}");
        }
    }

    #[test]
    fn without_an_age_it_lives_until_it_expires() {
        let lives = |cache_control: Option<&str>, expires| {
            let cache_control = cache_control.map(str::to_owned);
            lifetime(&FetchReply { cache_control, expires: Some(expires), ..FetchReply::default() }, NOW)
        };
        assert_eq!(lives(None, NOW.plus(600)), 600);
        assert_eq!(lives(Some("public"), NOW.plus(600)), 600);
        assert_eq!(lives(Some("max-age=300"), NOW.plus(600)), 300);
        assert_eq!(lives(None, NOW.plus(1_000_000)), 86_400);
        assert_eq!(lives(None, UnixTime::from_secs(0)), 60, "it has passed");
    }
}
