//! `POST /token` (RFC 6749 §3.2): codes and refresh tokens become access tokens.
//!
//! Everything that can be checked here is checked before Cognito is asked: Cognito's code works once.

mod authorization_code;
mod refresh_token;

use http::StatusCode;
use serde_json::json;

use super::{
    Answer,
    token_error::{TokenError, form_of, refuse},
};
use crate::{
    access_token::{self, Grant},
    client::{Client, ClientLookup},
    config::{Config, ProtectedResource, UnverifiedEmail},
    message::{
        parameters::Parameters,
        request::Request,
        response::{Caching, json},
    },
    oauth::error_code::{MAX_QUOTED, quotable, quotable_uri},
    platform::{Event, Level, Platform, UnixTime, random_id},
    refreshes::Refreshes,
    sealed::{self, RefreshToken, SealError},
    upstream::{Subject, UpstreamGrant, UpstreamMemory},
};

/// Redeems a code or uses a refresh token: `opened`, if the one that is shown is good for the client that the request names.
pub async fn handle<P: Platform>(
    request: &Request,
    opened: Option<RefreshToken>,
    config: &Config,
    memory: (&UpstreamMemory, &Refreshes),
    clients: &ClientLookup<'_, P>,
) -> Answer {
    let (client, outcome) = attempt(request, opened, config, memory, clients).await;
    let answer = match outcome {
        Ok(Issued { body, event, grant_id, subject }) => {
            let mut answer = Answer::new(json(StatusCode::OK, &body, Caching::NoStore), Level::Info, event);
            answer.record.grant = Some(grant_id);
            answer.of(&subject)
        }
        Err(error) => refuse(&error, request, Event::TokenRefused, clients.platform),
    };
    match client {
        Some(client) => {
            let grant = answer.record.grant.clone();
            answer.about(&client.digest, grant.as_deref())
        }
        None => answer,
    }
}

/// A token response, and what the log is told about it.
struct Issued {
    body: serde_json::Value,
    event: Event,
    grant_id: String,
    subject: String,
}

async fn attempt<P: Platform>(
    request: &Request,
    opened: Option<RefreshToken>,
    config: &Config,
    (upstream, refreshes): (&UpstreamMemory, &Refreshes),
    clients: &ClientLookup<'_, P>,
) -> (Option<Client>, Result<Issued, TokenError>) {
    let form = match form_of(request) {
        Ok(form) => form,
        Err(error) => return (None, Err(error)),
    };
    let client = match clients.authenticate(request, &form).await {
        Ok(client) => client,
        Err(error) => return (None, Err(error.into())),
    };
    let issuer = Issuer { client: &client, config, upstream, refreshes, platform: clients.platform, now: clients.now };
    let outcome = match form.get("grant_type") {
        Ok(Some("authorization_code")) => issuer.redeem(&form).await,
        Ok(Some("refresh_token")) => issuer.refresh(&form, opened).await,
        Ok(Some(other)) => Err(TokenError::UnsupportedGrantType(quotable(other, MAX_QUOTED))),
        Ok(None) => Err(TokenError::Missing("grant_type")),
        Err(repeated) => Err(repeated.into()),
    };
    (Some(client), outcome)
}

/// What both grants need.
struct Issuer<'a, P> {
    client: &'a Client,
    config: &'a Config,
    upstream: &'a UpstreamMemory,
    refreshes: &'a Refreshes,
    platform: &'a P,
    now: UnixTime,
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
        let resource = self.config.resource(Some(named)).filter(|resource| resource.indicator.as_str() == granted);
        resource.ok_or_else(|| quotable_uri(named, MAX_QUOTED))
    }

    /// What the settings tell the MCP server of a user: a user may be in more groups than a token has room for, and the
    /// others are not its business. The edge remembers the whole of Cognito's answer, and the instances share it, because
    /// other settings may tell more of it, or make more of it count.
    fn narrowed(&self, subject: &Subject, resource: &ProtectedResource) -> Subject {
        let mut subject = subject.clone();
        let profile = &mut subject.profile;
        profile.groups.retain(|group| resource.names_group(group) || self.config.origin_groups.include(group));
        if self.config.cognito.emails.unverified == UnverifiedEmail::Hide {
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
        let longest = self.now.plus(self.config.access_token_seconds);
        let expires_at = longest.min(granted.expires_at);
        let token_id = random_id(self.platform)?;
        let access_token = access_token::mint(grant, token_id, self.config, self.now, expires_at, self.platform)?;
        let mut body = json!({
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": expires_at.secs_since(self.now),
            "scope": grant.scope.to_string(),
        });
        if let Some(token) = refresh_token {
            let context = self.client.digest.as_str();
            let sealed = sealed::seal(token, context, &self.config.keys, self.now, self.platform)?;
            if sealed.len() > sealed::MAX_BYTES {
                return Err(SealError::TooLong { bytes: sealed.len() }.into());
            }
            body["refresh_token"] = sealed.into();
        }
        let (grant_id, subject) = (grant.grant_id.to_owned(), grant.subject.subject.clone());
        Ok(Issued { body, event, grant_id, subject })
    }
}
