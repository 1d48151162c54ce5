//! W3C Trace Context: one id for a request, from the client through the edge to the MCP server, in all their logs.
//!
//! A valid `traceparent` is passed on as it came: the edge reports no spans of its own. Anything else is replaced.

use std::cell::RefCell;

use http::HeaderName;

use crate::{
    jose::RsaPublicKey,
    limit::Limit,
    platform::{
        Clock, CoordinateRefreshes, CoordinationError, Count, Fetch, FetchError, FetchReply, FetchRequest, Log,
        Platform, Randomness, RandomnessError, Record, RefreshClaim, RefreshUpdate, Timer, Turn, UnixTime,
        VerificationError, VerifyRs256,
    },
};

/// The header field.
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Where a request belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    traceparent: String,
    /// Whether it is the edge's own.
    pub is_new: bool,
}

impl Trace {
    /// What a request says, or a new one of these random bytes.
    pub fn of(header: Option<&str>, random: impl FnOnce() -> Ids) -> Self {
        match header.filter(|value| is_valid(value)) {
            Some(value) => Self { traceparent: value.to_owned(), is_new: false },
            None => Self::new(random()),
        }
    }

    /// A new one of these random bytes.
    pub fn new(random: Ids) -> Self {
        Self { traceparent: new(random), is_new: true }
    }

    /// The value of [`TRACEPARENT`].
    pub fn into_traceparent(self) -> String {
        self.traceparent
    }

    /// 32 hexadecimal digits.
    pub fn id(&self) -> &str {
        self.traceparent.get(3..35).unwrap_or_default()
    }
}

/// A trace id and the id of its one span.
pub type Ids = [u8; 24];

/// Ids for requests that bring none. They are no secret, so many are drawn at once: asking the platform for each would cost
/// more than the rest of the gate.
#[derive(Default)]
pub struct TraceIds(RefCell<Vec<Ids>>);

impl TraceIds {
    /// What Workers' generator gives in one call: 256 bytes.
    const AT_ONCE: usize = 10;

    /// Those of a single request.
    fn one(randomness: &impl Randomness) -> Ids {
        let mut ids = [0; 24];
        if randomness.fill(&mut ids).is_ok() { ids } else { Self::ALIKE }
    }

    /// Without randomness requests are still served; their ids must not be zero.
    const ALIKE: Ids = [1; 24];

    /// The next ones.
    pub fn next(&self, randomness: &impl Randomness) -> Ids {
        let mut left = self.0.borrow_mut();
        if left.is_empty() {
            let mut drawn = vec![[0; 24]; Self::AT_ONCE];
            if randomness.fill(drawn.as_flattened_mut()).is_ok() {
                *left = drawn;
            }
        }
        left.pop().unwrap_or(Self::ALIKE)
    }
}

/// A platform, all of whose log lines during one request have its trace id.
pub struct Traced<'a, P> {
    platform: &'a P,
    trace: Trace,
}

impl<'a, P: Platform> Traced<'a, P> {
    /// For a request with this `traceparent`.
    pub fn of(header: Option<&str>, platform: &'a P) -> Self {
        Self { platform, trace: Trace::of(header, || TraceIds::one(platform)) }
    }
}

impl<P: Platform> Log for Traced<'_, P> {
    fn log(&self, record: &Record) {
        self.platform.log(&Record { trace: Some(self.trace.id().to_owned()), ..record.clone() });
    }
}

impl<P: Platform> Clock for Traced<'_, P> {
    fn now(&self) -> UnixTime {
        self.platform.now()
    }
}

impl<P: Platform> Randomness for Traced<'_, P> {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomnessError> {
        self.platform.fill(bytes)
    }
}

impl<P: Platform> Fetch for Traced<'_, P> {
    fn fetch(&self, request: FetchRequest) -> impl Future<Output = Result<FetchReply, FetchError>> {
        self.platform.fetch(request)
    }
}

impl<P: Platform> Timer for Traced<'_, P> {
    fn sleep(&self, milliseconds: u32) -> impl Future<Output = ()> {
        self.platform.sleep(milliseconds)
    }
}

impl<P: Platform> Count for Traced<'_, P> {
    fn is_within(&self, limit: Limit, name: String) -> impl Future<Output = bool> {
        self.platform.is_within(limit, name)
    }
}

impl<P: Platform> CoordinateRefreshes for Traced<'_, P> {
    fn coordinates_refreshes(&self) -> bool {
        self.platform.coordinates_refreshes()
    }

    fn claim(&self, claim: &RefreshClaim) -> impl Future<Output = Result<Turn, CoordinationError>> {
        self.platform.claim(claim)
    }

    fn update(&self, update: RefreshUpdate<'_>) -> impl Future<Output = Result<(), CoordinationError>> {
        self.platform.update(update)
    }
}

