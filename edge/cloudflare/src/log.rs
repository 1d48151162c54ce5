//! One line of JSON a record, on the console that the platform keeps.

use edgeward_core::platform::{Level, Log, Record};
use worker::{console_error, console_log, console_warn};

use crate::Workers;

impl Log for Workers {
    fn log(&self, record: &Record) {
        write(record);
    }
}

/// As it is written.
pub(crate) fn line(record: &Record) -> String {
    serde_json::to_string(record).unwrap_or_default()
}

pub(crate) fn write(record: &Record) {
    let line = line(record);
    match record.level {
        Level::Info => console_log!("{line}"),
        Level::Warn => console_warn!("{line}"),
        Level::Alert => console_error!("{line}"),
    }
}
