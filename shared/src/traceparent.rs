//! `traceparent` (W3C Trace Context): one id for a request in the logs of edge and MCP server.
//!
//! Edge and origin read it by the same rules, so that both log the same id.

use crate::hex;

/// The header's name.
pub const HEADER: &str = "traceparent";

/// What every version has.
const FORM_BYTES: usize = 55;
/// No version that there is needs more than [`FORM_BYTES`].
const MAX_BYTES: usize = 256;

/// A trace id and the id of its one span, both random.
pub type Ids = [u8; 24];

/// The trace id of a valid `traceparent`: 32 hexadecimal digits.
///
/// The form is `version-traceid-parentid-flags`; later versions may append more (§3.2.2, §3.2.4).
pub fn trace_id(traceparent: &str) -> Option<&str> {
    let (form, rest) = traceparent.as_bytes().split_first_chunk::<FORM_BYTES>()?;
    let is_in_place = |(at, byte): (usize, &u8)| match at {
        2 | 35 | 52 => *byte == b'-',
        _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
    };
    let is_zero = |digits: &[u8]| digits.iter().all(|digit| *digit == b'0');
    let has_good_end = match rest.first() {
        None => true,
        Some(next) => *next == b'-' && form[..2] != *b"00",
    };
    let is_valid = has_good_end
        && traceparent.len() <= MAX_BYTES
        && form.iter().enumerate().all(is_in_place)
        && form[..2] != *b"ff"
        && !is_zero(&form[3..35])
        && !is_zero(&form[36..52]);
    traceparent.get(3..35).filter(|_| is_valid)
}

/// A new `traceparent` with these ids, which must not be all zeros.
pub fn new(ids: Ids) -> String {
    let (trace_id, parent_id) = ids.split_at(16);
    let mut text = String::with_capacity(FORM_BYTES);
    text.push_str("00-");
    hex::push(&mut text, trace_id);
    text.push('-');
    hex::push(&mut text, parent_id);
    // Not sampled: whether to is for whoever reports spans.
    text.push_str("-00");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_valid_one_names_its_trace() {
        for valid in [
            // The example of W3C Trace Context §3.2.3.
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-comes",
        ] {
            assert_eq!(trace_id(valid), Some("4bf92f3577b34da6a3ce929d0e0e4736"), "{valid}");
        }
    }

    #[test]
    fn anything_else_names_none() {
        let long = |bytes| {
            let start = "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-";
            format!("{start}{}", "x".repeat(bytes - start.len()))
        };
        assert!(trace_id(&long(MAX_BYTES)).is_some());
        for invalid in [
            "",
            "nonsense",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-012",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473é-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01, 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            &long(MAX_BYTES + 1),
        ] {
            assert_eq!(trace_id(invalid), None, "{invalid:?}");
        }
    }
}
