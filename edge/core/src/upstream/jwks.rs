//! Cognito's public keys: fetched once, again for an unknown `kid` or one that does not verify, but never in a
//! storm.

use std::cell::RefCell;

use edgeward_identity::jws::Compact;
use serde_json::Value;

use super::{
    UpstreamError,
    circuit::{Circuit, Deadlines},
};
use crate::{
    config::Cognito,
    jose::PublicKey,
    message::members::Members,
    platform::{FetchRequest, Platform, UnixTime, VerificationError},
};

/// No refetch for a token that does not verify sooner than this after the last fetch.
const FLOOR_SECONDS: u64 = 30;
/// Keys older than this are fetched anew, so that a withdrawn key is forgotten.
const MAX_AGE_SECONDS: u64 = 3600;
/// What Cognito signs with.
pub(super) const ALGORITHM: &str = "RS256";
const MAX_DOCUMENT_BYTES: usize = 64 * 1024;
/// With the pause between them five seconds.
const DEADLINES: Deadlines = (3_000, Some(1_600));

/// Keys remembered between requests.
#[derive(Default)]
pub(super) struct KeyCache {
    fetched: RefCell<Option<Fetched>>,
    circuit: Circuit,
}

struct Fetched {
    at: UnixTime,
    keys: Vec<(String, PublicKey)>,
}

impl KeyCache {
    /// Verifies a signature, with keys that were fetched anew if those at hand do not verify it.
    ///
    /// # Errors
    /// When Cognito cannot be asked, has no such key, or has one that does not verify it; or the platform cannot tell.
    pub(super) async fn verify<P: Platform>(
        &self,
        token: &Compact<'_>,
        cognito: &Cognito,
        platform: &P,
        now: UnixTime,
    ) -> Result<(), UpstreamError> {
        let (verdict, age) = self.look(token, platform, now).await?;
        match (verdict, age) {
            (Ok(()), Some(age)) if age < MAX_AGE_SECONDS => Ok(()),
            // A key that was good an hour ago is better than no sign-in, and than waiting for a host that is down.
            (Ok(()), _) if self.circuit.is_doubtful(now) => Ok(()),
            (Err(error), Some(age)) if age < FLOOR_SECONDS => Err(error),
            (verdict, _) => match self.fetch(cognito, platform, now).await {
                Ok(()) => self.look(token, platform, now).await?.0,
                Err(error) => verdict.map_err(|_| error),
            },
        }
    }

    /// Sees to it that there are keys, of whatever age: before a code is spent on tokens that could not be verified.
    ///
    /// # Errors
    /// When there are none and Cognito cannot be asked.
    pub(super) async fn prepare<P: Platform>(
        &self,
        cognito: &Cognito,
        platform: &P,
        now: UnixTime,
    ) -> Result<(), UpstreamError> {
        if self.fetched.borrow().is_some() { Ok(()) } else { self.fetch(cognito, platform, now).await }
    }

    async fn fetch<P: Platform>(&self, cognito: &Cognito, platform: &P, now: UnixTime) -> Result<(), UpstreamError> {
        let request = |deadline_ms| FetchRequest {
            url: cognito.jwks_url.clone(),
            authorization: None,
            form: None,
            max_bytes: MAX_DOCUMENT_BYTES,
            deadline_ms,
        };
        let reply = self.circuit.fetch(&request, DEADLINES, platform).await?;
        let keys = if reply.status == 200 { parse(&reply.body) } else { None };
        let Some(keys) = keys else {
            // Anything else than keys is as good as no answer.
            if reply.status < 500 {
                self.circuit.has_failed(platform);
            }
            let reason = format!("no keys, status {}", reply.status);
            return Err(UpstreamError::Unavailable { reason, retry_after: reply.retry_after });
        };
        self.fetched.replace(Some(Fetched { at: now, keys }));
        Ok(())
    }

    /// What the keys at hand make of a token, and how old they are.
    async fn look<P: Platform>(
        &self,
        token: &Compact<'_>,
        platform: &P,
        now: UnixTime,
    ) -> Result<(Result<(), UpstreamError>, Option<u64>), VerificationError> {
        // A copy: other keys may be fetched while this one is used.
        let (key, age) = self.find(token, now);
        let verdict = match key {
            Some(key) if key.verifies(token, platform).await? => Ok(()),
            Some(_) => Err(UpstreamError::Unusable("a token with a bad signature")),
            None => Err(UpstreamError::Unusable("unknown key")),
        };
        Ok((verdict, age))
    }

    /// The key that a token names, and how old all keys are.
    fn find(&self, token: &Compact<'_>, now: UnixTime) -> (Option<PublicKey>, Option<u64>) {
        let fetched = self.fetched.borrow();
        let Some(Fetched { at, keys }) = &*fetched else { return (None, None) };
        let key = keys.iter().find(|(id, _)| Some(id) == token.header.kid.as_ref());
        (key.map(|(_, key)| key.clone()), Some(now.secs_since(*at)))
    }
}

/// The RS256 signature keys of a JWKS; `None` if it is none, or holds no such key.
fn parse(document: &[u8]) -> Option<Vec<(String, PublicKey)>> {
    let jwks = Members::parse(document).ok()?;
    let keys: Vec<_> = jwks.any("keys")?.as_array()?.iter().filter_map(parse_key).collect();
    (!keys.is_empty()).then_some(keys)
}

fn parse_key(jwk: &Value) -> Option<(String, PublicKey)> {
    let key_id = jwk.get("kid").and_then(Value::as_str)?;
    let key = PublicKey::parse(jwk).filter(|key| key.algorithm() == ALGORITHM)?;
    Some((key_id.to_owned(), key))
}
