//! What the pool remembers between requests. In memory only; the caller passes the time.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use crate::clock::UnixSeconds;
use crate::config::Revocation;

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
    /// Whether it came with the code and not with a refresh.
    pub(crate) is_original: bool,
    /// Whether a replay of the token that it came from, or of an earlier one, has brought a newer token, or it was revoked
    /// by itself.
    pub(crate) is_outdated: bool,
}

impl RefreshToken {
    /// The token that comes with a code.
    pub(crate) fn original(grant: Grant, expires_at: UnixSeconds) -> Self {
        Self { grant, expires_at, superseded_at: None, is_original: true, is_outdated: false }
    }

    /// The token that takes this one's place, for what remains of its time.
    pub(crate) fn successor(&self) -> Self {
        Self { superseded_at: None, is_original: false, is_outdated: false, ..self.clone() }
    }
}

/// A browser that is at an identity provider.
#[derive(Debug, Clone)]
pub(crate) struct FederatedSignIn {
    pub(crate) provider: String,
    /// Query of the authorization request that it is for.
    pub(crate) query: String,
}

#[derive(Debug, Default)]
pub(crate) struct Store {
    codes: HashMap<String, (IssuedCode, UnixSeconds)>,
    sessions: HashMap<String, Session>,
    login_forms: HashMap<String, UnixSeconds>,
    federated_sign_ins: HashMap<String, (FederatedSignIn, UnixSeconds)>,
    provider_codes: HashMap<String, String>,
    refresh_tokens: HashMap<String, RefreshToken>,
    /// Value of the newest token of each family.
    newest: HashMap<String, String>,
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

    /// Remembers a browser that goes to an identity provider; the answer is the `state` it goes with.
    pub(crate) fn add_federated_sign_in(&mut self, sign_in: FederatedSignIn, now: UnixSeconds) -> String {
        let state = Uuid::new_v4().to_string();
        self.federated_sign_ins.insert(state.clone(), (sign_in, now));
        state
    }

    pub(crate) fn federated_sign_in(&self, state: &str, now: UnixSeconds) -> Option<&FederatedSignIn> {
        let (sign_in, started_at) = self.federated_sign_ins.get(state)?;
        (now < started_at + LOGIN_FORM_LIFETIME).then_some(sign_in)
    }

    /// Takes it out, so that an answer of the provider counts once.
    pub(crate) fn take_federated_sign_in(&mut self, state: &str, now: UnixSeconds) -> Option<FederatedSignIn> {
        let (sign_in, started_at) = self.federated_sign_ins.remove(state)?;
        (now < started_at + LOGIN_FORM_LIFETIME).then_some(sign_in)
    }

    /// A code of an identity provider's, for the user with this id there.
    pub(crate) fn add_provider_code(&mut self, user_id: &str) -> String {
        let code = Uuid::new_v4().to_string();
        self.provider_codes.insert(code.clone(), user_id.to_owned());
        code
    }

    pub(crate) fn take_provider_code(&mut self, code: &str) -> Option<String> {
        self.provider_codes.remove(code)
    }

    pub(crate) fn add_refresh_token(&mut self, value: String, token: RefreshToken) {
        self.newest.insert(token.grant.origin_jti.clone(), value.clone());
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

    /// Revokes a refresh token, and what it takes with it.
    pub(crate) fn revoke(&mut self, value: &str, revocation: Revocation) {
        let Some(token) = self.refresh_tokens.get_mut(value) else { return };
        let is_newest = self.newest.get(&token.grant.origin_jti).is_some_and(|newest| newest == value);
        match revocation {
            Revocation::NewestOrOriginal if !token.is_original && !is_newest => {
                token.is_outdated |= token.superseded_at.is_none();
            }
            Revocation::NewestOrOriginal | Revocation::WholeFamily => {
                self.revoked_families.insert(token.grant.origin_jti.clone());
            }
        }
    }

    /// Ends the tokens that a user has been given. Sessions of the login pages go on, as documented; and codes, as assumed.
    pub(crate) fn end_tokens_of(&mut self, username: &str) {
        let grants = self.refresh_tokens.values().map(|token| &token.grant);
        let families = grants.filter(|grant| grant.username == username).map(|grant| grant.origin_jti.clone());
        self.revoked_families.extend(families);
    }

    /// Revokes everything a user has, codes included.
    pub(crate) fn revoke_user(&mut self, username: &str) {
        self.end_tokens_of(username);
        let codes = self.codes.values().map(|(code, _)| &code.grant);
        let families = codes.filter(|grant| grant.username == username).map(|grant| grant.origin_jti.clone());
        self.revoked_families.extend(families);
        self.codes.retain(|_, (code, _)| code.grant.username != username);
        self.sessions.retain(|_, session| session.username != username);
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
