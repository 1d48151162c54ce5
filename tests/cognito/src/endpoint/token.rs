//! `POST /oauth2/token`.

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use crate::client_authentication::{ClientAuthenticationError, authenticate};
use crate::fault::FaultKind;
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
    let skew = match fault {
        Some(Extension(FaultKind::ClockSkew { seconds })) => seconds,
        _ => 0,
    };
    match answer(&pool, skew, &headers, &body) {
        Ok(tokens) => reply::json(StatusCode::OK, &tokens.into()),
        Err(error) => reply::error(StatusCode::BAD_REQUEST, error.code()),
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

/// What another media type gets is unknown; `invalid_request` is assumed.
fn is_form(headers: &HeaderMap) -> bool {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    media_type
        .split(';')
        .next()
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded"))
}
