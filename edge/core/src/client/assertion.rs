//! `private_key_jwt` (RFC 7523 §2.2, §3): a client proves who it is with a token that it has signed.

use std::{cell::RefCell, rc::Rc};

use edgeward_identity::jws::{Compact, JwsError};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::documents::Unfit;
use crate::{
    jose::PublicKey,
    message::members::{Members, WrongKind},
    platform::{UnixTime, VerificationError, VerifyRs256},
};

/// The one `client_assertion_type`.
pub(super) const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// What clients may sign with.
pub const ALGORITHMS: [&str; 2] = ["EdDSA", "RS256"];

/// Assertions are made for one request.
const MAX_LIFETIME: u64 = 300;
/// Clocks may differ by this many seconds.
const MAX_SKEW: u64 = 60;
const MAX_BYTES: usize = 8 * 1024;
const MAX_ID_BYTES: usize = 256;
const MAX_KEYS: usize = 16;

/// A client's public keys that can be used here, each with its id.
#[derive(Debug, Clone)]
pub(crate) struct ClientKeys(Rc<[(Option<String>, PublicKey)]>);

impl ClientKeys {
    /// Reads a JWKS (RFC 7517 §5). Keys of other kinds are passed over.
    ///
    /// # Errors
    /// When it holds no key that can be used here.
    pub(super) fn parse(jwks: &Value) -> Result<Self, Unfit> {
        let members = jwks.get("keys").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let keys: Rc<[_]> = members
            .iter()
            .take(MAX_KEYS)
            .filter_map(|jwk| Some((jwk.get("kid").and_then(Value::as_str).map(str::to_owned), PublicKey::parse(jwk)?)))
            .collect();
        if keys.is_empty() { Err(Unfit::breaks("there is no key for RS256 or EdDSA")) } else { Ok(Self(keys)) }
    }
}

/// The client that an assertion says it is from; nothing is verified yet.
pub(super) fn claimed_client(assertion: &str) -> Option<String> {
    let claims = Members::parse(&Compact::parse(assertion, MAX_BYTES).ok()?.claims).ok()?;
    claims.text("sub").ok()?.map(str::to_owned)
}

impl From<WrongKind> for AssertionError {
    fn from(_: WrongKind) -> Self {
        Self::Malformed
    }
}

impl From<JwsError> for AssertionError {
    fn from(error: JwsError) -> Self {
        if error == JwsError::CriticalExtension { Self::CriticalExtension } else { Self::Malformed }
    }
}

/// Verifies that `assertion` is by `client_id`, for one of `audiences`, good now, and the first of its kind.
///
/// # Errors
/// The first check that fails.
pub(super) async fn verify(
    assertion: &str,
    client_id: &str,
    keys: &ClientKeys,
    audiences: &[&str],
    seen: &SeenAssertions,
    platform: &impl VerifyRs256,
    now: UnixTime,
) -> Result<(), AssertionError> {
    let claims = verified_claims(assertion, keys, platform).await?;
    if claims.text("iss")? != Some(client_id) || claims.text("sub")? != Some(client_id) {
        return Err(AssertionError::OtherClient);
    }
    // One that is good elsewhere, too, could be presented here by whoever it was made for there.
    let audience = match claims.any("aud") {
        Some(Value::Array(listed)) if listed.len() == 1 => listed.first(),
        audience => audience,
    };
    if !audience.and_then(Value::as_str).is_some_and(|audience| audiences.contains(&audience)) {
        return Err(AssertionError::Audience);
    }
    let expires_at = claims.time("exp")?.ok_or(AssertionError::NoExpiry)?;
    if expires_at.plus(MAX_SKEW) <= now {
        return Err(AssertionError::Expired);
    }
    if expires_at > now.plus(MAX_LIFETIME + MAX_SKEW) {
        return Err(AssertionError::LivesTooLong);
    }
    if [claims.time("nbf")?, claims.time("iat")?].into_iter().flatten().any(|time| time > now.plus(MAX_SKEW)) {
        return Err(AssertionError::InFuture);
    }
    let id = claims.text("jti")?.filter(|id| (1..=MAX_ID_BYTES).contains(&id.len()));
    let id = id.ok_or(AssertionError::NoId)?;
    // Last, and at once: of two requests with the same assertion that were verified side by side one comes first.
    if seen.note(client_id, id, expires_at.plus(MAX_SKEW), now) { Ok(()) } else { Err(AssertionError::Replayed) }
}

