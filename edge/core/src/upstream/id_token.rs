//! Verifying Cognito's ID and access tokens (OpenID Connect Core §3.1.3.7).

use edgeward_identity::jws::Compact;
use serde_json::Value;

use super::{KeyCache, Subject, UpstreamError, jwks::ALGORITHM};
use crate::{
    config::Cognito,
    message::members::{Members, WrongKind},
    platform::{Platform, UnixTime},
    request_context::RequestContext,
    sealed::Profile,
    secret::Secret,
};

/// Our clock may be this many seconds ahead of Cognito's.
const MAX_SKEW: u64 = 60;
/// Cognito's tokens are one or two kilobytes as a rule. The longest that a pool makes by itself has 100 groups of 128
/// characters (its quotas): 154 KB where a character of four bytes is written as two escapes of six, and a third more
/// in base64. What is left is for roles and attributes.
pub(super) const MAX_TOKEN_BYTES: usize = 256 * 1024;

/// What the ID token must say beyond what every one must.
pub(super) struct Expectation<'a> {
    /// The `nonce` we sent; a refresh sends none.
    pub(super) nonce: Option<&'a str>,
    /// The user whose grant is refreshed.
    pub(super) subject: Option<&'a str>,
}

impl From<WrongKind> for UpstreamError {
    fn from(_: WrongKind) -> Self {
        Self::Unusable("a token with malformed claims")
    }
}

/// Verifies both tokens and says who signed in, and with which scope and until when Cognito's access lasts.
pub(super) async fn verify<P: Platform>(
    id_token: &str,
    access_token: &str,
    expectation: &Expectation<'_>,
    keys: &KeyCache,
    context: &RequestContext<'_, P>,
) -> Result<(Subject, String, UnixTime), UpstreamError> {
    let (cognito, unusable) = (&context.config.cognito, UpstreamError::Unusable);
    let (id, id_expires_at) = open(id_token, MAX_TOKEN_BYTES, keys, context).await?;
    let (access, expires_at) = open(access_token, MAX_TOKEN_BYTES, keys, context).await?;
    if expires_at.min(id_expires_at).plus(MAX_SKEW) <= context.now {
        return Err(unusable("an expired token"));
    }

    // One key set signs both kinds: only `token_use` tells them apart.
    if id.text("token_use")? != Some("id") || access.text("token_use")? != Some("access") {
        return Err(unusable("a token of the wrong use"));
    }
    // A pool may be switched from one form of its issuer to the other, but not between two tokens of one answer.
    let issuer = id.text("iss")?.filter(|issuer| cognito.issuers.contains(issuer));
    if issuer.is_none() || access.text("iss")? != issuer {
        return Err(unusable("a token of another issuer"));
    }
    let client_id = Some(cognito.client_id.as_str());
    if id.text("aud")? != client_id || access.text("client_id")? != client_id {
        return Err(unusable("a token for another app client"));
    }
    let nonce = id.text("nonce")?.map(|nonce| Secret::new(nonce.to_owned()));
    let fits = |wanted: &str| nonce.as_ref().is_some_and(|nonce| nonce.matches(wanted.as_bytes()));
    if !expectation.nonce.is_none_or(fits) {
        return Err(unusable("an ID token with another nonce"));
    }
    let subject = id.text("sub")?.filter(|subject| !subject.is_empty()).ok_or(unusable("a token without a user"))?;
    if access.text("sub")? != Some(subject) || expectation.subject.is_some_and(|wanted| subject != wanted) {
        return Err(unusable("tokens of different users"));
    }
    let email = id.text("email")?.map(str::to_owned);
    let (email, unverified) = if is_email_verified(&id, cognito) { (email, None) } else { (None, email) };
    let profile = Profile {
        username: id.text("cognito:username")?.map(str::to_owned),
        email,
        unverified_email: unverified,
        groups: id.texts("cognito:groups")?.into_iter().flatten().map(str::to_owned).collect(),
    };
    let scope = access.text("scope")?.unwrap_or_default().to_owned();
    Ok((Subject { subject: subject.to_owned(), profile, auth_time: id.time("auth_time")? }, scope, expires_at))
}

/// Whether the user's e-mail address may be believed. Cognito takes an address that it maps from an identity provider
/// for unverified at each sign-in, unless `email_verified` is mapped, too. So the operator may trust providers.
///
/// A trusted provider's address is the address of a user whom that provider has made: Cognito calls such a user
/// `{provider}_{user id at the provider}`. A native user whose account is linked to the provider may have written the
/// address. With further identities, each sign-in may bring another address, so all of them must be trusted.
fn is_email_verified(id: &Members<'_>, cognito: &Cognito) -> bool {
    // Federated identities may carry a boolean as text.
    let verified = id.any("email_verified").is_some_and(|value| *value == Value::Bool(true) || *value == "true");
    let is_trusted = |identity: &Value| {
        let provider = identity["providerName"].as_str();
        provider.is_some_and(|name| cognito.emails.trusted_providers.iter().any(|trusted| trusted == name))
    };
    let username = id.any("cognito:username").and_then(Value::as_str).unwrap_or_default();
    let is_named_by = |identity: &Value| match (identity["providerName"].as_str(), identity["userId"].as_str()) {
        // A pool may ignore the case of names.
        (Some(provider), Some(user_id)) => username.eq_ignore_ascii_case(&format!("{provider}_{user_id}")),
        _ => false,
    };
    let identities = id.any("identities").and_then(Value::as_array);
    verified || identities.is_some_and(|all| all.iter().all(is_trusted) && all.iter().any(is_named_by))
}

/// Verifies algorithm, key and signature of a token of up to `max_bytes`. Gives its claims, and when it expires.
pub(super) async fn open<P: Platform>(
    token: &str,
    max_bytes: usize,
    keys: &KeyCache,
    context: &RequestContext<'_, P>,
) -> Result<(Members<'static>, UnixTime), UpstreamError> {
    let unusable = UpstreamError::Unusable;
    let token = Compact::parse(token, max_bytes).map_err(|_| unusable("a token that is no JWT"))?;
    if token.header.alg != ALGORITHM {
        return Err(unusable("a token that is not signed with RS256"));
    }
    if token.header.kid.is_none() {
        return Err(unusable("a token without key id"));
    }
    keys.verify(&token, context).await?;
    let claims = Members::parse(&token.claims)?;
    let expires_at = claims.time("exp")?.ok_or(unusable("a token without expiry"))?;
    Ok((claims, expires_at))
}
