//! One request at a time restores a session; others of the same session wait for it.
//!
//! rmcp takes a session for one that is there as soon as it has begun to restore it. A second request that arrives then
//! would be the first message of a session that has not been initialized, which ends it.

use std::{
    collections::HashMap,
    sync::{Arc, Weak},
};

use parking_lot::Mutex;
use rmcp::transport::streamable_http_server::SessionManager;
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

/// The sessions that are being restored, each with a lock that its first request holds.
#[derive(Debug, Default)]
pub(super) struct Restoring(Mutex<HashMap<String, Weak<AsyncMutex<()>>>>);

/// Held by the request that restores a session, until it has been answered.
#[derive(Debug)]
pub(super) struct Turn {
    _guard: OwnedMutexGuard<()>,
}

impl Restoring {
    /// Waits while another request restores this session. `None` if it is there by then.
    pub(super) async fn turn(&self, id: &str, manager: &impl SessionManager) -> Option<Turn> {
        let is_there = async || manager.has_session(&id.to_owned().into()).await.unwrap_or(false);
        // In this order: a session that is there and of which nobody holds the lock has been restored to the end.
        let lock = match (is_there().await, self.lock_of(id)) {
            (true, None) => return None,
            (_, Some(lock)) => lock,
            (false, None) => self.begin(id),
        };
        let guard = lock.lock_owned().await;
        if is_there().await { None } else { Some(Turn { _guard: guard }) }
    }

    /// The lock of a session that is being restored.
    fn lock_of(&self, id: &str) -> Option<Arc<AsyncMutex<()>>> {
        self.0.lock().get(id).and_then(Weak::upgrade)
    }

    fn begin(&self, id: &str) -> Arc<AsyncMutex<()>> {
        let mut all = self.0.lock();
        if let Some(lock) = all.get(id).and_then(Weak::upgrade) {
            return lock;
        }
        all.retain(|_, lock| lock.strong_count() > 0);
        let lock = Arc::default();
        all.insert(id.to_owned(), Arc::downgrade(&lock));
        lock
    }
}
