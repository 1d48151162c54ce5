//! Seconds since the epoch, passed in by whoever has a clock.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A moment, in whole seconds since 1970-01-01T00:00:00Z (`NumericDate` of RFC 7519 §2, without fractions).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnixTime(u64);

impl UnixTime {
    /// The moment `secs` seconds after the epoch.
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs)
    }

    /// Seconds since the epoch.
    pub const fn as_secs(self) -> u64 {
        self.0
    }

    /// This moment, `secs` seconds later; stays at the end of time instead of wrapping.
    #[must_use]
    pub const fn plus(self, secs: u64) -> Self {
        Self(self.0.saturating_add(secs))
    }

    /// Seconds from `earlier` until this moment; 0 when `earlier` is not earlier.
    pub const fn secs_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// As the date type of the JWT library; `None` past its range.
    pub(crate) fn to_date(self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp(i64::try_from(self.0).ok()?, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates_instead_of_wrapping() {
        let end = UnixTime::from_secs(u64::MAX);
        assert_eq!(end.plus(1), end);
        assert_eq!(UnixTime::from_secs(3).secs_since(UnixTime::from_secs(5)), 0);
        assert_eq!(UnixTime::from_secs(5).secs_since(UnixTime::from_secs(3)), 2);
    }

    #[test]
    fn dates_out_of_range_are_refused() {
        assert_eq!(UnixTime::from_secs(u64::MAX).to_date(), None);
        let date = UnixTime::from_secs(1_790_000_000).to_date().unwrap();
        assert_eq!(date.timestamp(), 1_790_000_000);
    }
}
