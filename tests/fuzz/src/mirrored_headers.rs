//! Headers that mirror a body: `MCP-Protocol-Version`, `Mcp-Method`, `Mcp-Name`.

use base64::{Engine, prelude::BASE64_STANDARD};
use edgeward_core::message::operation::{MessageHeaders, Operation, operations};
use serde_json::json;

use crate::lines;

/// The lines are the three headers; an empty one is absent. What they tell is what a body tells that says the same, so
/// that it does not matter which of them is read.
pub fn check(data: &[u8]) {
    let Some([protocol_version, method, name]) = lines(data) else { return };
    let [some_version, some_method, some_name] =
        [protocol_version, method, name].map(|value| Some(value).filter(|value| !value.is_empty()));
    let headers = MessageHeaders {
        protocol_version: some_version,
        method: some_method,
        name: some_name,
        ..MessageHeaders::default()
    };
    let Some(told) = headers.operation() else { return };
    crate::accept();
    assert_eq!(protocol_version, "2026-07-28");
    // Of two headers in one the server may take the other.
    assert!(!method.contains(','));
    let is_named = !matches!(told, Operation::Other | Operation::Unknown);
    assert!(!is_named || !name.contains(','));
    let name = match name.strip_prefix("=?base64?").and_then(|rest| rest.strip_suffix("?=")) {
        Some(wrapped) if is_named => String::from_utf8(BASE64_STANDARD.decode(wrapped).unwrap()).unwrap(),
        _ => name.to_owned(),
    };
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": { "name": name, "uri": name } });
    assert_eq!(operations(body.to_string().as_bytes()), Ok(vec![told]));
}
