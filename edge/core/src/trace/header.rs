//! The trace of a request, as its header says it.

use edgeward_identity::traceparent::{self, Ids};

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
        match header.filter(|value| traceparent::trace_id(value).is_some()) {
            Some(value) => Self { traceparent: value.to_owned(), is_new: false },
            None => Self::new(random()),
        }
    }

    /// A new one of these random bytes.
    pub fn new(random: Ids) -> Self {
        Self { traceparent: traceparent::new(random), is_new: true }
    }

    /// The value of [`TRACEPARENT`](crate::message::request::TRACEPARENT).
    pub fn into_traceparent(self) -> String {
        self.traceparent
    }

    /// 32 hexadecimal digits.
    pub fn id(&self) -> &str {
        self.traceparent.get(3..35).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_valid_traceparent_is_kept() {
        let valid = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let trace = Trace::of(Some(valid), || [0x7a; 24]);
        assert_eq!((trace.id(), trace.is_new), ("4bf92f3577b34da6a3ce929d0e0e4736", false));
        assert_eq!(trace.into_traceparent(), valid);
    }

    #[test]
    fn anything_else_is_replaced() {
        for invalid in [None, Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more")] {
            let trace = Trace::of(invalid, || [0x7a; 24]);
            assert_eq!((trace.id(), trace.is_new), ("7a".repeat(16).as_str(), true), "{invalid:?}");
            assert_eq!(trace.into_traceparent(), format!("00-{}-{}-00", "7a".repeat(16), "7a".repeat(8)));
        }
    }
}
