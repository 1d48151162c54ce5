//! What travels sealed instead of being stored.
//!
//! A sealed value is `<key id>.<base64url of nonce and ciphertext>`, XChaCha20-Poly1305 with a random nonce. Its
//! purpose, key id and context stand in the associated data: a value sealed for one purpose, client or transaction does
//! not open for another.

mod refresh_answer;

use chacha20poly1305::{
    XNonce,
    aead::{Aead, Payload},
};
pub use refresh_answer::RefreshAnswer;
use serde::{Serialize, Serializer};

use crate::{
    keys::Keys,
    message::members::{Members, WrongKind},
    oauth::{ClientDigest, CodeChallenge, Prompt, RedirectTarget, Scope},
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

/// What the user is asked to allow: everything the rest of the sign-in needs. In the form of the consent page, bound to
/// a cookie.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConsentTransaction(pub Transaction);

impl Seal for ConsentTransaction {
    const PURPOSE: &'static str = "consent/1";
    const LIFETIME: u64 = 600;

    fn read(members: &Members<'_>) -> Result<Self, WrongKind> {
        Transaction::read(members).map(Self)
    }
}

/// A sign-in that the user has allowed, while they are at the identity provider. In a cookie named by its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PendingAuthorization(pub Transaction);

impl Seal for PendingAuthorization {
    const PURPOSE: &'static str = "pending authorization/1";
    /// Users who sign up or reset a password wait for a mail.
    const LIFETIME: u64 = 3600;

    fn read(members: &Members<'_>) -> Result<Self, WrongKind> {
        Transaction::read(members).map(Self)
    }
}

/// A consent that is not asked for again. In a cookie; its context names client, redirect URI and resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RememberedConsent {
    /// The scope that was allowed.
    #[serde(rename = "o")]
    pub scope: Scope,
    /// The user who allowed it. Consents that were sealed before it was kept have none, and count for nobody.
    #[serde(rename = "s", skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
}

impl Seal for RememberedConsent {
    const PURPOSE: &'static str = "remembered consent/1";
    const LIFETIME: u64 = 30 * 24 * 3600;

    fn read(members: &Members<'_>) -> Result<Self, WrongKind> {
        Ok(Self { scope: scope(members)?, subject: members.text("s")?.map(str::to_owned) })
    }
}

/// One sign-in from the client's request to the code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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
    #[serde(rename = "s", skip_serializing_if = "Option::is_none")]
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
    /// The client's `prompt`.
    #[serde(rename = "m", skip_serializing_if = "Prompt::is_empty")]
    pub prompt: Prompt,
    /// The client's `login_hint`.
    #[serde(rename = "h", skip_serializing_if = "Option::is_none")]
    pub login_hint: Option<String>,
    /// What the callback does about a consent that is remembered.
    #[serde(rename = "k", skip_serializing_if = "Option::is_none")]
    pub remembered: Option<Remembered>,
}

/// What a consent that is remembered, or is to be, makes of a sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remembered {
    /// The user wants the consent to be remembered. The callback has to find out who they are.
    Wanted,
    /// The user was not asked. The callback has to find out whose consent it is; if it is somebody else's, it sends the user to the
    /// consent page again, for which it needs the client's id.
    Used(String),
    /// The callback has found out: it is this user's. The code must be theirs, too.
    By(String),
}

/// A letter, and what belongs to it.
impl Serialize for Remembered {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (letter, text) = match self {
            Self::Wanted => ("w", ""),
            Self::Used(client_id) => ("c", client_id.as_str()),
            Self::By(subject) => ("s", subject.as_str()),
        };
        serializer.serialize_str(&[letter, text].concat())
    }
}

impl Remembered {
    fn read(text: &str) -> Result<Self, WrongKind> {
        match text.split_at_checked(1).ok_or(WrongKind::Member("d"))? {
            ("w", "") => Ok(Self::Wanted),
            ("c", client_id) => Ok(Self::Used(client_id.to_owned())),
            ("s", subject) => Ok(Self::By(subject.to_owned())),
            _ => Err(WrongKind::Member("d")),
        }
    }
}

