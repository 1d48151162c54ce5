//! The MCP server behind a resource, and what the edge shows it besides the identity of the caller.

use std::{fmt, sync::Arc};

use crate::secret::Secret;

/// An MCP server.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The URL of its endpoint.
    pub url: String,
    /// The audience of identity assertions for it. Servers with different audiences cannot use each other's assertions.
    pub audience: String,
    /// Header fields that it demands.
    pub credentials: Credentials,
}

/// Header fields with a secret value, by their names in lower case. `Debug` hides the values.
#[derive(Clone, Default)]
pub struct Credentials(Arc<[(String, Secret<String>)]>);

impl Credentials {
    /// Fields that were checked.
    pub(super) fn new(fields: Vec<(String, Secret<String>)>) -> Self {
        Self(fields.into())
    }

    /// Each name and value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.expose().as_str()))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

impl PartialEq for Credentials {
    fn eq(&self, other: &Self) -> bool {
        let mut pairs = self.0.iter().zip(&*other.0);
        self.0.len() == other.0.len()
            && pairs.all(|(one, two)| one.0 == two.0 && one.1.matches(two.1.expose().as_bytes()))
    }
}

impl Eq for Credentials {}
