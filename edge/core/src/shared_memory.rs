//! What instances tell one another through [`Memory`]: what it is called, and how an instance knows that another one has said it.
//!
//! A value comes with a code over its name and itself, made with the edge's own key (HMAC-SHA256): no other value passes, not even
//! one that was kept under another name. It holds no secret unless it is sealed.

use std::{
    cell::{Cell, RefCell},
    future::Future,
};

use sha2::{Digest, Sha256};

use crate::{
    keys::Keys,
    platform::{Memory, MemoryName, MemoryUnavailable, Recalled, Sharing, UnixTime},
    request_context::RequestContext,
};

/// Names the form of what is kept, beside the purpose in each name.
const PURPOSE: &str = "memory/1";
/// A code, as base64url.
const CODE_BYTES: usize = 43;
/// The clocks of two instances differ by no more than this many seconds.
pub(crate) const MAX_SKEW: u64 = 60;

/// Whether instances share a memory: to be asked before [`together`].
pub(crate) fn is_shared<P: Memory>(platform: &P) -> bool {
    P::Sharing::IS_POSSIBLE && platform.is_shared()
}

/// Does something with other instances, where they share a memory. Where they never do, what is done has no code.
pub(crate) fn together<P: Memory, T, F: Future<Output = T>>(_: &P, act: impl FnOnce() -> F) -> impl Future<Output = T> {
    P::Sharing::run(act)
}

/// The name of what is kept for `purpose` and these parts, of which each counts by itself.
pub(crate) fn name(purpose: &str, parts: &[&str]) -> MemoryName {
    let mut digest = Sha256::new();
    for part in [purpose].iter().chain(parts) {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    digest.finalize().into()
}

/// The platform's memory, for values of this edge. Once it is broken, the request does not wait for it again.
pub(crate) struct SharedMemory<'a, P> {
    platform: &'a P,
    keys: &'a Keys,
    is_broken: &'a Cell<bool>,
}

impl<'a, P: Memory> SharedMemory<'a, P> {
    pub(crate) const fn of(context: &'a RequestContext<'a, P>) -> Self {
        Self { platform: context.platform, keys: &context.config.keys, is_broken: &context.memory_is_broken }
    }

    /// What `read` makes of the value that there is.
    ///
    /// # Errors
    /// When it cannot be told whether there is one.
    pub(crate) async fn look<T>(
        &self,
        name: &MemoryName,
        read: impl Fn(&[u8]) -> Option<T>,
    ) -> Result<Option<T>, MemoryUnavailable> {
        if self.is_broken.get() {
            return Err(MemoryUnavailable);
        }
        let value = self.platform.look(name).await.inspect_err(|_| self.is_broken.set(true))?;
        Ok(value.and_then(|value| read(self.checked(name, &value)?)))
    }

    /// What `read` makes of a value, or the turn to make one. `read` is asked about every value there is, and gives `None` for one
    /// that is not good enough.
    pub(crate) async fn recall<T>(
        &self,
        name: &MemoryName,
        read: impl Fn(&[u8]) -> Option<T>,
        patience_ms: u32,
    ) -> Recalled<T, P::Turn> {
        if self.is_broken.get() {
            return Recalled::Nothing;
        }
        let found = RefCell::new(None);
        let is_good = |value: &[u8]| {
            let good = self.checked(name, value).and_then(&read);
            let is_good = good.is_some();
            *found.borrow_mut() = good;
            is_good
        };
        match self.platform.recall(name, &is_good, patience_ms).await {
            // The adapter may have asked about another value than the one that it gives.
            Recalled::Value(value) if is_good(&value) => found.into_inner().map_or(Recalled::Nothing, Recalled::Value),
            Recalled::Value(_) => Recalled::Nothing,
            Recalled::Nothing => {
                self.is_broken.set(true);
                Recalled::Nothing
            }
            Recalled::Turn(turn) => Recalled::Turn(turn),
            Recalled::Busy => Recalled::Busy,
        }
    }

    /// Keeps the value of a turn.
    pub(crate) async fn keep(&self, turn: P::Turn, name: &MemoryName, value: &[u8], seconds: u64) {
        if !self.is_broken.get() {
            self.platform.keep(turn, &self.coded(name, value), of_32_bits(seconds)).await;
        }
    }

