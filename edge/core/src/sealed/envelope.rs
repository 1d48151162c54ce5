//! How values are sealed and opened: key, nonce, purpose, context and time.

use chacha20poly1305::{
    XNonce,
    aead::{Aead, Payload},
};
use serde::Serialize;

use crate::{
    keys::Keys,
    message::members::{Members, WrongKind},
    oauth::Scope,
    platform::{Randomness, RandomnessError, UnixTime},
    secret::Secret,
};

const NONCE_BYTES: usize = 24;

/// Sealed values that come from clients and are longer than this are refused unopened. A refresh token is the longest: it
/// holds two of Cognito's, of 1,850 characters each, and any scope that settings can name, which are 5 KB at the most.
pub const MAX_BYTES: usize = 16 * 1024;

/// A kind of value that travels sealed.
pub trait Seal: Serialize + Sized {
    /// Names the kind, and the version of its form.
    const PURPOSE: &'static str;
    /// How long it can be opened, in seconds.
    const LIFETIME: u64;
    /// Longer ones are refused unopened.
    const MAX_BYTES: usize = MAX_BYTES;

    /// Reads what was written.
    ///
    /// # Errors
    /// When it is something else.
    fn read(members: &Members<'_>) -> Result<Self, WrongKind>;
}

/// What is inside a sealed value.
#[derive(Serialize)]
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
    let mut nonce = [0; NONCE_BYTES];
    randomness.fill(&mut nonce)?;
    let envelope = Envelope { expires_at: now.plus(T::LIFETIME), body: value };
    let plaintext = Secret::new(serde_json::to_vec(&envelope).map_err(|_| SealError::Unwritable)?);
    encrypt(plaintext.expose(), &nonce, T::PURPOSE, context, keys)
}

/// Apart from [`seal`], so that it is compiled once and not for each kind.
fn encrypt(
    plaintext: &[u8],
    nonce: &[u8; NONCE_BYTES],
    purpose: &str,
    context: &str,
    keys: &Keys,
) -> Result<String, SealError> {
    let key = keys.sealing();
    let associated_data = associated_data(purpose, &key.key_id, context);
    let payload = Payload { msg: plaintext, aad: &associated_data };
    let ciphertext = key.cipher.encrypt(XNonce::from_slice(nonce), payload).map_err(|_| SealError::Unwritable)?;
    let sealed = [nonce.as_slice(), &ciphertext].concat();
    Ok(format!("{}.{}", key.key_id, edgeward_base64url::encode(&sealed)))
}

/// Opens what [`seal`] made of a `T` for `context`.
///
/// # Errors
/// When it was not, or is too old. Which of these is for the log; a peer learns only that it is not good.
pub fn open<T: Seal>(sealed: &str, context: &str, keys: &Keys, now: UnixTime) -> Result<T, OpenError> {
    let envelope = decrypt(sealed, T::MAX_BYTES, T::PURPOSE, context, keys, now)?;
    Ok(T::read(&envelope.object("b")?)?)
}

/// The envelope, if its time is not over. Apart from [`open`], as [`encrypt`] is from [`seal`].
fn decrypt(
    sealed: &str,
    max_bytes: usize,
    purpose: &str,
    context: &str,
    keys: &Keys,
    now: UnixTime,
) -> Result<Members<'static>, OpenError> {
    if sealed.len() > max_bytes {
        return Err(OpenError::Malformed);
    }
    let (key_id, encoded) = sealed.split_once('.').ok_or(OpenError::Malformed)?;
    let bytes = edgeward_base64url::decode(encoded).ok_or(OpenError::Malformed)?;
    let (nonce, ciphertext) = bytes.split_at_checked(NONCE_BYTES).ok_or(OpenError::Malformed)?;
    let key = keys.opening(key_id).ok_or(OpenError::UnknownKey)?;
    let payload = Payload { msg: ciphertext, aad: &associated_data(purpose, key_id, context) };
    let plaintext =
        key.cipher.decrypt(XNonce::from_slice(nonce), payload).map(Secret::new).map_err(|_| OpenError::NotOurs)?;
    let envelope = Members::parse(plaintext.expose())?;
    let expires_at = envelope.time("x")?.ok_or(WrongKind::Member("x"))?;
    if expires_at <= now { Err(OpenError::Expired) } else { Ok(envelope) }
}

impl From<WrongKind> for OpenError {
    fn from(_: WrongKind) -> Self {
        Self::NotOurs
    }
}

/// The parts are separated by a byte that none of them contains.
fn associated_data(purpose: &str, key_id: &str, context: &str) -> Vec<u8> {
    [purpose, key_id, context].join("\0").into_bytes()
}

/// The scope of a value that has one.
pub(super) fn scope(members: &Members<'_>) -> Result<Scope, WrongKind> {
    Scope::parse(members.required("o")?).ok_or(WrongKind::Member("o"))
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
    /// No request could bring back a value of this length.
    #[error("a sealed value would take {bytes} bytes, more than {MAX_BYTES}")]
    TooLong {
        /// How long it would be.
        bytes: usize,
    },
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
