//! The pool's time: the machine's clock plus an offset that only grows.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds since 1970, as JWT claims count them.
pub(crate) type UnixSeconds = i64;

#[derive(Debug, Default)]
pub(crate) struct Clock {
    offset: AtomicI64,
}

impl Clock {
    /// Now, on the real clock moved by everything `advance` was given.
    pub(crate) fn now(&self) -> UnixSeconds {
        let real = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs());
        seconds(real).saturating_add(self.offset.load(Ordering::SeqCst))
    }

    pub(crate) fn advance(&self, by: u64) {
        self.offset.fetch_add(seconds(by), Ordering::SeqCst);
    }
}

/// A span or time as a signed number; absurdly long ones are cut.
pub(crate) fn seconds(span: u64) -> UnixSeconds {
    UnixSeconds::try_from(span).unwrap_or(UnixSeconds::MAX / 4)
}
