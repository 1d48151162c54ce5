//! A pool on two listeners, from start to stop.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use url::Url;

use crate::config::{Config, ConfigError, IdentityProvider, Mode, User};
use crate::custom_claims::CustomClaims;
use crate::endpoint::{domain_router, issuer_router};
use crate::fault::Fault;
use crate::forgery::{self, Forgery, TokenKind};
use crate::issued::{IssuedSecret, SecretKind};
use crate::issuers::Issuers;
use crate::pool::{Origins, Pool};
use crate::recording::RecordedRequest;
use crate::reset::{ResetHandle, ResettableListener};
use crate::trigger::{Trigger, TriggerFailure};

/// A running user pool. Dropping it closes its listeners and ends hanging requests.
#[derive(Debug)]
pub struct Cognito {
    pool: Arc<Pool>,
    stop: watch::Sender<bool>,
    servers: Vec<JoinHandle<()>>,
}

impl Cognito {
    /// Starts a pool on the current tokio runtime. With [`Config::default`] it picks free ports, so any number of
    /// pools can run in one process.
    pub async fn start(config: Config) -> Result<Self, Error> {
        config.check()?;
        let domain_listener = bind(config.domain_addr).await?;
        let issuer_listener = bind(config.issuer_addr).await?;
        let updated_issuer_listener = bind(config.updated_issuer_addr).await?;
        let origins = Origins {
            domain: origin(config.public_domain_url.as_ref(), &domain_listener)?,
            issuer: origin(config.public_issuer_url.as_ref(), &issuer_listener)?,
            updated_issuer: origin(config.public_updated_issuer_url.as_ref(), &updated_issuer_listener)?,
        };
        let (stop, stopping) = watch::channel(false);
        let pool = Arc::new(Pool::new(config, origins, stopping));
        let servers = vec![
            serve(&pool, domain_listener, domain_router(&pool)),
            serve(&pool, issuer_listener, issuer_router(&pool)),
            serve(&pool, updated_issuer_listener, issuer_router(&pool)),
        ];
        Ok(Self { pool, stop, servers })
    }

    /// Origin of the domain, without a trailing slash: `{domain_url}/oauth2/authorize` and so on.
    pub fn domain_url(&self) -> &str {
        &self.pool.domain
    }

    /// The issuer: an origin of its own and the pool id. Discovery is below it.
    pub fn issuer_url(&self) -> &str {
        &self.pool.issuer
    }

    /// The updated form of the issuer, another origin with the same documents; see [`Cognito::set_issuers`].
    pub fn updated_issuer_url(&self) -> &str {
        &self.pool.updated_issuer
    }

    /// Where the key set is.
    pub fn jwks_url(&self) -> String {
        format!("{}/.well-known/jwks.json", self.pool.issuer)
    }

    /// The settings the pool was started with.
    pub fn config(&self) -> &Config {
        &self.pool.config
    }

    /// Moves the pool's time forward. Codes, sessions, login forms, refresh tokens and grace periods age by it, and new
    /// tokens are dated by it.
    pub fn advance(&self, seconds: u64) {
        self.pool.clock.advance(seconds);
    }

    /// The pool's time, in seconds since 1970.
    pub fn now(&self) -> i64 {
        self.pool.now()
    }

    /// Orders a fault; it queues behind those already ordered for its endpoint.
    pub fn set_fault(&self, fault: Fault) {
        self.pool.faults.push(fault);
    }

    /// Cancels every fault.
    pub fn clear_faults(&self) {
        self.pool.faults.clear();
    }

    /// Switches between behaviours.
    pub fn set_mode(&self, mode: Mode) {
        self.pool.set_mode(mode);
    }

    /// Every user there is now, the federated ones who have signed in among them.
    pub fn users(&self) -> Vec<User> {
        self.pool.users.list()
    }

    /// A user as of now.
    pub fn user(&self, username: &str) -> Option<User> {
        self.pool.users.find(username)
    }

    /// Changes a user of the running pool: groups, attributes, `enabled`, and so on, but not the name. Tokens that were
    /// issued before keep what they say. Gives false, and changes nothing, if there is no such user or a pool would refuse
    /// the change, as with more than 100 groups.
    #[must_use]
    pub fn update_user(&self, username: &str, change: impl FnOnce(&mut User)) -> bool {
        self.pool.update_user(username, change)
    }

    /// Deletes a user and revokes the tokens. False if there is no such user.
    #[must_use]
    pub fn delete_user(&self, username: &str) -> bool {
        self.pool.delete_user(username)
    }

    /// Ends a user's refresh tokens, and not the session of the login pages (`AdminUserGlobalSignOut`).
    pub fn sign_out_globally(&self, username: &str) {
        self.pool.store.lock().end_tokens_of(username);
    }

