//! Unpredictable bytes.

/// Gives unpredictable bytes.
pub trait Randomness {
    /// Fills `bytes` from the platform's cryptographically secure generator.
    ///
    /// Predictable bytes here let an attacker forge states and reuse sealing nonces: an adapter that cannot reach its
    /// generator must fail, never fall back.
    ///
    /// # Errors
    /// When the generator cannot be reached.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomnessError>;
}

/// 128 random bits as 22 characters of base64url: the only shape of `state` that Cognito is known to return unharmed.
///
/// # Errors
/// As [`Randomness::fill`].
pub fn random_id(randomness: &impl Randomness) -> Result<String, RandomnessError> {
    let mut bytes = [0; 16];
    randomness.fill(&mut bytes)?;
    Ok(edgeward_base64url::encode(&bytes))
}

/// The generator could not be reached.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no randomness from the platform")]
pub struct RandomnessError;
