//! The refresh token.

use serde::Serialize;

use super::envelope::{Seal, scope};
use crate::{
    message::members::{Members, WrongKind},
    oauth::Scope,
};

/// The refresh token that clients get. Its context is the client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefreshToken {
    /// The identity provider's refresh token: the newest that is known.
    #[serde(rename = "u")]
    pub upstream_token: String,
    /// The one that it gave for the code, if that has been replaced since. Revoking it ends the whole family. Tokens that were
    /// sealed before it was kept have none.
    #[serde(rename = "f", skip_serializing_if = "Option::is_none")]
    pub original_token: Option<String>,
    /// The user.
    #[serde(rename = "s")]
    pub subject: String,
    /// The resource, canonical.
    #[serde(rename = "a")]
    pub resource: String,
    /// The scope granted.
    #[serde(rename = "o")]
    pub scope: Scope,
    /// The grant.
    #[serde(rename = "g")]
    pub grant_id: String,
}

/// The original token is kept if it has no more bytes than this together with the newest: the sealed value must stay
/// within [`MAX_BYTES`](super::MAX_BYTES). Cognito's have 1,700 to 1,850 each.
const MAX_FAMILY_BYTES: usize = 6 * 1024;

impl RefreshToken {
    /// The token after the identity provider has replaced its own, if it has.
    #[must_use]
    pub fn replaced_by(self, newest: Option<&str>) -> Self {
        let Some(newest) = newest.filter(|newest| *newest != self.upstream_token) else { return self };
        let original = self.original_token.unwrap_or(self.upstream_token);
        let fits = original.len() + newest.len() <= MAX_FAMILY_BYTES && original != newest;
        Self { upstream_token: newest.to_owned(), original_token: fits.then_some(original), ..self }
    }
}

impl Seal for RefreshToken {
    const PURPOSE: &'static str = "refresh token/1";
    /// The longest that Cognito lets a refresh token live; how long one does live is Cognito's to say.
    const LIFETIME: u64 = 3650 * 24 * 3600;

    fn read(members: &Members<'_>) -> Result<Self, WrongKind> {
        Ok(Self {
            upstream_token: members.owned("u")?,
            original_token: members.text("f")?.map(str::to_owned),
            subject: members.owned("s")?,
            resource: members.owned("a")?,
            scope: scope(members)?,
            grant_id: members.owned("g")?,
        })
    }
}
