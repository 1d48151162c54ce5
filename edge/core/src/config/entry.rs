//! JSON among the settings, read by hand: a type for each kind of object would be kilobytes of generated code.

use std::borrow::Cow;

use crate::message::json::Json;

/// An object among the settings. Each of its members is there once and is one that is documented: of two, one would be
/// lost, and it may be the one that forbids; a misspelt one would be without effect.
#[derive(Clone, Copy)]
pub(super) struct Entry<'a>(&'a [(Cow<'a, str>, Json<'a>)]);

/// Reads a setting that is JSON.
pub(super) fn json(text: &str) -> Result<Json<'_>, String> {
    serde_json::from_slice(text.as_bytes()).map_err(|_| "is not JSON".into())
}

/// The entries of a list of objects.
pub(super) fn list<'a>(json: &'a Json<'a>, known: &[&str]) -> Result<Vec<Entry<'a>>, String> {
    let Json::Array(items) = json else { return Err("is no list".into()) };
    items.iter().map(|item| Entry::read(item, known)).collect()
}

/// The members of an object, which may have any names, each once.
pub(super) fn members<'a>(json: &'a Json<'a>) -> Result<&'a [(Cow<'a, str>, Json<'a>)], String> {
    let Json::Object(members) = json else { return Err("has something in the place of an object".into()) };
    let mut others = members.iter().enumerate();
    match others.find(|(at, (name, _))| members.iter().take(*at).any(|(other, _)| other == name)) {
        Some((_, (name, _))) => Err(format!("has {name:?} twice")),
        None => Ok(members),
    }
}

impl<'a> Entry<'a> {
    /// An object with no members but `known` ones.
    pub(super) fn read(json: &'a Json<'a>, known: &[&str]) -> Result<Self, String> {
        let members = members(json)?;
        match members.iter().find(|(name, _)| !known.contains(&name.as_ref())) {
            Some((name, _)) => Err(format!("has {name:?}, which is not documented")),
            None => Ok(Self(members)),
        }
    }

    /// A member, if it is there; null counts as absent.
    pub(super) fn any(self, name: &str) -> Option<&'a Json<'a>> {
        let found = self.0.iter().find(|(other, _)| other == name).map(|(_, value)| value);
        found.filter(|value| !matches!(value, Json::Null))
    }

    /// A member that is text, if it is there.
    pub(super) fn text(self, name: &str) -> Result<Option<&'a str>, String> {
        self.any(name).map(|value| value.text().ok_or_else(|| format!("has a {name} that is no text"))).transpose()
    }

    /// Whether a member is `true`; absent, it is not.
    pub(super) fn is(self, name: &str) -> Result<bool, String> {
        match self.any(name) {
            None => Ok(false),
            Some(Json::Bool(value)) => Ok(*value),
            Some(_) => Err(format!("has a {name} that is neither true nor false")),
        }
    }

    /// A member that is text, and there.
    pub(super) fn required(self, name: &str) -> Result<&'a str, String> {
        self.text(name)?.ok_or_else(|| format!("has an entry without {name}"))
    }

    /// A member that is a list of texts, if it is there.
    pub(super) fn texts(self, name: &str) -> Result<Option<Vec<&'a str>>, String> {
        let texts = |value: &'a Json<'a>| value.texts().ok_or_else(|| format!("has {name} that are no list of texts"));
        self.any(name).map(texts).transpose()
    }

    /// The members of a member that is an object; none if it is not there.
    pub(super) fn members(self, name: &str) -> Result<&'a [(Cow<'a, str>, Json<'a>)], String> {
        self.any(name).map_or(Ok(&[]), members)
    }
}
