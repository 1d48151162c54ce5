//! The consent page, while the user reads it.

use serde::Serialize;

use super::{envelope::Seal, transaction::Transaction};
use crate::message::members::{Members, WrongKind};

/// What the user is asked to allow: everything the rest of the sign-in needs. In the form of the consent page, bound to
/// a cookie.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConsentTransaction(pub Transaction);

impl Seal for ConsentTransaction {
    const PURPOSE: &'static str = "consent/1";
    const LIFETIME: u64 = 600;

    fn read(members: &Members<'_>) -> Result<Self, WrongKind> {
        Transaction::read(members).map(Self)
    }
}
