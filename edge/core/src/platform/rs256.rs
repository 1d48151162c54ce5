//! RSA signatures.

use std::future::Future;

/// Verifies RSA signatures: a platform does it many times faster than code that is brought along.
pub trait VerifyRs256 {
    /// Whether `signature` is the one of `key` over `message`: RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 §3.3, RFC 8017
    /// §8.2.2). Everything that is not, however malformed, is `false`.
    ///
    /// # Errors
    /// When the platform cannot tell. The request is then refused as one that may be sent again, and someone is told.
    fn verify_rs256(
        &self,
        key: &RsaPublicKey,
        message: &[u8],
        signature: &[u8],
    ) -> impl Future<Output = Result<bool, VerificationError>>;
}

/// An RSA key that every platform can verify with: its modulus is odd and of 2048, 3072 or 4096 bits, its exponent
/// 65537. Others could be weak, or slow: a stranger chooses them.
#[derive(Debug, Clone)]
pub struct RsaPublicKey(Vec<u8>);

impl RsaPublicKey {
    /// FIPS 186-5 §5.4 has none below, and Workers take none above.
    const EXPONENT: &'static [u8] = &[1, 0, 1];

    /// The key with these members of its JWK (RFC 7518 §6.3.1).
    pub(crate) fn parse(modulus: &str, exponent: &str) -> Option<Self> {
        let modulus = number(modulus)?;
        let is_whole = modulus.first().is_some_and(|first| *first >= 0x80);
        let is_odd = modulus.last().is_some_and(|last| last % 2 == 1);
        let is_usable = matches!(modulus.len(), 256 | 384 | 512) && is_whole && is_odd;
        (is_usable && number(exponent)? == Self::EXPONENT).then_some(Self(modulus))
    }

    /// Its modulus, the most significant byte first, and no zero before it.
    pub fn modulus(&self) -> &[u8] {
        &self.0
    }

    /// Its exponent, in the same form.
    pub fn exponent(&self) -> &[u8] {
        Self::EXPONENT
    }
}

/// A number, without the zeros that some put before it though they should not.
fn number(text: &str) -> Option<Vec<u8>> {
    let mut bytes = edgeward_base64url::decode(text)?;
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.drain(..zeros);
    Some(bytes)
}

/// Signatures cannot be verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no verification of RS256 from the platform")]
pub struct VerificationError;
