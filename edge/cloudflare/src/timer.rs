//! Waiting, by the request's own timer.

use std::time::Duration;

use edgeward_core::platform::Timer;
use worker::Delay;

use crate::Workers;

impl Timer for Workers {
    async fn sleep(&self, milliseconds: u32) {
        Delay::from(Duration::from_millis(milliseconds.into())).await;
    }
}
