//! `POST /oauth2/token`.

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::Value;

use crate::client_authentication::{ClientAuthenticationError, authenticate};
use crate::fault::FaultKind;
use crate::forgery::{self, Forgery};
use crate::issued::SecretKind;
use crate::parameters::Parameters;
use crate::pool::Pool;
use crate::reply;
use crate::token::{self, TokenError, TokenResponse};

/// Every refusal is a 400, also `invalid_client`, with the code and no description.
pub(crate) async fn handle(
    State(pool): State<Arc<Pool>>,
    fault: Option<Extension<FaultKind>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let (skew, forgery) = match fault {
        Some(Extension(FaultKind::ClockSkew { seconds })) => (seconds, None),
        Some(Extension(FaultKind::ForgedIdToken(forgery))) => (0, Some(forgery)),
        _ => (0, None),
    };
    match answer(&pool, skew, &headers, &body) {
        Ok(mut tokens) => {
            if let Some(forgery) = forgery {
                forge_id_token(&pool, &mut tokens, &forgery);
            }
            reply::json(StatusCode::OK, &tokens.into())
        }
        Err(error) => reply::described_error(StatusCode::BAD_REQUEST, error.code(), error.description()),
    }
}

fn answer(pool: &Pool, skew: i64, headers: &HeaderMap, body: &[u8]) -> Result<TokenResponse, TokenError> {
    if !is_form(headers) {
        return Err(TokenError::InvalidRequest);
    }
    let form = Parameters::parse(body);
    let client = authenticate(pool, headers, &form).map_err(|error| match error {
        ClientAuthenticationError::NoClient => TokenError::InvalidRequest,
        ClientAuthenticationError::Failed => TokenError::InvalidClient,
    })?;
    let now = pool.now();
    token::redeem(pool, client, &form, now, now + skew)
}

fn forge_id_token(pool: &Pool, tokens: &mut TokenResponse, forgery: &Forgery) {
    let genuine = tokens.get("id_token").and_then(Value::as_str);
    if let Some(forged) = genuine.and_then(|token| forgery::change_id_token(pool, token, forgery)) {
        tokens.insert("id_token".to_owned(), pool.issued.note(SecretKind::IdToken, forged).into());
    }
}

/// What another media type gets is unknown; `invalid_request` is assumed.
fn is_form(headers: &HeaderMap) -> bool {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    media_type
        .split(';')
        .next()
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded"))
}
