//! Memory that the instances of an edge share.

use std::future::{Future, pending, ready};

/// What a value is called: a digest that core makes of all that tells the value from others. It says nothing of them.
pub type MemoryName = [u8; 32];

/// Remembers near by, for other instances. Losing any of it costs time, never safety: core trusts no value that does not have the
/// edge's own code for exactly this name, and judges by itself how old a value may be. It may be gone, old, or of another name.
///
/// Three answers are believed as they are. An adapter must not give them lightly:
///
/// - [`Memory::insert_if_absent`] says `Some(true)` once for a name. Where it says so twice, a client assertion may be used twice,
///   if the thief also has the code or refresh token that belongs to it.
/// - [`Recalled::Turn`] goes to one request at a time. Where two have it, Cognito is shown a refresh token twice, and a client may
///   have to sign its user in again; documents and keys are only fetched twice.
/// - What was put is found soon, and the newer of two values wins. Where an older one is found, or one value is lost and an older
///   one under another name is not, an instance may give the answer of a grant that was revoked within the last minute, and a new
///   instance may use a client's document or Cognito's keys for as long as they may be kept, though they were replaced.
///
/// No call takes longer than `patience_ms` and about a second. A memory that is broken says so: then the request goes on as where
/// nothing is shared, and does not ask the memory again.
///
/// A platform on which instances share nothing names [`Alone`], and any type for turns, and implements nothing else. One that has a
/// memory implements everything: `edge/contract` finds what it forgets.
pub trait Memory {
    /// [`Together`], or [`Alone`] where there never is such a memory.
    type Sharing: Sharing;

    /// The right to make a value, for one name. Dropped, or when the platform ends the request that has it, it passes to the next
    /// request that waits.
    type Turn;

    /// Whether there is such a memory. Without one nothing else here is called. It is always the same.
    fn is_shared(&self) -> bool {
        false
    }

    /// What was put there last, if it is still there.
    ///
    /// # Errors
    /// When that cannot be told.
    fn look(&self, _name: &MemoryName) -> impl Future<Output = Result<Option<Vec<u8>>, MemoryUnavailable>> {
        ready(Err(MemoryUnavailable))
    }

    /// A value that `is_good`, or the turn to make one (single-flight). `is_good` is asked about the value that there is, if any,
    /// and about those that come while this waits. While another request has the turn, this waits for up to `patience_ms`.
    fn recall(
        &self,
        _name: &MemoryName,
        _is_good: &dyn Fn(&[u8]) -> bool,
        _patience_ms: u32,
    ) -> impl Future<Output = Recalled<Vec<u8>, Self::Turn>> {
        ready(Recalled::Nothing)
    }

    /// Keeps what was made of a turn, gives it to those who wait, and ends the turn.
    fn keep(&self, _turn: Self::Turn, _value: &[u8], _seconds: u32) -> impl Future<Output = ()> {
        ready(())
    }

    /// Keeps a value for so long, in the place of another.
    fn put(&self, _name: &MemoryName, _value: &[u8], _seconds: u32) -> impl Future<Output = ()> {
        ready(())
    }

    /// Notes a name for so long, whole and at once. False if it is noted already; `None` if that cannot be told.
    fn insert_if_absent(&self, _name: &MemoryName, _seconds: u32) -> impl Future<Output = Option<bool>> {
        ready(None)
    }
}

/// The memory is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the memory that instances share is broken")]
pub struct MemoryUnavailable;

/// Whether instances share a memory, at compile time. With [`Alone`], the compiler removes the code for sharing.
pub trait Sharing {
    /// Whether there may be a memory.
    const IS_POSSIBLE: bool;

    /// Does something with others. Only where there is a memory.
    fn run<T, F: Future<Output = T>>(act: impl FnOnce() -> F) -> impl Future<Output = T>;
}

/// Instances share a memory, or do if [`Memory::is_shared`] says so.
#[derive(Debug)]
pub enum Together {}

impl Sharing for Together {
    const IS_POSSIBLE: bool = true;

    fn run<T, F: Future<Output = T>>(act: impl FnOnce() -> F) -> impl Future<Output = T> {
        act()
    }
}

/// Each instance remembers for itself.
#[derive(Debug)]
pub enum Alone {}

impl Sharing for Alone {
    const IS_POSSIBLE: bool = false;

    fn run<T, F: Future<Output = T>>(_: impl FnOnce() -> F) -> impl Future<Output = T> {
        pending()
    }
}

/// What comes of [`Memory::recall`].
#[derive(Debug)]
pub enum Recalled<Value, Turn> {
    /// Somebody's value.
    Value(Value),
    /// This request makes one. Others wait for it.
    Turn(Turn),
    /// Another request has had the turn for as long as this one waits.
    Busy,
    /// The memory is broken, or cannot tell.
    Nothing,
}
