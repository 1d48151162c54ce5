//! Random bytes from `crypto.getRandomValues`.

use edgeward_core::platform::{Randomness, RandomnessError};

use crate::Workers;

impl Randomness for Workers {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomnessError> {
        getrandom_02::getrandom(bytes).map_err(|_| RandomnessError)
    }
}
