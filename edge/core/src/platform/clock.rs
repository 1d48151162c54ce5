//! The time.

pub use edgeward_identity::UnixTime;

/// Tells the time.
pub trait Clock {
    /// Now. A clock that runs behind accepts tokens longer than it should; one that runs ahead refuses fresh ones.
    fn now(&self) -> UnixTime;
}
