//! Compact JWS with Ed25519 (RFC 7515, RFC 8037), for each kind of token that Edgeward signs.
//!
//! A token's kind is its `typ`: a verifier names the kind it wants, so no kind passes for another (RFC 8725 §3.11).

use jwt_compact::{Algorithm, AlgorithmExt, AlgorithmSignature, Claims, alg::Ed25519};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    SigningKey, UnixTime, VerifyingKeys,
    json::{Object, WrongJson},
};

/// The longest token, in bytes: no longer one is made, and a longer one is refused before it is parsed. Many servers
/// take no more than 8 KiB in one header field.
pub const MAX_BYTES: usize = 8 * 1024;

/// What a verified token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified<T> {
    /// `iat`.
    pub issued_at: UnixTime,
    /// `exp`. Not compared with any clock here.
    pub expires_at: UnixTime,
    /// The other claims.
    pub claims: T,
}

/// Signs `claims` as a token of kind `typ` that is valid from `issued_at` until `expires_at`.
///
/// # Errors
/// [`JwsError::Unrepresentable`] when the claims are no JSON object or a time is out of range, and
/// [`JwsError::Overlong`] when the token would be longer than [`MAX_BYTES`].
pub fn sign<T: Serialize>(
    typ: &str,
    claims: &T,
    issued_at: UnixTime,
    expires_at: UnixTime,
    key: &SigningKey,
) -> Result<String, JwsError> {
    let mut all = Claims::new(claims);
    all.issued_at = Some(issued_at.to_date().ok_or(JwsError::Unrepresentable)?);
    all.expiration = Some(expires_at.to_date().ok_or(JwsError::Unrepresentable)?);
    let header = jwt_compact::Header::empty().with_token_type(typ).with_key_id(key.key_id());
    let token = Ed25519.token(&header, &all, key.key()).map_err(|_| JwsError::Unrepresentable)?;
    if token.len() > MAX_BYTES { Err(JwsError::Overlong { bytes: token.len() }) } else { Ok(token) }
}

/// Verifies kind, algorithm, key and signature of `token` and reads its claims.
///
/// Times are returned, not judged: how long a kind may live is that kind's rule.
///
/// # Errors
/// The first check that fails.
pub fn verify<T: DeserializeOwned>(typ: &str, token: &str, keys: &VerifyingKeys) -> Result<Verified<T>, JwsError> {
    let token = verify_signature(typ, token, keys)?;
    // Read twice: a type that holds both would have to be put together from any members, at several times the code.
    let times: Times = serde_json::from_slice(&token.claims).map_err(|_| JwsError::MalformedClaims)?;
    let claims = serde_json::from_slice(&token.claims).map_err(|_| JwsError::MalformedClaims)?;
    Ok(Verified {
        issued_at: times.iat.ok_or(JwsError::MissingClaim { claim: "iat" })?,
        expires_at: times.exp.ok_or(JwsError::MissingClaim { claim: "exp" })?,
        claims,
    })
}

/// As [`verify`], for who reads the claims by other means.
///
/// # Errors
/// The first check that fails.
pub fn verify_signature<'a>(typ: &str, token: &'a str, keys: &VerifyingKeys) -> Result<Compact<'a>, JwsError> {
    let token = Compact::parse(token, MAX_BYTES)?;
    if token.header.typ.as_deref() != Some(typ) {
        return Err(JwsError::WrongType);
    }
    if token.header.alg != "EdDSA" {
        return Err(JwsError::WrongAlgorithm);
    }
    let key_id = token.header.kid.as_deref().ok_or(JwsError::NoKeyId)?;
    let key = keys.find(key_id).ok_or_else(|| JwsError::UnknownKey { key_id: shorten(key_id) })?;
    if !is_signed(token.message.as_bytes(), &token.signature, key) {
        return Err(JwsError::BadSignature);
    }
    Ok(token)
}

/// Whether `signature` is the one of `key` over `message` (RFC 8032 §5.1.7), with S below the order of the group.
fn is_signed(message: &[u8], signature: &[u8], key: &<Ed25519 as Algorithm>::VerifyingKey) -> bool {
    <Ed25519 as Algorithm>::Signature::try_from_slice(signature)
        .is_ok_and(|signature| Ed25519.verify_signature(&signature, key, message))
}

