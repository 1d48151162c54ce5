//! What travels sealed instead of being stored.
//!
//! A sealed value is `<key id>.<base64url of nonce and ciphertext>`, XChaCha20-Poly1305 with a random nonce. Its
//! purpose, key id and context stand in the associated data: a value sealed for one purpose, client or transaction does
//! not open for another.

use base64ct::{Base64UrlUnpadded, Encoding};
use chacha20poly1305::{
    XNonce,
    aead::{Aead, Payload},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    keys::Keys,
    oauth::{ClientDigest, CodeChallenge, RedirectTarget, Scope},
    platform::{Randomness, RandomnessError, UnixTime},
    secret::Secret,
};

const NONCE_BYTES: usize = 24;

/// Sealed values longer than this are refused unopened.
pub const MAX_BYTES: usize = 12 * 1024;

/// A kind of value that travels sealed.
pub trait Seal: Serialize + DeserializeOwned {
    /// Names the kind, and the version of its form.
    const PURPOSE: &'static str;
    /// How long it can be opened, in seconds.
    const LIFETIME: u64;
}

/// What the user is asked to allow: everything the rest of the sign-in needs. In the form of the consent page, bound to
/// a cookie.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentTransaction(pub Transaction);

impl Seal for ConsentTransaction {
    const PURPOSE: &'static str = "consent/1";
    const LIFETIME: u64 = 600;
}

/// A sign-in that the user has allowed, while they are at the identity provider. In a cookie named by its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingAuthorization(pub Transaction);

impl Seal for PendingAuthorization {
    const PURPOSE: &'static str = "pending authorization/1";
    const LIFETIME: u64 = 600;
}

/// A consent that is not asked for again. In a cookie; its context names client, redirect URI and resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RememberedConsent {
    /// The scope that was allowed.
    #[serde(rename = "o")]
    pub scope: Scope,
}

impl Seal for RememberedConsent {
    const PURPOSE: &'static str = "remembered consent/1";
    const LIFETIME: u64 = 30 * 24 * 3600;
}

/// One sign-in from the client's request to the code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transaction {
    /// Our `state` at the identity provider, and the id of the grant that comes of it.
    #[serde(rename = "i")]
    pub id: String,
    /// The client.
    #[serde(rename = "c")]
    pub client: ClientDigest,
    /// Where the client wants the answer.
    #[serde(rename = "r")]
    pub redirect_target: RedirectTarget,
    /// The client's `state`.
    #[serde(rename = "s", skip_serializing_if = "Option::is_none", default)]
    pub client_state: Option<String>,
    /// The client's `code_challenge`.
    #[serde(rename = "p")]
    pub code_challenge: CodeChallenge,
    /// The resource, canonical.
    #[serde(rename = "a")]
    pub resource: String,
    /// The scope asked for.
    #[serde(rename = "o")]
    pub scope: Scope,
    /// Our `code_verifier` at the identity provider.
    #[serde(rename = "v")]
    pub upstream_verifier: String,
    /// Our `nonce` at the identity provider.
    #[serde(rename = "n")]
    pub upstream_nonce: String,
}

/// The authorization code that clients get: the identity provider's, and all that must hold when it is redeemed. Its
/// context is the client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationCode {
    /// The identity provider's code.
    #[serde(rename = "u")]
    pub upstream_code: String,
    /// The sign-in it ends.
    #[serde(rename = "t")]
    pub transaction: Transaction,
}

impl Seal for AuthorizationCode {
    const PURPOSE: &'static str = "authorization code/1";
    /// As long as Cognito's code inside lives.
    const LIFETIME: u64 = 300;
}

/// The refresh token that clients get. Its context is the client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefreshToken {
    /// The identity provider's refresh token.
    #[serde(rename = "u")]
    pub upstream_token: String,
    /// The user.
    #[serde(rename = "s")]
    pub subject: String,
    /// The resource, canonical.
    #[serde(rename = "a")]
    pub resource: String,
    /// The scope granted.
    #[serde(rename = "o")]
    pub scope: Scope,
    /// The grant.
    #[serde(rename = "g")]
    pub grant_id: String,
}

impl Seal for RefreshToken {
    const PURPOSE: &'static str = "refresh token/1";
    /// The longest that Cognito lets a refresh token live; how long one does live is Cognito's to say.
    const LIFETIME: u64 = 3650 * 24 * 3600;
}