    /// Gives an app client other secrets (`AddUserPoolClientSecret`, `DeleteUserPoolClientSecret`).
    pub fn set_client_secrets(&self, client_id: &str, secrets: Vec<String>) {
        self.pool.set_client_secrets(client_id, secrets);
    }

    /// Changes an identity provider of the running pool: whom it knows, whom it signs in without a page, how it fails. False
    /// if there is no such provider or a pool would refuse the change.
    #[must_use]
    pub fn update_identity_provider(&self, name: &str, change: impl FnOnce(&mut IdentityProvider)) -> bool {
        self.pool.update_provider(name, change)
    }

    /// Makes a Lambda trigger refuse everybody with this message, or work again. The message is without the full stop that
    /// Cognito adds.
    pub fn set_trigger(&self, trigger: Trigger, message: Option<String>) {
        self.pool.triggers.set(trigger, message.map(TriggerFailure::Refuses));
    }

    /// Makes a Lambda trigger fail in any way, or work again.
    pub fn set_trigger_failure(&self, trigger: Trigger, failure: Option<TriggerFailure>) {
        self.pool.triggers.set(trigger, failure);
    }

    /// Makes a pre token generation Lambda that changes the claims of tokens issued from now on.
    pub fn set_custom_claims(&self, claims: CustomClaims) {
        *self.pool.custom_claims.lock() = claims;
    }

    /// Switches the form of the issuer.
    pub fn set_issuers(&self, issuers: Issuers) {
        *self.pool.issuers.lock() = issuers;
    }

    /// Publishes the next key pair beside the current one, which goes on signing.
    pub fn publish_next_keys(&self) {
        self.pool.keys.lock().publish_next();
    }

    /// Signs with the next key pair from now on. It is published if it was not yet, and the old pair stays published.
    pub fn rotate_keys(&self) {
        self.pool.keys.lock().rotate();
    }

    /// Stops publishing every pair but the signing one.
    pub fn retire_old_keys(&self) {
        self.pool.keys.lock().retire_old();
    }

    /// Every request received, oldest first, on all listeners.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.pool.recordings.list()
    }

    /// Forgets the recorded requests.
    pub fn clear_requests(&self) {
        self.pool.recordings.clear();
    }

    /// Everything secret the pool has issued (tokens, codes, cookies) or was set up with (client secrets, passwords), to
    /// look for in logs and traffic where it must not be.
    pub fn issued_secrets(&self) -> Vec<IssuedSecret> {
        self.pool.issued.list()
    }

    /// An access token made to order; `None` if it names a user or client the pool does not have.
    pub fn mint_access_token(&self, forgery: &Forgery) -> Option<String> {
        let token = forgery::mint(&self.pool, TokenKind::Access, forgery)?;
        Some(self.pool.issued.note(SecretKind::AccessToken, token))
    }

    /// An ID token made to order; `None` if it names a user or client the pool does not have.
    pub fn mint_id_token(&self, forgery: &Forgery) -> Option<String> {
        let token = forgery::mint(&self.pool, TokenKind::Id, forgery)?;
        Some(self.pool.issued.note(SecretKind::IdToken, token))
    }

    /// Stops the pool and returns when its listeners are closed. Connections get a moment to finish.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        for mut server in std::mem::take(&mut self.servers) {
            if tokio::time::timeout(LAST_MOMENT, &mut server).await.is_err() {
                server.abort();
            }
        }
    }
}

impl Drop for Cognito {
    fn drop(&mut self) {
        // The listeners close as soon as their tasks run again; the tasks end with the last connection.
        self.stop.send_replace(true);
    }
}

/// A pool that could not be started.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The settings are wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// An address could not be listened on.
    #[error("cannot listen on {addr}: {source}")]
    Bind {
        /// The address.
        addr: SocketAddr,
        /// Why.
        source: io::Error,
    },
}

async fn bind(addr: SocketAddr) -> Result<TcpListener, Error> {
    TcpListener::bind(addr).await.map_err(|source| Error::Bind { addr, source })
}

fn origin(public: Option<&Url>, listener: &TcpListener) -> Result<String, Error> {
    if let Some(url) = public {
        return Ok(url.as_str().trim_end_matches('/').to_owned());
    }
    let unknown = SocketAddr::from(([0, 0, 0, 0], 0));
    let addr = listener.local_addr().map_err(|source| Error::Bind { addr: unknown, source })?;
    Ok(format!("http://{addr}"))
}

fn serve(pool: &Arc<Pool>, listener: TcpListener, router: Router) -> JoinHandle<()> {
    let pool = Arc::clone(pool);
    let service = router.into_make_service_with_connect_info::<ResetHandle>();
    tokio::spawn(async move {
        let stopped = async move { pool.stopped().await };
        // `axum::serve` retries failed accepts for ever and returns no error of its own.
        let _ = axum::serve(ResettableListener(listener), service).with_graceful_shutdown(stopped).await;
    })
}

const LAST_MOMENT: Duration = Duration::from_secs(2);
