//! What the pool remembers between requests. In memory only; the caller passes the time.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use crate::clock::UnixSeconds;

/// Codes are valid for five minutes.
const CODE_LIFETIME: UnixSeconds = 5 * 60;
/// An attempt to sign in must finish in five minutes.
const LOGIN_FORM_LIFETIME: UnixSeconds = 5 * 60;
/// The session lasts an hour from the last interactive sign-in. Nothing extends it, and it cannot be configured.
pub(crate) const SESSION_LIFETIME: UnixSeconds = 60 * 60;

/// What a user signed in for: everything a token of the session repeats.
#[derive(Debug, Clone)]
pub(crate) struct Grant {
    pub(crate) client_id: String,
    pub(crate) username: String,
    pub(crate) scope: Vec<String>,
    /// The registered resource server the tokens are bound to.
    pub(crate) audience: Option<String>,
    pub(crate) nonce: Option<String>,
    /// When the user last typed a password; refreshing does not change it.
    pub(crate) auth_time: UnixSeconds,
    /// Names the family of tokens that come from one code, for revocation.
    pub(crate) origin_jti: String,
    pub(crate) event_id: String,
}

impl Grant {
    pub(crate) fn has_scope(&self, scope: &str) -> bool {
        self.scope.iter().any(|granted| granted == scope)
    }
}

/// A code that has been sent to a callback.
#[derive(Debug, Clone)]
pub(crate) struct IssuedCode {
    pub(crate) grant: Grant,
    /// As sent to authorize; the token request must repeat it.
    pub(crate) redirect_uri: String,
    pub(crate) challenge: Option<String>,
    /// The request named a resource nobody registered: the code looks fine and can never be redeemed.
    pub(crate) poisoned: bool,
}

/// A signed-in browser.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) username: String,
    pub(crate) auth_time: UnixSeconds,
}

/// A refresh token and when it was replaced by another.
#[derive(Debug, Clone)]
pub(crate) struct RefreshToken {
    pub(crate) grant: Grant,
    pub(crate) expires_at: UnixSeconds,
    pub(crate) superseded_at: Option<UnixSeconds>,
    /// Whether a replay of the token that it came from, or of an earlier one, has brought a newer token.
    pub(crate) is_outdated: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Store {
    codes: HashMap<String, (IssuedCode, UnixSeconds)>,
    sessions: HashMap<String, Session>,
    login_forms: HashMap<String, UnixSeconds>,
    refresh_tokens: HashMap<String, RefreshToken>,
    revoked_families: HashSet<String>,
}

impl Store {
    pub(crate) fn add_code(&mut self, code: IssuedCode, now: UnixSeconds) -> String {
        let value = Uuid::new_v4().to_string();
        self.codes.insert(value.clone(), (code, now));
        value
    }

    /// Takes a code out, so that it can be used once at most, whatever the outcome.
    pub(crate) fn take_code(&mut self, value: &str, now: UnixSeconds) -> Option<IssuedCode> {
        let (code, issued_at) = self.codes.remove(value)?;
        (now < issued_at + CODE_LIFETIME).then_some(code)
    }

    pub(crate) fn add_session(&mut self, session: Session) -> String {
        let value = Uuid::new_v4().to_string();
        self.sessions.insert(value.clone(), session);
        value
    }

    pub(crate) fn session(&self, value: &str, now: UnixSeconds) -> Option<&Session> {
        self.sessions.get(value).filter(|session| now < session.auth_time + SESSION_LIFETIME)
    }

    pub(crate) fn end_session(&mut self, value: &str) {
        self.sessions.remove(value);
    }

    /// A new token for a login form; every rendering of the form gets its own.
    pub(crate) fn add_login_form(&mut self, now: UnixSeconds) -> String {
        let token = Uuid::new_v4().to_string();
        self.login_forms.insert(token.clone(), now);
        token
    }

    /// Whether the form was rendered here, and if so whether there is still time to send it.
    pub(crate) fn login_form(&self, token: &str, now: UnixSeconds) -> Option<FormAge> {
        let rendered_at = self.login_forms.get(token)?;
        Some(if now < rendered_at + LOGIN_FORM_LIFETIME { FormAge::InTime } else { FormAge::TooLate })
    }

    pub(crate) fn add_refresh_token(&mut self, value: String, token: RefreshToken) {
        self.refresh_tokens.insert(value, token);
    }

    /// A refresh token that is neither expired, revoked, outdated nor replaced for longer than the grace period.
    pub(crate) fn refresh_token(&self, value: &str, now: UnixSeconds, grace: UnixSeconds) -> Option<&RefreshToken> {
        let token = self.refresh_tokens.get(value)?;
        let replaced = token.superseded_at.is_some_and(|at| now >= at + grace);
        let is_over = replaced || token.is_outdated || self.is_revoked(&token.grant.origin_jti);
        (now < token.expires_at && !is_over).then_some(token)
    }

    /// A refresh token in any state.
    pub(crate) fn known_refresh_token(&self, value: &str) -> Option<&RefreshToken> {
        self.refresh_tokens.get(value)
    }

    /// Starts the grace period of a replaced token; using it again within that time does not prolong it.
    pub(crate) fn supersede(&mut self, value: &str, now: UnixSeconds) {
        if let Some(token) = self.refresh_tokens.get_mut(value) {
            token.superseded_at.get_or_insert(now);
        }
    }

    /// Ends what a family has now, as its next token is to be the only one: all tokens that have not been replaced. Those
    /// that have been keep their grace period.
    pub(crate) fn outdate_family(&mut self, origin_jti: &str) {
        let tokens = self.refresh_tokens.values_mut();
        for token in tokens.filter(|token| token.grant.origin_jti == origin_jti && token.superseded_at.is_none()) {
            token.is_outdated = true;
        }
    }

    /// Revokes a refresh token with every token that descends from the same code.
    pub(crate) fn revoke_family(&mut self, origin_jti: &str) {
        self.revoked_families.insert(origin_jti.to_owned());
    }

    pub(crate) fn is_revoked(&self, origin_jti: &str) -> bool {
        self.revoked_families.contains(origin_jti)
    }
}

/// Whether a login form came back within five minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FormAge {
    InTime,
    TooLate,
}
