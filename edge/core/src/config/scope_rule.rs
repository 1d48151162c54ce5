//! What holds for one scope beside its words: which scopes it implies, and who may be granted it.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor, value::MapAccessDeserializer},
};

use super::ProtectedResource;
use crate::oauth::{Scope, ScopeToken};

/// Cognito's own limit.
const MAX_UPSTREAM_BYTES: usize = 256;

/// What holds for one scope.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScopeRule {
    /// Whoever has the scope has these too.
    pub implies: Scope,
    /// A scope of Cognito's that is asked for with it, and without which it is not granted.
    pub upstream: Option<String>,
    /// Groups of which the user must be in one; none means that all users may have it.
    pub groups: Vec<String>,
}

impl ScopeRule {
    fn permits(&self, groups: &[String], upstream_scope: &str) -> bool {
        let in_group = self.groups.is_empty() || self.groups.iter().any(|group| groups.contains(group));
        let has = |wanted: &String| upstream_scope.split(' ').any(|scope| scope == wanted);
        in_group && self.upstream.as_ref().is_none_or(has)
    }
}

impl ProtectedResource {
    fn rule(&self, token: &ScopeToken) -> Option<&ScopeRule> {
        self.rules.iter().find(|(known, _)| known == token).map(|(_, rule)| rule)
    }

    /// `scope` and all that it implies.
    pub fn expand(&self, scope: &Scope) -> Scope {
        let mut expanded = scope.clone();
        // Each round adds something or is the last.
        loop {
            let before = expanded.clone();
            for (token, rule) in &self.rules {
                if before.contains(token.as_str()) {
                    expanded = expanded.union(&rule.implies);
                }
            }
            if expanded == before {
                return expanded;
            }
        }
    }

    /// The scopes to ask Cognito for when a client asks for `scope`.
    pub fn upstream_scopes(&self, scope: &Scope) -> Vec<&str> {
        let expanded = self.expand(scope);
        expanded.iter().filter_map(|token| self.rule(token)?.upstream.as_deref()).collect()
    }

    /// What of `scope` a user in these groups may be granted, when Cognito has granted `upstream_scope`. Whoever may not
    /// have an implied scope may not have the one that implies it.
    pub fn grantable(&self, scope: &Scope, groups: &[String], upstream_scope: &str) -> Scope {
        let permitted = |token: &ScopeToken| self.rule(token).is_some_and(|rule| rule.permits(groups, upstream_scope));
        let all = |token: &&ScopeToken| self.expand(&Scope::from_iter([(*token).clone()])).iter().all(permitted);
        scope.iter().filter(all).cloned().collect()
    }
}

/// A scope among the settings: words, or an object.
#[derive(Debug, Default)]
pub(super) struct ScopeEntry {
    words: String,
    rule: RuleEntry,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleEntry {
    words: String,
    #[serde(default)]
    implies: Vec<String>,
    cognito_scope: Option<String>,
    groups: Option<Vec<String>>,
}

impl ScopeEntry {
    /// The words and the rule; `all` are the scopes that it may imply.
    pub(super) fn check(self, token: &ScopeToken, all: &Scope) -> Result<(String, ScopeRule), String> {
        let RuleEntry { words, implies, cognito_scope, groups } = self.rule;
        let name = token.as_str();
        let implies = Scope::parse(&implies.join(" ")).filter(|implied| implied.is_subset(all));
        let implies =
            implies.ok_or_else(|| format!("has in `implies` of {name:?} what is no scope of the resource"))?;
        let printable = |c: u8| c.is_ascii_graphic() && c != b'"' && c != b'\\';
        let is_scope =
            |text: &String| !text.is_empty() && text.len() <= MAX_UPSTREAM_BYTES && text.bytes().all(printable);
        if cognito_scope.as_ref().is_some_and(|scope| !is_scope(scope)) {
            return Err(format!("has a cognito_scope of {name:?} that cannot be one"));
        }
        // An empty list would mean nobody to one reader and everybody to another.
        if groups.as_ref().is_some_and(|groups| groups.is_empty() || groups.iter().any(String::is_empty)) {
            return Err(format!("has groups of {name:?} that name no group"));
        }
        let words = if words.is_empty() { self.words } else { words };
        Ok((words, ScopeRule { implies, upstream: cognito_scope, groups: groups.unwrap_or_default() }))
    }
}

impl<'de> Deserialize<'de> for ScopeEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = ScopeEntry;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("words, or an object with `words`")
            }

            fn visit_str<E: Error>(self, words: &str) -> Result<ScopeEntry, E> {
                Ok(ScopeEntry { words: words.to_owned(), rule: RuleEntry::default() })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ScopeEntry, A::Error> {
                let rule = RuleEntry::deserialize(MapAccessDeserializer::new(map))?;
                Ok(ScopeEntry { words: String::new(), rule })
            }
        }

        deserializer.deserialize_any(Either)
    }
}

/// The members of a JSON object in their order, each there once: of two, one would be lost, and it may be the one that
/// forbids.
#[derive(Debug)]
pub(super) struct Members<T>(pub(super) Vec<(String, T)>);

impl<T> Default for Members<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Members<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
            type Value = Members<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<T>, A::Error> {
                let mut members: Vec<(String, T)> = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, T>()? {
                    if members.iter().any(|(other, _)| *other == name) {
                        return Err(Error::custom(format_args!("{name:?} is there twice")));
                    }
                    members.push((name, value));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Object(PhantomData))
    }
}
