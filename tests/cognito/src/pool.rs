//! The running pool: settings, clock, keys and memory, shared by all endpoints.

use std::collections::BTreeMap;

use axum::http::HeaderMap;
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::clock::{Clock, UnixSeconds};
use crate::config::{AppClient, Config, IdentityProvider, Mode, User, check_identity_provider};
use crate::custom_claims::CustomClaims;
use crate::directory::Directory;
use crate::fault::FaultQueue;
use crate::issued::{IssuedSecrets, SecretKind};
use crate::issuers::{IssuerForm, Issuers};
use crate::keys::KeyRing;
use crate::recording::Recordings;
use crate::store::{Session, Store};
use crate::trigger::Triggers;

/// Everything a request needs.
#[derive(Debug)]
pub(crate) struct Pool {
    pub(crate) config: Config,
    /// Origin of the domain, without a trailing slash.
    pub(crate) domain: String,
    /// The original form of the issuer.
    pub(crate) issuer: String,
    /// The updated form of the issuer.
    pub(crate) updated_issuer: String,
    pub(crate) clock: Clock,
    pub(crate) keys: Mutex<KeyRing>,
    pub(crate) store: Mutex<Store>,
    pub(crate) users: Directory,
    pub(crate) providers: Mutex<Vec<IdentityProvider>>,
    /// Secrets of app clients that were given others than they began with.
    client_secrets: Mutex<BTreeMap<String, Vec<String>>>,
    pub(crate) triggers: Triggers,
    pub(crate) custom_claims: Mutex<CustomClaims>,
    pub(crate) issuers: Mutex<Issuers>,
    pub(crate) faults: FaultQueue,
    pub(crate) recordings: Recordings,
    pub(crate) issued: IssuedSecrets,
    pub(crate) stopping: watch::Receiver<bool>,
    mode: Mutex<Mode>,
}

/// Origins under which the pool is reached, without a trailing slash.
#[derive(Debug)]
pub(crate) struct Origins {
    pub(crate) domain: String,
    pub(crate) issuer: String,
    pub(crate) updated_issuer: String,
}

impl Pool {
    pub(crate) fn new(config: Config, origins: Origins, stopping: watch::Receiver<bool>) -> Self {
        let issued = IssuedSecrets::default();
        for secret in config.app_clients.iter().flat_map(|client| &client.secrets) {
            issued.note(SecretKind::ClientSecret, secret.clone());
        }
        for user in &config.users {
            if !user.password.is_empty() {
                issued.note(SecretKind::Password, user.password.clone());
            }
        }
        Self {
            mode: Mutex::new(config.mode),
            clock: Clock::default(),
            keys: Mutex::default(),
            store: Mutex::default(),
            users: Directory::new(&config),
            providers: Mutex::new(config.identity_providers.clone()),
            client_secrets: Mutex::default(),
            triggers: Triggers::default(),
            custom_claims: Mutex::default(),
            issuers: Mutex::default(),
            faults: FaultQueue::default(),
            recordings: Recordings::default(),
            domain: origins.domain,
            issuer: format!("{}/{}", origins.issuer, config.pool_id),
            updated_issuer: format!("{}/{}", origins.updated_issuer, config.pool_id),
            config,
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
        self.config.token_issuer.as_deref().unwrap_or_else(|| self.issuer_of(self.issuers.lock().tokens))
    }

    /// Whether the pool issues, or has issued, tokens under this name: those from before a switch are still good.
    pub(crate) fn is_issuer(&self, issuer: &str) -> bool {
        issuer == self.issuer || issuer == self.updated_issuer || issuer == self.token_issuer()
    }

    pub(crate) fn issuer_of(&self, form: IssuerForm) -> &str {
        match form {
            IssuerForm::Original => &self.issuer,
            IssuerForm::Updated => &self.updated_issuer,
        }
    }

    /// A user who may have tokens.
    pub(crate) fn enabled_user(&self, username: &str) -> Option<User> {
        self.users.find(username).filter(|user| user.enabled)
    }

    /// The identity provider with this name.
    pub(crate) fn provider(&self, name: &str) -> Option<IdentityProvider> {
        self.providers.lock().iter().find(|provider| provider.name == name).cloned()
    }

    /// Changes an identity provider but for the name. False if there is none, or a pool would refuse the change.
    pub(crate) fn update_provider(&self, name: &str, change: impl FnOnce(&mut IdentityProvider)) -> bool {
        let mut providers = self.providers.lock();
        let Some(provider) = providers.iter_mut().find(|provider| provider.name == name) else { return false };
        let mut changed = provider.clone();
        change(&mut changed);
        changed.name.clone_from(&provider.name);
        let is_allowed = check_identity_provider(&changed).is_ok();
        if is_allowed {
            *provider = changed;
        }
        is_allowed
    }

    /// The secrets that an app client has now.
    pub(crate) fn client_secrets(&self, client: &AppClient) -> Vec<String> {
        self.client_secrets.lock().get(&client.id).unwrap_or(&client.secrets).clone()
    }

    pub(crate) fn set_client_secrets(&self, client_id: &str, secrets: Vec<String>) {
        for secret in &secrets {
            self.issued.note(SecretKind::ClientSecret, secret.clone());
        }
        self.client_secrets.lock().insert(client_id.to_owned(), secrets);
    }

    /// Changes a user of the running pool. Disabling also revokes the tokens: AWS says that `AdminDisableUser` "revokes all
    /// access tokens for the user". That refresh tokens stay revoked when the user is enabled again is assumed.
    pub(crate) fn update_user(&self, username: &str, change: impl FnOnce(&mut User)) -> bool {
        let Some((before, after)) = self.users.update(username, change) else { return false };
        if before.enabled && !after.enabled {
            self.store.lock().revoke_user(&after.username);
        }
        if before.password != after.password {
            self.issued.note(SecretKind::Password, after.password);
        }
        true
    }

    pub(crate) fn delete_user(&self, username: &str) -> bool {
        let Some(user) = self.users.remove(username) else { return false };
        self.store.lock().revoke_user(&user.username);
        true
    }

    /// The session of the browser that sent these headers.
    pub(crate) fn session(&self, headers: &HeaderMap) -> Option<Session> {
        let value = crate::cookies::find(headers, crate::cookies::SESSION)?;
        let session = self.store.lock().session(&value, self.now()).cloned()?;
        // Assumed: the session of a user who may no longer sign in counts for nothing.
        self.enabled_user(&session.username).map(|_| session)
    }

    /// Returns when the pool is being stopped.
    pub(crate) async fn stopped(&self) {
        // An error means the sender is gone, which is a stop as well.
        let _ = self.stopping.clone().wait_for(|&stopping| stopping).await;
    }
}