/// What an access token says of the user to the gate but not to the client. Its context is the token's `jti`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// The user's name.
    #[serde(rename = "u", skip_serializing_if = "Option::is_none", default)]
    pub username: Option<String>,
    /// The user's verified e-mail address.
    #[serde(rename = "e", skip_serializing_if = "Option::is_none", default)]
    pub email: Option<String>,
    /// The user's groups.
    #[serde(rename = "g", skip_serializing_if = "Vec::is_empty", default)]
    pub groups: Vec<String>,
}

impl Seal for Profile {
    const PURPOSE: &'static str = "profile/1";
    const LIFETIME: u64 = 24 * 3600;
}

/// What is inside a sealed value.
#[derive(Serialize, Deserialize)]
struct Envelope<T> {
    #[serde(rename = "x")]
    expires_at: UnixTime,
    #[serde(rename = "b")]
    body: T,
}

/// Seals `value` for `context`.
///
/// # Errors
/// When there is no randomness for the nonce, or the value cannot be written.
pub fn seal<T: Seal>(
    value: &T,
    context: &str,
    keys: &Keys,
    now: UnixTime,
    randomness: &impl Randomness,
) -> Result<String, SealError> {
    let key = keys.sealing();
    let mut nonce = [0; NONCE_BYTES];
    randomness.fill(&mut nonce)?;
    let envelope = Envelope { expires_at: now.plus(T::LIFETIME), body: value };
    let plaintext = Secret::new(serde_json::to_vec(&envelope).map_err(|_| SealError::Unwritable)?);
    let associated_data = associated_data::<T>(&key.key_id, context);
    let payload = Payload { msg: plaintext.expose(), aad: &associated_data };
    let ciphertext = key.cipher.encrypt(XNonce::from_slice(&nonce), payload).map_err(|_| SealError::Unwritable)?;
    let sealed = [nonce.as_slice(), &ciphertext].concat();
    Ok(format!("{}.{}", key.key_id, Base64UrlUnpadded::encode_string(&sealed)))
}

/// Opens what [`seal`] made of a `T` for `context`.
///
/// # Errors
/// When it was not, or is too old. Which of these is for the log; a peer learns only that it is not good.
pub fn open<T: Seal>(sealed: &str, context: &str, keys: &Keys, now: UnixTime) -> Result<T, OpenError> {
    if sealed.len() > MAX_BYTES {
        return Err(OpenError::Malformed);
    }
    let (key_id, encoded) = sealed.split_once('.').ok_or(OpenError::Malformed)?;
    let bytes = Base64UrlUnpadded::decode_vec(encoded).map_err(|_| OpenError::Malformed)?;
    let (nonce, ciphertext) = bytes.split_at_checked(NONCE_BYTES).ok_or(OpenError::Malformed)?;
    let key = keys.opening(key_id).ok_or(OpenError::UnknownKey)?;
    let payload = Payload { msg: ciphertext, aad: &associated_data::<T>(key_id, context) };
    let plaintext =
        key.cipher.decrypt(XNonce::from_slice(nonce), payload).map(Secret::new).map_err(|_| OpenError::NotOurs)?;
    let envelope: Envelope<T> = serde_json::from_slice(plaintext.expose()).map_err(|_| OpenError::NotOurs)?;
    if envelope.expires_at <= now { Err(OpenError::Expired) } else { Ok(envelope.body) }
}

/// The parts are separated by a byte that none of them contains.
fn associated_data<T: Seal>(key_id: &str, context: &str) -> Vec<u8> {
    [T::PURPOSE, key_id, context].join("\0").into_bytes()
}

/// Why a value could not be sealed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// No nonce.
    #[error(transparent)]
    Randomness(#[from] RandomnessError),
    /// The value cannot be written.
    #[error("a value could not be sealed")]
    Unwritable,
}

/// Why a sealed value does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Not of the form of a sealed value.
    #[error("not a sealed value")]
    Malformed,
    /// Sealed with a key that we do not have, or have no longer.
    #[error("sealed with an unknown key")]
    UnknownKey,
    /// Changed, or sealed for something or someone else.
    #[error("sealed for something else, or altered")]
    NotOurs,
    /// Its time is over.
    #[error("expired")]
    Expired,
}
