//! A consent that a browser remembers.

use serde::Serialize;

use super::envelope::{Seal, scope};
use crate::{
    message::members::{Members, WrongKind},
    oauth::Scope,
};

/// A consent that is not asked for again. In a cookie; its context names client, redirect URI and resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RememberedConsent {
    /// The scope that was allowed.
    #[serde(rename = "o")]
    pub scope: Scope,
    /// The user who allowed it. Consents that were sealed before it was kept have none, and count for nobody.
    #[serde(rename = "s", skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
}

impl Seal for RememberedConsent {
    const PURPOSE: &'static str = "remembered consent/1";
    const LIFETIME: u64 = 30 * 24 * 3600;

    fn read(members: &Members<'_>) -> Result<Self, WrongKind> {
        Ok(Self { scope: scope(members)?, subject: members.text("s")?.map(str::to_owned) })
    }
}
