//! The first message of an MCP client.

use http::{header, request};
use serde_json::json;

/// Makes `request` the first one of an MCP client that has no token.
pub(super) fn initialize(request: request::Builder) -> (request::Builder, String) {
    let client = json!({ "name": "edgeward", "version": env!("CARGO_PKG_VERSION") });
    let params = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client });
    let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params });
    let request = request
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "application/json, text/event-stream");
    (request, message.to_string())
}
