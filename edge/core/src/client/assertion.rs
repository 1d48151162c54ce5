//! `private_key_jwt` (RFC 7523 §2.2, §3): a client proves who it is with a token that it has signed.

use std::{cell::RefCell, rc::Rc};

use edgeward_identity::jws::{Compact, JwsError};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::documents::Unfit;
use crate::{
    bounded::Bounded,
    jose::PublicKey,
    message::members::{Members, WrongKind},
    platform::{Platform, UnixTime, VerificationError, VerifyRs256},
    request_context::RequestContext,
    route::Route,
    shared_memory::{SharedMemory, is_shared, name, together},
};

/// The one `client_assertion_type`.
pub(super) const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// Algorithms that clients may sign with.
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

/// Verifies that `assertion` is by `client_id`, for this edge, good now, and the first of its kind.
///
/// # Errors
/// The first check that fails.
pub(super) async fn verify<P: Platform>(
    assertion: &str,
    client_id: &str,
    keys: &ClientKeys,
    seen: &SeenAssertions,
    context: &RequestContext<'_, P>,
) -> Result<(), AssertionError> {
    let RequestContext { config, platform, now, .. } = *context;
    let claims = verified_claims(assertion, keys, platform).await?;
    if claims.text("iss")? != Some(client_id) || claims.text("sub")? != Some(client_id) {
        return Err(AssertionError::OtherClient);
    }
    // One that is good elsewhere, too, could be presented here by whoever it was made for there.
    let audience = match claims.any("aud") {
        Some(Value::Array(listed)) if listed.len() == 1 => listed.first(),
        audience => audience,
    };
    let is_ours = |audience: &str| {
        let path = audience.strip_prefix(&config.issuer);
        path.is_some_and(|path| path.is_empty() || path == Route::Token.path())
    };
    if !audience.and_then(Value::as_str).is_some_and(is_ours) {
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
    let until = expires_at.plus(MAX_SKEW);
    let mut is_first = seen.note(client_id, id, until, now);
    if is_first && is_shared(platform) {
        let note = || note_for_all(client_id, id, until, context);
        // Where the others cannot say, this instance decides alone.
        is_first = together(platform, note).await.unwrap_or(true);
    }
    if is_first { Ok(()) } else { Err(AssertionError::Replayed) }
}

/// Notes an assertion for all instances of an edge: false if one of them knows it.
async fn note_for_all<P: Platform>(
    client_id: &str,
    id: &str,
    until: UnixTime,
    context: &RequestContext<'_, P>,
) -> Option<bool> {
    let memory = SharedMemory::of(context);
    let name = name("client assertion/1", &[&context.config.issuer, client_id, id]);
    // By the clock of an instance that is behind it is good for longer, and this one may have begun a while ago.
    memory.insert_if_absent(&name, until.secs_since(context.now) + 2 * MAX_SKEW).await
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

/// Assertions that were accepted, until they expire; the oldest first. Where instances share no memory, another one does not
/// know of them: what a replay there could bring is bounded by the code or refresh token that has to come with it.
#[derive(Default)]
pub(crate) struct SeenAssertions(RefCell<Bounded<UsedAssertion, UnixTime, CAPACITY>>);

/// One of them: 40 bytes with its expiry.
#[derive(Clone, Copy, PartialEq, Eq)]
struct UsedAssertion {
    client: Digest,
    id: Digest,
}

/// Half of a SHA-256.
type Digest = [u8; 16];

/// At these bounds the client's own oldest is forgotten, or the oldest of all. An assertion lives here for seven minutes at most, in which
/// one client behind one address may make 8,400 requests, and one address 42,000 (the limits in `wrangler.toml`).
const CAPACITY_OF_CLIENT: usize = 10_000;
const CAPACITY: usize = 65_536;

impl SeenAssertions {
    /// Notes an assertion; false if it is known.
    fn note(&self, client_id: &str, id: &str, until: UnixTime, now: UnixTime) -> bool {
        let shown = UsedAssertion { client: digest(client_id), id: digest(id) };
        let mut all = self.0.borrow_mut();
        all.retain(|_, until| now < *until);
        if all.get(&shown).is_some() {
            return false;
        }
        let is_own = |seen: &UsedAssertion| seen.client == shown.client;
        if all.iter().filter(|(seen, _)| is_own(seen)).count() >= CAPACITY_OF_CLIENT {
            all.evict(|seen, _| is_own(seen));
        }
        all.add(shown, until, |_, _| true);
        true
    }
}

fn digest(text: &str) -> Digest {
    let digest: [u8; 32] = Sha256::digest(text).into();
    std::array::from_fn(|at| digest[at])
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

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

    /// As many of this client's as there are numbers, without the search for each.
    fn fill(seen: &SeenAssertions, client_id: &str, numbers: std::ops::Range<usize>) {
        let client = digest(client_id);
        let of = |number: usize| (UsedAssertion { client, id: digest(&number.to_string()) }, NOW.plus(420));
        seen.0.borrow_mut().extend(numbers.map(of));
    }

    #[test]
    fn a_client_forgets_its_own_oldest_only() {
        let seen = SeenAssertions::default();
        fill(&seen, "victim", 0..100);
        fill(&seen, "busy", 0..CAPACITY_OF_CLIENT);
        assert!(seen.note("busy", "another", NOW.plus(420), NOW));
        assert_eq!(seen.0.borrow().len(), 100 + CAPACITY_OF_CLIENT);
        assert!(!seen.note("busy", "1", NOW.plus(420), NOW) && seen.note("busy", "0", NOW.plus(420), NOW));
        assert!((0..100).all(|number| !seen.note("victim", &number.to_string(), NOW.plus(420), NOW)));
    }

    #[test]
    fn many_clients_of_a_stranger_have_none_of_anothers_forgotten_within_the_bound() {
        let seen = SeenAssertions::default();
        fill(&seen, "victim", 0..100);
        for stranger in 0..654 {
            fill(&seen, &format!("stranger {stranger}"), 0..100);
        }
        assert_eq!(seen.0.borrow().len(), CAPACITY - 36);
        for number in 0..36 {
            assert!(seen.note("last", &number.to_string(), NOW.plus(420), NOW));
        }
        for number in 0..100 {
            assert!(!seen.note("victim", &number.to_string(), NOW.plus(420), NOW), "{number}");
        }
        // Then it holds no more.
        assert!(seen.note("last", "one more", NOW.plus(420), NOW));
        assert_eq!(seen.0.borrow().len(), CAPACITY);
        assert!(!seen.note("victim", "1", NOW.plus(420), NOW) && seen.note("victim", "0", NOW.plus(420), NOW));
        assert!(seen.note("victim", "later", NOW.plus(840), NOW.plus(420)));
        assert_eq!(seen.0.borrow().len(), 1, "those that have expired are forgotten");
    }

    #[test]
    fn the_memory_is_as_large_as_documented() {
        assert_eq!(size_of::<(UsedAssertion, UnixTime)>(), 40);
        let documented = include_str!("../../../../THREAT-MODEL.md");
        for number in ["10,000", "65,536"] {
            assert!(documented.contains(number), "{number}");
        }
        let number = |bound: usize| format!("{},{:03}", bound / 1_000, bound % 1_000);
        assert_eq!([CAPACITY_OF_CLIENT, CAPACITY].map(number), ["10,000", "65,536"]);
    }
}
