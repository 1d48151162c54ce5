//! `GET /oauth2/userInfo`: the only place that says online whether an access token is alive.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

use crate::config::User;
use crate::mint::{self, Claims};
use crate::pool::Pool;
use crate::{jws, reply};

/// The user's readable attributes, all of them strings: `email_verified` is `"true"` here and `true` in ID tokens.
pub(crate) async fn handle(State(pool): State<Arc<Pool>>, headers: HeaderMap) -> Response {
    match user_of(&pool, &headers) {
        Ok((user, scope)) => reply::json(StatusCode::OK, &attributes(&pool, &user, &scope)),
        Err(error) => refuse(error),
    }
}

#[derive(Debug, Clone, Copy)]
enum UserInfoError {
    NoToken,
    DeadToken,
    NoOpenid,
}

fn user_of(pool: &Pool, headers: &HeaderMap) -> Result<(User, Vec<String>), UserInfoError> {
    let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).ok_or(UserInfoError::NoToken)?;
    let (scheme, token) = header.split_once(' ').ok_or(UserInfoError::NoToken)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(UserInfoError::NoToken);
    }
    let claims = jws::verify(&pool.keys.lock(), token).ok_or(UserInfoError::DeadToken)?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let alive = text("iss").is_some_and(|issuer| pool.is_issuer(issuer))
        && text("token_use") == Some("access")
        && claims.get("exp").and_then(Value::as_i64).is_some_and(|expiry| pool.now() < expiry)
        && !text("origin_jti").is_some_and(|family| pool.store.lock().is_revoked(family));
    if !alive {
        return Err(UserInfoError::DeadToken);
    }
    let scope: Vec<String> = text("scope").unwrap_or_default().split(' ').map(str::to_owned).collect();
    if !scope.iter().any(|scope| scope == "openid") {
        return Err(UserInfoError::NoOpenid);
    }
    let user = text("username").and_then(|name| pool.enabled_user(name)).ok_or(UserInfoError::DeadToken)?;
    Ok((user, scope))
}

fn attributes(pool: &Pool, user: &User, scope: &[String]) -> Value {
    let mut attributes = Claims::new();
    for (name, value) in mint::readable_attributes(user, scope) {
        let text = match value {
            Value::Bool(flag) => Value::String(flag.to_string()),
            other => other,
        };
        attributes.insert(name, text);
    }
    let identities = mint::identities(pool, user);
    if !identities.is_empty() {
        // Seen as JSON in a string, since attributes are strings.
        attributes.insert("identities".to_owned(), Value::Array(identities).to_string().into());
    }
    attributes.insert("sub".to_owned(), json!(user.sub));
    attributes.insert("username".to_owned(), json!(user.username));
    attributes.into()
}

/// The challenges are as in AWS's samples, which leave out the scheme `Bearer`.
fn refuse(error: UserInfoError) -> Response {
    let (status, code, description) = match error {
        UserInfoError::NoToken => {
            (StatusCode::BAD_REQUEST, "invalid_request", "Bad OAuth2 request at UserInfo Endpoint")
        }
        UserInfoError::DeadToken => (
            StatusCode::UNAUTHORIZED,
            "invalid_token",
            "Access token is expired, disabled, or deleted, or the user has globally signed out.",
        ),
        UserInfoError::NoOpenid => {
            (StatusCode::UNAUTHORIZED, "invalid_token", "Access token does not contain openid scope")
        }
    };
    let mut response = reply::json(status, &json!({ "error": code, "error_description": description }));
    let challenge = format!("error=\"{code}\", error_description=\"{description}\"");
    if let Ok(challenge) = HeaderValue::from_str(&challenge) {
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    response
}
