//! RS256 by WebCrypto.

use std::cell::RefCell;

use edgeward_core::{
    bounded::Bounded,
    platform::{RsaPublicKey, VerificationError, VerifyRs256},
};
use js_sys::{Array, JSON, Promise, futures::JsFuture};
use wasm_bindgen::prelude::*;

use crate::Workers;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = ["crypto", "subtle"], js_name = importKey, catch)]
    fn import_key(
        format: &str,
        jwk: &JsValue,
        algorithm: &JsValue,
        is_extractable: bool,
        usages: &Array,
    ) -> Result<Promise, JsValue>;

    /// Copies the bytes before it returns.
    #[wasm_bindgen(js_namespace = ["crypto", "subtle"], catch)]
    fn verify(algorithm: &str, key: &JsValue, signature: &[u8], message: &[u8]) -> Result<Promise, JsValue>;
}

const ALGORITHM: &str = "RSASSA-PKCS1-v1_5";

/// The keys that were imported last, each with its modulus. To import one takes longer than to verify.
#[derive(Default)]
pub(crate) struct Imported(RefCell<Bounded<Vec<u8>, JsValue, CAPACITY>>);

/// Cognito has two, and clients bring theirs.
const CAPACITY: usize = 16;

impl Imported {
    async fn key(&self, key: &RsaPublicKey) -> Result<JsValue, JsValue> {
        let known = self.0.borrow().get(key.modulus()).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let [n, e] = [key.modulus(), key.exponent()].map(edgeward_base64url::encode);
        let jwk = JSON::parse(&format!(r#"{{"kty":"RSA","alg":"RS256","n":"{n}","e":"{e}"}}"#))?;
        let algorithm = JSON::parse(&format!(r#"{{"name":"{ALGORITHM}","hash":"SHA-256"}}"#))?;
        let usages = Array::of1(&"verify".into());
        let imported = JsFuture::from(import_key("jwk", &jwk, &algorithm, false, &usages)?).await?;
        // Another request may have imported it meanwhile.
        let mut all = self.0.borrow_mut();
        all.take(key.modulus());
        all.add(key.modulus().to_vec(), imported.clone(), |_, _| true);
        Ok(imported)
    }
}

impl VerifyRs256 for Workers {
    async fn verify_rs256(
        &self,
        key: &RsaPublicKey,
        message: &[u8],
        signature: &[u8],
    ) -> Result<bool, VerificationError> {
        // Core's keys are such as the platform takes: an exception is no stranger's doing.
        let verified = async {
            let key = self.imported.key(key).await?;
            JsFuture::from(verify(ALGORITHM, &key, signature, message)?).await
        };
        verified.await.ok().and_then(|verdict: JsValue| verdict.as_bool()).ok_or(VerificationError)
    }
}