/// The claims of a token whose signature one of `keys` verifies: the one that it names, or any if it names none.
async fn verified_claims(
    assertion: &str,
    keys: &ClientKeys,
    platform: &impl VerifyRs256,
) -> Result<Members<'static>, AssertionError> {
    let token = Compact::parse(assertion, MAX_BYTES)?;
    let (algorithm, wanted) = (token.header.alg.as_str(), token.header.kid.as_deref());
    if !ALGORITHMS.contains(&algorithm) {
        return Err(AssertionError::Algorithm);
    }
    let named = |key_id: &Option<String>| wanted.is_none() || key_id.as_deref() == wanted;
    // The token's word for its algorithm only chooses among keys, each of which has one algorithm.
    let mut error = AssertionError::UnknownKey;
    for (_, key) in keys.0.iter().filter(|(id, key)| named(id) && key.algorithm() == algorithm) {
        if key.verifies(&token, platform).await? {
            return Ok(Members::parse(&token.claims)?);
        }
        error = AssertionError::Signature;
    }
    Err(error)
}

/// Assertions that were accepted, until they expire, for each client apart. Another instance of the edge does not know of them:
/// what a replay there could bring is bounded by the code or refresh token that has to come with it.
#[derive(Default)]
pub(crate) struct SeenAssertions(RefCell<Vec<Seen>>);

/// Those of one client.
struct Seen {
    client: Digest,
    /// The oldest first.
    assertions: Vec<(Digest, UnixTime)>,
}

type Digest = [u8; 32];

/// 512 of one client in six minutes, and 4,096 of all. At the first bound the client's own oldest is forgotten, at the second the oldest
/// of the client that has most: one client cannot have another's forgotten.
const CAPACITY_OF_CLIENT: usize = 512;
const CAPACITY: usize = 4096;

impl SeenAssertions {
    /// Notes an assertion; false if it is known.
    fn note(&self, client_id: &str, id: &str, until: UnixTime, now: UnixTime) -> bool {
        let (client, digest): (Digest, Digest) = (Sha256::digest(client_id).into(), Sha256::digest(id).into());
        let mut clients = self.0.borrow_mut();
        clients.iter_mut().for_each(|seen| seen.assertions.retain(|(_, until)| now < *until));
        clients.retain(|seen| !seen.assertions.is_empty());
        let own = clients.iter().position(|seen| seen.client == client);
        let own = own.unwrap_or_else(|| {
            clients.push(Seen { client, assertions: Vec::new() });
            clients.len() - 1
        });
        if clients[own].assertions.iter().any(|(known, _)| *known == digest) {
            return false;
        }
        if clients[own].assertions.len() == CAPACITY_OF_CLIENT {
            clients[own].assertions.remove(0);
        } else if clients.iter().map(|seen| seen.assertions.len()).sum::<usize>() == CAPACITY
            && let Some(most) = clients.iter_mut().rev().max_by_key(|seen| seen.assertions.len())
        {
            most.assertions.remove(0);
        }
        clients[own].assertions.push((digest, until));
        true
    }
}

/// Why an assertion proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AssertionError {
    /// Not a compact JWS with claims of the right kinds, or too long.
    #[error("not a JWT")]
    Malformed,
    /// The header has a `crit` member.
    #[error("critical header extension")]
    CriticalExtension,
    /// An algorithm that is not in [`ALGORITHMS`].
    #[error("algorithm that is not supported")]
    Algorithm,
    /// No key of the client's fits.
    #[error("signed with a key that the client does not have")]
    UnknownKey,
    /// The signature is not the key's.
    #[error("bad signature")]
    Signature,
    /// Whether it is cannot be told.
    #[error(transparent)]
    Unverified(#[from] VerificationError),
    /// `iss` or `sub` is not the client.
    #[error("issuer or subject is not the client")]
    OtherClient,
    /// `aud` is not one value, the issuer or the token endpoint.
    #[error("aud is not exactly one value, the issuer (or the token endpoint)")]
    Audience,
    /// No `exp`.
    #[error("without expiry")]
    NoExpiry,
    /// `exp` has passed.
    #[error("expired")]
    Expired,
    /// `exp` is too far ahead.
    #[error("expires in more than {MAX_LIFETIME} s")]
    LivesTooLong,
    /// `nbf` or `iat` is ahead.
    #[error("not valid yet")]
    InFuture,
    /// No `jti`, or one that is too long.
    #[error("without usable id")]
    NoId,
    /// It has been used.
    #[error("used before")]
    Replayed,
}
