//! The two forms of the issuer, and which of them is used where.

use serde::{Deserialize, Serialize};

/// A form of the issuer. Both serve the same discovery document and keys.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IssuerForm {
    /// `https://cognito-idp.{region}.amazonaws.com/{pool}`.
    #[default]
    Original,
    /// `https://issuer-cognito-idp.{region}.amazonaws.com/{pool}` (2026).
    Updated,
}

/// Which form of the issuer tokens and the discovery document name. Switching a real pool changes `iss` at once; one report
/// has discovery still naming the original form while tokens carry the updated one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Issuers {
    /// `iss` of tokens.
    pub tokens: IssuerForm,
    /// `issuer` and `jwks_uri` of the discovery document.
    pub discovery: IssuerForm,
}
