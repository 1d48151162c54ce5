//! What a pre token generation Lambda does to tokens.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Claims to add to, replace in, or (with `null`) leave out of the tokens that the pool issues.
///
/// A Lambda of version 1 changes ID tokens, of version 2 access tokens too, of version 3 also those of machines. A real pool
/// protects some claims, and lets `aud` of an access token be the client id only; here a test may order anything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CustomClaims {
    /// In ID tokens.
    pub id_token: Map<String, Value>,
    /// In users' access tokens.
    pub access_token: Map<String, Value>,
    /// In machines' access tokens.
    pub machine_token: Map<String, Value>,
}

/// Makes the changes.
pub(crate) fn apply(changes: &Map<String, Value>, claims: &mut Map<String, Value>) {
    claims.extend(changes.clone());
    claims.retain(|name, _| changes.get(name) != Some(&Value::Null));
}
