//! Sessions of clients before MCP 2026-07-28, good at any task and for the user who opened them.
//!
//! A service has several tasks, and nothing makes a client's requests reach the one that it opened its session at. So
//! the session travels: the `Mcp-Session-Id` that a client sees is a sealed value with rmcp's own id and what the client
//! initialized with. A task that does not have the session restores it from there, through rmcp's session store. Tasks
//! share nothing but the [`SessionKeys`].
//!
//! A session id alone must not let another user into the session (MCP 2025-11-25, "Session Hijacking"): it opens only for
//! the subject of the [`Caller`] that it was sealed for. It lives for a [`LIFETIME`], and then the client initializes anew.
//!
//! A task keeps so many sessions in memory as [`SessionLimits`] say; an idle one that ends for another is restored when its
//! client comes back.
//!
//! For a server of your own:
//!
//! ```
//! use axum::{Router, middleware::from_fn_with_state};
//! use edgeward_origin::{Keys, RequireIdentity, Verifier, server::session::{SessionKeys, Sessions, bind_session}};
//! use rmcp::{ServerHandler, transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService}};
//!
//! # #[derive(Clone)] struct MyServer;
//! # impl ServerHandler for MyServer {}
//! # fn router(keys: Keys, session_keys: SessionKeys) -> Router {
//! let sessions = Sessions::new(session_keys);
//! let config = sessions.configured(StreamableHttpServerConfig::default());
//! let mcp = StreamableHttpService::new(|| Ok(MyServer), sessions.manager(), config);
//! let verifier = Verifier::new("https://edge.example", "https://origin.example");
//! Router::new()
//!     .route_service("/mcp", mcp)
//!     .route_layer(from_fn_with_state(sessions, bind_session))
//!     // In front of it, as sessions belong to callers.
//!     .route_layer(RequireIdentity::new(verifier, keys))
//! # }
//! ```

mod exchange;
mod interrupted;
mod keys;
mod local;
mod manager;
mod places;
mod restoring;
mod sealed;

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use rmcp::transport::streamable_http_server::{SessionManager as _, StreamableHttpServerConfig};

use self::{
    exchange::{Exchange, Hook},
    restoring::Restoring,
    sealed::{OpenError, SealError, Session},
};
use crate::{Caller, Clock, pseudonym, refreshed::Unavailable};

pub use keys::SessionKeys;
pub use manager::TaskSessionManager;
pub use places::SessionLimits;
pub use sealed::{LIFETIME, MAX_BYTES};

/// The sessions of one task. Clones are the same sessions.
#[derive(Debug, Clone)]
pub struct Sessions(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    keys: SessionKeys,
    clock: Clock,
    manager: Arc<TaskSessionManager>,
    restoring: Restoring,
}

impl Sessions {
    /// Sessions whose ids are sealed with these keys.
    pub fn new(keys: SessionKeys) -> Self {
        Self::with(keys, SessionLimits::default(), Clock::system())
    }

    /// Like [`Self::new`], with as many sessions in memory as `limits` say, and the time from `clock`.
    pub fn with(keys: SessionKeys, limits: SessionLimits, clock: Clock) -> Self {
        let manager = Arc::new(TaskSessionManager::new(limits));
        Self(Arc::new(Inner { keys, clock, manager, restoring: Restoring::default() }))
    }

    /// What keeps them in memory; for rmcp's `StreamableHttpService`.
    pub fn manager(&self) -> Arc<TaskSessionManager> {
        self.0.manager.clone()
    }

    /// The same configuration, with what restores sessions here.
    #[must_use]
    pub fn configured(&self, mut config: StreamableHttpServerConfig) -> StreamableHttpServerConfig {
        config.session_store = Some(Arc::new(Hook));
        config
    }

    /// The session whose id a request has, if it has one.
    async fn opened(&self, headers: &HeaderMap, subject: &str) -> Result<Option<Session>, Refusal> {
        let mut values = headers.get_all(&SESSION_ID).iter();
        let Some(value) = values.next() else { return Ok(None) };
        let sealed = value.to_str().map_err(|_| Refusal::NotFound(OpenError::NotOurs))?;
        if values.next().is_some() {
            return Err(Refusal::NotFound(OpenError::NotOurs));
        }
        let now = self.0.clock.now();
        let keys = self.0.keys.current(now).await?;
        let session = match Session::open(sealed, subject, &keys, now) {
            // Another task may have a new key already.
            Err(OpenError::UnknownKey) => {
                let newer = self.0.keys.newer_than(&keys, now).await?.ok_or(OpenError::UnknownKey)?;
                Session::open(sealed, subject, &newer, now)?
            }
            opened => opened?,
        };
        Ok(Some(session))
    }

