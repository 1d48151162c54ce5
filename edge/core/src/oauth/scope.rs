//! Scopes (RFC 6749 §3.3).

use std::fmt;

use serde::Serialize;

/// Asks for a refresh token. Accepted wherever it is asked for, granted nowhere: refresh tokens come by themselves, and
/// the scope says nothing about a resource.
pub const OFFLINE_ACCESS: &str = "offline_access";

/// The scopes that OpenID Connect Core defines (§5.4, §11). Many clients ask for some of them by default. They ask for an ID token
/// and what is in it, and say nothing about a resource.
const OPENID_CONNECT: [&str; 6] = ["openid", "profile", "email", "address", "phone", OFFLINE_ACCESS];

/// One scope token: visible ASCII without space, `"` and `\`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(into = "String")]
pub struct ScopeToken(String);

impl ScopeToken {
    /// Parses one token.
    pub fn parse(text: &str) -> Option<Self> {
        let allowed = |c: u8| matches!(c, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        (!text.is_empty() && text.len() <= 128 && text.bytes().all(allowed)).then(|| Self(text.to_owned()))
    }

    /// The token's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<ScopeToken> for String {
    fn from(token: ScopeToken) -> Self {
        token.0
    }
}

/// A set of scope tokens, in the order they were first named.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(into = "String")]
pub struct Scope(Vec<ScopeToken>);

impl Scope {
    /// Parses a space-separated list; the empty text is the empty set.
    pub fn parse(text: &str) -> Option<Self> {
        text.split(' ').filter(|token| !token.is_empty()).map(ScopeToken::parse).collect()
    }

    /// Whether `token` is in the set.
    pub fn contains(&self, token: &str) -> bool {
        self.0.iter().any(|scope| scope.as_str() == token)
    }

    /// Whether every token of this set is in `other`.
    pub fn is_subset(&self, other: &Self) -> bool {
        self.first_outside(other).is_none()
    }

    /// The first token of this set that is not in `other`.
    pub fn first_outside(&self, other: &Self) -> Option<&ScopeToken> {
        self.0.iter().find(|token| !other.contains(token.as_str()))
    }

    /// Whether the set is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What this set asks of a resource with these scopes: without those of OpenID Connect, unless the resource has them.
    #[must_use]
    pub fn of_resource(&self, resource: &Self) -> Self {
        let is_asked =
            |token: &&ScopeToken| resource.contains(token.as_str()) || !OPENID_CONNECT.contains(&token.as_str());
        self.iter().filter(is_asked).cloned().collect()
    }

    /// This set and `other`.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let mut all = self.clone();
        other.0.iter().for_each(|token| all.add(token));
        all
    }

    /// Adds a token, unless it is there.
    pub fn add(&mut self, token: &ScopeToken) {
        if !self.0.contains(token) {
            self.0.push(token.clone());
        }
    }

    /// The tokens.
    pub fn iter(&self) -> impl Iterator<Item = &ScopeToken> {
        self.0.iter()
    }

    /// The tokens' texts.
    pub fn to_strings(&self) -> Vec<String> {
        self.0.iter().map(|token| token.as_str().to_owned()).collect()
    }
}

impl FromIterator<ScopeToken> for Scope {
    fn from_iter<I: IntoIterator<Item = ScopeToken>>(tokens: I) -> Self {
        let mut set = Self::default();
        for token in tokens {
            set.add(&token);
        }
        set
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, token) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(" ")?;
            }
            f.write_str(token.as_str())?;
        }
        Ok(())
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_named_twice_counts_once() {
        assert_eq!(Scope::parse("a b  a").unwrap().to_string(), "a b");
    }

    #[test]
    fn characters_outside_the_rfc_are_refused() {
        for bad in ["a\"b", "a\\b", "ä", "a\tb", "a\u{7f}"] {
            assert_eq!(Scope::parse(bad), None, "{bad:?}");
        }
        assert!(Scope::parse("https://host/mcp/read a:b!").is_some());
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod properties {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn printing_and_parsing_again_changes_nothing(text in "[ -~]{0,60}") {
            if let Some(scope) = Scope::parse(&text) {
                prop_assert_eq!(Scope::parse(&scope.to_string()), Some(scope));
            }
        }

        #[test]
        fn what_is_asked_of_a_resource_is_what_it_has_or_what_nobody_defines(
            asked in "((openid|email|phone|read|write|x) ?){0,6}", known in "((email|read|write) ?){0,3}"
        ) {
            let (asked, known) = (Scope::parse(&asked).unwrap(), Scope::parse(&known).unwrap());
            let narrower = asked.of_resource(&known);
            prop_assert!(narrower.is_subset(&asked));
            for token in asked.iter() {
                let is_dropped = OPENID_CONNECT.contains(&token.as_str()) && !known.contains(token.as_str());
                prop_assert_eq!(narrower.contains(token.as_str()), !is_dropped);
            }
        }
    }
}
