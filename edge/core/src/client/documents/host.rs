//! Asks a host for a document: what it may answer with, how long the answer is good, and how it fails.

use http::header;

use crate::{
    message::{
        caching::{Freshness, joined},
        media_type::media_type,
    },
    oauth::DocumentUrl,
    platform::{FetchError, FetchReply, FetchRequest, Platform, UnixTime},
};

/// The longest document that is read.
const MAX_BYTES: usize = 10 * 1024;
const DEADLINE_MS: u32 = 5_000;
/// Bounds of a document's life here, whatever its headers say, and its life if they say nothing.
pub(super) const MIN_SECONDS: u64 = 60;
pub(super) const MAX_SECONDS: u64 = 24 * 3600;
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
    let media_type = media_type(&joined(&reply.headers, header::CONTENT_TYPE).unwrap_or_default());
    let is_json =
        media_type == "application/json" || media_type.starts_with("application/") && media_type.ends_with("+json");
    if is_json { Ok(reply) } else { Err(HostFailure::NotJson) }
}

/// How long an answer may be kept, in seconds and within our bounds.
pub(super) fn lifetime(reply: &FetchReply, now: UnixTime) -> u64 {
    let seconds = match Freshness::of(&reply.headers, now) {
        Freshness::Never => MIN_SECONDS,
        Freshness::Seconds(seconds) => seconds,
        Freshness::Unknown => DEFAULT_SECONDS,
    };
    seconds.clamp(MIN_SECONDS, MAX_SECONDS)
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

    /// Sun, 06 Nov 1994 08:49:37 GMT, less ten minutes.
    const NOW: UnixTime = UnixTime::from_secs(784_111_177);

    #[test]
    fn a_document_lives_as_long_as_its_header_says_within_bounds() {
        for (field, seconds) in [
            (None, 3600),
            (Some((header::CACHE_CONTROL, "public")), 3600),
            (Some((header::CACHE_CONTROL, "max-age=600")), 600),
            (Some((header::CACHE_CONTROL, "max-age=0")), 60),
            (Some((header::CACHE_CONTROL, "max-age=31536000, immutable")), 86_400),
            (Some((header::CACHE_CONTROL, "no-store")), 60),
            (Some((header::EXPIRES, "Sun, 06 Nov 1994 08:49:37 GMT")), 600),
            (Some((header::EXPIRES, "Sat, 06 Nov 2094 08:49:37 GMT")), 86_400),
            (Some((header::EXPIRES, "0")), 60),
        ] {
            let mut reply = FetchReply::default();
            if let Some((name, value)) = &field {
                reply.headers.insert(name, http::HeaderValue::from_static(value));
            }
            assert_eq!(lifetime(&reply, NOW), seconds, "{field:?}");
        }
    }
}
