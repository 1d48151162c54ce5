//! Proof Key for Code Exchange (RFC 7636), S256 only.

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::secret::Secret;

/// The one `code_challenge_method` there is; `plain` would let whoever reads the request redeem the code.
pub const METHOD: &str = "S256";

/// A `code_challenge`: the SHA-256 of a verifier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct CodeChallenge(String);

impl CodeChallenge {
    /// Parses a challenge: 43 characters of unpadded base64url (RFC 7636 §4.2), in their canonical form.
    pub fn parse(text: &str) -> Option<Self> {
        (edgeward_base64url::decode(text)?.len() == 32).then(|| Self(text.to_owned()))
    }

    /// Whether this is the challenge of `verifier` (RFC 7636 §4.6).
    pub fn matches(&self, verifier: &CodeVerifier) -> bool {
        Secret::new(verifier.challenge().0).matches(self.0.as_bytes())
    }

    /// The challenge's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A `code_verifier`: the secret behind a challenge.
#[derive(Debug, Clone)]
pub struct CodeVerifier(Secret<String>);

impl CodeVerifier {
    /// Parses a verifier: 43 to 128 unreserved characters (RFC 7636 §4.1).
    pub fn parse(text: &str) -> Option<Self> {
        let unreserved = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'.' | b'_' | b'~');
        let parses = (43..=128).contains(&text.len()) && text.bytes().all(unreserved);
        parses.then(|| Self(Secret::new(text.to_owned())))
    }

    /// A verifier made of 32 random bytes.
    pub fn from_random(bytes: &[u8; 32]) -> Self {
        Self(Secret::new(edgeward_base64url::encode(bytes)))
    }

    /// The challenge to send for it.
    pub fn challenge(&self) -> CodeChallenge {
        CodeChallenge(edgeward_base64url::encode(&Sha256::digest(self.0.expose())))
    }

    /// The verifier's text, for the one request that redeems the code.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7636 appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_example_of_the_rfc_matches() {
        let challenge = CodeChallenge::parse(CHALLENGE).unwrap();
        assert!(challenge.matches(&CodeVerifier::parse(VERIFIER).unwrap()));
    }

    #[test]
    fn another_verifier_does_not_match() {
        let challenge = CodeChallenge::parse(CHALLENGE).unwrap();
        assert!(!challenge.matches(&CodeVerifier::parse(&VERIFIER.replace('d', "e")).unwrap()));
        // `plain`: the challenge itself as verifier.
        assert!(!challenge.matches(&CodeVerifier::parse(CHALLENGE).unwrap()));
    }

    #[test]
    fn verifiers_have_43_to_128_unreserved_characters() {
        assert!(CodeVerifier::parse(&"a".repeat(43)).is_some());
        assert!(CodeVerifier::parse(&"~".repeat(128)).is_some());
        for bad in [String::new(), "a".repeat(42), "a".repeat(129), format!("{} ", "a".repeat(43)), "ä".repeat(43)] {
            assert!(CodeVerifier::parse(&bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn challenges_are_canonical_base64url_of_32_bytes() {
        for bad in ["", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cN"] {
            assert!(CodeChallenge::parse(bad).is_none(), "{bad:?}");
        }
        assert!(CodeChallenge::parse(&format!("{CHALLENGE}=")).is_none());
        assert!(CodeChallenge::parse(&CHALLENGE.replace('-', "+")).is_none());
    }

    #[test]
    fn a_random_verifier_has_the_right_shape() {
        let verifier = CodeVerifier::from_random(&[255; 32]);
        assert!(CodeVerifier::parse(verifier.expose()).is_some());
    }
}
