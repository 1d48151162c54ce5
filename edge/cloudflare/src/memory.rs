//! Nothing is shared through `Memory`: an instance serves many requests at once, and remembers for all of them. Refreshes are
//! coordinated by an object (`coordination.rs`).

use std::{
    convert::Infallible,
    future::{Future, pending},
};

use edgeward_core::platform::{Alone, Memory, MemoryName, Recalled};

use crate::Workers;

/// None of it is called.
impl Memory for Workers {
    type Sharing = Alone;
    type Turn = Infallible;

    fn is_shared(&self) -> bool {
        false
    }

    fn look(&self, _: &MemoryName) -> impl Future<Output = Option<Vec<u8>>> {
        pending()
    }

    fn recall(
        &self,
        _: &MemoryName,
        _: &dyn Fn(&[u8]) -> bool,
        _: u32,
    ) -> impl Future<Output = Recalled<Vec<u8>, Infallible>> {
        pending()
    }

    fn keep(&self, _: Infallible, _: &[u8], _: u32) -> impl Future<Output = ()> {
        pending()
    }

    fn put(&self, _: &MemoryName, _: &[u8], _: u32) -> impl Future<Output = ()> {
        pending()
    }

    fn insert_if_absent(&self, _: &MemoryName, _: u32) -> impl Future<Output = Option<bool>> {
        pending()
    }
}
