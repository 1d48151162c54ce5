//! The authorization code.

use serde::Serialize;

use super::{envelope::Seal, transaction::Transaction};
use crate::message::members::{Members, WrongKind};

/// The authorization code that clients get: the identity provider's, and all that must hold when it is redeemed. Its
/// context is the client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuthorizationCode {
    /// The identity provider's code.
    #[serde(rename = "u")]
    pub upstream_code: String,
    /// The sign-in it ends.
    #[serde(rename = "t")]
    pub transaction: Transaction,
}

impl Seal for AuthorizationCode {
    const PURPOSE: &'static str = "authorization code/1";
    /// As long as Cognito's code inside lives.
    const LIFETIME: u64 = 300;

    fn read(members: &Members<'_>) -> Result<Self, WrongKind> {
        Ok(Self { upstream_code: members.owned("u")?, transaction: Transaction::read(&members.object("t")?)? })
    }
}
