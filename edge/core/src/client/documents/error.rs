//! Why there is no document, or why it is no good.

use std::borrow::Cow;

use super::host::HostFailure;

/// Why a document is no good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfit {
    /// In words.
    pub reason: Cow<'static, str>,
    /// Whether it is something else than the document that is wanted, as a host that fails may answer. It says nothing of the
    /// client then.
    pub is_foreign: bool,
}

impl Unfit {
    /// The document breaks a rule.
    pub(in crate::client) fn breaks(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { reason: reason.into(), is_foreign: false }
    }

    /// It is not the document that is wanted.
    pub(in crate::client) const fn foreign(reason: &'static str) -> Self {
        Self { reason: Cow::Borrowed(reason), is_foreign: true }
    }
}

/// Why there is no document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// Its host gives none.
    #[error(transparent)]
    Host(HostFailure),
    /// It is no good.
    #[error("{}", .0.reason)]
    Refused(Unfit),
    /// It was not asked for: others come first.
    #[error("{0}")]
    Busy(&'static str),
}

impl DocumentError {
    /// Whether the same request may work soon.
    pub const fn is_temporary(&self) -> bool {
        match self {
            Self::Host(failure) => failure.is_temporary(),
            Self::Refused(_) => false,
            Self::Busy(_) => true,
        }
    }
}