#[derive(Deserialize)]
struct Times {
    iat: Option<UnixTime>,
    exp: Option<UnixTime>,
}

/// A compact JWS (RFC 7515 §7.1), taken apart; nothing in it is verified.
#[derive(Debug, Clone)]
pub struct Compact<'a> {
    /// The header.
    pub header: Header,
    /// The claims, as JSON.
    pub claims: Vec<u8>,
    /// What is signed.
    pub message: &'a str,
    /// The signature.
    pub signature: Vec<u8>,
}

/// What a header says that counts.
#[derive(Debug, Clone)]
pub struct Header {
    /// The algorithm that was used, by the token's own account.
    pub alg: String,
    /// The kind of token.
    pub typ: Option<String>,
    /// The key.
    pub kid: Option<String>,
    /// Whether there is a member `crit`, be it null.
    is_critical: bool,
}

impl Header {
    fn parse(json: &[u8]) -> Result<Self, WrongJson> {
        let object = Object::parse(json)?;
        let (alg, typ, kid) = (object.required("alg")?, object.text("typ")?, object.text("kid")?);
        Ok(Self { alg, typ, kid, is_critical: object.has("crit") })
    }
}

impl<'a> Compact<'a> {
    /// Takes a token apart.
    ///
    /// # Errors
    /// When it is none, is longer than `max_bytes`, or has an extension that must be understood.
    pub fn parse(token: &'a str, max_bytes: usize) -> Result<Self, JwsError> {
        if token.len() > max_bytes {
            return Err(JwsError::TooLong);
        }
        let decode = |part: &str| edgeward_base64url::decode(part).ok_or(JwsError::Malformed);
        let (message, signature) = token.rsplit_once('.').ok_or(JwsError::Malformed)?;
        let (header, claims) = message.split_once('.').ok_or(JwsError::Malformed)?;
        let header = Header::parse(&decode(header)?).map_err(|_| JwsError::Malformed)?;
        // RFC 7515 §4.1.11: a critical extension that is not understood makes the token invalid; we understand none.
        if header.is_critical {
            return Err(JwsError::CriticalExtension);
        }
        Ok(Self { header, claims: decode(claims)?, message, signature: decode(signature)? })
    }
}

/// A `kid` from a stranger's token, cut so that it can stand in a log line.
fn shorten(key_id: &str) -> String {
    key_id.chars().take(64).collect()
}

impl From<WrongJson> for JwsError {
    fn from(_: WrongJson) -> Self {
        Self::MalformedClaims
    }
}

/// Which check a token failed. Holds nothing of the token but its `kid`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JwsError {
    /// Longer than [`MAX_BYTES`].
    #[error("longer than {MAX_BYTES} bytes")]
    TooLong,
    /// Not three base64url parts with a JSON header.
    #[error("not a compact JWS")]
    Malformed,
    /// The header has a `crit` member.
    #[error("critical header extension")]
    CriticalExtension,
    /// `typ` is missing or of another kind.
    #[error("wrong `typ`")]
    WrongType,
    /// `alg` is not `EdDSA`.
    #[error("wrong `alg`")]
    WrongAlgorithm,
    /// The header has no `kid`.
    #[error("no `kid`")]
    NoKeyId,
    /// No key has this `kid`.
    #[error("unknown `kid` {key_id:?}")]
    UnknownKey {
        /// The `kid`, cut to 64 characters.
        key_id: String,
    },
    /// The signature is not the key's over this token.
    #[error("bad signature")]
    BadSignature,
    /// The claims are not what this kind of token holds.
    #[error("malformed claims")]
    MalformedClaims,
    /// A claim every token has is missing.
    #[error("no claim `{claim}`")]
    MissingClaim {
        /// The claim.
        claim: &'static str,
    },
    /// Signing: the claims are no JSON object, or a time is out of range.
    #[error("cannot be written as a token")]
    Unrepresentable,
    /// Signing: the token would be longer than [`MAX_BYTES`].
    #[error("would take {bytes} bytes, more than {MAX_BYTES}")]
    Overlong {
        /// How long it would be.
        bytes: usize,
    },
}

#[cfg(test)]
mod tests;
