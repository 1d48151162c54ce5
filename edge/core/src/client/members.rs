//! Client metadata as they come: a JSON object of strangers' making, read member by member.
//!
//! By hand, as a type for each reader would be several kilobytes of generated code each.

use serde_json::{Map, Value};

/// The members of an object.
pub(super) struct Members(Map<String, Value>);

/// A member is of another kind than it must be.
pub(super) struct WrongKind;

impl Members {
    /// Parses an object.
    pub(super) fn parse(json: &[u8]) -> Result<Self, WrongKind> {
        serde_json::from_slice(json).map(Self).map_err(|_| WrongKind)
    }

    /// All members.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.0.iter()
    }

    /// A member, whatever it is; null counts as absent.
    pub(super) fn any(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// A member that is text, if it is there.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, WrongKind> {
        self.any(name).map(|value| value.as_str().ok_or(WrongKind)).transpose()
    }

    /// A member that is a time, if it is there. It may have a fraction (RFC 7519 §2).
    pub(super) fn number(&self, name: &str) -> Result<Option<f64>, WrongKind> {
        self.any(name).map(|value| value.as_f64().ok_or(WrongKind)).transpose()
    }

    /// A member that is a list of texts, if it is there.
    pub(super) fn texts(&self, name: &str) -> Result<Option<Vec<&str>>, WrongKind> {
        let Some(value) = self.any(name) else { return Ok(None) };
        let list = value.as_array().ok_or(WrongKind)?;
        list.iter().map(|text| text.as_str().ok_or(WrongKind)).collect::<Result<_, _>>().map(Some)
    }

    /// Whether a list of words, if it is there, has `word` in it.
    pub(super) fn may_be(&self, name: &str, word: &str) -> Result<bool, WrongKind> {
        Ok(self.texts(name)?.is_none_or(|words| words.contains(&word)))
    }
}
