//! Requests to Cognito's endpoints for machines, as its confidential app client.

use base64ct::{Base64, Encoding};

use super::{
    UpstreamError,
    circuit::Deadlines,
    domain::{Domain, outcome_of},
    health::Health,
    id_token::MAX_TOKEN_BYTES,
};
use crate::{
    config::Cognito,
    message::{
        caching::retry_after,
        members::{Members, WrongKind},
    },
    platform::{FetchReply, FetchRequest, Platform},
    request_context::RequestContext,
    secret::Secret,
    shared_memory::{is_shared, together},
};

/// An ID token, an access token and a refresh token, each as long as Cognito may make it.
const MAX_ANSWER_BYTES: usize = 2 * MAX_TOKEN_BYTES + 16 * 1024;
/// Deadlines of a request that must not be sent twice: Cognito may have acted on the first one. Clients give up after ten seconds.
pub(super) const ONCE: Deadlines = Deadlines { first_ms: 8_000, second_ms: None };
/// Deadlines of a request that may be sent twice.
pub(super) const TWICE: Deadlines = Deadlines { first_ms: 5_000, second_ms: Some(2_600) };

/// Posts a form and has the answer judged: with the first secret, and with the second if Cognito does not know the first.
/// Authentication comes before everything else there, so what the form holds is still good.
///
/// # Errors
/// As [`UpstreamError`] says.
pub(super) async fn post<P: Platform, T>(
    path: &str,
    form: &[(&str, &str)],
    judge: impl Fn(&FetchReply) -> Result<T, UpstreamError>,
    deadlines: Deadlines,
    domain: &Domain,
    context: &RequestContext<'_, P>,
) -> Result<T, UpstreamError> {
    let platform = context.platform;
    let admission = domain.admit(platform)?;
    if is_shared(platform) {
        // What others know is as good as what this instance knows.
        let admitted = together(platform, || Health::admit(context)).await;
        admitted.inspect_err(|_| domain.give_back(&admission, platform.now()))?;
    }
    let cognito = &context.config.cognito;
    let mut last = UpstreamError::InvalidClient;
    for secret in &cognito.client_secrets {
        let request = |deadline_ms| request(path, form, secret, cognito, deadline_ms);
        let reply = domain.send(&request, deadlines, context).await;
        if is_shared(platform) {
            together(platform, || Health::note(outcome_of(&reply), context)).await;
        }
        let reply = reply?;
        match judge(&reply) {
            Err(UpstreamError::InvalidClient) => last = UpstreamError::InvalidClient,
            Err(UpstreamError::Unavailable { reason, .. }) => {
                let retry_after = retry_after(&reply.headers, platform.now());
                return Err(UpstreamError::Unavailable { reason, retry_after });
            }
            outcome => return outcome,
        }
    }
    Err(last)
}

fn request(
    path: &str,
    form: &[(&str, &str)],
    secret: &Secret<String>,
    cognito: &Cognito,
    deadline_ms: u32,
) -> FetchRequest {
    let credentials = Secret::new(format!("{}:{}", cognito.client_id, secret.expose()));
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    FetchRequest {
        url: format!("{}{path}", cognito.domain),
        authorization: Some(Secret::new(format!("Basic {}", Base64::encode_string(credentials.expose().as_bytes())))),
        form: Some(Secret::new(body)),
        max_bytes: MAX_ANSWER_BYTES,
        deadline_ms,
    }
}

/// An answer that says nothing about the request: it may work later. When, [`post`] reads from its header.
pub(super) fn unavailable(reason: &str) -> UpstreamError {
    UpstreamError::Unavailable { reason: reason.to_owned(), retry_after: None }
}

/// Code and description of an error response (RFC 6749 §5.2).
///
/// # Errors
/// When the answer is none.
pub(super) fn error_of(reply: &FetchReply) -> Result<(String, String), UpstreamError> {
    let read = || {
        let members = Members::parse(&reply.body)?;
        Ok((members.owned("error")?, members.text("error_description")?.unwrap_or_default().to_owned()))
    };
    read().map_err(|_: WrongKind| unavailable("an error that is not OAuth's"))
}
