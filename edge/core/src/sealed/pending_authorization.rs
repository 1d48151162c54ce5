//! The sign-in, while the user is at the identity provider.

use serde::Serialize;

use super::{envelope::Seal, transaction::Transaction};
use crate::message::members::{Members, WrongKind};

/// A sign-in that the user has allowed, while they are at the identity provider. In a cookie named by its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PendingAuthorization(pub Transaction);

impl Seal for PendingAuthorization {
    const PURPOSE: &'static str = "pending authorization/1";
    /// Users who sign up or reset a password wait for a mail.
    const LIFETIME: u64 = 3600;

    fn read(members: &Members<'_>) -> Result<Self, WrongKind> {
        Transaction::read(members).map(Self)
    }
}
