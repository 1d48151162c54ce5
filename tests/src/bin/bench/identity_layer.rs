//! What the identity layer costs an origin: one and the same MCP server, with it and without.

use std::{
    net::SocketAddr,
    process::Command,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result, bail};
use axum::{Router, routing::get};
use edgeward_identity::{
    Identity, Kind, SigningKey, UnixTime, Verifier, VerifyingKeys, assertion, names::IDENTITY_HEADER,
};
use edgeward_origin::{Keys, RequireIdentity};
use edgeward_tests::{
    origin::ready,
    port::{Port, loopback},
    process::Process,
};
use http::{HeaderValue, StatusCode};
use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock},
    service::RequestContext,
    transport::streamable_http_server::{
        StreamableHttpServerConfig, StreamableHttpService, session::local::LocalSessionManager,
    },
};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::{
    figures::{Figures, LAYER, names},
    generator::{Run, Span, closed, same},
    measure::{TURNS, per},
    peer::{Auth, Peer, Program},
    scene::Scene,
};

/// The argument that makes this program the server; an address follows, and the keys if there is to be a layer.
pub(crate) const ARGUMENT: &str = "mcp-server";

const ISSUER: &str = "https://edge.example";
const AUDIENCE: &str = "https://origin.example";
const CONNECTIONS: usize = 16;

/// Serves until the process is stopped.
///
/// # Errors
/// When the keys are none, or it cannot listen.
pub(crate) async fn serve(address: SocketAddr, jwks: Option<&str>) -> Result<()> {
    let config =
        StreamableHttpServerConfig::default().with_allowed_hosts(["localhost", "127.0.0.1"].map(str::to_owned));
    let mcp = StreamableHttpService::new(|| Ok(Weather), Arc::new(LocalSessionManager::default()), config);
    let mut router = Router::new().route_service("/mcp", mcp);
    if let Some(jwks) = jwks {
        let keys = Keys::fixed(VerifyingKeys::from_jwks(jwks.as_bytes())?);
        router = router.route_layer(RequireIdentity::new(Verifier::new(ISSUER, AUDIENCE), keys));
    }
    let listener = TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))?;
    axum::serve(listener, router.route("/healthz", get(async || "ok"))).await?;
    Ok(())
}

/// A server of one tool, which costs as little as a tool can.
#[derive(Debug, Clone)]
struct Weather;

impl ServerHandler for Weather {
    async fn call_tool(
        &self,
        _: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        Ok(CallToolResult::success(vec![ContentBlock::text("Sunny, 21 degrees, a light wind from the west.")]).into())
    }
}

/// Measures both.
///
/// # Errors
/// When one does not serve.
pub(crate) async fn measure(scene: &Scene, figures: &mut Figures) -> Result<()> {
    let keys: Value = serde_json::from_str(&edgeward_tests::keys::generate()?)?;
    let key = SigningKey::from_value(&keys["keys"][0]).context("no signing key")?;
    let public = serde_json::json!({ "keys": [key.public_jwk()] }).to_string();
    let mut servers = Vec::new();
    for (name, jwks) in [(names::WITHOUT_LAYER, None), (names::WITH_LAYER, Some(public))] {
        let address = loopback(Port::Free.choose()?);
        let mut command = Command::new(std::env::current_exe()?);
        command.env_clear().args([ARGUMENT, &address.to_string()]).args(jwks);
        let process = Process::spawn(name, &mut command, &scene.folder)?;
        let health = format!("http://{address}/healthz");
        ready(&process, &health, StatusCode::OK, Duration::from_secs(10)).await?;
        servers.push((Peer::new(name, address.port(), Auth::None, Program::Running), process));
    }
    for round in 0..=scene.settings.rounds {
        let mut asked: Vec<_> = servers.iter().map(|_| (Duration::ZERO, Run::default())).collect();
        for _ in 0..TURNS {
            // As the edge does: minted anew before it is half over.
            let assertion = mint(&key)?;
            for ((peer, process), (cpu, run)) in servers.iter().zip(&mut asked) {
                let mut call = peer.call("");
                call.headers_mut().remove(http::header::AUTHORIZATION);
                call.headers_mut().insert(IDENTITY_HEADER, HeaderValue::from_str(&assertion)?);
                let before = process.cpu_time(PROGRAM);
                let span = Span::For(scene.settings.time / TURNS);
                let turn = closed(peer.address()?, CONNECTIONS, span, same(call), StatusCode::OK);
                run.extend(turn.await.with_context(|| format!("at rmcp {}", peer.name))?);
                *cpu += process.cpu_time(PROGRAM).saturating_sub(before);
            }
        }
        // The first round is for nothing.
        for ((peer, _), (cpu, run)) in servers.iter().zip(asked).filter(|_| round > 0) {
            figures.note(LAYER, peer.name, per(cpu, run.done()));
        }
    }
    Ok(())
}

/// What the kernel calls this program: it keeps fifteen characters.
const PROGRAM: &str = "edgeward-bench";

fn mint(key: &SigningKey) -> Result<String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).context("a clock before 1970")?.as_secs();
    let identity = Identity {
        issuer: ISSUER.to_owned(),
        audience: AUDIENCE.to_owned(),
        subject: "9d3a2f6e-0000-4000-8000-000000000001".to_owned(),
        kind: Kind::User,
        client_id: "c".repeat(64),
        scopes: vec!["mcp".to_owned()],
        username: Some("demo".to_owned()),
        email: Some("demo@example.com".to_owned()),
        unverified_email: None,
        groups: vec!["readers".to_owned()],
        auth_time: Some(UnixTime::from_secs(now)),
        grant_id: "g".repeat(43),
    };
    match assertion::mint(&identity, key, UnixTime::from_secs(now), assertion::MAX_LIFETIME) {
        Ok(assertion) => Ok(assertion),
        Err(error) => bail!("no assertion: {error}"),
    }
}
