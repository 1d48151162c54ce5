//! How a log names a user without saying who they are.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// The first 12 hexadecimal digits of the SHA-256 of `subject`: enough to find one user's requests in a log.
pub fn pseudonym(subject: &str) -> String {
    Sha256::digest(subject.as_bytes()).iter().take(6).fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pseudonym_is_a_prefix_of_the_hash() {
        // SHA-256("abc"), FIPS 180-2 appendix B.1.
        assert_eq!(pseudonym("abc"), "ba7816bf8f01");
        assert_ne!(pseudonym("abd"), "ba7816bf8f01");
    }
}
