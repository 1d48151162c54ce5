//! Cognito, where Edgeward is the client: sending users there and turning what comes back into a [`Subject`].

mod circuit;
mod domain;
mod health;
mod id_token;
mod jwks;
mod lambda;
mod machine_token;
mod post;
mod redacted;
mod rejection;
mod revocation_endpoint;
mod sign_in_error;
mod throttle;
mod token_endpoint;

pub use circuit::{OPEN_SECONDS, THRESHOLD, TRIAL_SECONDS};
pub use throttle::{HALF_LIFE_SECONDS, Outcome, PROBES, Throttle};

use self::{domain::Domain, jwks::KeyCache};
use crate::{
    config::Cognito,
    message::members::{Members, WrongKind},
    oauth::{CodeVerifier, pkce},
    platform::{FetchError, UnixTime, VerificationError},
    sealed::{Profile, Transaction},
    secret::Secret,
};
pub use lambda::LambdaError;
pub use machine_token::{MAX_MACHINE_TOKEN_BYTES, MachineToken, looks_like_cognitos, verify_machine_token};
pub use rejection::Rejection;
pub use revocation_endpoint::revoke;
pub use sign_in_error::SignInError;
pub use token_endpoint::{redeem, refresh};

/// What an instance remembers of Cognito. It is a cache: a cold instance behaves the same, and is slower.
#[derive(Default)]
pub struct UpstreamMemory {
    keys: KeyCache,
    /// The keys' host has a circuit of its own, and no throttle: an instance asks it once an hour.
    domain: Domain,
}

/// Who signed in, as Cognito's verified tokens say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// `sub`.
    pub subject: String,
    /// Name, e-mail address, groups.
    pub profile: Profile,
    /// When they last proved who they are.
    pub auth_time: Option<UnixTime>,
}

/// What a visit to Cognito's token endpoint brought.
#[derive(Debug)]
pub struct UpstreamGrant {
    /// The user.
    pub subject: Subject,
    /// A new refresh token, if there is one.
    pub refresh_token: Option<Secret<String>>,
    /// When Cognito's own access token expires: ours must not outlive it.
    pub expires_at: UnixTime,
    /// The scope of Cognito's own access token.
    pub scope: String,
}

impl UpstreamGrant {
    /// The new refresh token, if there is one.
    pub fn new_token(&self) -> Option<&str> {
        self.refresh_token.as_ref().map(|token| token.expose().as_str())
    }
}

/// Where to send the browser to sign in. Of what the client sent only `prompt` and `login_hint` go along: Cognito rejects
/// scopes and resources it does not know, and mangles states. `scopes` are those that the settings map the client's to.
pub fn authorization_url(
    cognito: &Cognito,
    scopes: &[&str],
    redirect_uri: &str,
    transaction: &Transaction,
) -> Option<String> {
    let verifier = CodeVerifier::parse(&transaction.upstream_verifier)?;
    let scope = scopes.iter().fold(cognito.scopes.to_string(), |all, scope| {
        if all.split(' ').any(|known| known == *scope) { all } else { format!("{all} {scope}") }
    });
    let optional = [("prompt", transaction.prompt.upstream()), ("login_hint", transaction.login_hint.as_deref())];
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("response_type", "code")
        .append_pair("client_id", &cognito.client_id)
        .append_pair("redirect_uri", redirect_uri)
        .append_pair("scope", &scope)
        .append_pair("state", &transaction.id)
        .append_pair("nonce", &transaction.upstream_nonce)
        .append_pair("code_challenge", verifier.challenge().as_str())
        .append_pair("code_challenge_method", pkce::METHOD)
        .extend_pairs(optional.into_iter().filter_map(|(name, value)| Some((name, value?))))
        .finish();
    Some(format!("{}/oauth2/authorize?{query}", cognito.domain))
}

/// Where to send the browser to end its session there. `logout_uri` must be one of the app client's, to the letter.
pub fn logout_url(cognito: &Cognito, logout_uri: &str) -> String {
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("client_id", &cognito.client_id)
        .append_pair("logout_uri", logout_uri)
        .finish();
    format!("{}/logout?{query}", cognito.domain)
}

/// The token endpoint's answer.
struct TokenAnswer {
    access_token: String,
    id_token: Option<String>,
    refresh_token: Option<String>,
}

impl TokenAnswer {
    fn read(json: &[u8]) -> Result<Self, WrongKind> {
        let members = Members::parse(json)?;
        Ok(Self {
            access_token: members.owned("access_token")?,
            id_token: members.text("id_token")?.map(str::to_owned),
            refresh_token: members.text("refresh_token")?.map(str::to_owned),
        })
    }
}

/// Why Cognito gave us nothing to go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UpstreamError {
    /// It cannot be reached, is overloaded or failing. The same request may work later.
    #[error("Cognito is unavailable: {reason}")]
    Unavailable {
        /// How that showed.
        reason: String,
        /// When to come back, in seconds, if it said so.
        retry_after: Option<u32>,
    },
    /// It does not accept our client id and secret: our settings are wrong.
    #[error("Cognito does not accept the app client's id and secret")]
    InvalidClient,
    /// The code or refresh token is used up, expired or revoked: the only error that is final.
    #[error("Cognito says {0}")]
    InvalidGrant(&'static str),
    /// It refuses the edge's request: something at Cognito or in our settings is wrong.
    #[error("Cognito refuses the edge's request with {0}")]
    Rejected(Rejection),
    /// A Lambda of the operator's has refused the user, perhaps for now only.
    #[error("{0}")]
    UserRefused(LambdaError),
    /// A Lambda of the operator's does not work.
    #[error("{0}")]
    LambdaFailed(LambdaError),
    /// Its answer is not what it documents, or a token in it does not verify.
    #[error("Cognito's answer cannot be used: {0}")]
    Unusable(&'static str),
    /// Whether a token in its answer verifies cannot be told.
    #[error("Cognito's answer cannot be judged: {0}")]
    Unverified(#[from] VerificationError),
}

impl UpstreamError {
    /// Another request has been asking about the same token for longer than a client waits.
    pub(crate) fn still_asked() -> Self {
        Self::Unavailable { reason: "it is still being asked about the same token".to_owned(), retry_after: None }
    }
}

impl From<FetchError> for UpstreamError {
    fn from(error: FetchError) -> Self {
        Self::Unavailable { reason: error.to_string(), retry_after: None }
    }
}
