//! Documents that clients name, fetched and remembered: their metadata, and their keys.
//!
//! Strangers choose the URLs, so everything is bounded: what may be asked for ([`DocumentUrl`], the settings' hosts), how
//! long and how much is read, how much is remembered, and how often one URL is asked. A failure is remembered for a few
//! seconds, not as an answer but so that nobody can have a third party stormed from here.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use crate::{
    config::{Config, MetadataDocuments},
    oauth::{DocumentUrl, document_url::DocumentUrlError},
    platform::{FetchError, FetchReply, FetchRequest, Platform, UnixTime},
};

/// The longest document that is read.
const MAX_BYTES: usize = 10 * 1024;
const DEADLINE_MS: u32 = 5_000;
/// A fetch that has not ended after this long never will: the platform has ended its request.
const GIVEN_UP_AFTER_MS: u64 = 6_000;
/// A request waits at most this long for others that fetch the same document.
const PATIENCE_MS: u64 = 8_000;
const POLL_MS: u32 = 50;

/// Bounds of a document's life here, whatever its headers say, and its life if they say nothing.
const MIN_SECONDS: u64 = 60;
const MAX_SECONDS: u64 = 24 * 3600;
const DEFAULT_SECONDS: u64 = 3600;
/// No second fetch sooner than this after one that brought nothing.
const UNAVAILABLE_SECONDS: u64 = 5;
const REFUSED_SECONDS: u64 = 30;
/// At most two and a half megabytes.
const CAPACITY: usize = 256;
/// So many requests may fetch documents, or wait for others that do, at a time: strangers choose hosts that are slow.
const MAX_WAITING: usize = 128;

/// Documents remembered between requests, the last used last. So few that a list is searched faster than the code of a
/// map is loaded.
#[derive(Default)]
pub struct Documents {
    entries: RefCell<Vec<Entry>>,
    waiting: Cell<usize>,
}

#[derive(Default)]
struct Entry {
    url: String,
    /// The document, when it was asked for, and until when it is good.
    kept: Option<(Rc<[u8]>, UnixTime, UnixTime)>,
    /// Why there was none the last time, and until when it is not asked for again.
    failed: Option<(DocumentError, UnixTime)>,
    /// Since when a request is fetching it, in milliseconds after the epoch.
    fetching: Option<u64>,
}

/// Judges a document: what it refuses is not kept.
pub(super) type Check<'a> = &'a dyn Fn(&[u8]) -> Result<(), DocumentError>;

impl Documents {
    /// The document at `url`, not older than `not_before`, which has passed `check`.
    ///
    /// # Errors
    /// When it cannot be had, or is refused.
    pub(super) async fn find<P: Platform>(
        &self,
        url: &DocumentUrl,
        check: Check<'_>,
        not_before: UnixTime,
        platform: &P,
        now: UnixTime,
    ) -> Result<Rc<[u8]>, DocumentError> {
        // Platforms tie I/O to the request that began it, so no request can wait for another's fetch. It can look, from
        // time to time, whether the other has left something, and take over from one that was broken off.
        let mut waited = 0;
        if let Found::Document(outcome) = self.look(url, not_before, now, waited) {
            return outcome;
        }
        let _waiting = Waiting::among(&self.waiting)?;
        loop {
            match self.look(url, not_before, now, waited) {
                Found::Document(outcome) => return outcome,
                Found::Nothing => break,
                Found::Fetching if waited >= PATIENCE_MS => {
                    return Err(DocumentError::Unavailable("other requests wait for it too"));
                }
                Found::Fetching => {
                    platform.sleep(POLL_MS).await;
                    waited += u64::from(POLL_MS);
                }
            }
        }
        self.at(url, |entry| entry.fetching = Some(milliseconds(now) + waited));
        let outcome = fetch(url, platform).await.and_then(|reply| {
            check(&reply.body)?;
            Ok(reply)
        });
        let outcome = outcome.map(|reply| (lifetime(&reply, now), Rc::<[u8]>::from(reply.body)));
        // The time after the fetch, which may have taken as long as a failure is remembered.
        let then = platform.now();
        self.at(url, |entry| {
            entry.fetching = None;
            match &outcome {
                Ok((seconds, body)) => {
                    entry.kept = Some((Rc::clone(body), now, now.plus(*seconds)));
                    entry.failed = None;
                }
                // What is known stays good for its time: nobody can have it forgotten by asking for it again.
                Err(error @ DocumentError::Unavailable(_)) => {
                    entry.failed = Some((*error, then.plus(UNAVAILABLE_SECONDS)));
                }
                Err(error @ DocumentError::Refused(_)) => {
                    entry.kept = None;
                    entry.failed = Some((*error, then.plus(REFUSED_SECONDS)));
                }
            }
        });
        outcome.map(|(_, body)| body)
    }

