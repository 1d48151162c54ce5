//! Verifying Cognito's ID and access tokens (OpenID Connect Core §3.1.3.7).

use jwt_compact::{AlgorithmExt, Claims, UntrustedToken, alg::Rsa, alg::StrongAlg};
use serde::{
    Deserialize,
    de::{DeserializeOwned, IgnoredAny},
};

use super::{KeyCache, Subject, UpstreamError};
use crate::{
    config::Cognito,
    platform::{Platform, UnixTime},
    sealed::Profile,
    secret::Secret,
};

/// Our clock may be this many seconds ahead of Cognito's.
const MAX_SKEW: u64 = 60;
/// Cognito's tokens are one or two kilobytes.
const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// What the ID token must say beyond what every one must.
pub(super) struct Expectation<'a> {
    /// The `nonce` we sent; a refresh sends none.
    pub(super) nonce: Option<&'a str>,
    /// The user whose grant is refreshed.
    pub(super) subject: Option<&'a str>,
}

#[derive(Deserialize)]
struct IdToken {
    iss: String,
    sub: String,
    aud: String,
    token_use: String,
    nonce: Option<String>,
    auth_time: Option<UnixTime>,
    #[serde(rename = "cognito:username")]
    username: Option<String>,
    #[serde(rename = "cognito:groups", default)]
    groups: Vec<String>,
    email: Option<String>,
    email_verified: Option<Truth>,
}

/// A boolean that federated identities may carry as text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Truth {
    Boolean(bool),
    Text(String),
}

impl Truth {
    fn holds(&self) -> bool {
        match self {
            Self::Boolean(value) => *value,
            Self::Text(text) => text == "true",
        }
    }
}

/// An access token of a user's or a machine's.
#[derive(Deserialize)]
pub(super) struct AccessToken {
    pub(super) iss: String,
    pub(super) sub: String,
    pub(super) client_id: String,
    pub(super) token_use: String,
    #[serde(default)]
    pub(super) scope: String,
    /// Only when it is bound to a resource.
    pub(super) aud: Option<IgnoredAny>,
    /// Only a user's.
    pub(super) username: Option<IgnoredAny>,
}

/// Verifies both tokens and says who signed in, and with which scope and until when Cognito's access lasts.
pub(super) async fn verify<P: Platform>(
    id_token: &str,
    access_token: &str,
    expectation: &Expectation<'_>,
    cognito: &Cognito,
    keys: &KeyCache,
    platform: &P,
    now: UnixTime,
) -> Result<(Subject, String, UnixTime), UpstreamError> {
    let unusable = UpstreamError::Unusable;
    let (id, _) = open::<IdToken, P>(id_token, cognito, keys, platform, now).await?;
    let (access, expires_at) = open::<AccessToken, P>(access_token, cognito, keys, platform, now).await?;

    // One key set signs both kinds: only `token_use` tells them apart.
    if id.token_use != "id" || access.token_use != "access" {
        return Err(unusable("a token of the wrong use"));
    }
    if id.iss != cognito.issuer || access.iss != cognito.issuer {
        return Err(unusable("a token of another issuer"));
    }
    if id.aud != cognito.client_id || access.client_id != cognito.client_id {
        return Err(unusable("a token for another app client"));
    }
    let nonce_fits = expectation
        .nonce
        .is_none_or(|wanted| id.nonce.is_some_and(|nonce| Secret::new(nonce).matches(wanted.as_bytes())));
    if !nonce_fits {
        return Err(unusable("an ID token with another nonce"));
    }
    if id.sub.is_empty() || id.sub != access.sub || expectation.subject.is_some_and(|wanted| id.sub != wanted) {
        return Err(unusable("tokens of different users"));
    }
    let verified = id.email_verified.is_some_and(|verified| verified.holds());
    let profile = Profile { username: id.username, email: id.email.filter(|_| verified), groups: id.groups };
    Ok((Subject { subject: id.sub, profile, auth_time: id.auth_time }, access.scope, expires_at))
}

/// Verifies algorithm, key, signature and expiry.
pub(super) async fn open<T: DeserializeOwned, P: Platform>(
    token: &str,
    cognito: &Cognito,
    keys: &KeyCache,
    platform: &P,
    now: UnixTime,
) -> Result<(T, UnixTime), UpstreamError> {
    let unusable = UpstreamError::Unusable;
    if token.len() > MAX_TOKEN_BYTES {
        return Err(unusable("a token that is too long"));
    }
    let token = UntrustedToken::new(token).map_err(|_| unusable("a token that is no JWT"))?;
    if token.algorithm() != "RS256" {
        return Err(unusable("a token that is not signed with RS256"));
    }
    let key_id = token.header().key_id.as_deref().ok_or(unusable("a token without key id"))?;
    let key = keys.find(key_id, cognito, platform, now).await?;
    let verified = StrongAlg(Rsa::rs256())
        .validator::<T>(&key)
        .validate(&token)
        .map_err(|_| unusable("a token with a bad signature or claims"))?;
    let (_, Claims { expiration, custom, .. }) = verified.into_parts();
    let expires_at = expiration
        .and_then(|date| u64::try_from(date.timestamp()).ok())
        .map(UnixTime::from_secs)
        .ok_or(unusable("a token without expiry"))?;
    if expires_at.plus(MAX_SKEW) <= now { Err(unusable("an expired token")) } else { Ok((custom, expires_at)) }
}
