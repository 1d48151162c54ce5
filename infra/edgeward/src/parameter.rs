//! Parameters: named values of a deployment, each with what its store knows of it.

use std::collections::BTreeMap;

use edgeward_core::secret::Secret;
use edgeward_identity::UnixTime;

/// One parameter. `Debug` hides its value, whatever it is.
#[derive(Debug, Clone)]
pub(crate) struct Parameter {
    pub(crate) value: Secret<String>,
    pub(crate) is_secure: bool,
    pub(crate) version: i64,
    pub(crate) modified: UnixTime,
}

impl Parameter {
    pub(crate) fn text(&self) -> &str {
        self.value.expose()
    }
}

/// Parameters directly below one path, by the last part of their names.
pub(crate) type Parameters = BTreeMap<String, Parameter>;

/// How a parameter is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protection {
    Plain,
    Encrypted,
}
