#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![expect(deprecated, reason = "clients before 2026-07-28 use what that revision deprecates")]

mod ask;
mod changes;
mod everything;
mod prompt;
mod request_state;
mod resource;
mod sample;
mod tool;

use std::{error::Error, process::ExitCode};

use axum::{Json, Router, middleware::from_fn_with_state, routing::get};
use edgeward_identity::Verifier;
use edgeward_origin::{
    Keys, RequireIdentity,
    server::{
        KeySource, Lifetimes, Process, Settings, health, logging, serve,
        session::{Sessions, bind_session},
        session_keys,
        settings::{SettingsError, Values},
        termination,
    },
};
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use serde_json::json;
use tokio::net::TcpListener;

use self::everything::Shared;

#[tokio::main]
async fn main() -> ExitCode {
    logging::init();
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "refused to start");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let variables: Values = std::env::vars().collect();
    let (settings, process) = read(&variables)?;
    let stop = termination()?;
    let lifetimes = Lifetimes::default();
    let router = router(&settings, &lifetimes)?;
    serve(TcpListener::bind(process.listen).await?, router, lifetimes, stop, process.shutdown).await?;
    Ok(())
}

fn read(variables: &Values) -> Result<(Settings, Process), SettingsError> {
    Ok((Settings::read(variables, &Values::new())?, Process::read(variables)?))
}

fn router(settings: &Settings, lifetimes: &Lifetimes) -> Result<Router, Box<dyn Error>> {
    let shared = Shared::new(&settings.session_keys)?;
    let sessions = Sessions::new(session_keys(settings, None)?);
    let config = sessions
        .configured(StreamableHttpServerConfig::default())
        .with_allowed_hosts(settings.allowed_hosts.iter().cloned())
        .with_cancellation_token(lifetimes.requests.clone());
    let mcp = StreamableHttpService::new(move || Ok(shared.serving()), sessions.manager(), config);
    let keys = match &settings.keys {
        KeySource::Given(keys) | KeySource::Parameter(keys) => Keys::fixed(keys.clone()),
        KeySource::Fetched(url) => Keys::fetched(url.clone())?,
    };
    let require_identity = RequireIdentity::new(Verifier::new(&settings.issuer, &settings.audience), keys);
    Ok(Router::new()
        .route_service("/mcp", mcp)
        .route_layer(from_fn_with_state(sessions, bind_session))
        .route_layer(require_identity)
        .route(health::PATH, get(async || Json(json!({ "status": "ok" })))))
}
