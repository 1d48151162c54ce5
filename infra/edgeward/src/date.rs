//! Moments for people.

use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, SecondsFormat};
use edgeward_identity::UnixTime;

/// Now.
pub(crate) fn now() -> UnixTime {
    UnixTime::from_secs(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs())
}

/// As RFC 3339.
pub(crate) fn text(at: UnixTime) -> String {
    let date = i64::try_from(at.as_secs()).ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    date.map_or_else(
        || format!("{} s after 1970", at.as_secs()),
        |date| date.to_rfc3339_opts(SecondsFormat::Secs, true),
    )
}