    /// Keeps a value that nobody waits for.
    pub(crate) async fn put(&self, name: &MemoryName, value: &[u8], seconds: u64) {
        if !self.is_broken.get() {
            self.platform.put(name, &self.coded(name, value), of_32_bits(seconds)).await;
        }
    }

    /// Notes a name. False if it is noted already; `None` if that cannot be told.
    pub(crate) async fn insert_if_absent(&self, name: &MemoryName, seconds: u64) -> Option<bool> {
        if self.is_broken.get() {
            return None;
        }
        let is_first = self.platform.insert_if_absent(name, of_32_bits(seconds)).await;
        self.is_broken.set(is_first.is_none());
        is_first
    }

    fn coded(&self, name: &MemoryName, value: &[u8]) -> Vec<u8> {
        let code = self.keys.registration().code(PURPOSE, &[name, value].concat());
        [code.as_bytes(), value].concat()
    }

    /// The value, if an instance of this edge has kept it under this name. The key may be one that is being replaced.
    fn checked<'v>(&self, name: &MemoryName, coded: &'v [u8]) -> Option<&'v [u8]> {
        let (code, value) = coded.split_at_checked(CODE_BYTES)?;
        let (code, message) = (std::str::from_utf8(code).ok()?, [name, value].concat());
        self.keys.registrations().iter().any(|key| key.verifies(PURPOSE, &message, code)).then_some(value)
    }
}

fn of_32_bits(seconds: u64) -> u32 {
    u32::try_from(seconds).unwrap_or(u32::MAX)
}

/// A time, as eight bytes.
pub(crate) fn write_time(time: UnixTime) -> [u8; 8] {
    time.as_secs().to_be_bytes()
}

/// Takes a time from the front.
pub(crate) fn take_time(bytes: &mut &[u8]) -> Option<UnixTime> {
    let (time, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(UnixTime::from_secs(u64::from_be_bytes(*time)))
}

/// Takes a time that has passed from the front: one that has not, but for the difference of two clocks, was not written by this
/// edge, and would stay fresh for ever.
pub(crate) fn take_past(bytes: &mut &[u8], now: UnixTime) -> Option<UnixTime> {
    take_time(bytes).filter(|time| *time <= now.plus(MAX_SKEW))
}

/// Takes a byte from the front.
pub(crate) fn take_byte(bytes: &mut &[u8]) -> Option<u8> {
    let (byte, rest) = bytes.split_first()?;
    *bytes = rest;
    Some(*byte)
}

/// Takes so many bytes from the front, whose number is written before them.
pub(crate) fn take_bytes<'b>(bytes: &mut &'b [u8]) -> Option<&'b [u8]> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (taken, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    *bytes = rest;
    Some(taken)
}

/// Writes bytes with their number before them.
pub(crate) fn write_bytes(to: &mut Vec<u8>, bytes: &[u8]) {
    to.extend(of_32_bits(bytes.len() as u64).to_be_bytes());
    to.extend(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_of_its_purpose_and_of_each_part() {
        let names = [
            name("a", &[]),
            name("a", &[""]),
            name("a", &["b", "c"]),
            name("a", &["bc"]),
            name("ab", &["c"]),
            name("a", &["c", "b"]),
        ];
        for (at, one) in names.iter().enumerate() {
            assert!(names[at + 1..].iter().all(|other| other != one), "{at}");
        }
        assert_eq!(name("a", &["b"]), name("a", &["b"]));
    }

    #[test]
    fn what_was_written_is_read_and_nothing_that_is_too_short() {
        let mut written = write_time(UnixTime::from_secs(7)).to_vec();
        written.push(9);
        write_bytes(&mut written, b"value");
        let read = |mut bytes: &[u8]| {
            let read = (take_time(&mut bytes)?, take_byte(&mut bytes)?, take_bytes(&mut bytes)?.to_vec());
            Some((read, bytes.len()))
        };
        assert_eq!(read(&written), Some(((UnixTime::from_secs(7), 9, b"value".to_vec()), 0)));
        assert!((0..written.len()).all(|length| read(&written[..length]).is_none()));
        assert_eq!(take_past(&mut &written[..], UnixTime::from_secs(0)), Some(UnixTime::from_secs(7)));
        let ahead = write_time(UnixTime::from_secs(1_061));
        assert_eq!(take_past(&mut &ahead[..], UnixTime::from_secs(1_000)), None);
        assert!(take_past(&mut &ahead[..], UnixTime::from_secs(1_001)).is_some());
    }
}
