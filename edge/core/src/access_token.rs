//! Access tokens: JWTs after RFC 9068, signed with our key, for one resource.

use edgeward_identity::{
    json::Object,
    jws::{self, JwsError, Verified},
};
use serde::Serialize;

use crate::{
    config::Config,
    keys::Keys,
    oauth::Scope,
    platform::{Platform, UnixTime},
    request_context::RequestContext,
    sealed::{self, OpenError, Profile, SealError},
    upstream::Subject,
};

/// The longest access token, in bytes: the gate takes no longer one, so none is minted.
pub use edgeward_identity::jws::MAX_BYTES;

/// `typ` of an access token (RFC 9068 §2.1).
pub const TYPE: &str = "at+jwt";

/// The claims (RFC 9068 §2.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccessToken {
    /// This edge.
    #[serde(rename = "iss")]
    pub issuer: String,
    /// The resource.
    #[serde(rename = "aud")]
    pub audience: String,
    /// The user.
    #[serde(rename = "sub")]
    pub subject: String,
    /// The client.
    pub client_id: String,
    /// A name for this token.
    #[serde(rename = "jti")]
    pub token_id: String,
    /// What it allows.
    pub scope: Scope,
    /// When the user last proved who they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<UnixTime>,
    /// The grant.
    pub grant_id: String,
    /// The user's [`Profile`], sealed: the gate needs it, the client was not given it.
    pub profile: String,
}

/// What a new access token is about.
pub struct Grant<'a> {
    /// The client.
    pub client_id: &'a str,
    /// The user.
    pub subject: &'a Subject,
    /// The resource.
    pub resource: &'a str,
    /// What is allowed.
    pub scope: &'a Scope,
    /// The grant.
    pub grant_id: &'a str,
}

/// Mints an access token that is valid from now until `expires_at`.
///
/// # Errors
/// When there is no randomness, a claim cannot be written, or the gate would refuse the token for its length.
pub fn mint<P: Platform>(
    grant: &Grant<'_>,
    token_id: String,
    expires_at: UnixTime,
    context: &RequestContext<'_, P>,
) -> Result<String, MintError> {
    let config = context.config;
    let groups = grant.subject.profile.groups.len();
    let surplus = surplus(grant, config);
    let profile = context.seal(&grant.subject.profile, &token_id)?;
    let claims = AccessToken {
        issuer: config.issuer.clone(),
        audience: grant.resource.to_owned(),
        subject: grant.subject.subject.clone(),
        client_id: grant.client_id.to_owned(),
        token_id,
        scope: grant.scope.clone(),
        auth_time: grant.subject.auth_time,
        grant_id: grant.grant_id.to_owned(),
        profile,
    };
    let signed = jws::sign(TYPE, &claims, context.now, expires_at, config.keys.signing());
    let bytes = match &signed {
        Ok(token) => token.len() + surplus,
        Err(JwsError::Overlong { bytes }) => bytes + surplus,
        Err(_) => 0,
    };
    if bytes > MAX_BYTES { Err(MintError::TooLong { bytes, groups }) } else { Ok(signed?) }
}

/// By how much the identity assertion, which the gate will make of the token, may be longer than it. The assertion has
/// the profile unsealed, which makes it shorter; but it has all scopes that are implied, and the audience of the
/// origin.
fn surplus(grant: &Grant<'_>, config: &Config) -> usize {
    let Some(resource) = config.resource(Some(grant.resource)) else { return 0 };
    let audience = &resource.origin.audience;
    let implied = resource.expand(grant.scope).to_string().len().saturating_sub(grant.scope.to_string().len());
    // Four characters of base64 for three bytes.
    (implied + audience.len().saturating_sub(grant.resource.len())).div_ceil(3) * 4
}

/// What an access token says that has our signature, whether it is still good or not.
///
/// # Errors
/// When it is none.
pub fn signed(token: &str, keys: &Keys) -> Result<Verified<AccessToken>, JwsError> {
    let token = jws::verify_signature(TYPE, token, keys.verifying())?;
    let claims = Object::parse(&token.claims)?;
    let time = |name| claims.number(name).map(|time| time.map(UnixTime::from_secs));
    Ok(Verified {
        issued_at: time("iat")?.ok_or(JwsError::MissingClaim { claim: "iat" })?,
        expires_at: time("exp")?.ok_or(JwsError::MissingClaim { claim: "exp" })?,
        claims: AccessToken {
            issuer: claims.required("iss")?,
            audience: claims.required("aud")?,
            subject: claims.required("sub")?,
            client_id: claims.required("client_id")?,
            token_id: claims.required("jti")?,
            scope: Scope::parse(&claims.required("scope")?).ok_or(JwsError::MalformedClaims)?,
            auth_time: time("auth_time")?,
            grant_id: claims.required("grant_id")?,
            profile: claims.required("profile")?,
        },
    })
}

/// Verifies an access token: signature, type, issuer, lifetime. For which resource it is, is for the gate to judge.
///
/// # Errors
/// The first check that fails.
pub fn open(
    token: &str,
    issuer: &str,
    keys: &Keys,
    now: UnixTime,
) -> Result<(AccessToken, Profile, UnixTime), AccessTokenError> {
    let verified = signed(token, keys)?;
    if verified.claims.issuer != issuer {
        return Err(AccessTokenError::WrongIssuer);
    }
    if verified.expires_at <= now {
        return Err(AccessTokenError::Expired);
    }
    let profile = sealed::open(&verified.claims.profile, &verified.claims.token_id, keys, now)?;
    Ok((verified.claims, profile, verified.expires_at))
}

/// Why no token was minted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MintError {
    /// A part could not be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// It could not be signed.
    #[error("an access token could not be signed: {0}")]
    Sign(#[from] JwsError),
    /// The user is in too many of the groups that settings name.
    #[error(
        "an access token with {groups} groups would take {bytes} bytes, and {MAX_BYTES} is the most: name fewer groups in \
         EDGEWARD_ORIGIN_GROUPS, or in the scopes of EDGEWARD_RESOURCES"
    )]
    TooLong {
        /// How long the token would be, or the identity assertion that comes of it.
        bytes: usize,
        /// How many groups would be in it.
        groups: usize,
    },
}

/// Which check an access token failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccessTokenError {
    /// Not a token of this kind, signed with our key.
    #[error("access token: {0}")]
    Jws(#[from] JwsError),
    /// Of another edge.
    #[error("access token: wrong issuer")]
    WrongIssuer,
    /// Its time is over.
    #[error("access token: expired")]
    Expired,
    /// Its profile does not open.
    #[error("access token: profile {0}")]
    Profile(#[from] OpenError),
}
