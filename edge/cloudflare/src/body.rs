//! Bodies, read from the platform's streams.

use js_sys::{Reflect, Uint8Array, futures::JsFuture};
use wasm_bindgen::prelude::*;
use worker::web_sys::{ReadableStream, ReadableStreamDefaultReader};

/// Why a body was not read to its end.
pub(crate) enum ReadError {
    /// It is longer than it may be.
    TooLong,
    /// It broke off.
    BrokenOff,
}

impl From<JsValue> for ReadError {
    fn from(_: JsValue) -> Self {
        Self::BrokenOff
    }
}

/// The bytes of a stream, of which no more is read than shows that it is too long. Without a stream there are none.
///
/// # Errors
/// When there are more than `max_bytes`, or it breaks off.
pub(crate) async fn read(stream: Option<ReadableStream>, max_bytes: usize) -> Result<Vec<u8>, ReadError> {
    let mut body = Vec::new();
    let Some(stream) = stream else { return Ok(body) };
    let reader: ReadableStreamDefaultReader = stream.get_reader().unchecked_into();
    loop {
        let result = JsFuture::from(reader.read()).await?;
        if Reflect::get(&result, &"done".into())?.is_truthy() {
            return Ok(body);
        }
        let chunk: Uint8Array = Reflect::get(&result, &"value".into())?.unchecked_into();
        if body.len() + chunk.length() as usize > max_bytes {
            // The sender need not wait for somebody to read on. A failure to cancel is ignored.
            let _ = reader.cancel();
            return Err(ReadError::TooLong);
        }
        body.extend(chunk.to_vec());
    }
}
