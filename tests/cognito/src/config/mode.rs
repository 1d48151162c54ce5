//! Switches between behaviours: where documentation and observation disagree, and where pools differ.

use serde::{Deserialize, Serialize};

/// Which face of Cognito the pool shows. The default is what was observed on real pools.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mode {
    /// Observed or documented answers, where the two disagree.
    pub answers: Answers,
    /// What happens to `state`.
    pub state: StateHandling,
    /// Which login pages the domain serves.
    pub login: LoginPages,
    /// What a replay of a rotated refresh token does to the tokens that came of it before.
    pub replay: Replay,
    /// What revoking a refresh token ends.
    pub revocation: Revocation,
    /// Where a native user learns that a Lambda trigger refused the sign-in.
    pub lambda_errors: LambdaErrors,
    /// When the pre token generation trigger runs in a code flow.
    pub token_trigger: TokenTrigger,
    /// What the token endpoint says when the pre token generation trigger fails there.
    pub token_trigger_error: TokenTriggerError,
    /// What stands in front of the pool.
    pub firewall: Firewall,
}

/// Where AWS's documentation and observations of real pools disagree, which one to follow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answers {
    /// A bad scope is `invalid_request` with the description `invalid_scope`; a `resource` that is no registered
    /// resource server yields a code that cannot be redeemed; a forbidden grant type is `invalid_grant`.
    #[default]
    Observed,
    /// A bad scope is `invalid_scope`; any URL works as `resource`; a forbidden grant type is `unauthorized_client`.
    Documented,
}

/// What the pool does to `state` before it comes back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StateHandling {
    /// Comes back as sent.
    #[default]
    Echo,
    /// Decoded once more than it should be (`+` becomes a space, `%2F` a slash), as reported for some sign-in paths.
    /// Only an unpadded base64url state survives.
    Mangle,
}

/// The generation of the login pages (`ManagedLoginVersion`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoginPages {
    /// Hosted UI (classic): the form's CSRF field is `_csrf`.
    #[default]
    Classic,
    /// Managed login: the field is `csrf`, `login_hint` fills in the username, and an app client without a branding
    /// style gets a 403 page instead of a form.
    Managed,
}

/// What becomes of earlier successors of a refresh token when it is used again within its grace period. AWS's documentation
/// does not say; see the README.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Replay {
    /// Each replay mints another successor, and only the newest goes on; the others are `invalid_grant`.
    #[default]
    Supersedes,
    /// Each replay mints another successor, and all of them go on.
    Forks,
}

/// What `/oauth2/revoke` ends when refresh tokens rotate. AWS documents that it ends "all tokens" that came of the one
/// presented, and nothing about one that has been replaced. The call answers 200 in any case.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Revocation {
    /// The family ends with the original token, which came with the code, and with the newest: the one that was issued
    /// last, whatever it was issued for. A replaced token in between ends nothing. With [`Replay::Forks`] a token that has
    /// not been replaced and is not the newest ends itself.
    #[default]
    NewestOrOriginal,
    /// The family ends with any of its tokens.
    WholeFamily,
}

/// Where a native user's sign-in ends that a pre or post authentication trigger refuses. Federated sign-ins end at the
/// callback in any case.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LambdaErrors {
    /// The login page shows the trigger's message and asks again.
    #[default]
    OnPage,
    /// The browser goes to the callback, with `invalid_request` and the message.
    AtCallback,
}

/// When the pre token generation trigger runs in a code flow. In both forms it runs at each refresh.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenTrigger {
    /// Before the code: a refusal arrives at the callback.
    #[default]
    BeforeCode,
    /// When the code is redeemed: a refusal arrives as an error of the token endpoint.
    AtTokenEndpoint,
}

/// The web ACL of the pool.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Firewall {
    /// Requests without `User-Agent` get a 403, as from AWS WAF's managed rule `NoUserAgent_HEADER` (in the rule group
    /// `AWSManagedRulesCommonRuleSet`).
    #[default]
    CommonRules,
    /// There is none.
    Off,
}

/// What the token endpoint says when the pre token generation trigger fails there; no source tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenTriggerError {
    /// `invalid_request` with the message as its description, as at the callback.
    #[default]
    InvalidRequest,
    /// `invalid_grant` and nothing else.
    InvalidGrant,
}
