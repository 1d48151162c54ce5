//! Cognito's token endpoint: redeeming a code, using a refresh token.

use base64ct::{Base64, Encoding};
use serde::Deserialize;

use super::{KeyCache, TokenAnswer, UpstreamError, UpstreamGrant, id_token};
use crate::{
    config::Cognito,
    platform::{Fetch, FetchReply, FetchRequest, Platform, UnixTime},
    sealed::{RefreshToken, Transaction},
    secret::Secret,
};

/// Cognito's tokens are one or two kilobytes each.
const MAX_ANSWER_BYTES: usize = 64 * 1024;
/// Clients give up after ten seconds.
const DEADLINE_MS: u32 = 8_000;

/// Redeems the code that ended `transaction`. It works once: this must be the last thing that can fail.
///
/// # Errors
/// As [`UpstreamError`] says.
pub async fn redeem<P: Platform>(
    code: &str,
    transaction: &Transaction,
    redirect_uri: &str,
    cognito: &Cognito,
    keys: &KeyCache,
    platform: &P,
    now: UnixTime,
) -> Result<UpstreamGrant, UpstreamError> {
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", redirect_uri),
        ("code_verifier", &transaction.upstream_verifier),
    ];
    let answer = ask(&form, cognito, platform).await?;
    let expectation = id_token::Expectation { nonce: Some(&transaction.upstream_nonce), subject: None };
    grant(answer, &expectation, cognito, keys, platform, now).await
}

/// Uses Cognito's refresh token.
///
/// # Errors
/// As [`UpstreamError`] says.
pub async fn refresh<P: Platform>(
    token: &RefreshToken,
    cognito: &Cognito,
    keys: &KeyCache,
    platform: &P,
    now: UnixTime,
) -> Result<UpstreamGrant, UpstreamError> {
    let form = [("grant_type", "refresh_token"), ("refresh_token", token.upstream_token.as_str())];
    let answer = ask(&form, cognito, platform).await?;
    let expectation = id_token::Expectation { nonce: None, subject: Some(&token.subject) };
    grant(answer, &expectation, cognito, keys, platform, now).await
}

async fn grant<P: Platform>(
    answer: TokenAnswer,
    expectation: &id_token::Expectation<'_>,
    cognito: &Cognito,
    keys: &KeyCache,
    platform: &P,
    now: UnixTime,
) -> Result<UpstreamGrant, UpstreamError> {
    let id_token = answer.id_token.as_deref().ok_or(UpstreamError::Unusable("no ID token"))?;
    let (subject, expires_at) =
        id_token::verify(id_token, &answer.access_token, expectation, cognito, keys, platform, now).await?;
    Ok(UpstreamGrant { subject, refresh_token: answer.refresh_token.map(Secret::new), expires_at })
}

/// Asks with the first secret, and with the second if Cognito does not know the first: authentication comes before
/// everything else there, so the code is still good.
async fn ask<P: Fetch>(form: &[(&str, &str)], cognito: &Cognito, platform: &P) -> Result<TokenAnswer, UpstreamError> {
    let mut last = UpstreamError::InvalidClient;
    for secret in &cognito.client_secrets {
        match ask_with(form, secret, cognito, platform).await {
            Err(UpstreamError::InvalidClient) => last = UpstreamError::InvalidClient,
            outcome => return outcome,
        }
    }
    Err(last)
}

async fn ask_with<P: Fetch>(
    form: &[(&str, &str)],
    secret: &Secret<String>,
    cognito: &Cognito,
    platform: &P,
) -> Result<TokenAnswer, UpstreamError> {
    let credentials = Secret::new(format!("{}:{}", cognito.client_id, secret.expose()));
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let request = FetchRequest {
        url: format!("{}/oauth2/token", cognito.domain),
        authorization: Some(Secret::new(format!("Basic {}", Base64::encode_string(credentials.expose().as_bytes())))),
        form: Some(Secret::new(body)),
        max_bytes: MAX_ANSWER_BYTES,
        deadline_ms: DEADLINE_MS,
    };
    judge(&platform.fetch(request).await?)
}

fn judge(reply: &FetchReply) -> Result<TokenAnswer, UpstreamError> {
    #[derive(Deserialize)]
    struct ErrorAnswer {
        error: String,
    }
    match reply.status {
        200 => serde_json::from_slice(&reply.body).map_err(|_| UpstreamError::Unusable("malformed token response")),
        400 | 401 => {
            let answer: ErrorAnswer =
                serde_json::from_slice(&reply.body).map_err(|_| unavailable(reply, "an error that is not OAuth's"))?;
            // Its descriptions vary and are not for our clients: only the code counts.
            match answer.error.as_str() {
                "invalid_client" => Err(UpstreamError::InvalidClient),
                "invalid_grant" => Err(UpstreamError::InvalidGrant("invalid_grant")),
                "unauthorized_client" => Err(UpstreamError::InvalidGrant("unauthorized_client")),
                _ => Err(UpstreamError::InvalidGrant("that the request is invalid")),
            }
        }
        status => Err(unavailable(reply, &format!("status {status}"))),
    }
}

fn unavailable(reply: &FetchReply, reason: &str) -> UpstreamError {
    UpstreamError::Unavailable { reason: reason.to_owned(), retry_after: reply.retry_after }
}
