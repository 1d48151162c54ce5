//! base64url without padding (RFC 7515 §2).
//!
//! `base64ct` is generic, so it is compiled with whatever calls it, which at the edge is compiled for size: a fifth of what a
//! refresh costs there. Here it is compiled for speed, once.

use base64ct::{Base64UrlUnpadded, Encoding};

/// Writes bytes.
pub fn encode(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

/// Reads bytes; `None` if `text` is anything but what [`encode`] writes.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    Base64UrlUnpadded::decode_vec(text).ok()
}
