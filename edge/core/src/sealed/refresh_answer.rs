//! What Cognito has answered to a refresh, on its way to the other instances of the edge.

use serde::Serialize;

use super::{envelope::Seal, profile::Profile};
use crate::{
    message::members::{Members, WrongKind},
    platform::UnixTime,
};

/// Cognito's answer to a refresh. Its context is the grant's name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefreshAnswer {
    /// When Cognito answered.
    #[serde(rename = "a")]
    pub answered_at: UnixTime,
    /// The user.
    #[serde(rename = "s")]
    pub subject: String,
    /// Name, e-mail address, all groups.
    #[serde(rename = "p")]
    pub profile: Profile,
    /// When the user last proved who they are.
    #[serde(rename = "t", skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<UnixTime>,
    /// Cognito's new refresh token, if there is one.
    #[serde(rename = "u", skip_serializing_if = "Option::is_none")]
    pub upstream_token: Option<String>,
    /// When Cognito's own access token expires.
    #[serde(rename = "e")]
    pub expires_at: UnixTime,
    /// The scope of Cognito's own access token.
    #[serde(rename = "o")]
    pub upstream_scope: String,
}

impl Seal for RefreshAnswer {
    const PURPOSE: &'static str = "refresh answer/1";
    /// Longer than the platform gives it (`refreshes::ROTATED_SECONDS`), which counts from when it was published, and not from
    /// when Cognito answered.
    const LIFETIME: u64 = 90;
    /// It has all groups of the user, also those that no setting names. Cognito lets a user be in a hundred, each with a name of
    /// 128 characters: of four bytes each, that makes 70,000 bytes, sealed.
    const MAX_BYTES: usize = 128 * 1024;

    fn read(members: &Members<'_>) -> Result<Self, WrongKind> {
        Ok(Self {
            answered_at: members.time("a")?.ok_or(WrongKind::Member("a"))?,
            subject: members.owned("s")?,
            profile: Profile::read(&members.object("p")?)?,
            auth_time: members.time("t")?,
            upstream_token: members.text("u")?.map(str::to_owned),
            expires_at: members.time("e")?.ok_or(WrongKind::Member("e"))?,
            upstream_scope: members.owned("o")?,
        })
    }
}
