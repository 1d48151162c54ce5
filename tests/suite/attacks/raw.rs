//! Requests that no HTTP client would send: written to the edge's own port byte by byte, past the recorder.

use std::time::Duration;

use anyhow::{Context as _, Result};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use super::seen::told;
use crate::world::World;

/// `tools/call` of `whoami`.
pub(super) const WHOAMI: &str = concat!(
    r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"whoami","arguments":{},"_meta":{"#,
    r#""io.modelcontextprotocol/protocolVersion":"2026-07-28","#,
    r#""io.modelcontextprotocol/clientInfo":{"name":"raw","version":"0"},"#,
    r#""io.modelcontextprotocol/clientCapabilities":{}}}}"#
);
/// The header fields that go with it.
pub(super) const WHOAMI_FIELDS: &str = "Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n\
                                        MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: whoami\r\n";

/// The address of the edge itself.
pub(super) fn address(world: &World) -> String {
    world.stack.edge().url().trim_start_matches("http://").to_owned()
}

/// What was answered.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    /// The body as it came, in chunks perhaps.
    pub(super) body: String,
}

impl Answer {
    /// The object in the body; null if there is none.
    pub(super) fn json(&self) -> Value {
        let text = || self.body.get(self.body.find('{')?..=self.body.rfind('}')?);
        text().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }
}

/// Writes `request` as it is and tells what is answered. The request itself must say `Connection: close`.
pub(super) async fn send(world: &World, request: &[u8]) -> Result<String> {
    let Some(answer) = exchange(world, request).await? else { return Ok("closed".to_owned()) };
    let one = told(answer.status, &answer.headers, &answer.body);
    // A second answer on the connection is one to a request that was smuggled in.
    Ok(if answer.body.contains("HTTP/1.1 ") { format!("{one}, and another answer") } else { one })
}

/// Writes `request` as it is and reads until the other side closes. None if it just does.
pub(super) async fn exchange(world: &World, request: &[u8]) -> Result<Option<Answer>> {
    let exchange = async {
        let mut stream = TcpStream::connect(address(world)).await?;
        // The other side may refuse before it has read all of it, and close.
        let _ = stream.write_all(request).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        anyhow::Ok(answer)
    };
    let answer = timeout(PATIENCE, exchange).await.context("the connection stays open")??;
    if answer.is_empty() {
        return Ok(None);
    }
    let mut at = 0;
    loop {
        let mut fields = [httparse::EMPTY_HEADER; 64];
        let mut head = httparse::Response::new(&mut fields);
        let httparse::Status::Complete(length) = head.parse(&answer[at..])? else { return Ok(None) };
        at += length;
        let status = head.code.unwrap_or_default();
        // Others only say that the real one is to come.
        if status >= 200 {
            let mut headers = HeaderMap::new();
            for field in head.headers.iter() {
                headers.append(HeaderName::from_bytes(field.name.as_bytes())?, HeaderValue::from_bytes(field.value)?);
            }
            let body = String::from_utf8_lossy(&answer[at..]).into_owned();
            return Ok(Some(Answer { status, headers, body }));
        }
    }
}

const PATIENCE: Duration = Duration::from_secs(10);
