//! `POST /token` (RFC 6749 §3.2): codes and refresh tokens become access tokens.
//!
//! Everything that can be checked here is checked before Cognito is asked: Cognito's code works once.

mod authorization_code;
mod refresh_token;

use http::StatusCode;
use serde_json::json;

use super::{
    Answer, Memories,
    token_error::{TokenError, check_form, refuse},
};
use crate::{
    access_token::{self, Grant},
    client::{Client, ClientError, ClientLookup, PresentedClient},
    config::{ProtectedResource, UnverifiedEmail},
    message::{
        parameters::Parameters,
        response::{Caching, json},
    },
    oauth::error_code::{MAX_QUOTED, quotable, quotable_uri},
    platform::{Event, Level, Platform, random_id},
    received::Received,
    request_context::RequestContext,
    sealed::{self, RefreshToken, SealError},
    upstream::{Subject, UpstreamGrant},
};

/// Redeems a code or uses a refresh token: `opened`, if the one that is shown is good for the client that the request names.
pub(crate) async fn handle<P: Platform>(
    received: Received<'_>,
    opened: Option<RefreshToken>,
    memories: &Memories,
    context: &RequestContext<'_, P>,
) -> Answer {
    let Received { request, parameters, presented, .. } = received;
    let refused = |error| refuse(&error, request, Event::TokenRefused, context.platform);
    if let Err(error) = check_form(request) {
        return refused(error);
    }
    // The log names this client even if it has not proved who it is.
    let named = presented.as_ref().ok().map(|presented| presented.digest.pseudonym());
    let mut answer = match attempt(&parameters, presented, opened, memories, context).await {
        Ok(Issued { body, event, grant_id, subject }) => {
            let mut answer = Answer::new(json(StatusCode::OK, &body, Caching::NoStore), Level::Info, event);
            answer.record.grant = Some(grant_id);
            answer.of(&subject)
        }
        Err(error) => refused(error),
    };
    answer.record.client = named;
    answer
}

/// A token response, and what the log is told about it.
struct Issued {
    body: serde_json::Value,
    event: Event,
    grant_id: String,
    subject: String,
}

async fn attempt<P: Platform>(
    form: &Parameters<'_>,
    presented: Result<PresentedClient, ClientError>,
    opened: Option<RefreshToken>,
    memories: &Memories,
    context: &RequestContext<'_, P>,
) -> Result<Issued, TokenError> {
    let client = &ClientLookup { memory: &memories.clients, context }.authenticate(presented?).await?;
    let issuer = Issuer { client, memories, context };
    match form.get("grant_type")? {
        Some("authorization_code") => issuer.redeem(form).await,
        Some("refresh_token") => issuer.refresh(form, opened).await,
        Some(other) => Err(TokenError::UnsupportedGrantType(quotable(other, MAX_QUOTED))),
        None => Err(TokenError::Missing("grant_type")),
    }
}

/// What both grants need.
struct Issuer<'a, P> {
    client: &'a Client,
    memories: &'a Memories,
    context: &'a RequestContext<'a, P>,
}

impl<P: Platform> Issuer<'_, P> {
    /// The resource that was granted, if the request names that one, or none (RFC 8707 §2.2 leaves it optional here), and it is still
    /// served.
    ///
    /// # Errors
    /// Otherwise with what is named, fit to be quoted.
    #[inline(never)]
    fn resource(&self, form: &Parameters<'_>, granted: &str) -> Result<&ProtectedResource, String> {
        // Several are more than was granted.
        let named = form.get("resource").map_err(|repeated| repeated.to_string())?.unwrap_or(granted);
        let resource =
            self.context.config.resource(Some(named)).filter(|resource| resource.indicator.as_str() == granted);
        resource.ok_or_else(|| quotable_uri(named, MAX_QUOTED))
    }

    /// What the settings tell the MCP server of a user: a user may be in more groups than a token has room for, and the
    /// others are not its business. The edge remembers the whole of Cognito's answer, and the instances share it, because
    /// other settings may tell more of it, or make more of it count.
    fn narrowed(&self, subject: &Subject, resource: &ProtectedResource) -> Subject {
        let (mut subject, config) = (subject.clone(), self.context.config);
        let profile = &mut subject.profile;
        profile.groups.retain(|group| resource.names_group(group) || config.origin_groups.include(group));
        if config.cognito.emails.unverified == UnverifiedEmail::Hide {
            profile.unverified_email = None;
        }
        subject
    }

    /// The token response (RFC 6749 §5.1).
    fn issue(
        &self,
        grant: &Grant<'_>,
        granted: &UpstreamGrant,
        refresh_token: Option<&RefreshToken>,
        event: Event,
    ) -> Result<Issued, TokenError> {
        let RequestContext { config, platform, now, .. } = *self.context;
        let expires_at = now.plus(config.access_token_seconds).min(granted.expires_at);
        let access_token = access_token::mint(grant, random_id(platform)?, expires_at, self.context)?;
        let mut body = json!({
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": expires_at.secs_since(now),
            "scope": grant.scope.to_string(),
        });
        if let Some(token) = refresh_token {
            let sealed = self.context.seal(token, self.client.digest.as_str())?;
            if sealed.len() > sealed::MAX_BYTES {
                return Err(SealError::TooLong { bytes: sealed.len() }.into());
            }
            body["refresh_token"] = sealed.into();
        }
        let (grant_id, subject) = (grant.grant_id.to_owned(), grant.subject.subject.clone());
        Ok(Issued { body, event, grant_id, subject })
    }
}
