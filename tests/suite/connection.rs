//! What concerns only the connection to the edge, and bodies where clients send none. Something between client and edge would
//! change both.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use edgeward_tests::{
    by_hand::HandMade,
    edge::{Capability, Edge},
    recorder::Exchange,
};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::{
    policy,
    settings::{COMPARED_RESOURCE, JUDGED_RESOURCE},
    world::{World, tests},
};

tests![
    what_concerns_the_connection_to_the_edge_goes_no_further,
    a_request_with_upgrade_is_refused_also_when_it_repeats_another,
    a_body_is_judged_whatever_the_method_and_however_it_is_framed,
    headers_that_the_origin_will_not_see_judge_nothing,
];

async fn edge(world: &World) -> Result<Edge> {
    world.stack.start_edge("connection-edge", Capability::Direct, world.stack.variables()).await
}

/// A request to write as it is.
struct Raw<'a> {
    method: &'a str,
    path: &'a str,
    token: Option<&'a str>,
    /// Each with its end.
    fields: &'a str,
    /// With its framing.
    body: Framed<'a>,
}

#[derive(Clone, Copy)]
enum Framed<'a> {
    /// Nothing says that there is one.
    None,
    Announced(&'a str),
    Chunked(&'a str),
}

impl Raw<'_> {
    /// Sends it, and gives status and all that is answered.
    async fn send(&self, world: &World, edge: &Edge) -> Result<(u16, String)> {
        let Self { method, path, fields, .. } = self;
        let token = self.token.map_or(String::new(), |token| format!("Authorization: Bearer {token}\r\n"));
        let body = match self.body {
            Framed::None => "\r\n".to_owned(),
            Framed::Announced(body) => format!("Content-Length: {}\r\n\r\n{body}", body.len()),
            Framed::Chunked(body) => {
                format!("Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n", body.len())
            }
        };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n\
             Accept: application/json, text/event-stream\r\n{token}{fields}{body}",
            world.host()
        );
        let mut stream = TcpStream::connect(edge.url().trim_start_matches("http://")).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        timeout(Duration::from_secs(10), stream.read_to_end(&mut answer))
            .await
            .context("the connection stays open")??;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer.split(' ').nth(1).context("no answer")?.parse()?;
        Ok((status, answer))
    }
}

const CLOSE: &str = "Connection: close\r\n";

/// What the origin has seen with this in a header field `X-Kept`.
fn seen(world: &World, mark: &str) -> Result<Vec<Exchange>> {
    let mut seen = world.stack.origin_traffic().context("not recorded")?.seen();
    seen.retain(|exchange| exchange.request_headers.get("x-kept").is_some_and(|value| value == mark));
    Ok(seen)
}

fn initialize() -> String {
    let client = json!({ "name": "raw", "version": "0" });
    let params = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client });
    policy::message("initialize", &params)
}

async fn what_concerns_the_connection_to_the_edge_goes_no_further(world: Arc<World>) -> Result<()> {
    const DROPPED: [&str; 14] = [
        "X-Named",
        "X-Other",
        "Keep-Alive",
        "TE",
        "Trailer",
        "Proxy-Connection",
        "Proxy-Authorization",
        "HTTP2-Settings",
        "X-HTTP-Method",
        "X-HTTP-Method-Override",
        "X-Method-Override",
        "X-Original-URL",
        "X-Rewrite-URL",
        "Cookie",
    ];
    let edge = edge(&world).await?;
    let tokens = HandMade::register(&world.stack).await?.tokens().await?;
    let (mark, body) = ("connection", initialize());
    let mut fields = format!("Connection: close, x-NAMED ,, no name, x-other\r\nX-Kept: {mark}\r\n");
    DROPPED.iter().for_each(|name| fields.push_str(&format!("{name}: DELETE\r\n")));
    let token = Some(tokens.text("access_token"));
    let raw = Raw { method: "POST", path: "/mcp", token, fields: &fields, body: Framed::Announced(&body) };
    // The second one repeats the first.
    for _ in 0..2 {
        assert_eq!(raw.send(&world, &edge).await?.0, 200);
    }
    let seen = seen(&world, mark)?;
    assert_eq!(seen.len(), 2);
    for exchange in seen {
        assert_eq!(exchange.method, "POST");
        for name in DROPPED.iter().chain(&["Connection", "Authorization"]) {
            assert!(!exchange.request_headers.contains_key(*name), "{name}: {:?}", exchange.request_headers);
        }
        assert_eq!(exchange.request_headers["content-type"], "application/json");
    }
    Ok(())
}

