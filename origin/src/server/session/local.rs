//! The sessions in this task's memory: rmcp's, each with a place.
//!
//! A client may disconnect at any moment. The server then drops the future that answers its request, at whichever `await` that
//! has come to. So a change of several steps goes on in a task of its own, or a guard undoes the steps that were taken.

use std::{error::Error, io, sync::Arc};

use rmcp::transport::streamable_http_server::{
    RestoreOutcome, SessionId, SessionManager,
    session::local::{LocalSessionManager, LocalSessionManagerError, SessionError},
};
use scopeguard::{ScopeGuard, guard};
use tokio::{
    runtime::Handle,
    sync::Mutex as AsyncMutex,
    task::{JoinError, JoinHandle},
};

use super::{
    exchange,
    places::{InUse, Places, SessionLimits},
};

type Transport = <LocalSessionManager as SessionManager>::Transport;

/// Clones are the same sessions.
#[derive(Debug, Clone)]
pub(super) struct LocalSessions {
    rmcp: Arc<LocalSessionManager>,
    places: Places,
    /// Held while a session ends: otherwise a request could restore it before it is gone, and it would end after that.
    ending: Arc<AsyncMutex<()>>,
}

impl LocalSessions {
    pub(super) fn new(limits: SessionLimits) -> Self {
        Self { rmcp: Arc::default(), places: Places::new(limits), ending: Arc::default() }
    }

    /// rmcp's part, for what changes neither sessions nor places.
    pub(super) fn rmcp(&self) -> &LocalSessionManager {
        &self.rmcp
    }

    /// Keeps a session from ending for another one. `None` if there is no such session.
    pub(super) fn hold(&self, id: &SessionId) -> Option<InUse> {
        self.places.hold(id)
    }

    /// A new session. The caller serves its transport, and closes the session when that has ended.
    pub(super) async fn create(&self) -> Result<(SessionId, Transport), LocalSessionManagerError> {
        let (id, transport) = self.rmcp.create_session().await?;
        let unfinished = guard((self, Arc::clone(&id)), |(this, id)| {
            // There is none while the process ends.
            if let Ok(runtime) = Handle::try_current() {
                runtime.spawn(this.clone().end(id));
            }
        });
        self.find_place(&id).await?;
        ScopeGuard::into_inner(unfinished);
        Ok((id, transport))
    }

    /// The session of a client that comes back. The caller serves and closes it like a new one.
    pub(super) async fn restore(&self, id: SessionId) -> Result<RestoreOutcome<Transport>, LocalSessionManagerError> {
        let unfinished = guard((self, Arc::clone(&id)), |(this, id)| this.places.give_back(&id));
        self.find_place(&id).await?;
        let restored = self.rmcp.restore_session(id).await?;
        ScopeGuard::into_inner(unfinished);
        Ok(restored)
    }

    /// Ends a session, to the end even if nobody waits for it.
    pub(super) async fn close(&self, id: &SessionId) -> Result<(), LocalSessionManagerError> {
        finished(tokio::spawn(self.clone().end(Arc::clone(id)))).await
    }

    async fn end(self, id: SessionId) -> Result<(), LocalSessionManagerError> {
        let _ending = self.ending.lock().await;
        if self.places.leave(&id) { self.rmcp.close_session(&id).await } else { Ok(()) }
    }

    /// Ends the session that must end so that this one has a place. The request's exchange holds the place until it is answered.
    async fn find_place(&self, id: &SessionId) -> Result<(), LocalSessionManagerError> {
        let exchange = exchange::current().ok_or_else(|| refused(exchange::OUTSIDE))?;
        let ending = Arc::clone(&self.ending).lock_owned().await;
        let taken = self.places.take(id, &exchange.subject);
        let (in_use, ended) = taken.map_err(|full| {
            exchange.refuse(full);
            refused(full)
        })?;
        exchange.hold(in_use);
        let Some(ended) = ended else { return Ok(()) };
        tracing::debug!("an idle session was ended for another one");
        let rmcp = Arc::clone(&self.rmcp);
        let closing = tokio::spawn(async move {
            let _ending = ending;
            rmcp.close_session(&ended).await
        });
        finished(closing).await
    }
}

async fn finished(closing: JoinHandle<Result<(), LocalSessionManagerError>>) -> Result<(), LocalSessionManagerError> {
    closing.await.unwrap_or_else(|error: JoinError| Err(refused(error)))
}

fn refused(error: impl Into<Box<dyn Error + Send + Sync>>) -> LocalSessionManagerError {
    SessionError::Io(io::Error::other(error)).into()
}

#[cfg(test)]
mod tests;
