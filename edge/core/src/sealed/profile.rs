//! The user, as an access token describes them to the gate.

use serde::Serialize;

use super::envelope::Seal;
use crate::message::members::{Members, WrongKind};

/// What an access token says of the user to the gate but not to the client. Its context is the token's `jti`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Profile {
    /// The user's name.
    #[serde(rename = "u", skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The user's verified e-mail address.
    #[serde(rename = "e", skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// An e-mail address that is not verified, if it is to be told.
    #[serde(rename = "n", skip_serializing_if = "Option::is_none")]
    pub unverified_email: Option<String>,
    /// Those of the user's groups that settings name.
    #[serde(rename = "g", skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
}

impl Seal for Profile {
    const PURPOSE: &'static str = "profile/1";
    const LIFETIME: u64 = 24 * 3600;

    fn read(members: &Members<'_>) -> Result<Self, WrongKind> {
        Ok(Self {
            username: members.text("u")?.map(str::to_owned),
            email: members.text("e")?.map(str::to_owned),
            unverified_email: members.text("n")?.map(str::to_owned),
            groups: members.texts("g")?.unwrap_or_default().into_iter().map(str::to_owned).collect(),
        })
    }
}
