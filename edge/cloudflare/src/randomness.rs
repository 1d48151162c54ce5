//! Random bytes from `crypto.getRandomValues`.

use edgeward_core::platform::{Randomness, RandomnessError};
use wasm_bindgen::prelude::*;

use crate::Workers;

#[wasm_bindgen]
extern "C" {
    /// Writes into the wasm's own memory.
    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues, catch)]
    fn get_random_values(bytes: &mut [u8]) -> Result<(), JsValue>;
}

impl Randomness for Workers {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomnessError> {
        get_random_values(bytes).map_err(|_| RandomnessError)
    }
}
