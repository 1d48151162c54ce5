//! What rmcp and the middleware hand each other during one request.
//!
//! rmcp asks a [`SessionStore`] for a session that this task does not have, and gives it one that a client has opened.
//! Nothing is stored: both go through a task-local that lives as long as one request, so that what one request has
//! opened can be loaded by no other.

use std::{future::Future, sync::Arc};

use parking_lot::Mutex;
use rmcp::transport::streamable_http_server::session::{SessionState, SessionStore, SessionStoreError};

use super::{
    places::{Full, InUse},
    sealed::Session,
};

tokio::task_local! {
    static EXCHANGE: Arc<Exchange>;
}

/// What is wrong where there is no exchange.
pub(super) const OUTSIDE: &str = "the middleware `bind_session` is not in front of this service";

/// The exchange of the request that is being answered.
pub(super) fn current() -> Option<Arc<Exchange>> {
    EXCHANGE.try_with(Arc::clone).ok()
}

/// Of one request.
#[derive(Debug)]
pub(super) struct Exchange {
    /// The caller.
    pub(super) subject: Arc<str>,
    /// The session whose id came with the request.
    pub(super) opened: Option<Session>,
    /// The session that the request began.
    begun: Mutex<Option<Session>>,
    /// Keeps the request's session until the answer begins; from then on its stream does.
    in_use: Mutex<Option<InUse>>,
    /// Why there is no place for the request's session.
    refused: Mutex<Option<Full>>,
}

impl Exchange {
    pub(super) fn of(subject: &str, opened: Option<Session>) -> Arc<Self> {
        let (begun, in_use, refused) = (Mutex::default(), Mutex::default(), Mutex::default());
        Arc::new(Self { subject: subject.into(), opened, begun, in_use, refused })
    }

    pub(super) fn hold(&self, in_use: InUse) {
        *self.in_use.lock() = Some(in_use);
    }

    pub(super) fn refuse(&self, full: Full) {
        *self.refused.lock() = Some(full);
    }

    pub(super) fn refused(&self) -> Option<Full> {
        *self.refused.lock()
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
        EXCHANGE.try_with(begin).map_err(|_| OUTSIDE.into())
    }

    async fn delete(&self, _: &str) -> Result<(), SessionStoreError> {
        Ok(())
    }
}