impl<P: Platform> VerifyRs256 for Traced<'_, P> {
    fn verify_rs256(
        &self,
        key: &RsaPublicKey,
        message: &[u8],
        signature: &[u8],
    ) -> impl Future<Output = Result<bool, VerificationError>> {
        self.platform.verify_rs256(key, message, signature)
    }
}

/// `version-traceid-parentid-flags`; later versions may append more (W3C Trace Context §3.2.2, §3.2.4).
fn is_valid(value: &str) -> bool {
    let mut fields = value.split('-');
    let mut field = |length| fields.next().filter(|field| is_hex(field, length));
    let (Some(version), Some(trace_id), Some(parent_id), Some(_)) = (field(2), field(32), field(16), field(2)) else {
        return false;
    };
    let is_zero = |text: &str| text.bytes().all(|digit| digit == b'0');
    version != "ff"
        && !is_zero(trace_id)
        && !is_zero(parent_id)
        && value.len() <= MAX_BYTES
        && (version != "00" || fields.next().is_none())
}

/// No version that there is needs more than 55.
const MAX_BYTES: usize = 256;

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
}

fn new(ids: Ids) -> String {
    let mut text = String::with_capacity(55);
    text.push_str("00-");
    for (at, byte) in ids.into_iter().enumerate() {
        if at == 16 {
            text.push('-');
        }
        text.extend([byte >> 4, byte & 15].map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)])));
    }
    // Not sampled: whether to is for whoever reports spans.
    text.push_str("-00");
    text
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, collections::HashSet};

    use super::*;

    struct Seven;

    impl Randomness for Seven {
        fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomnessError> {
            bytes.fill(0x7a);
            Ok(())
        }
    }

    struct Gone;

    impl Randomness for Gone {
        fn fill(&self, _: &mut [u8]) -> Result<(), RandomnessError> {
            Err(RandomnessError)
        }
    }

    #[test]
    fn a_valid_traceparent_is_kept() {
        for valid in [
            // The example of W3C Trace Context §3.2.3.
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-comes",
        ] {
            let trace = Trace::of(Some(valid), || TraceIds::one(&Seven));
            assert_eq!((trace.id(), trace.is_new), ("4bf92f3577b34da6a3ce929d0e0e4736", false));
            assert_eq!(trace.into_traceparent(), valid);
        }
    }

    #[test]
    fn anything_else_is_replaced() {
        let long = format!("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-{}", "x".repeat(256));
        for invalid in [
            None,
            Some(""),
            Some("nonsense"),
            Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7"),
            Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more"),
            Some("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
            Some("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01"),
            Some("00-00000000000000000000000000000000-00f067aa0ba902b7-01"),
            Some("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01"),
            Some("00-4bf92f3577b34da6a3ce929d0e0e473é-00f067aa0ba902b7-01"),
            Some(
                "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01, 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            ),
            Some(&long),
        ] {
            let trace = Trace::of(invalid, || TraceIds::one(&Seven));
            assert_eq!((trace.id(), trace.is_new), ("7a".repeat(16).as_str(), true), "{invalid:?}");
            let made = trace.into_traceparent();
            assert_eq!(made, format!("00-{}-{}-00", "7a".repeat(16), "7a".repeat(8)));
            assert!(is_valid(&made));
        }
    }

    #[test]
    fn without_randomness_there_is_a_valid_one_all_the_same() {
        for ids in [TraceIds::one(&Gone), TraceIds::default().next(&Gone)] {
            assert!(is_valid(&Trace::of(None, || ids).into_traceparent()));
        }
    }

    #[test]
    fn many_are_drawn_at_once_and_none_twice() {
        #[derive(Default)]
        struct Counted(Cell<u32>);
        impl Randomness for Counted {
            fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomnessError> {
                self.0.set(self.0.get() + 1);
                bytes.iter_mut().enumerate().for_each(|(at, byte)| *byte = (at / 24) as u8 ^ self.0.get() as u8);
                Ok(())
            }
        }
        let (randomness, ids) = (Counted::default(), TraceIds::default());
        let drawn: HashSet<_> = (0..TraceIds::AT_ONCE).map(|_| ids.next(&randomness)).collect();
        assert_eq!((drawn.len(), randomness.0.get()), (TraceIds::AT_ONCE, 1));
        ids.next(&randomness);
        assert_eq!(randomness.0.get(), 2);
    }
}
