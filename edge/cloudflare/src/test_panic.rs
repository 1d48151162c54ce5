//! Panics to order, for the tests of what one request's panic does to others. Only the build that `make panicking-edge`
//! makes for them has this.

use js_sys::Promise;
use wasm_bindgen::JsValue;
use worker::wasm_bindgen_futures::JsFuture;

/// Panics while the gate decides, for a path that is no resource.
pub(crate) fn in_gate(path: &str) {
    if path == "/test-panic/gate" {
        panic!("ordered by a test, in the gate");
    }
}

/// Panics while the handler answers.
pub(crate) async fn in_handler(path: &str) {
    match path {
        "/test-panic/handler" => panic!("ordered by a test, in the handler"),
        // No panic, but what ends without one: the stack is full, or an instruction was never meant to be reached.
        "/test-panic/trap" => core::arch::wasm32::unreachable(),
        "/test-panic/later" => {
            let _ = JsFuture::from(Promise::resolve(&JsValue::UNDEFINED)).await;
            panic!("ordered by a test, in the handler, after waiting");
        }
        _ => {}
    }
}
