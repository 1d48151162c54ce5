//! The contract of `Log`.

use edgeward_core::platform::{Event, Level, Log, Record};

use crate::report::Report;

/// Writes a record of each level, with this reason. That nothing fails is all that can be seen from here: who reads the log
/// must find each of them as one line of JSON.
pub async fn log_contract(port: &impl Log, reason: &str) -> Report {
    let mut report = Report::new("log");
    report
        .hold("it writes records of each level", async {
            for level in [Level::Info, Level::Warn, Level::Alert] {
                port.log(&Record::new(level, Event::NotLimited).because(&reason));
            }
            Ok(())
        })
        .await;
    report
}