    /// What the client is told of the session that its request began.
    async fn sealed(&self, session: Option<Session>, subject: &str) -> Result<HeaderValue, Refusal> {
        let now = self.0.clock.now();
        let keys = self.0.keys.to_seal(now).await?;
        let sealed = session.ok_or(SealError::Failed)?.seal(subject, &keys, now)?;
        HeaderValue::try_from(sealed).map_err(|_| SealError::Failed.into())
    }
}

const SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");
const PROTOCOL_VERSION: &str = "mcp-protocol-version";
const FIRST_WITHOUT_SESSIONS: &str = "2026-07-28";

/// Middleware: opens the session id of the request and seals that of the response.
///
/// `DELETE` is answered with 405, as MCP allows: an id that is sealed cannot be taken back at every task.
pub async fn bind_session(
    State(sessions): State<Sessions>,
    caller: Caller,
    mut request: Request,
    next: Next,
) -> Response {
    let modern = is_modern(request.headers());
    if request.method() == Method::DELETE && !modern {
        let allowed = [(header::ALLOW, "GET, POST")];
        return (StatusCode::METHOD_NOT_ALLOWED, allowed, "Method Not Allowed: sessions end by themselves")
            .into_response();
    }
    let opened = match sessions.opened(request.headers(), &caller.subject).await {
        // These revisions have no sessions and ignore the header. Without it there is no session to get into, even if
        // the request's body turns out to be a legacy one.
        Err(_) if modern => None,
        Err(refusal) => return refusal.into_response(),
        Ok(opened) => opened,
    };
    request.headers_mut().remove(SESSION_ID);
    let exchange = Exchange::of(&caller.subject, opened);
    let mut turn = None;
    if let Some(session) = &exchange.opened {
        let Ok(id) = HeaderValue::try_from(&session.id) else {
            return Refusal::from(OpenError::NotOurs).into_response();
        };
        request.headers_mut().insert(SESSION_ID, id);
        // Within the exchange: a session that is there is in use from here on, and does not end for another one.
        let restoring = sessions.0.restoring.turn(&session.id, &*sessions.0.manager);
        turn = exchange.clone().during(restoring).await;
    }

    let answering = exchange.clone().during(next.run(request));
    let mut response = match turn {
        None => answering.await,
        // A task of its own, so that a client who leaves does not leave half a session behind.
        Some(turn) => {
            let restoring = tokio::spawn(async move {
                let response = answering.await;
                drop(turn);
                response
            });
            restoring.await.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
        }
    };
    if let Some(full) = exchange.refused() {
        tracing::warn!(subject = pseudonym(&caller.subject), error = %full, "a session was refused");
        return full.into_response();
    }
    // Never a bare id.
    let Some(id) = response.headers_mut().remove(SESSION_ID) else { return response };
    let id = id.to_str().unwrap_or_default();
    match sessions.sealed(exchange.begun(id), &caller.subject).await {
        Ok(sealed) => {
            response.headers_mut().insert(SESSION_ID, sealed);
            response
        }
        Err(refusal) => {
            // The client will never come back to it.
            let _ = sessions.0.manager.close_session(&id.to_owned().into()).await;
            refusal.into_response()
        }
    }
}

fn is_modern(headers: &HeaderMap) -> bool {
    // Revisions are dates, so they compare as text.
    headers.get(PROTOCOL_VERSION).and_then(|value| value.to_str().ok()).is_some_and(|v| v >= FIRST_WITHOUT_SESSIONS)
}

/// Why a request is not served.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum Refusal {
    /// As for a session that has ended: the client initializes anew.
    #[error("{0}")]
    NotFound(#[from] OpenError),
    #[error("{0}")]
    NotSealed(#[from] SealError),
    #[error("the keys of sessions cannot be read")]
    Unavailable { retry_after: u64 },
}

impl From<Unavailable> for Refusal {
    fn from(Unavailable { retry_after }: Unavailable) -> Self {
        Self::Unavailable { retry_after }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::NotFound(reason) => {
                tracing::debug!(%reason, "a session id was not taken");
                (StatusCode::NOT_FOUND, "Not Found: Session not found").into_response()
            }
            Self::NotSealed(error @ SealError::TooLong) => {
                (StatusCode::BAD_REQUEST, format!("Bad Request: {error}")).into_response()
            }
            Self::NotSealed(error) => {
                tracing::error!(%error, "a session could not be begun");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
            Self::Unavailable { retry_after } => {
                let retry_after = [(header::RETRY_AFTER, retry_after.max(1).to_string())];
                (StatusCode::SERVICE_UNAVAILABLE, retry_after).into_response()
            }
        }
    }
}
