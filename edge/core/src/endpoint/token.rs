//! `POST /token` (RFC 6749 §3.2): codes and refresh tokens become access tokens.
//!
//! Everything that can be checked here is checked before Cognito is asked: Cognito's code works once.

use std::{pin::pin, rc::Rc};

use http::StatusCode;
use serde_json::json;

use super::{
    Answer, callback_uri,
    token_error::{TokenError, form_of, refuse, required},
};
use crate::{
    access_token::{self, Grant},
    client::{Client, Directory, Refresh},
    config::{Config, ProtectedResource, UnverifiedEmail},
    message::{
        parameters::Parameters,
        request::Request,
        response::{Caching, json},
    },
    oauth::{
        CodeVerifier, Scope,
        error_code::{MAX_QUOTED, quotable, quotable_uri},
    },
    platform::{Event, Level, Platform, UnixTime, random_id},
    refreshes::{Answered, Coordination, Lease, Refreshes, Role},
    sealed::{self, AuthorizationCode, RefreshToken, Remembered, SealError},
    upstream::{self, Subject, UpstreamError, UpstreamGrant, UpstreamMemory},
};

/// Redeems a code or uses a refresh token: `opened`, if the one that is shown is good for the client that the request names.
pub async fn handle<P: Platform>(
    request: &Request,
    opened: Option<RefreshToken>,
    config: &Config,
    memory: (&UpstreamMemory, &Refreshes),
    clients: &Directory<'_, P>,
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
    clients: &Directory<'_, P>,
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
    /// RFC 6749 §4.1.3, RFC 7636 §4.5.
    async fn redeem(&self, form: &Parameters<'_>) -> Result<Issued, TokenError> {
        let code = required(form, "code")?;
        // OAuth 2.1 clients leave it out, as PKCE does its work; a wrong one is refused all the same.
        let redirect_uri = form.get("redirect_uri")?;
        let verifier = CodeVerifier::parse(required(form, "code_verifier")?).ok_or(TokenError::CodeVerifier)?;
        // The client is in the associated data: another client's code does not open.
        let AuthorizationCode { upstream_code, transaction } =
            sealed::open(code, self.client.digest.as_str(), &self.config.keys, self.now).map_err(TokenError::Code)?;
        if let Some(other) = redirect_uri.filter(|uri| *uri != transaction.redirect_target.as_str()) {
            return Err(TokenError::OtherRedirectUri(quotable_uri(other, MAX_QUOTED)));
        }
        if !transaction.code_challenge.matches(&verifier) {
            return Err(TokenError::WrongCodeVerifier);
        }
        let resource = self.resource(form, &transaction.resource).map_err(TokenError::OtherResource)?;
        let granted = upstream::redeem(
            &upstream_code,
            &transaction,
            &callback_uri(&self.config.issuer),
            &self.config.cognito,
            self.upstream,
            self.platform,
            self.now,
        )
        .await?;
        if let Some(Remembered::By(subject)) = &transaction.remembered
            && *subject != granted.subject.subject
        {
            return Err(TokenError::OtherUser);
        }
        let scope = resource.grantable(&transaction.scope, &granted.subject.profile.groups, &granted.scope);
        if scope.is_empty() {
            return Err(TokenError::NothingGranted);
        }
        let refresh_token = match self.client.refresh {
            Refresh::NotRegistered => None,
            Refresh::Granted => granted.refresh_token.as_ref().map(|token| RefreshToken {
                upstream_token: token.expose().clone(),
                original_token: None,
                subject: granted.subject.subject.clone(),
                resource: transaction.resource.clone(),
                scope: scope.clone(),
                grant_id: transaction.id.clone(),
            }),
        };
        let grant = Grant {
            client_id: &self.client.client_id,
            subject: &self.narrowed(&granted.subject, resource),
            resource: &transaction.resource,
            scope: &scope,
            grant_id: &transaction.id,
        };
        self.issue(&grant, &granted, refresh_token.as_ref(), Event::TokenIssued)
    }

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

    /// RFC 6749 §6.
    async fn refresh(&self, form: &Parameters<'_>, opened: Option<RefreshToken>) -> Result<Issued, TokenError> {
        let presented = required(form, "refresh_token")?;
        let token = match opened {
            Some(token) => token,
            None => sealed::open(presented, self.client.digest.as_str(), &self.config.keys, self.now)
                .map_err(TokenError::RefreshToken)?,
        };
        let resource = self.resource(form, &token.resource).map_err(TokenError::OtherResourceAtRefresh)?;
        let asked = Scope::parse(form.get("scope")?.unwrap_or("")).ok_or(TokenError::MalformedScope)?;
        let asked = asked.of_resource(&resource.scope());
        let scope = if asked.is_empty() { token.scope.clone() } else { asked };
        if let Some(token) = scope.first_outside(&resource.expand(&token.scope)) {
            return Err(TokenError::ScopeNotGranted(token.as_str().to_owned()));
        }
        let coordination = self.refreshes.coordinate(&token, self.config, self.platform);
        let (granted, event) = match self.refreshes.role(&token, coordination.as_ref(), self.platform).await {
            Role::Answered(answer) => (answer.grant, Event::TokenRefreshedAgain),
            Role::Ask(lease) => self.ask(&token, lease, coordination).await?,
            Role::Busy => return Err(UpstreamError::still_asked().into()),
        };
        // Of all the user's groups: the settings may have changed since Cognito was asked.
        let permitted = |scope| resource.grantable(scope, &granted.subject.profile.groups, &granted.scope);
        // What the user may not have any more is lost to the grant, and comes back only by signing in again.
        let (left, scope) = (permitted(&token.scope), permitted(&scope));
        if left.is_empty() {
            return Err(TokenError::NothingLeft);
        }
        if scope.is_empty() {
            return Err(TokenError::NothingGranted);
        }
        // Without rotation at Cognito its token stays; ours is sealed anew either way, with all that is left of the
        // scope: a narrower access token does not narrow the grant.
        let next = RefreshToken { scope: left, ..token.clone() }.replaced_by(granted.new_token());
        let grant = Grant {
            client_id: &self.client.client_id,
            subject: &self.narrowed(&granted.subject, resource),
            resource: &token.resource,
            scope: &scope,
            grant_id: &token.grant_id,
        };
        self.issue(&grant, &granted, Some(&next), event)
    }

    /// Asks Cognito about its token, unless another instance does. What it answers is remembered before anything else can fail:
    /// the token that it has given out must not be lost.
    async fn ask(
        &self,
        token: &RefreshToken,
        mut lease: Lease<'_>,
        coordination: Option<Coordination<'_, P>>,
    ) -> Result<(Rc<UpstreamGrant>, Event), TokenError> {
        if let Some(reason) = self.refreshes.refusal(&token.upstream_token, self.now) {
            return Err(UpstreamError::InvalidGrant(reason).into());
        }
        let known = lease.known.take();
        let asking = pin!(upstream::refresh(token, &self.config.cognito, self.upstream, self.platform, self.now));
        let asking = pin!(self.refreshes.ask(coordination.as_ref(), known, asking, self.platform));
        let answered = lease.hold(asking, self.platform).await;
        let now = self.platform.now();
        match answered {
            Ok(Answered::Anew(answer)) => {
                self.refreshes.note_rotation(&answer.grant, self.platform);
                Ok((lease.answer(answer, now), Event::TokenRefreshed))
            }
            Ok(Answered::FromMemory(answer)) => Ok((lease.answer(answer, now), Event::TokenRefreshedAgain)),
            Err(UpstreamError::InvalidGrant(reason)) => {
                // Another request, which this one has taken over from, was faster after all.
                if let Some(answer) = self.refreshes.answered(&token.upstream_token, now) {
                    return Ok((answer.grant, Event::TokenRefreshedAgain));
                }
                self.refreshes.remember_refusal(&token.upstream_token, reason, now);
                Err(UpstreamError::InvalidGrant(reason).into())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// What the settings tell the MCP server of a user: a user may be in more groups than a token has room for, and the
    /// others are not its business. The edge remembers the whole of Cognito's answer, and the instances share it, because
    /// other settings may tell more of it, or make more of it count.
    fn narrowed(&self, subject: &Subject, resource: &ProtectedResource) -> Subject {
        let mut subject = subject.clone();
        let profile = &mut subject.profile;
        profile.groups.retain(|group| resource.names_group(group) || self.config.origin_groups.mean(group));
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
