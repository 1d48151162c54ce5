//! What is served where, and behind what.

use std::time::Duration;

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::Method,
    middleware::{Next, from_fn, from_fn_with_state},
    response::Response,
    routing::get,
};
use edgeward_identity::{
    Verifier,
    limits::MAX_BODY_BYTES,
    names::origin::{JWKS, SESSION_KEYS, Setting},
};
use futures_util::{FutureExt as _, StreamExt as _, future::BoxFuture};
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use tokio_util::sync::CancellationToken;

use super::{
    KeySource, SessionKeySource, Settings,
    body_limit::limit_body,
    health,
    mcp::Tools,
    metrics::Metrics,
    parameters::Store,
    request_log::log_request,
    session::{SessionKeys, Sessions, bind_session},
    weather::Weather,
};
use crate::{Keys, RequireIdentity, keys::KeysError, outbound::Outbound};

/// Where MCP is served.
const MCP_PATH: &str = "/mcp";

/// Ends what would otherwise go on for ever.
#[derive(Debug, Clone, Default)]
pub struct Lifetimes {
    /// Ends standing streams: those that a client keeps open though it has asked for nothing.
    pub standing: CancellationToken,
    /// Ends everything: sessions, and requests under way.
    pub requests: CancellationToken,
}

/// The whole server as a router. Keys that are a parameter are read again from `parameters`; `metrics` measures
/// requests and tool calls.
///
/// # Errors
/// When TLS or randomness is not available.
pub fn router(
    settings: &Settings,
    parameters: Option<&Store>,
    metrics: &Metrics,
) -> Result<(Router, Lifetimes), RouterError> {
    let lifetimes = Lifetimes::default();
    let weather = Weather::new(settings.weather_url.clone(), Outbound::new().map_err(KeysError::from)?);
    let tools = Tools::new(weather, metrics.clone());
    let sessions = Sessions::new(session_keys(settings, parameters)?);
    let config = sessions
        .configured(StreamableHttpServerConfig::default())
        .with_allowed_hosts(settings.allowed_hosts.iter().cloned())
        .with_cancellation_token(lifetimes.requests.clone())
        .with_max_request_body_bytes(MAX_BODY_BYTES)
        // A client that has gone is noticed at the next write, so this bounds how long its tool runs on.
        .with_sse_keep_alive(Some(KEEP_ALIVE));
    let mcp = StreamableHttpService::new(move || Ok(tools.clone()), sessions.manager(), config);
    let keys = match (&settings.keys, parameters) {
        (KeySource::Parameter(keys), Some(store)) => Keys::refreshed(keys.clone(), read_again(store, JWKS)),
        (KeySource::Given(keys) | KeySource::Parameter(keys), _) => Keys::fixed(keys.clone()),
        (KeySource::Fetched(url), _) => Keys::fetched(url.clone())?,
    };
    let require_identity = RequireIdentity::new(Verifier::new(&settings.issuer, &settings.audience), keys);

    // Read from the bottom up: a request passes the last layer first.
    let router = Router::new()
        .route_service(MCP_PATH, mcp)
        .route_layer(from_fn(limit_body))
        .route_layer(from_fn_with_state(lifetimes.standing.clone(), end_standing_stream))
        .route_layer(from_fn_with_state(sessions, bind_session))
        .route_layer(require_identity)
        .route(health::PATH, get(health::healthz))
        .layer(from_fn_with_state(metrics.clone(), log_request));
    Ok((router, lifetimes))
}

/// The keys that seal session ids.
///
/// # Errors
/// When there is no randomness for a key of the process.
pub fn session_keys(settings: &Settings, parameters: Option<&Store>) -> Result<SessionKeys, getrandom::Error> {
    match (&settings.session_keys, parameters) {
        (SessionKeySource::Parameter(keys), Some(store)) => {
            Ok(SessionKeys::refreshed(keys, read_again(store, SESSION_KEYS)))
        }
        (SessionKeySource::Given(keys) | SessionKeySource::Parameter(keys), _) => Ok(SessionKeys::fixed(keys)),
        (SessionKeySource::Process, _) => {
            tracing::warn!(
                setting = SESSION_KEYS.variable,
                "no keys of sessions are set: sessions end with this process, and no other task can serve them"
            );
            SessionKeys::random()
        }
    }
}

fn read_again(store: &Store, setting: Setting) -> impl Fn() -> BoxFuture<'static, Result<Vec<u8>, KeysError>> + use<> {
    let store = store.clone();
    move || {
        let store = store.clone();
        let read = async move { store.read_one(setting.parameter).await };
        read.map(|read| read.map(String::into_bytes).map_err(|error| KeysError::Unreadable(error.to_string()))).boxed()
    }
}

const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Middleware: a legacy client's GET stream waits for messages that may never come; it must not hold up a shutdown.
async fn end_standing_stream(State(end): State<CancellationToken>, request: Request, next: Next) -> Response {
    let is_standing = request.method() == Method::GET;
    let response = next.run(request).await;
    if !is_standing {
        return response;
    }
    response.map(|body| Body::from_stream(body.into_data_stream().take_until(end.cancelled_owned())))
}

/// Why the server cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum RouterError {
    /// No TLS.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// No randomness.
    #[error("no randomness: {0}")]
    Randomness(#[from] getrandom::Error),
}
