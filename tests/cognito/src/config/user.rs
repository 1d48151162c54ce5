//! Users of the pool.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A user of the pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// What is typed at sign-in and becomes the `username` claim.
    pub username: String,
    /// The password, in the clear: this is a test double. Empty for a federated user, who has none.
    #[serde(default)]
    pub password: String,
    /// The `sub` claim, a UUID in Cognito.
    pub sub: String,
    /// E-mail address, if the user has one.
    #[serde(default)]
    pub email: Option<String>,
    /// Whether the address was verified: a boolean in ID tokens, a string at userInfo.
    #[serde(default)]
    pub email_verified: bool,
    /// Groups, for the `cognito:groups` claim of both tokens, in this order; the claim is absent when empty. At most 100,
    /// each name 1 to 128 characters long.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Further attributes such as `name` or `custom:plan`.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
    /// Whether the user may sign in (`AdminDisableUser`). Disabling a user of a running pool also revokes the tokens.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// Whether the user has confirmed the sign-up.
    #[serde(default = "yes")]
    pub confirmed: bool,
    /// Identities at the identity providers: the own one of a federated user, or those linked to a native user.
    #[serde(default)]
    pub identities: Vec<Identity>,
}

impl User {
    /// A native user who can sign in and has nothing else.
    pub fn new(username: &str, password: &str, sub: &str) -> Self {
        Self {
            username: username.to_owned(),
            password: password.to_owned(),
            sub: sub.to_owned(),
            email: None,
            email_verified: false,
            groups: Vec::new(),
            attributes: BTreeMap::new(),
            enabled: true,
            confirmed: true,
            identities: Vec::new(),
        }
    }
}

/// A user's identity at an identity provider, for the `identities` claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// Name of the identity provider.
    pub provider: String,
    /// The user's id there: `sub`, or `NameID`.
    pub user_id: String,
    /// Whether the pool made the user from this identity; false for one that was linked to a native user
    /// (`AdminLinkProviderForUser`).
    #[serde(default)]
    pub primary: bool,
    /// Milliseconds since 1970.
    #[serde(default)]
    pub created_at: i64,
}

impl Identity {
    /// An identity linked to a native user.
    pub fn linked(provider: &str, user_id: &str) -> Self {
        Self { provider: provider.to_owned(), user_id: user_id.to_owned(), primary: false, created_at: 0 }
    }
}

fn yes() -> bool {
    true
}
