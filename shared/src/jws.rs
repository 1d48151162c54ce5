//! Compact JWS with Ed25519 (RFC 7515, RFC 8037), for each kind of token that Edgeward signs.
//!
//! A token's kind is its `typ`: a verifier names the kind it wants, so no kind passes for another (RFC 8725 §3.11).

use jwt_compact::{AlgorithmExt, Claims, Header, UntrustedToken, ValidationError, alg::Ed25519};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{SigningKey, UnixTime, VerifyingKeys};

/// Tokens longer than this are refused before they are parsed. Ours stay well below.
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
/// [`JwsError::Unrepresentable`] when the claims are no JSON object or a time is out of range.
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
    let header = Header::empty().with_token_type(typ).with_key_id(key.key_id());
    Ed25519.token(&header, &all, key.key()).map_err(|_| JwsError::Unrepresentable)
}

/// Verifies kind, algorithm, key and signature of `token` and reads its claims.
///
/// Times are returned, not judged: how long a kind may live is that kind's rule.
///
/// # Errors
/// The first check that fails.
pub fn verify<T: DeserializeOwned>(typ: &str, token: &str, keys: &VerifyingKeys) -> Result<Verified<T>, JwsError> {
    if token.len() > MAX_BYTES {
        return Err(JwsError::TooLong);
    }
    let token = UntrustedToken::<Extensions>::try_from(token).map_err(|_| JwsError::Malformed)?;
    // RFC 7515 §4.1.11: a critical extension that is not understood makes the token invalid; we understand none.
    if token.header().other_fields.crit.is_some() {
        return Err(JwsError::CriticalExtension);
    }
    if token.header().token_type.as_deref() != Some(typ) {
        return Err(JwsError::WrongType);
    }
    if token.algorithm() != "EdDSA" {
        return Err(JwsError::WrongAlgorithm);
    }
    let key_id = token.header().key_id.as_deref().ok_or(JwsError::NoKeyId)?;
    let key = keys.find(key_id).ok_or_else(|| JwsError::UnknownKey { key_id: shorten(key_id) })?;
    let verified = Ed25519.validator::<T>(key).validate(&token).map_err(|error| match error {
        ValidationError::MalformedClaims(_) => JwsError::MalformedClaims,
        _ => JwsError::BadSignature,
    })?;
    let (_, claims) = verified.into_parts();
    let time = |claim: &'static str, date: Option<_>| {
        date.and_then(UnixTime::from_date).ok_or(JwsError::MissingClaim { claim })
    };
    Ok(Verified {
        issued_at: time("iat", claims.issued_at)?,
        expires_at: time("exp", claims.expiration)?,
        claims: claims.custom,
    })
}

/// Header members beyond those the library names.
#[derive(Debug, Clone, Deserialize)]
struct Extensions {
    #[serde(default)]
    crit: Option<serde_json::Value>,
}

/// A `kid` from a stranger's token, cut so that it can stand in a log line.
fn shorten(key_id: &str) -> String {
    key_id.chars().take(64).collect()
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
}
