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
    /// Each replay mints another successor, and all of them go on.
    #[default]
    Forks,
    /// Each replay mints another successor, and only the newest goes on; the others are `invalid_grant`.
    Supersedes,
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
