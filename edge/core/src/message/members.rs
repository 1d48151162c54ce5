//! JSON objects, read member by member: client metadata, answers and claims of others, and what was sealed.
//!
//! By hand, as a type for each reader would be several kilobytes of generated code each.

use std::borrow::Cow;

use edgeward_identity::UnixTime;
use serde_json::{Map, Value};

/// The members of an object.
#[derive(Debug)]
pub struct Members<'a>(Cow<'a, Map<String, Value>>);

/// JSON is of another kind than it must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WrongKind {
    /// It is no object.
    #[error("not a JSON object")]
    NoObject,
    /// This member is missing, or is something else than it must be.
    #[error("the member `{0}` is missing or of the wrong kind")]
    Member(&'static str),
}

impl Members<'_> {
    /// Parses an object.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(json: &[u8]) -> Result<Self, WrongKind> {
        match serde_json::from_slice(json) {
            Ok(Value::Object(members)) => Ok(Self(Cow::Owned(members))),
            _ => Err(WrongKind::NoObject),
        }
    }

    /// All members.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.0.iter()
    }

    /// A member, whatever it is; null counts as absent.
    pub fn any(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// A member that is text, if it is there.
    ///
    /// # Errors
    /// When it is something else.
    pub fn text(&self, name: &'static str) -> Result<Option<&str>, WrongKind> {
        self.any(name).map(|value| value.as_str().ok_or(WrongKind::Member(name))).transpose()
    }

    /// A member that must be there and be text.
    ///
    /// # Errors
    /// When it is not there, or is something else.
    pub fn required(&self, name: &'static str) -> Result<&str, WrongKind> {
        self.text(name)?.ok_or(WrongKind::Member(name))
    }

    /// As [`Members::required`], to keep.
    ///
    /// # Errors
    /// As [`Members::required`].
    pub fn owned(&self, name: &'static str) -> Result<String, WrongKind> {
        self.required(name).map(str::to_owned)
    }

    /// A member that must be there and be an object.
    ///
    /// # Errors
    /// When it is not there, or is something else.
    pub fn object(&self, name: &'static str) -> Result<Members<'_>, WrongKind> {
        let object = self.any(name).and_then(Value::as_object);
        object.map(|members| Members(Cow::Borrowed(members))).ok_or(WrongKind::Member(name))
    }

    /// A member that is a time, if it is there. It may have a fraction (RFC 7519 §2), which is cut off; what is before
    /// the epoch is at the epoch, long past.
    ///
    /// # Errors
    /// When it is something else.
    pub fn time(&self, name: &'static str) -> Result<Option<UnixTime>, WrongKind> {
        let wrong = WrongKind::Member(name);
        let time = |value: &Value| value.as_f64().map(|seconds| UnixTime::from_secs(seconds as u64)).ok_or(wrong);
        self.any(name).map(time).transpose()
    }

    /// A member that is a list of texts, if it is there.
    ///
    /// # Errors
    /// When it is something else.
    pub fn texts(&self, name: &'static str) -> Result<Option<Vec<&str>>, WrongKind> {
        let Some(value) = self.any(name) else { return Ok(None) };
        let wrong = WrongKind::Member(name);
        let list = value.as_array().ok_or(wrong)?;
        list.iter().map(|text| text.as_str().ok_or(wrong)).collect::<Result<_, _>>().map(Some)
    }

    /// Whether a list of words, if it is there, has `word` in it.
    ///
    /// # Errors
    /// When it is no such list.
    pub fn may_be(&self, name: &'static str, word: &str) -> Result<bool, WrongKind> {
        Ok(self.texts(name)?.is_none_or(|words| words.contains(&word)))
    }
}
