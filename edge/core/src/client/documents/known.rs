//! What instances tell one another of a document: how it was when its host was last asked, as bytes.
//!
//! A document need not be secret, and is judged anew by each that uses it. So only its form is checked here.

use std::rc::Rc;

use super::{
    error::Unfit,
    host::{HostFailure, MAX_SECONDS},
    wanted::Wanted,
};
use crate::{
    config::Config,
    platform::{FetchError, MemoryName, UnixTime},
    shared_memory::{name, take_byte, take_bytes, take_past, take_time, write_bytes, write_time},
};

/// After its life, a document is still used for so long while its host fails.
pub(super) const STALE_SECONDS: u64 = 24 * 3600;

/// A document that is good.
#[derive(Clone)]
pub(super) struct GoodDocument {
    pub(super) body: Rc<[u8]>,
    /// When it was asked for, or its host last answered with something else.
    pub(super) at: UnixTime,
    /// Until when it need not be asked for again.
    pub(super) until: UnixTime,
    /// Until when it is used while its host fails.
    pub(super) stale_until: UnixTime,
}

/// What came of the last fetch, and the document that is still used.
pub(super) struct Known {
    pub(super) noted_at: UnixTime,
    pub(super) dropped_at: UnixTime,
    pub(super) kept: Option<GoodDocument>,
    pub(super) failed: Option<(HostFailure, UnixTime)>,
    pub(super) refused: Option<Unfit>,
}

/// A failure is remembered for no longer than this.
const MAX_FAILURE_SECONDS: u64 = 30;
/// How long others are told that a document was refused: only those count it who have waited for it.
const REFUSED_SECONDS: u64 = 10;
const NONE: u8 = 0;
const SOME: u8 = 1;

impl Known {
    /// For how long somebody can use it.
    pub(super) fn lifetime(&self, now: UnixTime) -> u64 {
        let kept = self.kept.as_ref().map(|kept| kept.stale_until.secs_since(now));
        let failed = self.failed.map(|(_, until)| until.secs_since(now));
        // Other instances may have the document that was dropped.
        let dropped = self.dropped_at.plus(MAX_SECONDS + STALE_SECONDS).secs_since(now);
        kept.into_iter().chain(failed).fold(REFUSED_SECONDS.max(dropped), u64::max)
    }

    pub(super) fn write(&self) -> Vec<u8> {
        let mut to = [self.noted_at, self.dropped_at].map(write_time).concat();
        to.push(if self.kept.is_some() { SOME } else { NONE });
        if let Some(GoodDocument { body, at, until, stale_until }) = &self.kept {
            [at, until, stale_until].into_iter().for_each(|time| to.extend(write_time(*time)));
            write_bytes(&mut to, body);
        }
        let (code, detail, until) = match self.failed {
            None => (NONE, 0, UnixTime::from_secs(0)),
            Some((failure, until)) => {
                let (code, detail) = code_of(failure);
                (code, detail, until)
            }
        };
        to.push(code);
        to.extend(detail.to_be_bytes());
        to.extend(write_time(until));
        to.push(if self.refused.is_some() { SOME } else { NONE });
        if let Some(Unfit { reason, is_foreign }) = &self.refused {
            to.push(u8::from(*is_foreign));
            write_bytes(&mut to, reason.as_bytes());
        }
        to
    }

    pub(super) fn read(mut bytes: &[u8], now: UnixTime) -> Option<Self> {
        let from = &mut bytes;
        let (noted_at, dropped_at) = (take_past(from, now)?, take_past(from, now)?);
        let kept = match take_byte(from)? {
            NONE => None,
            SOME => {
                let (at, until, stale_until) = (take_past(from, now)?, take_time(from)?, take_time(from)?);
                Some(GoodDocument { body: Rc::from(take_bytes(from)?), at, until, stale_until })
            }
            _ => return None,
        };
        let code = take_byte(from)?;
        let detail = u16::from_be_bytes([take_byte(from)?, take_byte(from)?]);
        let until = take_time(from)?;
        // The clock of who has noted it may be ahead.
        let until = until.min(now.plus(MAX_FAILURE_SECONDS));
        let failed = if code == NONE { None } else { Some((failure_of(code, detail)?, until)) };
        let refused = match take_byte(from)? {
            NONE => None,
            SOME => {
                let is_foreign = take_byte(from)? == 1;
                let reason = String::from_utf8(take_bytes(from)?.to_vec()).ok()?;
                Some(Unfit { reason: reason.into(), is_foreign })
            }
            _ => return None,
        };
        Some(Self { noted_at, dropped_at, kept, failed, refused })
    }
}

