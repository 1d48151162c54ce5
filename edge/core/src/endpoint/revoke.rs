//! `POST /revoke` (RFC 7009): a client gives up its grant, and Cognito forgets it.

use http::StatusCode;

use super::{
    Answer,
    token_error::{TokenError, form_of, refuse, required},
};
use crate::{
    access_token,
    client::{Client, ClientLookup},
    config::Config,
    message::{
        request::Request,
        response::{Caching, cache, set, with_status},
    },
    platform::{Event, Level, Platform, UnixTime},
    refreshes::Refreshes,
    sealed::{self, RefreshToken},
    upstream::{self, UpstreamMemory},
};

/// Revokes a refresh token of the client's own. Access tokens made from it are good until they expire.
pub async fn handle<P: Platform>(
    request: &Request,
    config: &Config,
    (upstream, refreshes): (&UpstreamMemory, &Refreshes),
    clients: &ClientLookup<'_, P>,
) -> Answer {
    let client = match client(request, clients).await {
        Ok(client) => client,
        Err(error) => return refuse(&error, request, Event::RevocationRefused, clients.platform),
    };
    match revoke(request, &client, (config, upstream, refreshes), clients.platform, clients.now).await {
        Ok(Some(RefreshToken { grant_id, subject, .. })) => {
            Answer::new(done(), Level::Info, Event::GrantRevoked).about(&client.digest, Some(&grant_id)).of(&subject)
        }
        Ok(None) => Answer::new(done(), Level::Info, Event::NothingToRevoke).about(&client.digest, None),
        Err(error) => refuse(&error, request, Event::RevocationRefused, clients.platform).about(&client.digest, None),
    }
}

async fn client<P: Platform>(request: &Request, clients: &ClientLookup<'_, P>) -> Result<Client, TokenError> {
    Ok(clients.authenticate(request, &form_of(request)?).await?)
}

/// Gives the token of the grant that is over now. A token that is not the client's, or no token at all, leaves nothing to do
/// (RFC 7009 §2.2); `token_type_hint` is not needed to tell.
async fn revoke<P: Platform>(
    request: &Request,
    client: &Client,
    (config, upstream, refreshes): (&Config, &UpstreamMemory, &Refreshes),
    platform: &P,
    now: UnixTime,
) -> Result<Option<RefreshToken>, TokenError> {
    let form = form_of(request)?;
    let token = required(&form, "token")?;
    match sealed::open::<RefreshToken>(token, client.digest.as_str(), &config.keys, now) {
        Ok(token) => {
            let revoked = upstream::revoke(&token, config, upstream, platform).await;
            // What was answered a moment ago must not be answered again. Also when Cognito has failed: it may have revoked one
            // of two tokens, or its answer may have been lost.
            refreshes.forget_everywhere(&token.grant_id, config, platform).await;
            revoked?;
            Ok(Some(token))
        }
        Err(_) => match access_token::open(token, &config.issuer, &config.keys, now) {
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
