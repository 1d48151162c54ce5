//! How many requests wait for documents at a time.

use std::cell::Cell;

use super::error::DocumentError;

/// So many requests may fetch documents, or wait for others that do, at a time: strangers choose hosts that are slow.
const MAX_WAITING: usize = 128;

/// One of the requests that wait, until it is dropped.
pub(super) struct Waiting<'a>(&'a Cell<usize>);

impl<'a> Waiting<'a> {
    pub(super) fn among(all: &'a Cell<usize>) -> Result<Self, DocumentError> {
        if all.get() >= MAX_WAITING {
            return Err(DocumentError::Busy("too many requests wait for documents"));
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
