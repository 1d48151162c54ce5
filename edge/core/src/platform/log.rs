//! Log lines.

pub use crate::audit::{Event, Level, Record};

/// Writes log lines.
pub trait Log {
    /// Writes one record as one line of JSON.
    fn log(&self, record: &Record);
}