    fn look(&self, url: &DocumentUrl, not_before: UnixTime, now: UnixTime, waited: u64) -> Found {
        let waiting_since = milliseconds(now) + waited;
        self.at(url, |entry| match (&entry.kept, &entry.failed, entry.fetching) {
            (Some((body, at, until)), ..) if *at >= not_before && now < *until => Found::Document(Ok(Rc::clone(body))),
            (_, _, Some(since)) if waiting_since < since + GIVEN_UP_AFTER_MS => Found::Fetching,
            (_, Some((error, until)), _) if now < *until => Found::Document(Err(*error)),
            _ => Found::Nothing,
        })
    }

    /// Does something with what is remembered of `url`, which is used last thereby.
    fn at<T>(&self, url: &DocumentUrl, act: impl FnOnce(&mut Entry) -> T) -> T {
        let mut entries = self.entries.borrow_mut();
        let found = entries.iter().position(|entry| entry.url == url.as_str()).map(|at| entries.remove(at));
        let mut entry = found.unwrap_or_else(|| Entry { url: url.as_str().to_owned(), ..Entry::default() });
        let done = act(&mut entry);
        if entries.len() == CAPACITY {
            entries.remove(0);
        }
        entries.push(entry);
        done
    }
}

/// One of the requests that wait, until it is dropped.
struct Waiting<'a>(&'a Cell<usize>);

impl<'a> Waiting<'a> {
    fn among(all: &'a Cell<usize>) -> Result<Self, DocumentError> {
        if all.get() >= MAX_WAITING {
            return Err(DocumentError::Unavailable("too many requests wait for documents"));
        }
        all.set(all.get() + 1);
        Ok(Self(all))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

enum Found {
    Document(Result<Rc<[u8]>, DocumentError>),
    Fetching,
    Nothing,
}

const fn milliseconds(time: UnixTime) -> u64 {
    time.as_secs().saturating_mul(1000)
}

/// A URL that we may be sent to: of good form, not our own, and at a host that the settings allow.
///
/// # Errors
/// The first rule that it breaks.
pub(super) fn allowed_url(text: &str, config: &Config) -> Result<DocumentUrl, NotAllowed> {
    let MetadataDocuments::On { allowed, denied } = &config.metadata_documents else { return Err(NotAllowed::Off) };
    let url = DocumentUrl::parse(text)?;
    let host = url.host();
    // The edge would wait for itself.
    if config.issuer.strip_prefix("https://").is_some_and(|own| own.split(':').next() == Some(host)) {
        return Err(NotAllowed::OwnHost);
    }
    if denied.matches(host) || !(allowed.is_empty() || allowed.matches(host)) {
        return Err(NotAllowed::Host);
    }
    Ok(url)
}

async fn fetch<P: Platform>(url: &DocumentUrl, platform: &P) -> Result<FetchReply, DocumentError> {
    use DocumentError::{Refused, Unavailable};
    let request = FetchRequest {
        url: url.as_str().to_owned(),
        authorization: None,
        form: None,
        max_bytes: MAX_BYTES,
        deadline_ms: DEADLINE_MS,
    };
    let reply = platform.fetch(request).await.map_err(|error| match error {
        FetchError::TooLong => Refused("it is too long"),
        FetchError::DeadlineExceeded => Unavailable("no answer before the deadline"),
        FetchError::Connection => Unavailable("the connection failed"),
        FetchError::Unreachable(reason) => Unavailable(reason),
    })?;
    match reply.status {
        200 => {}
        // Whoever can redirect from there need not be who vouches for it.
        300..=399 => return Err(Refused("a redirect")),
        404 | 410 => return Err(Refused("it is not there")),
        _ => return Err(Unavailable("a status that is not 200")),
    }
    let media_type = reply.content_type.as_deref().unwrap_or("").split(';').next().unwrap_or("").trim();
    let media_type = media_type.to_ascii_lowercase();
    let is_json =
        media_type == "application/json" || media_type.starts_with("application/") && media_type.ends_with("+json");
    if is_json { Ok(reply) } else { Err(Refused("its content type is not JSON")) }
}

/// How long an answer may be kept (RFC 9111 §4.2.1, §5.2.2), in seconds and within our bounds.
fn lifetime(reply: &FetchReply, now: UnixTime) -> u64 {
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

/// Why we do not go to a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAllowed {
    /// The settings say that we go to none.
    #[error("metadata documents are off")]
    Off,
    /// Its form.
    #[error(transparent)]
    Url(#[from] DocumentUrlError),
    /// It is the edge's own.
    #[error("URL at the edge's own host")]
    OwnHost,
    /// The settings say so.
    #[error("URL at a host that is not allowed")]
    Host,
}

/// Why there is no document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// It cannot be had now; later it may.
    #[error("document unavailable: {0}")]
    Unavailable(&'static str),
    /// It, or what is there instead, is no good.
    #[error("document refused: {0}")]
    Refused(&'static str),
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