impl Transaction {
    fn read(members: &Members<'_>) -> Result<Self, WrongKind> {
        Ok(Self {
            id: members.owned("i")?,
            client: ClientDigest::from_sealed(members.required("c")?),
            redirect_target: RedirectTarget::from_sealed(members.required("r")?).ok_or(WrongKind::Member("r"))?,
            client_state: members.text("s")?.map(str::to_owned),
            code_challenge: CodeChallenge::parse(members.required("p")?).ok_or(WrongKind::Member("p"))?,
            resource: members.owned("a")?,
            scope: scope(members)?,
            upstream_verifier: members.owned("v")?,
            upstream_nonce: members.owned("n")?,
            prompt: Prompt::from_sealed(members.any("m").and_then(serde_json::Value::as_u64).unwrap_or_default()),
            login_hint: members.text("h")?.map(str::to_owned),
            remembered: members.text("k")?.map(Remembered::read).transpose()?,
        })
    }

    /// The same sign-in, of whoever the user wants to be: with nobody's name filled in, and not as whom the identity provider
    /// knows.
    #[must_use]
    pub fn for_somebody_else(&self) -> Self {
        Self { prompt: Prompt::LOGIN, login_hint: None, ..self.clone() }
    }
}

fn scope(members: &Members<'_>) -> Result<Scope, WrongKind> {
    Scope::parse(members.required("o")?).ok_or(WrongKind::Member("o"))
}

/// The authorization code that clients get: the identity provider's, and all that must hold when it is redeemed. Its
/// context is the client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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

    fn read(members: &Members<'_>) -> Result<Self, WrongKind> {
        Ok(Self { upstream_code: members.owned("u")?, transaction: Transaction::read(&members.object("t")?)? })
    }
}

/// The refresh token that clients get. Its context is the client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefreshToken {
    /// The identity provider's refresh token: the newest that is known.
    #[serde(rename = "u")]
    pub upstream_token: String,
    /// The one that it gave for the code, if that has been replaced since. Revoking it ends the whole family. Tokens that were
    /// sealed before it was kept have none.
    #[serde(rename = "f", skip_serializing_if = "Option::is_none")]
    pub original_token: Option<String>,
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

/// The original token is kept if it has no more bytes than this together with the newest: the sealed value must stay
/// within [`MAX_BYTES`]. Cognito's have 1,700 to 1,850 each.
const MAX_FAMILY_BYTES: usize = 6 * 1024;

impl RefreshToken {
    /// The token after the identity provider has replaced its own, if it has.
    #[must_use]
    pub fn replaced_by(self, newest: Option<&str>) -> Self {
        let Some(newest) = newest.filter(|newest| *newest != self.upstream_token) else { return self };
        let original = self.original_token.unwrap_or(self.upstream_token);
        let fits = original.len() + newest.len() <= MAX_FAMILY_BYTES && original != newest;
        Self { upstream_token: newest.to_owned(), original_token: fits.then_some(original), ..self }
    }
}

impl Seal for RefreshToken {
    const PURPOSE: &'static str = "refresh token/1";
    /// The longest that Cognito lets a refresh token live; how long one does live is Cognito's to say.
    const LIFETIME: u64 = 3650 * 24 * 3600;

    fn read(members: &Members<'_>) -> Result<Self, WrongKind> {
        Ok(Self {
            upstream_token: members.owned("u")?,
            original_token: members.text("f")?.map(str::to_owned),
            subject: members.owned("s")?,
            resource: members.owned("a")?,
            scope: scope(members)?,
            grant_id: members.owned("g")?,
        })
    }
}

/// What an access token says of the user to the gate but not to the client. Its context is the token's `jti`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Profile {
    /// The user's name.
    #[serde(rename = "u", skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The user's verified e-mail address.
    #[serde(rename = "e", skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// An e-mail address that is not verified, if it is to be told.
    #[serde(rename = "n", skip_serializing_if = "Option::is_none")]
    pub unverified_email: Option<String>,
    /// Those of the user's groups that settings name.
    #[serde(rename = "g", skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
}

impl Seal for Profile {
    const PURPOSE: &'static str = "profile/1";
    const LIFETIME: u64 = 24 * 3600;

    fn read(members: &Members<'_>) -> Result<Self, WrongKind> {
        Ok(Self {
            username: members.text("u")?.map(str::to_owned),
            email: members.text("e")?.map(str::to_owned),
            unverified_email: members.text("n")?.map(str::to_owned),
            groups: members.texts("g")?.unwrap_or_default().into_iter().map(str::to_owned).collect(),
        })
    }
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

/// Why a value could not be sealed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// No nonce.
    #[error(transparent)]
    Randomness(#[from] RandomnessError),
    /// The value cannot be written.
    #[error("a value could not be sealed")]
    Unwritable,
    /// Nobody would open it again.
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
