//! A refresh token becomes an access token and the next refresh token (RFC 6749 §6).

use std::{pin::pin, rc::Rc};

use super::{Issued, Issuer};
use crate::{
    access_token::Grant,
    endpoint::token_error::{TokenError, required},
    message::parameters::Parameters,
    oauth::Scope,
    platform::{Event, Platform},
    refreshes::{Answered, Coordination, Lease, Role},
    sealed::RefreshToken,
    upstream::{self, UpstreamError, UpstreamGrant},
};

impl<P: Platform> Issuer<'_, P> {
    /// RFC 6749 §6.
    pub(super) async fn refresh(
        &self,
        form: &Parameters<'_>,
        opened: Option<RefreshToken>,
    ) -> Result<Issued, TokenError> {
        let presented = required(form, "refresh_token")?;
        let token = match opened {
            Some(token) => token,
            None => self.context.open(presented, self.client.digest.as_str()).map_err(TokenError::RefreshToken)?,
        };
        let resource = self.resource(form, &token.resource).map_err(TokenError::OtherResourceAtRefresh)?;
        let asked = Scope::parse(form.get("scope")?.unwrap_or("")).ok_or(TokenError::MalformedScope)?;
        let asked = asked.of_resource(&resource.scope());
        let scope = if asked.is_empty() { token.scope.clone() } else { asked };
        if let Some(token) = scope.first_outside(&resource.expand(&token.scope)) {
            return Err(TokenError::ScopeNotGranted(token.as_str().to_owned()));
        }
        let coordination = self.memories.refreshes.coordinate(&token, self.context);
        let (granted, event) = match self.memories.refreshes.role(&token, coordination.as_ref(), self.context).await {
            Role::Answered(answer) => (answer.grant, Event::TokenRefreshedAgain),
            Role::Ask(lease) => self.ask(&token, lease, coordination).await?,
            Role::Busy => return Err(UpstreamError::still_asked().into()),
        };
        // Of all the user's groups: the settings may have changed since Cognito was asked.
        let permitted = |scope| resource.grantable(scope, &granted.subject.profile.groups, &granted.scope);
        // The grant loses scopes that the user may not have any more. They come back only with a new sign-in.
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
        let (refreshes, context) = (&self.memories.refreshes, self.context);
        if let Some(reason) = refreshes.refusal(&token.upstream_token, context.now) {
            return Err(UpstreamError::InvalidGrant(reason).into());
        }
        let known = lease.known.take();
        let asking = pin!(upstream::refresh(token, &self.memories.upstream, context));
        let asking = pin!(refreshes.ask(coordination.as_ref(), known, asking, context));
        let answered = lease.hold(asking, context.platform).await;
        let now = context.platform.now();
        match answered {
            Ok(Answered::Anew(answer)) => {
                refreshes.note_rotation(&answer.grant, context);
                Ok((lease.answer(answer, now), Event::TokenRefreshed))
            }
            Ok(Answered::FromMemory(answer)) => Ok((lease.answer(answer, now), Event::TokenRefreshedAgain)),
            Err(UpstreamError::InvalidGrant(reason)) => {
                // Another request, which this one has taken over from, was faster after all.
                if let Some(answer) = refreshes.answered(&token.upstream_token, now) {
                    return Ok((answer.grant, Event::TokenRefreshedAgain));
                }
                refreshes.remember_refusal(&token.upstream_token, reason, now, now);
                Err(UpstreamError::InvalidGrant(reason).into())
            }
            Err(error) => Err(error.into()),
        }
    }
}
