//! What rmcp and the middleware hand each other during one request.
//!
//! rmcp asks a [`SessionStore`] for a session that this task does not have, and gives it one that a client has opened.
//! Nothing is stored: both go through a task-local that lives as long as one request, so that what one request has
//! opened can be loaded by no other.

use std::{future::Future, sync::Arc};

use parking_lot::Mutex;
use rmcp::transport::streamable_http_server::session::{SessionState, SessionStore, SessionStoreError};

use super::sealed::Session;

tokio::task_local! {
    static EXCHANGE: Arc<Exchange>;
}

/// Of one request.
#[derive(Debug, Default)]
pub(super) struct Exchange {
    /// The session whose id came with the request.
    pub(super) opened: Option<Session>,
    /// The session that the request began.
    begun: Mutex<Option<Session>>,
}

impl Exchange {
    pub(super) fn of(opened: Option<Session>) -> Arc<Self> {
        Arc::new(Self { opened, begun: Mutex::default() })
    }

    /// Runs what answers the request.
    pub(super) fn during<F: Future>(self: Arc<Self>, answering: F) -> impl Future<Output = F::Output> {
        EXCHANGE.scope(self, answering)
    }

    /// The session with this id, if the request began it.
    pub(super) fn begun(&self, id: &str) -> Option<Session> {
        self.begun.lock().take().filter(|session| session.id == id)
    }
}

/// rmcp's hook.
#[derive(Debug)]
pub(super) struct Hook;

#[async_trait::async_trait]
impl SessionStore for Hook {
    async fn load(&self, id: &str) -> Result<Option<SessionState>, SessionStoreError> {
        let opened =
            |exchange: &Arc<Exchange>| exchange.opened.as_ref().filter(|session| session.id == id).map(Session::state);
        Ok(EXCHANGE.try_with(opened).ok().flatten())
    }

    async fn store(&self, id: &str, state: &SessionState) -> Result<(), SessionStoreError> {
        let begin = |exchange: &Arc<Exchange>| *exchange.begun.lock() = Some(Session::new(id, state));
        EXCHANGE.try_with(begin).map_err(|_| "the middleware `bind_session` is not in front of this service".into())
    }

    async fn delete(&self, _: &str) -> Result<(), SessionStoreError> {
        Ok(())
    }
}
