//! The edge's public keys: given once, or fetched from the edge, or read from wherever they are kept, and then kept here.

use std::{future::Future, sync::Arc};

use edgeward_identity::{UnixTime, VerifyingKeys};
use url::Url;

pub use crate::refreshed::{FIRST_FETCH_FLOOR, KeysError, MAX_AGE, REFRESH_FLOOR};
use crate::{
    outbound::{Limits, Outbound},
    refreshed::{DEADLINE, Refreshed, Source, Unavailable},
};

/// Where the edge's public keys come from. Clones share what was fetched.
#[derive(Debug, Clone)]
pub struct Keys(Source<VerifyingKeys>);

impl Keys {
    /// These keys, for ever.
    pub fn fixed(keys: VerifyingKeys) -> Self {
        Self(Source::Fixed(Arc::new(keys)))
    }

    /// The JWKS at `url`, fetched when it is first needed, again when a `kid` is unknown (at most every
    /// [`REFRESH_FLOOR`] seconds, one request at a time) and after [`MAX_AGE`] seconds.
    ///
    /// A fetch that fails changes nothing: the keys had before stay good.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn fetched(url: Url) -> Result<Self, KeysError> {
        let outbound = Outbound::new()?;
        let read = move || {
            let (outbound, url) = (outbound.clone(), url.clone());
            async move {
                let reply = outbound.get(&url, "application/json", LIMITS).await?;
                if reply.status.as_u16() == 200 {
                    Ok(reply.body)
                } else {
                    Err(KeysError::Status(reply.status.as_u16()))
                }
            }
        };
        Ok(Self::kept(None, read))
    }

    /// These keys at first; then the JWKS that `read` gives, asked for as [`Self::fetched`] asks a URL.
    pub fn refreshed<R, F>(given: VerifyingKeys, read: R) -> Self
    where
        R: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = Result<Vec<u8>, KeysError>> + Send + 'static,
    {
        Self::kept(Some(given), read)
    }

    fn kept<R, F>(given: Option<VerifyingKeys>, read: R) -> Self
    where
        R: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = Result<Vec<u8>, KeysError>> + Send + 'static,
    {
        let read = Arc::new(read);
        Self(Source::Refreshed(Refreshed::new("edge's keys", given, move || {
            let read = read.clone();
            async move { Ok(VerifyingKeys::from_jwks(&read().await?)?) }
        })))
    }

    /// The keys known now; waits for the first fetch if there are none.
    pub(crate) async fn current(&self, now: UnixTime) -> Result<Arc<VerifyingKeys>, Unavailable> {
        self.0.current(now).await
    }

    /// Keys newer than `seen`, which lack a `kid`; `None` when there are none to be had now.
    pub(crate) async fn newer_than(
        &self,
        seen: &Arc<VerifyingKeys>,
        now: UnixTime,
    ) -> Result<Option<Arc<VerifyingKeys>>, Unavailable> {
        self.0.newer_than(seen, now).await
    }
}

const LIMITS: Limits = Limits { deadline: DEADLINE, max_bytes: 64 * 1024 };
