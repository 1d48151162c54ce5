//! The real rmcp client, in both protocol eras, and plain requests where the client would be too polite.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use reqwest::{RequestBuilder, header::HeaderValue};
use rmcp::{
    ClientHandler, ClientLifecycleMode, ClientServiceExt, RoleClient,
    model::{CallToolRequestParams, CallToolResult, ProgressNotificationParam, ProtocolVersion},
    service::{NotificationContext, RunningService},
    transport::{StreamableHttpClientTransport, streamable_http_client::StreamableHttpClientTransportConfig},
};
use serde_json::{Value, json};

use super::HEADER;

pub(crate) type Client<H = ()> = RunningService<RoleClient, H>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Era {
    /// 2025-11-25: `initialize`, sessions.
    Legacy,
    /// 2026-07-28: every request stands alone.
    Modern,
}

pub(crate) const ERAS: [Era; 2] = [Era::Legacy, Era::Modern];

pub(crate) async fn connect(url: &str, assertion: &str, era: Era) -> Client {
    connect_with((), url, assertion, era).await
}

pub(crate) async fn connect_with<H: ClientHandler>(handler: H, url: &str, assertion: &str, era: Era) -> Client<H> {
    let header = HeaderValue::from_str(assertion).expect("a header value");
    let config = StreamableHttpClientTransportConfig::with_uri(url)
        .custom_headers(HashMap::from([(HEADER.parse().expect("a header name"), header)]));
    let lifecycle = match era {
        Era::Legacy => ClientLifecycleMode::Initialize,
        Era::Modern => ClientLifecycleMode::Discover { preferred_versions: vec![ProtocolVersion::V_2026_07_28] },
    };
    let transport = StreamableHttpClientTransport::from_config(config);
    let client = handler.serve_with_lifecycle(transport, lifecycle).await.expect("a connection");
    let version = client.peer_info().expect("the server's info").protocol_version.clone();
    assert_eq!(version == ProtocolVersion::V_2026_07_28, era == Era::Modern, "{version:?}");
    client
}

pub(crate) async fn call<H: ClientHandler>(client: &Client<H>, tool: &str, arguments: Value) -> CallToolResult {
    client.call_tool(params(tool, arguments)).await.expect("a tool result")
}

pub(crate) fn params(tool: &str, arguments: Value) -> CallToolRequestParams {
    CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments.as_object().cloned().unwrap_or_default())
}

/// The text of a tool's answer.
pub(crate) fn text(result: &CallToolResult) -> String {
    result.content.iter().filter_map(|block| block.as_text().map(|text| text.text.as_str())).collect()
}

/// A POST of a modern request, made by hand.
pub(crate) fn modern(url: &str, assertion: &str, method: &str, name: Option<&str>, params: Value) -> RequestBuilder {
    let mut params = params;
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "0" },
        "io.modelcontextprotocol/clientCapabilities": {},
        "progressToken": "p",
    });
    let request = post(url, assertion, &json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }))
        .header("MCP-Protocol-Version", "2026-07-28")
        .header("Mcp-Method", method);
    match name {
        Some(name) => request.header("Mcp-Name", name),
        None => request,
    }
}

/// A POST of a legacy `initialize`, made by hand.
pub(crate) fn initialize(url: &str, assertion: &str) -> RequestBuilder {
    post(
        url,
        assertion,
        &json!({
            "jsonrpc": "2.0",
            "id": 1,
            "method": "initialize",
            "params": {
                "protocolVersion": "2025-11-25",
                "capabilities": {},
                "clientInfo": { "name": "test", "version": "0" },
            },
        }),
    )
}

pub(crate) fn post(url: &str, assertion: &str, message: &Value) -> RequestBuilder {
    reqwest::Client::new()
        .post(url)
        .header(HEADER, assertion)
        .header("Accept", "application/json, text/event-stream")
        .json(message)
}

/// Remembers when it was told of which progress.
#[derive(Clone, Default)]
pub(crate) struct Listener(Arc<Mutex<Vec<(f64, Instant)>>>);

impl Listener {
    pub(crate) fn heard(&self) -> Vec<(f64, Instant)> {
        self.0.lock().expect("what was heard").clone()
    }

    /// Waits for the first progress.
    pub(crate) async fn first(&self) {
        while self.heard().is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl ClientHandler for Listener {
    async fn on_progress(&self, progress: ProgressNotificationParam, _: NotificationContext<RoleClient>) {
        self.0.lock().expect("what was heard").push((progress.progress, Instant::now()));
    }
}
