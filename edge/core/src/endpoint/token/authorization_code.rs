//! A code becomes an access token, and a refresh token if the client has registered for it (RFC 6749 §4.1.3).

use super::{Issued, Issuer};
use crate::{
    access_token::Grant,
    client::Refresh,
    endpoint::{
        callback_uri,
        token_error::{TokenError, required},
    },
    message::parameters::Parameters,
    oauth::{
        CodeVerifier,
        error_code::{MAX_QUOTED, quotable_uri},
    },
    platform::{Event, Platform},
    sealed::{AuthorizationCode, RefreshToken, Remembered},
    upstream,
};

impl<P: Platform> Issuer<'_, P> {
    /// RFC 6749 §4.1.3, RFC 7636 §4.5.
    pub(super) async fn redeem(&self, form: &Parameters<'_>) -> Result<Issued, TokenError> {
        let code = required(form, "code")?;
        // OAuth 2.1 clients leave it out, as PKCE does its work; a wrong one is refused all the same.
        let redirect_uri = form.get("redirect_uri")?;
        let verifier = CodeVerifier::parse(required(form, "code_verifier")?).ok_or(TokenError::CodeVerifier)?;
        // The client is in the associated data: another client's code does not open.
        let AuthorizationCode { upstream_code, transaction } =
            self.context.open(code, self.client.digest.as_str()).map_err(TokenError::Code)?;
        if let Some(other) = redirect_uri.filter(|uri| *uri != transaction.redirect_target.as_str()) {
            return Err(TokenError::OtherRedirectUri(quotable_uri(other, MAX_QUOTED)));
        }
        if !transaction.code_challenge.matches(&verifier) {
            return Err(TokenError::WrongCodeVerifier);
        }
        let resource = self.resource(form, &transaction.resource).map_err(TokenError::OtherResource)?;
        let callback_uri = callback_uri(&self.context.config.issuer);
        let memory = &self.memories.upstream;
        let granted = upstream::redeem(&upstream_code, &transaction, &callback_uri, memory, self.context).await?;
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
}
