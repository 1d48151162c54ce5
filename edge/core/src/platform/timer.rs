//! Waiting.

use std::future::Future;

/// Waits.
pub trait Timer {
    /// Ends after `milliseconds`, or later. One that ends at once makes requests that wait for each other spin.
    fn sleep(&self, milliseconds: u32) -> impl Future<Output = ()>;
}
