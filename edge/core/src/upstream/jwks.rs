//! Cognito's public keys: fetched once, again for an unknown `kid` or one that does not verify, but never in a
//! storm.

use std::cell::RefCell;

use edgeward_identity::jws::Compact;
use serde_json::Value;

use super::{
    UpstreamError,
    circuit::{Circuit, Deadlines, OPEN_SECONDS},
};
use crate::{
    config::Config,
    jose::PublicKey,
    message::{caching::retry_after, members::Members},
    platform::{FetchReply, FetchRequest, MemoryName, Platform, Recalled, UnixTime, VerificationError},
    request_context::RequestContext,
    shared_memory::{MAX_SKEW, SharedMemory, is_shared, name, take_past, take_time, together, write_time},
};

/// No refetch for a token that does not verify sooner than this after the last fetch.
const FLOOR_SECONDS: u64 = 30;
/// Keys older than this are fetched anew, so that a withdrawn key is forgotten.
const MAX_AGE_SECONDS: u64 = 3600;
/// How long instances share them. Keys that are as old are better than no sign-in while their host is down.
const SHARED_SECONDS: u64 = 24 * 3600;
/// Longer than another instance may take to fetch them.
const PATIENCE_MS: u32 = 6_000;
/// The algorithm that Cognito signs with.
pub(super) const ALGORITHM: &str = "RS256";
const MAX_DOCUMENT_BYTES: usize = 64 * 1024;
/// With the pause between them five seconds.
const DEADLINES: Deadlines = Deadlines { first_ms: 3_000, second_ms: Some(1_600) };

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
        context: &RequestContext<'_, P>,
    ) -> Result<(), UpstreamError> {
        if is_shared(context.platform) && self.is_empty() {
            together(context.platform, || self.adopt_shared(context)).await;
        }
        let (verdict, age) = self.look(token, context).await?;
        match (verdict, age) {
            (Ok(()), Some(age)) if age < MAX_AGE_SECONDS => Ok(()),
            // A key that was good an hour ago is better than no sign-in, and than waiting for a host that is down.
            (Ok(()), _) if self.circuit.is_doubtful(context.now) => Ok(()),
            (Err(error), Some(age)) if age < FLOOR_SECONDS => Err(error),
            (verdict, _) => {
                // Keys that did not verify are older than this. What another instance fetched before them would not, either.
                let max_age = if verdict.is_ok() { MAX_AGE_SECONDS } else { FLOOR_SECONDS };
                match self.renew(max_age, context).await {
                    Ok(()) => self.look(token, context).await?.0,
                    Err(error) => verdict.map_err(|_| error),
                }
            }
        }
    }

    /// Sees to it that there are keys, of whatever age: before a code is spent on tokens that could not be verified.
    ///
    /// # Errors
    /// When there are none and Cognito cannot be asked.
    pub(super) async fn prepare<P: Platform>(&self, context: &RequestContext<'_, P>) -> Result<(), UpstreamError> {
        if is_shared(context.platform) && self.is_empty() {
            together(context.platform, || self.adopt_shared(context)).await;
        }
        if self.is_empty() { self.renew(MAX_AGE_SECONDS, context).await } else { Ok(()) }
    }

    fn is_empty(&self) -> bool {
        self.fetched.borrow().is_none()
    }

    /// A new instance begins with the keys that others have, whatever their age, which stays what it is.
    async fn adopt_shared<P: Platform>(&self, context: &RequestContext<'_, P>) {
        let memory = SharedMemory::of(context);
        let found = memory.look(&name_of(context.config), |value| Fetched::read(value, context.now)).await;
        found.ok().flatten().into_iter().for_each(|found| self.adopt(found));
    }

    /// Takes keys of another instance, unless this one has got newer ones meanwhile.
    fn adopt(&self, found: Fetched) {
        let mut fetched = self.fetched.borrow_mut();
        if fetched.as_ref().is_none_or(|known| known.at <= found.at) {
            *fetched = Some(found);
        }
    }

    /// Gets keys that were fetched no longer ago than this: by another instance, or now.
    async fn renew<P: Platform>(&self, max_age: u64, context: &RequestContext<'_, P>) -> Result<(), UpstreamError> {
        let (mut turn, platform) = (None, context.platform);
        if is_shared(platform) {
            match together(platform, || self.recall(max_age, context)).await {
                Recalled::Value(outcome) => return outcome,
                Recalled::Turn(taken) => turn = Some(taken),
                Recalled::Busy => {
                    let reason = "others wait for its keys".to_owned();
                    return Err(UpstreamError::Unavailable { reason, retry_after: None });
                }
                Recalled::Nothing => {}
            }
        }
        self.circuit.admit(platform.now())?;
        let request = |deadline_ms| FetchRequest {
            url: context.config.cognito.jwks_url.clone(),
            authorization: None,
            form: None,
            max_bytes: MAX_DOCUMENT_BYTES,
            deadline_ms,
        };
        let reply = self.circuit.send(&request, DEADLINES, context).await;
        let outcome = reply.map_err(UpstreamError::from).and_then(|reply| self.take(reply, context));
        if is_shared(platform)
            && let Some(turn) = turn
        {
            together(platform, || self.tell(turn, &outcome, context)).await;
        }
        outcome.map(drop)
    }

    /// Takes the keys from an answer. Gives the document that they are in.
    fn take<P: Platform>(&self, reply: FetchReply, context: &RequestContext<'_, P>) -> Result<Vec<u8>, UpstreamError> {
        let keys = if reply.status == 200 { parse(&reply.body) } else { None };
        let Some(keys) = keys else {
            // Anything else than keys is as good as no answer.
            if reply.status < 500 {
                self.circuit.has_failed(context);
            }
            let reason = format!("no keys, status {}", reply.status);
            return Err(UpstreamError::Unavailable { reason, retry_after: retry_after(&reply.headers, context.now) });
        };
        self.fetched.replace(Some(Fetched { at: context.now, keys }));
        Ok(reply.body)
    }

    /// The keys that another instance has fetched, or its failure; or the turn to fetch.
    async fn recall<P: Platform>(
        &self,
        max_age: u64,
        context: &RequestContext<'_, P>,
    ) -> Recalled<Result<(), UpstreamError>, P::Turn> {
        let memory = SharedMemory::of(context);
        let (config, now) = (context.config, context.now);
        let young = |value: &[u8]| Fetched::read(value, now).filter(|fetched| now.secs_since(fetched.at) < max_age);
        let turn = match memory.recall(&name_of(config), young, PATIENCE_MS).await {
            Recalled::Value(fetched) => {
                self.adopt(fetched);
                return Recalled::Value(Ok(()));
            }
            Recalled::Turn(turn) => turn,
            Recalled::Busy => return Recalled::Busy,
            Recalled::Nothing => return Recalled::Nothing,
        };
        // Those who have waited for a request that failed each get the turn.
        let is_recent = |mut value: &[u8]| {
            take_time(&mut value).filter(|until| now < *until && *until <= soon(context.platform).plus(MAX_SKEW))
        };
        match memory.look(&failure_of(config), is_recent).await.ok().flatten() {
            Some(until) => {
                let reason = "its keys could not be fetched a moment ago".to_owned();
                let retry_after = u32::try_from(until.min(soon(context.platform)).secs_since(now)).ok();
                Recalled::Value(Err(UpstreamError::Unavailable { reason, retry_after }))
            }
            None => Recalled::Turn(turn),
        }
    }

    /// Tells the others what came of a turn.
    async fn tell<P: Platform>(
        &self,
        turn: P::Turn,
        outcome: &Result<Vec<u8>, UpstreamError>,
        context: &RequestContext<'_, P>,
    ) {
        let memory = SharedMemory::of(context);
        match outcome {
            Ok(document) => {
                let value = [&write_time(context.now)[..], document].concat();
                memory.keep(turn, &name_of(context.config), &value, SHARED_SECONDS).await;
            }
            // Before the turn ends, and somebody else has it.
            Err(_) => memory.put(&failure_of(context.config), &write_time(soon(context.platform)), OPEN_SECONDS).await,
        }
    }

    /// What the keys at hand make of a token, and how old they are.
    async fn look<P: Platform>(
        &self,
        token: &Compact<'_>,
        context: &RequestContext<'_, P>,
    ) -> Result<(Result<(), UpstreamError>, Option<u64>), VerificationError> {
        // A copy: other keys may be fetched while this one is used.
        let (key, age) = self.find(token, context.now);
        let verdict = match key {
            Some(key) if key.verifies(token, context.platform).await? => Ok(()),
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

impl Fetched {
    /// What another instance has fetched: when, and the document.
    fn read(mut value: &[u8], now: UnixTime) -> Option<Self> {
        let at = take_past(&mut value, now).filter(|at| now.secs_since(*at) < SHARED_SECONDS)?;
        Some(Self { at, keys: parse(value)? })
    }
}

fn name_of(config: &Config) -> MemoryName {
    name("Cognito's keys/1", &[&config.issuer, &config.cognito.jwks_url])
}

fn failure_of(config: &Config) -> MemoryName {
    name("Cognito's keys fail/1", &[&config.issuer, &config.cognito.jwks_url])
}

/// When their host is asked again if it fails now.
fn soon<P: Platform>(platform: &P) -> UnixTime {
    platform.now().plus(OPEN_SECONDS)
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
