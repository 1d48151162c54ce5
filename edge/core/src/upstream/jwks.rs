//! Cognito's public keys: fetched once, again for an unknown `kid`, but never in a storm.

use std::{cell::RefCell, rc::Rc};

use serde::Deserialize;
use serde_json::Value;

use super::UpstreamError;
use crate::{
    config::Cognito,
    jose::PublicKey,
    platform::{FetchRequest, Platform, UnixTime},
};

/// No refetch for an unknown `kid` sooner than this after the last fetch.
const FLOOR_SECONDS: u64 = 30;
/// Keys older than this are fetched anew, so that a withdrawn key is forgotten.
const MAX_AGE_SECONDS: u64 = 3600;
/// What Cognito signs with.
pub(super) const ALGORITHM: &str = "RS256";
const MAX_DOCUMENT_BYTES: usize = 64 * 1024;
const DEADLINE_MS: u32 = 5_000;

/// Keys remembered between requests.
#[derive(Default)]
pub struct KeyCache(RefCell<Option<Fetched>>);

struct Fetched {
    at: UnixTime,
    keys: Vec<(String, Rc<PublicKey>)>,
}

impl KeyCache {
    /// The key with this `kid`.
    ///
    /// # Errors
    /// When Cognito cannot be asked, or has no such key.
    pub(super) async fn find<P: Platform>(
        &self,
        key_id: &str,
        cognito: &Cognito,
        platform: &P,
        now: UnixTime,
    ) -> Result<Rc<PublicKey>, UpstreamError> {
        let (known, age) = self.look(key_id, now);
        match (known, age) {
            (Some(key), Some(age)) if age < MAX_AGE_SECONDS => Ok(key),
            (None, Some(age)) if age < FLOOR_SECONDS => Err(UpstreamError::Unusable("unknown key")),
            (known, _) => match fetch(cognito, platform).await {
                Ok(keys) => {
                    self.0.replace(Some(Fetched { at: now, keys }));
                    self.look(key_id, now).0.ok_or(UpstreamError::Unusable("unknown key"))
                }
                // A key that was good an hour ago is better than no sign-in.
                Err(error) => known.ok_or(error),
            },
        }
    }

    fn look(&self, key_id: &str, now: UnixTime) -> (Option<Rc<PublicKey>>, Option<u64>) {
        let fetched = self.0.borrow();
        let key = fetched.as_ref().and_then(|fetched| fetched.keys.iter().find(|(id, _)| id == key_id));
        (key.map(|(_, key)| Rc::clone(key)), fetched.as_ref().map(|fetched| now.secs_since(fetched.at)))
    }
}

async fn fetch<P: Platform>(cognito: &Cognito, platform: &P) -> Result<Vec<(String, Rc<PublicKey>)>, UpstreamError> {
    let request = FetchRequest {
        url: cognito.jwks_url.clone(),
        authorization: None,
        form: None,
        max_bytes: MAX_DOCUMENT_BYTES,
        deadline_ms: DEADLINE_MS,
    };
    let reply = platform.fetch(request).await?;
    if reply.status != 200 {
        let reason = format!("status {} for its keys", reply.status);
        return Err(UpstreamError::Unavailable { reason, retry_after: reply.retry_after });
    }
    parse(&reply.body).ok_or(UpstreamError::Unavailable { reason: "no keys".into(), retry_after: None })
}

/// The RS256 signature keys of a JWKS; `None` if it is none, or holds no such key.
fn parse(document: &[u8]) -> Option<Vec<(String, Rc<PublicKey>)>> {
    #[derive(Deserialize)]
    struct Jwks {
        keys: Vec<Value>,
    }
    let jwks: Jwks = serde_json::from_slice(document).ok()?;
    let keys: Vec<_> = jwks.keys.iter().filter_map(parse_key).collect();
    (!keys.is_empty()).then_some(keys)
}

fn parse_key(jwk: &Value) -> Option<(String, Rc<PublicKey>)> {
    let key_id = jwk.get("kid").and_then(Value::as_str)?;
    let key = PublicKey::parse(jwk).filter(|key| key.algorithm() == ALGORITHM)?;
    Some((key_id.to_owned(), Rc::new(key)))
}
