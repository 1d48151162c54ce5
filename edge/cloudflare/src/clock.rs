//! The time. Workers' clock stands still while code runs and moves with I/O: one reading a request is all there is.

use edgeward_core::platform::{Clock, UnixTime};

use crate::Workers;

impl Clock for Workers {
    fn now(&self) -> UnixTime {
        // Milliseconds since the epoch fit a u64 with room to spare; the cast saturates.
        UnixTime::from_secs(js_sys::Date::now() as u64 / 1000)
    }
}