/// The name of a document among instances. What is known of a URL in one role says nothing of it in the other.
pub(super) fn name_of(wanted: &Wanted<'_>, config: &Config) -> MemoryName {
    name("client document/1", &[&config.issuer, wanted.role.as_str(), wanted.url.as_str()])
}

/// Why a host cannot be reached is told in the log of the instance that asked.
const fn code_of(failure: HostFailure) -> (u8, u16) {
    match failure {
        HostFailure::NoAnswer(FetchError::DeadlineExceeded) => (1, 0),
        HostFailure::NoAnswer(FetchError::Connection | FetchError::Unreachable(_)) => (2, 0),
        HostFailure::TooLong | HostFailure::NoAnswer(FetchError::TooLong) => (3, 0),
        HostFailure::NotJson => (4, 0),
        HostFailure::Status(status) => (5, status),
    }
}

const fn failure_of(code: u8, detail: u16) -> Option<HostFailure> {
    Some(match code {
        1 => HostFailure::NoAnswer(FetchError::DeadlineExceeded),
        2 => HostFailure::NoAnswer(FetchError::Connection),
        3 => HostFailure::TooLong,
        4 => HostFailure::NotJson,
        5 => HostFailure::Status(detail),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime::from_secs(1_000_000);

    fn full() -> Known {
        let kept =
            GoodDocument { body: Rc::from(&b"{}"[..]), at: NOW, until: NOW.plus(60), stale_until: NOW.plus(3_600) };
        let failed = Some((HostFailure::Status(502), NOW.plus(5)));
        Known {
            noted_at: NOW,
            dropped_at: UnixTime::from_secs(7),
            kept: Some(kept),
            failed,
            refused: Some(Unfit::foreign("it is another document")),
        }
    }

    #[test]
    fn what_was_written_is_read_and_nothing_that_is_cut() {
        let written = full().write();
        let read = Known::read(&written, NOW).unwrap();
        assert_eq!(read.dropped_at, UnixTime::from_secs(7));
        assert_eq!((read.noted_at, read.failed, read.refused.clone()), (NOW, full().failed, full().refused));
        let kept = read.kept.as_ref().unwrap();
        assert_eq!(
            (&*kept.body, kept.at, kept.until, kept.stale_until),
            (&b"{}"[..], NOW, NOW.plus(60), NOW.plus(3_600))
        );
        assert_eq!(read.write(), written);
        assert!((0..written.len()).all(|length| Known::read(&written[..length], NOW).is_none()));
        let never = UnixTime::from_secs(0);
        let nothing = Known { noted_at: NOW, dropped_at: never, kept: None, failed: None, refused: None };
        assert_eq!((nothing.lifetime(NOW), full().lifetime(NOW)), (REFUSED_SECONDS, 3_600));
        assert_eq!(Known { dropped_at: NOW, ..full() }.lifetime(NOW), 48 * 3_600);
        let read = Known::read(&nothing.write(), NOW).unwrap();
        assert!(read.kept.is_none() && read.failed.is_none() && read.refused.is_none());
    }

    #[test]
    fn what_was_noted_in_the_future_is_not_read() {
        let ahead = Known { noted_at: NOW.plus(100), ..full() };
        assert!(Known::read(&ahead.write(), NOW).is_none());
        let kept = full().kept.map(|kept| GoodDocument { at: NOW.plus(100), ..kept });
        assert!(Known::read(&Known { kept, ..full() }.write(), NOW).is_none());
    }

    #[test]
    fn a_failure_stays_as_temporary_as_it_is() {
        for failure in [
            HostFailure::NoAnswer(FetchError::DeadlineExceeded),
            HostFailure::NoAnswer(FetchError::Connection),
            HostFailure::NoAnswer(FetchError::Unreachable("no such name")),
            HostFailure::TooLong,
            HostFailure::NotJson,
            HostFailure::Status(302),
            HostFailure::Status(404),
            HostFailure::Status(503),
        ] {
            let (code, detail) = code_of(failure);
            let read = failure_of(code, detail).unwrap();
            assert_eq!((read.is_temporary(), read.is_gone()), (failure.is_temporary(), failure.is_gone()), "{failure}");
        }
        assert!(failure_of(6, 0).is_none());
    }
}
