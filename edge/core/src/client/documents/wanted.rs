//! Which document is wanted, and for what.

use crate::{oauth::DocumentUrl, platform::UnixTime};

/// What a document is for. The same URL in two roles is two documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::client) enum Role {
    /// A client's metadata.
    Metadata,
    /// A client's keys (`jwks_uri`).
    KeySet,
}

impl Role {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Metadata => "metadata",
            Self::KeySet => "keys",
        }
    }
}

/// Which document is wanted.
#[derive(Debug, Clone, Copy)]
pub(in crate::client) struct Wanted<'a> {
    /// Where it is.
    pub(in crate::client) url: &'a DocumentUrl,
    /// What it is for.
    pub(in crate::client) role: Role,
    /// One that was fetched earlier is of no use, not even while the host fails.
    pub(in crate::client) not_before: UnixTime,
}
