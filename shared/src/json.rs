//! JSON as it is written: nothing merged, nothing dropped that could tell two readers apart.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};

/// JSON with all members of its objects, also those that are there twice.
#[derive(Debug)]
pub enum Json<'a> {
    /// An object, its members in their order.
    Object(Members<'a>),
    /// A list.
    Array(Vec<Self>),
    /// A text.
    Text(Cow<'a, str>),
    /// Null.
    Null,
    /// A truth value.
    Bool(bool),
    /// A number; its value if it is written as a natural number, without fraction and exponent, and fits.
    Number(Option<u64>),
}

/// The members of an object, in their order.
pub type Members<'a> = Vec<(Cow<'a, str>, Json<'a>)>;

impl Json<'_> {
    /// The text, if it is one.
    pub fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The texts, if it is a list of them.
    pub fn texts(&self) -> Option<Vec<&str>> {
        if let Self::Array(items) = self { items.iter().map(Self::text).collect() } else { None }
    }
}

/// An object that is read member by member. No member that is read may be there twice: two readers could take different ones.
///
/// It is smaller than a derived reader, which brings along all the errors that it can describe, float printer included.
#[derive(Debug)]
pub struct Object<'a>(Members<'a>);

/// JSON is not what it must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the JSON that is wanted")]
pub struct WrongJson;

impl<'a> Object<'a> {
    /// Parses an object.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(json: &'a [u8]) -> Result<Self, WrongJson> {
        if let Ok(Json::Object(members)) = serde_json::from_slice(json) { Ok(Self(members)) } else { Err(WrongJson) }
    }

    /// Whether there is a member of this name, whatever it is.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(other, _)| other == name)
    }

    /// A member, if it is there; null counts as absent.
    fn member(&self, name: &str) -> Result<Option<&Json<'a>>, WrongJson> {
        let mut found = self.0.iter().filter(|(other, _)| other == name);
        match (found.next(), found.next()) {
            (_, Some(_)) => Err(WrongJson),
            (Some((_, Json::Null)) | None, None) => Ok(None),
            (Some((_, member)), None) => Ok(Some(member)),
        }
    }

    /// A text, if it is there.
    ///
    /// # Errors
    /// When it is something else, or there twice.
    pub fn text(&self, name: &str) -> Result<Option<String>, WrongJson> {
        let text = |member: &Json<'_>| member.text().map(str::to_owned).ok_or(WrongJson);
        self.member(name)?.map(text).transpose()
    }

    /// A text that must be there.
    ///
    /// # Errors
    /// When it is not there, is something else, or is there twice.
    pub fn required(&self, name: &str) -> Result<String, WrongJson> {
        self.text(name)?.ok_or(WrongJson)
    }

    /// A natural number, if it is there.
    ///
    /// # Errors
    /// When it is something else, or there twice.
    pub fn number(&self, name: &str) -> Result<Option<u64>, WrongJson> {
        let number =
            |member: &Json<'_>| if let Json::Number(Some(number)) = member { Ok(*number) } else { Err(WrongJson) };
        self.member(name)?.map(number).transpose()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Json<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyJson)
    }
}

struct AnyJson;

impl<'de> Visitor<'de> for AnyJson {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Json<'de>, E> {
        Ok(Json::Number(None))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Json<'de>, E> {
        Ok(Json::Number(Some(value)))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Json<'de>, E> {
        Ok(Json::Number(None))
    }

    fn visit_unit<E: Error>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json<'de>, A::Error> {
        let mut all = Vec::new();
        while let Some(item) = items.next_element()? {
            all.push(item);
        }
        Ok(Json::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json<'de>, A::Error> {
        let mut all = Vec::new();
        while let Some((name, value)) = members.next_entry::<Json<'de>, Json<'de>>()? {
            let Json::Text(name) = name else { return Err(Error::custom("a name that is no text")) };
            all.push((name, value));
        }
        Ok(Json::Object(all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_read_if_it_is_what_is_wanted_and_there_once() {
        let object = Object::parse(
            br#"{"a":"x","b":7,"c":null,"d":7.0,"e":-7,"f":1e3,"g":99999999999999999999,"h":1,"h":2,"i":[]}"#,
        );
        let object = object.unwrap();
        assert_eq!((object.text("a"), object.required("a")), (Ok(Some("x".to_owned())), Ok("x".to_owned())));
        assert_eq!((object.number("b"), object.text("b")), (Ok(Some(7)), Err(WrongJson)));
        assert_eq!((object.text("c"), object.number("c"), object.required("c")), (Ok(None), Ok(None), Err(WrongJson)));
        assert_eq!((object.has("c"), object.has("z"), object.number("z")), (true, false, Ok(None)));
        for name in ["a", "d", "e", "f", "g", "h", "i"] {
            assert_eq!(object.number(name), Err(WrongJson), "{name}");
        }
        for nonsense in [&b""[..], b"[]", b"1", b"{", b"{\"a\":}", b"{1:2}", b"{} {}"] {
            assert!(Object::parse(nonsense).is_err());
        }
    }
}
