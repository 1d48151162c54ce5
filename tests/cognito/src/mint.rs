//! Tokens: their claims and their form.

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::clock::{UnixSeconds, seconds};
use crate::config::{AppClient, Config, Identity, User};
use crate::custom_claims;
use crate::pool::Pool;
use crate::store::Grant;

/// Claims of a user's access token.
///
/// No `aud` unless the token is bound to a resource server, no `nbf`, no `email`. `version` marks tokens that came
/// through OAuth; `jti` and `origin_jti` are there only with revocation or rotation.
pub(crate) fn access_token_claims(pool: &Pool, client: &AppClient, grant: &Grant, now: UnixSeconds) -> Claims {
    let mut claims = user_claims(pool, client, grant, now, client.access_token_validity);
    set(&mut claims, "token_use", "access");
    set(&mut claims, "client_id", client.id.as_str());
    set(&mut claims, "username", grant.username.as_str());
    set(&mut claims, "scope", grant.scope.join(" "));
    set(&mut claims, "version", 2);
    if let Some(audience) = &grant.audience {
        set(&mut claims, "aud", audience.as_str());
    }
    custom_claims::apply(&pool.custom_claims.lock().access_token, &mut claims);
    claims
}

/// Claims of an ID token. Its `aud` is the app client, also when the access token is bound to a resource.
pub(crate) fn id_token_claims(
    pool: &Pool,
    client: &AppClient,
    grant: &Grant,
    access_token: &str,
    now: UnixSeconds,
) -> Claims {
    let mut claims = user_claims(pool, client, grant, now, client.id_token_validity);
    set(&mut claims, "token_use", "id");
    set(&mut claims, "aud", client.id.as_str());
    set(&mut claims, "cognito:username", grant.username.as_str());
    set(&mut claims, "at_hash", at_hash(access_token));
    if let Some(nonce) = &grant.nonce {
        set(&mut claims, "nonce", nonce.as_str());
    }
    if let Some(user) = pool.users.find(&grant.username) {
        claims.extend(readable_attributes(&user, &grant.scope));
        let identities = identities(pool, &user);
        if !identities.is_empty() {
            set(&mut claims, "identities", identities);
        }
    }
    custom_claims::apply(&pool.custom_claims.lock().id_token, &mut claims);
    claims
}

/// Claims of a `client_credentials` access token: the client is the subject, and there is no user and no `aud`.
pub(crate) fn machine_token_claims(pool: &Pool, client: &AppClient, scope: &[String], now: UnixSeconds) -> Claims {
    let claims = json!({
        "sub": client.id,
        "client_id": client.id,
        "iss": pool.token_issuer(),
        "token_use": "access",
        "scope": scope.join(" "),
        "auth_time": now,
        "iat": now,
        "exp": now + seconds(client.access_token_validity),
        "version": 2,
        "jti": uuid(),
    });
    let mut claims = into_map(claims);
    custom_claims::apply(&pool.custom_claims.lock().machine_token, &mut claims);
    claims
}

/// The `identities` claim: `primary` and `dateCreated` are strings and `issuer` is null, as in AWS's sample of an ID token and in
/// tokens of real pools. For SAML the issuer is the provider's entity id.
pub(crate) fn identities(pool: &Pool, user: &User) -> Vec<Value> {
    let identity = |identity: &Identity| {
        let provider = pool.provider(&identity.provider)?;
        Some(json!({
            "userId": identity.user_id,
            "providerName": provider.name,
            "providerType": provider.kind.provider_type(),
            "issuer": provider.issuer,
            "primary": identity.primary.to_string(),
            "dateCreated": identity.created_at.to_string(),
        }))
    };
    user.identities.iter().filter_map(identity).collect()
}

/// The user's attributes that the scope allows to be read: all of them with `openid` alone or with `profile`,
/// otherwise what `email` and `phone` name.
pub(crate) fn readable_attributes(user: &User, scope: &[String]) -> Claims {
    let has = |name: &str| scope.iter().any(|granted| granted == name);
    let everything = has("profile") || !(has("email") || has("phone"));
    let mut attributes = Claims::new();
    if let Some(email) = user.email.as_deref().filter(|_| everything || has("email")) {
        set(&mut attributes, "email", email);
        set(&mut attributes, "email_verified", user.email_verified);
    }
    for (name, value) in &user.attributes {
        if everything || (has("phone") && name.starts_with("phone_number")) {
            set(&mut attributes, name, value.as_str());
        }
    }
    attributes
}

/// A refresh token: an encrypted JWT to look at (five parts, the first of which says so), noise inside.
pub(crate) fn refresh_token(config: &Config) -> Result<String, getrandom::Error> {
    let header = Base64UrlUnpadded::encode_string(br#"{"cty":"JWT","enc":"A256GCM","alg":"RSA-OAEP"}"#);
    let (encrypted_key, iv, tag) = (noise(256)?, noise(12)?, noise(16)?);
    let rest = header.len() + encrypted_key.len() + iv.len() + tag.len() + 4;
    // Three bytes make four characters, so the length is met to within one group.
    let ciphertext = noise(config.refresh_token_length.saturating_sub(rest) * 3 / 4)?;
    Ok([header, encrypted_key, iv, ciphertext, tag].join("."))
}

/// A fresh identifier for `jti` and its like.
pub(crate) fn uuid() -> String {
    Uuid::new_v4().to_string()
}

pub(crate) type Claims = Map<String, Value>;

fn user_claims(pool: &Pool, client: &AppClient, grant: &Grant, now: UnixSeconds, validity: u64) -> Claims {
    let user = pool.users.find(&grant.username);
    let mut claims = into_map(json!({
        "sub": user.as_ref().map(|user| user.sub.as_str()),
        "iss": pool.token_issuer(),
        "event_id": grant.event_id,
        "auth_time": grant.auth_time,
        "iat": now,
        "exp": now + seconds(validity),
    }));
    if client.token_revocation || client.rotation.is_some() {
        set(&mut claims, "jti", uuid());
        set(&mut claims, "origin_jti", grant.origin_jti.as_str());
    }
    if let Some(user) = user.filter(|user| !user.groups.is_empty()) {
        set(&mut claims, "cognito:groups", user.groups);
    }
    if let Some(acr) = &pool.config.acr {
        set(&mut claims, "acr", acr.as_str());
    }
    if !pool.config.amr.is_empty() {
        set(&mut claims, "amr", pool.config.amr.clone());
    }
    claims
}

/// OpenID Connect Core 3.1.3.6: the left half of the access token's SHA-256.
fn at_hash(access_token: &str) -> String {
    let digest = Sha256::digest(access_token);
    Base64UrlUnpadded::encode_string(&digest[..digest.len() / 2])
}

fn noise(length: usize) -> Result<String, getrandom::Error> {
    let mut bytes = vec![0; length];
    getrandom::fill(&mut bytes)?;
    Ok(Base64UrlUnpadded::encode_string(&bytes))
}

fn set(claims: &mut Claims, name: &str, value: impl Into<Value>) {
    claims.insert(name.to_owned(), value.into());
}

fn into_map(value: Value) -> Claims {
    match value {
        Value::Object(map) => map,
        _ => Claims::new(),
    }
}
