//! RS256 by WebCrypto. A key is imported each time: that takes a few microseconds, and strangers bring keys.

use base64ct::{Base64UrlUnpadded, Encoding};
use edgeward_core::{
    jose::RsaPublicKey,
    platform::{VerificationError, VerifyRs256},
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

impl VerifyRs256 for Workers {
    async fn verify_rs256(
        &self,
        key: &RsaPublicKey,
        message: &[u8],
        signature: &[u8],
    ) -> Result<bool, VerificationError> {
        // Core's keys are such as the platform takes: an exception is no stranger's doing.
        let verified = ask(key, message, signature).await.map_err(|_| VerificationError)?;
        verified.as_bool().ok_or(VerificationError)
    }
}

async fn ask(key: &RsaPublicKey, message: &[u8], signature: &[u8]) -> Result<JsValue, JsValue> {
    let [n, e] = [key.modulus(), key.exponent()].map(Base64UrlUnpadded::encode_string);
    let jwk = JSON::parse(&format!(r#"{{"kty":"RSA","alg":"RS256","n":"{n}","e":"{e}"}}"#))?;
    let algorithm = JSON::parse(&format!(r#"{{"name":"{ALGORITHM}","hash":"SHA-256"}}"#))?;
    let key = JsFuture::from(import_key("jwk", &jwk, &algorithm, false, &Array::of1(&"verify".into()))?).await?;
    JsFuture::from(verify(ALGORITHM, &key, signature, message)?).await
}
