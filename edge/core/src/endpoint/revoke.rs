//! `POST /revoke` (RFC 7009): a client gives up its grant, and Cognito forgets it.

use http::StatusCode;

use super::{
    Answer, Memories,
    token_error::{TokenError, check_form, refuse, required},
};
use crate::{
    access_token,
    client::{ClientError, ClientLookup, PresentedClient},
    message::{
        parameters::Parameters,
        response::{Caching, cache, set, with_status},
    },
    platform::{Event, Level, Platform},
    received::Received,
    request_context::RequestContext,
    sealed::RefreshToken,
    upstream,
};

/// Revokes a refresh token of the client's own. Access tokens made from it are good until they expire.
pub(crate) async fn handle<P: Platform>(
    received: Received<'_>,
    memories: &Memories,
    context: &RequestContext<'_, P>,
) -> Answer {
    let Received { request, parameters, presented, .. } = received;
    let refused = |error| refuse(&error, request, Event::RevocationRefused, context.platform);
    if let Err(error) = check_form(request) {
        return refused(error);
    }
    // The log names this client even if it has not proved who it is.
    let named = presented.as_ref().ok().map(|presented| presented.digest.pseudonym());
    let mut answer = match revoke(&parameters, presented, memories, context).await {
        Ok(Some(RefreshToken { grant_id, subject, .. })) => {
            let mut answer = Answer::new(done(), Level::Info, Event::GrantRevoked);
            answer.record.grant = Some(grant_id);
            answer.of(&subject)
        }
        Ok(None) => Answer::new(done(), Level::Info, Event::NothingToRevoke),
        Err(error) => refused(error),
    };
    answer.record.client = named;
    answer
}

/// Gives the token of the grant that is over now. A token that is not the client's, or no token at all, leaves nothing to do
/// (RFC 7009 §2.2); `token_type_hint` is not needed to tell.
async fn revoke<P: Platform>(
    form: &Parameters<'_>,
    presented: Result<PresentedClient, ClientError>,
    memories: &Memories,
    context: &RequestContext<'_, P>,
) -> Result<Option<RefreshToken>, TokenError> {
    let client = ClientLookup { memory: &memories.clients, context }.authenticate(presented?).await?;
    let token = required(form, "token")?;
    match context.open::<RefreshToken>(token, client.digest.as_str()) {
        Ok(token) => {
            // Answers of the last minute must not be given again, even if Cognito fails or the client does not wait: Cognito may have
            // revoked one of two tokens. The second call covers answers that arrive while Cognito revokes.
            memories.refreshes.forget_everywhere(&token.grant_id, context).await;
            let revoked = upstream::revoke(&token, &memories.upstream, context).await;
            memories.refreshes.forget_everywhere(&token.grant_id, context).await;
            revoked?;
            Ok(Some(token))
        }
        Err(_) => match access_token::open(token, &context.config.issuer, &context.config.keys, context.now) {
            Ok((claims, ..)) if claims.client_id == client.client_id => Err(TokenError::NotRevocable),
            _ => Ok(None),
        },
    }
}

fn done() -> http::Response<String> {
    let mut response = with_status(StatusCode::OK, String::new());
    set(&mut response, http::header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    cache(&mut response, Caching::NoStore);
    response
}
