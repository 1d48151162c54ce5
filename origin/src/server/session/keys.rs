//! The keys that seal session ids: given once, or read again from where they are kept.

use std::{fmt, future::Future, sync::Arc};

use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305};
use edgeward_identity::{SealingKeys, UnixTime};
use zeroize::Zeroizing;

use crate::{
    keys::KeysError,
    refreshed::{Refreshed, Source, Unavailable},
};

/// The keys that seal session ids. All tasks of a service must have the same.
#[derive(Debug, Clone)]
pub struct SessionKeys(Source<Ciphers>);

impl SessionKeys {
    /// These keys, for ever.
    pub fn fixed(keys: &SealingKeys) -> Self {
        Self(Source::Fixed(Arc::new(Ciphers::of(keys))))
    }

    /// A new key that nobody else has: sessions end with the process, and no other task can serve them.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut key = Zeroizing::new([0; 32]);
        getrandom::fill(key.as_mut_slice())?;
        Ok(Self::fixed(&SealingKeys::of("process", key)))
    }

    /// These keys at first; then the JWKS that `read` gives, asked for as [`Keys::refreshed`](crate::Keys::refreshed)
    /// asks: when a session id names an unknown key, at most every [`REFRESH_FLOOR`](crate::keys::REFRESH_FLOOR)
    /// seconds, and after [`MAX_AGE`](crate::keys::MAX_AGE) seconds.
    pub fn refreshed<R, F>(given: &SealingKeys, read: R) -> Self
    where
        R: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = Result<Vec<u8>, KeysError>> + Send + 'static,
    {
        let read = Arc::new(read);
        Self(Source::Refreshed(Refreshed::new("keys of sessions", Some(Ciphers::of(given)), move || {
            let read = read.clone();
            async move { Ok(Ciphers::of(&SealingKeys::from_jwks(&Zeroizing::new(read().await?))?)) }
        })))
    }

    /// The keys known now.
    pub(super) async fn current(&self, now: UnixTime) -> Result<Arc<Ciphers>, Unavailable> {
        self.0.current(now).await
    }

    /// The keys to seal with: none that were replaced long ago, however long nobody has asked for them.
    pub(super) async fn to_seal(&self, now: UnixTime) -> Result<Arc<Ciphers>, Unavailable> {
        self.0.current(now).await
    }

    /// Keys newer than `seen`, if there are any.
    pub(super) async fn newer_than(
        &self,
        seen: &Arc<Ciphers>,
        now: UnixTime,
    ) -> Result<Option<Arc<Ciphers>>, Unavailable> {
        self.0.newer_than(seen, now).await
    }
}

/// Ciphers with the ids of their keys, one at least.
pub(super) struct Ciphers(Vec<(String, XChaCha20Poly1305)>);

impl fmt::Debug for Ciphers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(key_id, _)| key_id)).finish()
    }
}

impl Ciphers {
    pub(super) fn of(keys: &SealingKeys) -> Self {
        Self(keys.iter().map(|(key_id, key)| (key_id.to_owned(), XChaCha20Poly1305::new(key.into()))).collect())
    }

    /// The one that seals.
    pub(super) fn first(&self) -> Option<(&str, &XChaCha20Poly1305)> {
        self.0.first().map(|(key_id, cipher)| (key_id.as_str(), cipher))
    }

    pub(super) fn find(&self, key_id: &str) -> Option<&XChaCha20Poly1305> {
        self.0.iter().find(|(id, _)| id == key_id).map(|(_, cipher)| cipher)
    }
}
