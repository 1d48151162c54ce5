//! `prompt` of an authorization request (OpenID Connect Core §3.1.2.1).

use serde::Serialize;

/// What the user is to be asked, or that they must not be asked anything. Values that OpenID Connect Core does not name
/// are ignored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Prompt(u8);

/// Each value with its bit.
const VALUES: [(&str, Prompt); 4] = [
    ("none", Prompt::NONE),
    ("login", Prompt::LOGIN),
    ("select_account", Prompt::SELECT_ACCOUNT),
    ("consent", Prompt::CONSENT),
];

/// `none` came together with another value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoneWithOthers;

impl Prompt {
    const NONE: Self = Self(1);
    /// The user signs in again, even if the identity provider knows them.
    pub const LOGIN: Self = Self(2);
    const SELECT_ACCOUNT: Self = Self(4);
    const CONSENT: Self = Self(8);

    /// Parses a list of values, separated by spaces.
    ///
    /// # Errors
    /// When `none` is not the only one.
    pub fn parse(text: &str) -> Result<Self, NoneWithOthers> {
        let mut prompt = Self::default();
        let mut others = false;
        for value in text.split(' ').filter(|value| !value.is_empty()) {
            others |= value != "none";
            if let Some((_, known)) = VALUES.iter().find(|(known, _)| *known == value) {
                prompt.0 |= known.0;
            }
        }
        if others && prompt.forbids_pages() { Err(NoneWithOthers) } else { Ok(prompt) }
    }

    /// Restores what was sealed; bits of a later version are ignored.
    pub(crate) const fn from_sealed(bits: u64) -> Self {
        Self((bits & 15) as u8)
    }

    const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether no page may be shown.
    pub const fn forbids_pages(self) -> bool {
        self.has(Self::NONE)
    }

    /// What is left of it once the user has been asked.
    #[must_use]
    pub const fn without_pages(self) -> Self {
        Self(self.0 & Self::NONE.0)
    }

    /// Whether the user is to be asked something, so that a consent that is remembered does not count.
    pub const fn wants_a_page(self) -> bool {
        !self.forbids_pages() && self.0 != 0
    }

    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What Cognito is asked. Its managed login knows `none` and `login`, and forwards `login` and `select_account` to
    /// identity providers (Amazon Cognito Developer Guide, "The redirect and authorization endpoint"). It would forward
    /// `consent` as well, but that means consent to this edge's client, which this edge asks for itself.
    pub const fn upstream(self) -> Option<&'static str> {
        match (self.has(Self::NONE), self.has(Self::LOGIN), self.has(Self::SELECT_ACCOUNT)) {
            (true, ..) => Some("none"),
            (_, true, true) => Some("login select_account"),
            (_, true, false) => Some("login"),
            (_, false, true) => Some("select_account"),
            (_, false, false) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_a_set_and_unknown_ones_are_ignored() {
        for (text, upstream, wants_a_page) in [
            ("", None, false),
            ("create", None, false),
            ("Login", None, false),
            ("consent", None, true),
            ("login", Some("login"), true),
            ("select_account", Some("select_account"), true),
            ("consent  select_account x login login", Some("login select_account"), true),
            ("none", Some("none"), false),
            ("none none", Some("none"), false),
        ] {
            let prompt = Prompt::parse(text).unwrap();
            assert_eq!((prompt.upstream(), prompt.wants_a_page()), (upstream, wants_a_page), "{text}");
            assert_eq!(prompt.forbids_pages(), upstream == Some("none"), "{text}");
            let sealed = serde_json::to_value(prompt).unwrap().as_u64().unwrap();
            assert_eq!(Prompt::from_sealed(sealed), prompt, "{text}");
            assert_eq!(prompt.is_empty(), upstream.is_none() && !wants_a_page, "{text}");
        }
    }

    #[test]
    fn none_stands_alone() {
        for text in ["none login", "consent none", "none create"] {
            assert_eq!(Prompt::parse(text), Err(NoneWithOthers), "{text}");
        }
    }
}
