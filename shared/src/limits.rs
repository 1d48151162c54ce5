//! Limits that several parts of Edgeward must keep alike.

/// The longest body of an MCP request, in bytes, as it is on the wire: 4 MiB. Firewall, edge and origin refuse a longer one,
/// with a 413 where they can answer.
///
/// It is what the Rust SDK for MCP takes by default, and holds a file of 3 MiB in base64.
pub const MAX_BODY_BYTES: usize = 4_194_304;

/// What the sender of a longer body is told.
pub const BODY_TOO_LONG: &str = "the request body is longer than 4194304 bytes (4 MiB), the longest that is accepted";

/// The error code that goes with it.
pub const BODY_TOO_LONG_CODE: &str = "body_too_long";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_names_the_limit() {
        assert!(BODY_TOO_LONG.contains(&format!("{MAX_BODY_BYTES} bytes ({} MiB)", MAX_BODY_BYTES >> 20)));
    }
}
