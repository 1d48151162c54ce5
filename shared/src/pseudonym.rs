//! How logs name a user without saying who they are.

use sha2::{Digest, Sha256};

use crate::hex;

/// The name of a user in the logs of edge and MCP server: the first 12 hexadecimal digits of the SHA-256 of `subject`. Enough to tell
/// users apart and to find one whose id is known, not enough to learn an id.
// Compiled into the crate that calls it: the edge has the code of SHA-256 already, and would get it twice.
#[inline]
pub fn pseudonym(subject: &str) -> String {
    let mut text = String::with_capacity(12);
    hex::push(&mut text, &Sha256::digest(subject)[..6]);
    text
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
