//! Rules of a scope: which scopes it implies, and who may be granted it.

use super::{ProtectedResource, entry::Entry};
use crate::{
    message::json::Json,
    oauth::{Scope, ScopeToken},
};

/// Cognito's own limit.
const MAX_UPSTREAM_BYTES: usize = 256;

/// The rules of one scope.
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

    /// Whether a scope rule of this resource names `group`.
    pub fn names_group(&self, group: &str) -> bool {
        self.rules.iter().any(|(_, rule)| rule.groups.iter().any(|named| named == group))
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

const MEMBERS: [&str; 4] = ["words", "implies", "cognito_scope", "groups"];

/// The words and the rule of a scope among the settings: words alone, or an object. `all` are the scopes that it may
/// imply.
pub(super) fn check(json: &Json<'_>, token: &ScopeToken, all: &Scope) -> Result<(String, ScopeRule), String> {
    let name = token.as_str();
    let entry = match json {
        Json::Text(words) => return Ok((words.to_string(), ScopeRule::default())),
        Json::Object(_) => Entry::read(json, &MEMBERS)?,
        _ => return Err(format!("has for {name:?} neither words nor an object")),
    };
    let implies = Scope::parse(&entry.texts("implies")?.unwrap_or_default().join(" "));
    let implies = implies
        .filter(|implied| implied.is_subset(all))
        .ok_or_else(|| format!("has in `implies` of {name:?} what is no scope of the resource"))?;
    let printable = |c: u8| c.is_ascii_graphic() && c != b'"' && c != b'\\';
    let is_scope = |text: &str| !text.is_empty() && text.len() <= MAX_UPSTREAM_BYTES && text.bytes().all(printable);
    let upstream = entry.text("cognito_scope")?;
    if upstream.is_some_and(|scope| !is_scope(scope)) {
        return Err(format!("has a cognito_scope of {name:?} that cannot be one"));
    }
    // An empty list would mean nobody to one reader and everybody to another.
    let groups = entry.texts("groups")?;
    if groups.as_ref().is_some_and(|groups| groups.is_empty() || groups.contains(&"")) {
        return Err(format!("has groups of {name:?} that name no group"));
    }
    let groups = groups.unwrap_or_default().into_iter().map(str::to_owned).collect();
    let rule = ScopeRule { implies, upstream: upstream.map(str::to_owned), groups };
    Ok((entry.required("words")?.to_owned(), rule))
}
