//! Which scopes an operation needs beyond those that every request to its resource needs.
//!
//! Whatever could be something else to the server needs what that would need: names match whatever their case, and what
//! cannot be told needs all.

use url::Url;

use crate::{message::operation::Operation, oauth::Scope};

/// What a resource's operations need.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    /// Of tools, by name.
    pub tools: Vec<Rule>,
    /// Of prompts, by name.
    pub prompts: Vec<Rule>,
    /// Of resources, by URI.
    pub resources: Vec<Rule>,
}

/// What those need whose name fits a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// A name; with `*` at its end, the beginning of one.
    pub pattern: String,
    /// All of it is needed.
    pub scope: Scope,
}

impl Policy {
    /// What `operation` needs.
    pub fn needs(&self, operation: &Operation) -> Scope {
        match operation {
            Operation::Other => Scope::default(),
            Operation::Tool(name) => of_fitting(&self.tools, &[name.trim()]),
            Operation::Prompt(name) => of_fitting(&self.prompts, &[name.trim()]),
            Operation::Resource(uri) if is_plain(uri) => {
                let path = uri.split(['?', '#']).next().unwrap_or_default();
                of_fitting(&self.resources, &[uri, path, path.trim_end_matches('/')])
            }
            Operation::Resource(_) => all(&self.resources),
            Operation::Unknown => all(&self.tools).union(&all(&self.prompts)).union(&all(&self.resources)),
        }
    }
}

fn all(rules: &[Rule]) -> Scope {
    rules.iter().fold(Scope::default(), |all, rule| all.union(&rule.scope))
}

/// What the rules need of which one of these spellings fits the pattern.
fn of_fitting(rules: &[Rule], spellings: &[&str]) -> Scope {
    let mut needed = Scope::default();
    for rule in rules {
        if spellings.iter().any(|name| rule.fits(name)) {
            needed = needed.union(&rule.scope);
        }
    }
    needed
}

impl Rule {
    fn fits(&self, name: &str) -> bool {
        match self.pattern.strip_suffix('*') {
            None => name.eq_ignore_ascii_case(&self.pattern),
            Some(start) => {
                name.as_bytes().get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start.as_bytes()))
            }
        }
    }
}

/// Whether any URI that [`is_plain`] can fit a rule's pattern for resources. One that is not plain needs what all rules need, so a
/// pattern that fits no plain one would never be looked at.
pub(crate) fn can_fit(pattern: &str) -> bool {
    // Case does not matter.
    let lower = pattern.to_ascii_lowercase();
    let (start, rests): (_, &[&str]) = match lower.strip_suffix('*') {
        // A slash at the end of a URI's path does not matter.
        None => (lower.as_str(), &["", "/"]),
        // It may end within a path, a port, a host, or a scheme.
        Some(start) => (start, &["", "a", "1/", "a/", "/", "/a/", "//a/", ":a", "a:a"]),
    };
    rests.iter().any(|rest| is_plain(&[start, rest].concat()))
}

/// Whether a URI has only one spelling: no dots to resolve, no escapes that stand for what they hide, nothing that a
/// parser would change.
fn is_plain(uri: &str) -> bool {
    let hidden = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/%\\".contains(&byte);
    let escape = |rest: &str| rest.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
    let escapes_are_needed = uri.split('%').skip(1).all(|rest| escape(rest).is_some_and(|byte| !hidden(byte)));
    let Ok(url) = Url::parse(uri) else { return false };
    let segments = || url.path().split('/');
    escapes_are_needed
        && url.as_str() == uri
        && !uri.contains('\\')
        && !segments().any(|segment| matches!(segment, "." | ".."))
        && !url.path().contains("//")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(rules: &[(&str, &str)]) -> Vec<Rule> {
        let rule = |(pattern, scope): &(&str, &str)| Rule {
            pattern: (*pattern).to_owned(),
            scope: Scope::parse(scope).unwrap(),
        };
        rules.iter().map(rule).collect()
    }

    fn policy() -> Policy {
        Policy {
            tools: rules(&[("delete_*", "write"), ("delete_all", "admin"), ("audit", "audit read")]),
            prompts: rules(&[("plan", "plan")]),
            resources: rules(&[("file:///secret/*", "secret"), ("file:///one", "one")]),
        }
    }

    fn needs(operation: &Operation) -> String {
        policy().needs(operation).to_string()
    }

    fn tool(name: &str) -> String {
        needs(&Operation::Tool(name.to_owned()))
    }

    fn resource(uri: &str) -> String {
        needs(&Operation::Resource(uri.to_owned()))
    }

    #[test]
    fn an_operation_needs_what_every_fitting_rule_needs() {
        assert_eq!(tool("delete_one"), "write");
        assert_eq!(tool("delete_all"), "write admin");
        assert_eq!(tool("audit"), "audit read");
        assert_eq!(tool("audits"), "");
        assert_eq!(tool("plan"), "", "a prompt is no tool");
        assert_eq!(needs(&Operation::Prompt("plan".into())), "plan");
        assert_eq!(needs(&Operation::Other), "");
    }

    #[test]
    fn what_is_not_known_needs_all() {
        assert_eq!(needs(&Operation::Unknown), "write admin audit read plan secret one");
        assert_eq!(Policy::default().needs(&Operation::Unknown), Scope::default());
    }

    #[test]
    fn case_and_blanks_hide_nothing() {
        for name in ["DELETE_ALL", " delete_all", "Delete_All\t"] {
            assert_eq!(tool(name), "write admin", "{name:?}");
        }
        assert_eq!(tool("\u{e4}"), "", "cut in the middle of a character");
    }

    #[test]
    fn a_uri_needs_what_it_could_be() {
        assert_eq!(resource("file:///secret/a"), "secret");
        for one in ["file:///one", "file:///ONE", "file:///one/", "file:///one?x", "file:///one#x", "file:///one/?x#y"]
        {
            assert_eq!(resource(one), "one", "{one}");
        }
        assert_eq!(resource("file:///two"), "");
        assert_eq!(resource("file:///two%20words"), "", "an escape that must be there");
        assert_eq!(resource("weather://alerts/CA"), "");
        for doubtful in [
            "file:///public/../secret/a",
            "file:///public/%2e%2e/secret/a",
            "file:///%73ecret/a",
            "file:///secret%2fa",
            "file:///public\\..\\secret",
            "FILE:///two",
            "file:////secret/a",
            "file:two",
            "x:a/../b",
            "x://host/a//b",
            "two",
            "",
            "file:///{path}",
            "file:///a%",
            "file:///a%zz",
            " file:///two",
            "file:///tw\no",
        ] {
            assert_eq!(resource(doubtful), "secret one", "{doubtful:?}");
        }
    }
}
