//! The running pool: settings, clock, keys and memory, shared by all endpoints.

use axum::http::HeaderMap;
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::clock::{Clock, UnixSeconds};
use crate::config::{Config, Mode};
use crate::fault::FaultQueue;
use crate::issued::{IssuedSecrets, SecretKind};
use crate::keys::KeyRing;
use crate::recording::Recordings;
use crate::store::{Session, Store};

/// Everything a request needs.
#[derive(Debug)]
pub(crate) struct Pool {
    pub(crate) config: Config,
    /// Origin of the domain, without a trailing slash.
    pub(crate) domain: String,
    /// The issuer in the discovery document.
    pub(crate) issuer: String,
    pub(crate) clock: Clock,
    pub(crate) keys: Mutex<KeyRing>,
    pub(crate) store: Mutex<Store>,
    pub(crate) faults: FaultQueue,
    pub(crate) recordings: Recordings,
    pub(crate) issued: IssuedSecrets,
    pub(crate) stopping: watch::Receiver<bool>,
    mode: Mutex<Mode>,
}

impl Pool {
    pub(crate) fn new(config: Config, domain: String, issuer: String, stopping: watch::Receiver<bool>) -> Self {
        let issued = IssuedSecrets::default();
        for secret in config.app_clients.iter().flat_map(|client| &client.secrets) {
            issued.note(SecretKind::ClientSecret, secret.clone());
        }
        for user in &config.users {
            issued.note(SecretKind::Password, user.password.clone());
        }
        Self {
            mode: Mutex::new(config.mode),
            clock: Clock::default(),
            keys: Mutex::default(),
            store: Mutex::default(),
            faults: FaultQueue::default(),
            recordings: Recordings::default(),
            config,
            domain,
            issuer,
            issued,
            stopping,
        }
    }

    pub(crate) fn now(&self) -> UnixSeconds {
        self.clock.now()
    }

    pub(crate) fn mode(&self) -> Mode {
        *self.mode.lock()
    }

    pub(crate) fn set_mode(&self, mode: Mode) {
        *self.mode.lock() = mode;
    }

    /// `iss` of the pool's tokens.
    pub(crate) fn token_issuer(&self) -> &str {
        self.config.token_issuer.as_deref().unwrap_or(&self.issuer)
    }

    /// The session of the browser that sent these headers.
    pub(crate) fn session(&self, headers: &HeaderMap) -> Option<Session> {
        let value = crate::cookies::find(headers, crate::cookies::SESSION)?;
        self.store.lock().session(&value, self.now()).cloned()
    }

    /// Returns when the pool is being stopped.
    pub(crate) async fn stopped(&self) {
        // An error means the sender is gone, which is a stop as well.
        let _ = self.stopping.clone().wait_for(|&stopping| stopping).await;
    }
}
