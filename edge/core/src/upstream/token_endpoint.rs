//! Cognito's token endpoint: redeeming a code, using a refresh token.

use super::{
    LambdaError, Rejection, TokenAnswer, UpstreamError, UpstreamGrant, UpstreamMemory, id_token,
    post::{ONCE, error_of, post, unavailable},
};
use crate::{
    platform::{FetchReply, Platform},
    request_context::RequestContext,
    sealed::{RefreshToken, Transaction},
    secret::Secret,
};

const PATH: &str = "/oauth2/token";
/// Which of these it is Cognito does not say (Developer Guide, "The token issuer endpoint").
const INVALID_CODE: &str = "invalid_grant: the code was used before or is too old, or the app client may read `email` but not \
                            `email_verified`";

/// Redeems the code that ended `transaction`. It works once: this must be the last thing that can fail.
///
/// # Errors
/// As [`UpstreamError`] says.
pub async fn redeem<P: Platform>(
    code: &str,
    transaction: &Transaction,
    redirect_uri: &str,
    memory: &UpstreamMemory,
    context: &RequestContext<'_, P>,
) -> Result<UpstreamGrant, UpstreamError> {
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", redirect_uri),
        ("code_verifier", &transaction.upstream_verifier),
    ];
    let answer = ask(&form, memory, context).await.map_err(|error| match error {
        UpstreamError::InvalidGrant(_) => UpstreamError::InvalidGrant(INVALID_CODE),
        error => error,
    })?;
    let expectation = id_token::Expectation { nonce: Some(&transaction.upstream_nonce), subject: None };
    grant(answer, &expectation, memory, context).await
}

/// Uses Cognito's refresh token.
///
/// # Errors
/// As [`UpstreamError`] says.
pub async fn refresh<P: Platform>(
    token: &RefreshToken,
    memory: &UpstreamMemory,
    context: &RequestContext<'_, P>,
) -> Result<UpstreamGrant, UpstreamError> {
    let form = [("grant_type", "refresh_token"), ("refresh_token", token.upstream_token.as_str())];
    let answer = ask(&form, memory, context).await?;
    let expectation = id_token::Expectation { nonce: None, subject: Some(&token.subject) };
    grant(answer, &expectation, memory, context).await
}

/// Never sends anything twice: a code works once, and so does a refresh token that is rotated.
async fn ask<P: Platform>(
    form: &[(&str, &str)],
    memory: &UpstreamMemory,
    context: &RequestContext<'_, P>,
) -> Result<TokenAnswer, UpstreamError> {
    memory.keys.prepare(context).await?;
    if context.is_late() {
        return Err(unavailable("the client has waited for too long already"));
    }
    post(PATH, form, judge, ONCE, &memory.domain, context).await
}

async fn grant<P: Platform>(
    answer: TokenAnswer,
    expectation: &id_token::Expectation<'_>,
    memory: &UpstreamMemory,
    context: &RequestContext<'_, P>,
) -> Result<UpstreamGrant, UpstreamError> {
    let id_token = answer.id_token.as_deref().ok_or(UpstreamError::Unusable("no ID token"))?;
    let (subject, scope, expires_at) =
        id_token::verify(id_token, &answer.access_token, expectation, &memory.keys, context).await?;
    Ok(UpstreamGrant { subject, refresh_token: answer.refresh_token.map(Secret::new), expires_at, scope })
}

fn judge(reply: &FetchReply) -> Result<TokenAnswer, UpstreamError> {
    match reply.status {
        200 => TokenAnswer::read(&reply.body).map_err(|_| UpstreamError::Unusable("malformed token response")),
        400 | 401 => {
            let (code, description) = error_of(reply)?;
            Err(match LambdaError::read(&description) {
                // Whatever the code: it is no word about the code or refresh token.
                Some(lambda) if lambda.is_refusal() => UpstreamError::UserRefused(lambda),
                Some(lambda) => UpstreamError::LambdaFailed(lambda),
                None => match code.as_str() {
                    "invalid_client" => UpstreamError::InvalidClient,
                    "invalid_grant" => UpstreamError::InvalidGrant("invalid_grant"),
                    code => UpstreamError::Rejected(Rejection::of(code)),
                },
            })
        }
        status => Err(unavailable(&format!("status {status}"))),
    }
}
