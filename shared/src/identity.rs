//! Who is calling: what the edge vouches for and the origin may rely on.

use serde::{Deserialize, Serialize};

use crate::UnixTime;

/// A verified caller, as the edge vouches for it.
///
/// Serialized as the claims of the identity assertion (see [`crate::assertion`]); `exp` and `iat` are added there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The edge that vouches: its issuer identifier (`iss`, RFC 8414 §2).
    #[serde(rename = "iss")]
    pub issuer: String,
    /// The origin this is meant for (`aud`).
    #[serde(rename = "aud")]
    pub audience: String,
    /// The user, as the identity provider names them (`sub`); the client if a machine calls.
    #[serde(rename = "sub")]
    pub subject: String,
    /// Whether that is a person. Absent for people: so an origin that does not know it takes a machine for a user of
    /// that name, and must be replaced before an edge lets machines in.
    #[serde(default, skip_serializing_if = "Kind::is_user")]
    pub kind: Kind,
    /// The OAuth client that acts for the user (`client_id`, RFC 8693 §4.3).
    pub client_id: String,
    /// What the user allowed the client (`scope`, RFC 8693 §4.2).
    #[serde(rename = "scope", with = "scope_text")]
    pub scopes: Vec<String>,
    /// The user's name at the identity provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The user's e-mail address, if it is verified: the identity provider says so, or the operator of the edge trusts
    /// the provider that it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// An address that nobody has verified, if the operator wants it told. Anybody may have written it there: it is
    /// good for showing it, and never for finding a user, an account or a permission by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unverified_email: Option<String>,
    /// Groups that the identity provider puts the user in: those that the operator of the edge has named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// When the user last proved who they are (`auth_time`, OpenID Connect Core §2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<UnixTime>,
    /// The grant under which this happens: one sign-in of one user for one client, stable across refreshes.
    pub grant_id: String,
}

/// Who a subject is. An origin refuses kinds that it does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A person who has signed in.
    #[default]
    User,
    /// A program that acts for itself (RFC 6749 §4.4).
    Machine,
}

impl Kind {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    fn is_user(&self) -> bool {
        *self == Self::User
    }
}

impl Identity {
    /// Whether the user allowed `scope`.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes.iter().any(|granted| granted == scope)
    }
}

/// Scopes travel as one space-separated string, RFC 6749 §3.3.
mod scope_text {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(scopes: &[String], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&scopes.join(" "))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(text.split(' ').filter(|token| !token.is_empty()).map(str::to_owned).collect())
    }
}