async fn a_request_with_upgrade_is_refused_also_when_it_repeats_another(world: Arc<World>) -> Result<()> {
    let edge = edge(&world).await?;
    let tokens = HandMade::register(&world.stack).await?.tokens().await?;
    let (mark, body) = ("upgrade", initialize());
    let plain = format!("{CLOSE}X-Kept: {mark}\r\nUpgrade-Insecure-Requests: 1\r\n");
    let token = Some(tokens.text("access_token"));
    let raw = Raw { method: "POST", path: "/mcp", token, fields: &plain, body: Framed::Announced(&body) };
    for _ in 0..2 {
        assert_eq!(raw.send(&world, &edge).await?.0, 200);
    }
    for token in [token, None] {
        for protocol in ["h2c", "websocket", "TLS/1.0, unheard-of"] {
            for (method, body) in [("POST", Framed::Announced(&body)), ("GET", Framed::None)] {
                let fields = format!("Connection: close, Upgrade\r\nX-Kept: {mark}\r\nUpgrade: {protocol}\r\n");
                let (status, answer) = Raw { method, token, fields: &fields, body, ..raw }.send(&world, &edge).await?;
                assert_eq!(status, 400, "{method} {protocol}");
                assert!(answer.contains("the header Upgrade"), "{answer}");
            }
        }
    }
    assert_eq!(seen(&world, mark)?.len(), 2, "it came through");
    Ok(())
}

async fn a_body_is_judged_whatever_the_method_and_however_it_is_framed(world: Arc<World>) -> Result<()> {
    let edge = edge(&world).await?;
    let (plain, counting) = (policy::token(&world, "use").await?, policy::token(&world, "use count").await?);
    let body = policy::message("tools/call", &json!({ "name": "count_slowly", "arguments": { "steps": 1 } }));
    for path in [JUDGED_RESOURCE, COMPARED_RESOURCE] {
        // A token is for one of them.
        let (plain, counting) = match path {
            JUDGED_RESOURCE => (plain.clone(), counting.clone()),
            _ => (policy::token_for(&world, path, "use").await?, policy::token_for(&world, path, "use count").await?),
        };
        for method in ["GET", "HEAD", "DELETE", "OPTIONS", "PUT", "PATCH", "PROPFIND", "POST"] {
            for (kind, framed) in [("announced", Framed::Announced(&body)), ("chunked", Framed::Chunked(&body))] {
                let mark = format!("{path} {method} {kind}");
                // A claim that an origin compares with the body of a message only.
                let claim = if method == "POST" { "" } else { MODERN };
                let fields = format!("{CLOSE}X-Kept: {mark}\r\n{claim}");
                let raw = Raw { method, path, token: Some(&plain), fields: &fields, body: framed };
                assert_eq!(raw.send(&world, &edge).await?.0, 403, "{mark}");
                assert!(seen(&world, &mark)?.is_empty(), "{mark}: it came through");
                Raw { token: Some(&counting), ..raw }.send(&world, &edge).await?;
                let seen = seen(&world, &mark)?;
                assert_eq!(seen.len(), 1, "{mark}: judged, and passed on");
                // The platform sends none with these.
                let sent = if ["GET", "HEAD"].contains(&method) { "" } else { body.as_str() };
                assert!(seen[0].request_body == sent, "{mark}: {}", seen[0].request_body);
            }
        }
        for (method, framed) in
            [("DELETE", Framed::None), ("DELETE", Framed::Announced("")), ("GET", Framed::None), ("HEAD", Framed::None)]
        {
            let mark = format!("{path} {method} of nothing");
            let before = seen(&world, &mark)?.len();
            let fields = format!("{CLOSE}X-Kept: {mark}\r\n");
            Raw { method, path, token: Some(&plain), fields: &fields, body: framed }.send(&world, &edge).await?;
            assert_eq!(seen(&world, &mark)?.len(), before + 1, "{mark}: it asks for nothing");
        }
        // What passed without a body must not open the way to one that has.
        let raw = Raw { method: "DELETE", path, token: Some(&plain), fields: CLOSE, body: Framed::None };
        for _ in 0..2 {
            raw.send(&world, &edge).await?;
        }
        assert_eq!(Raw { body: Framed::Announced(&body), ..raw }.send(&world, &edge).await?.0, 403, "{path}");
    }
    Ok(())
}

/// What a client of 2026-07-28 says of a harmless message.
const MODERN: &str = "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/list\r\n";

async fn headers_that_the_origin_will_not_see_judge_nothing(world: Arc<World>) -> Result<()> {
    let edge = edge(&world).await?;
    let token = policy::token_for(&world, COMPARED_RESOURCE, "use").await?;
    let body = policy::message("tools/call", &json!({ "name": "count_slowly", "arguments": { "steps": 1 } }));
    let ask = async |connection: &str| {
        let fields = format!("Connection: close{connection}\r\n{MODERN}");
        let body = Framed::Announced(&body);
        let raw = Raw { method: "POST", path: COMPARED_RESOURCE, token: Some(&token), fields: &fields, body };
        anyhow::Ok(raw.send(&world, &edge).await?.0)
    };
    // The origin compares, as the settings say.
    assert_eq!(ask("").await?, 400);
    for named in [", mcp-method", ", MCP-Protocol-Version", ", mcp-protocol-version, mcp-method"] {
        assert_eq!(ask(named).await?, 403, "{named}: judged by the body");
    }
    Ok(())
}
