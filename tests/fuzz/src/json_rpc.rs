//! Bodies that a policy is to judge: requests of clients that know no mirrored headers.

use std::fmt;

use edgeward_core::{
    message::operation::{Operation, operations},
    oauth::Scope,
    policy::{Policy, Rule},
};
use percent_encoding::percent_decode_str;
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use tinyjson::JsonValue;

use crate::browser;

/// The whole input is a body. What is found in one that can be judged is what every reader finds that a server may have:
/// of two members of one name the first or the last, names whatever their case, by another parser. And what is found
/// needs what the policy says, however it is spelled.
pub fn check(data: &[u8]) {
    let Ok(found) = operations(data) else { return };
    crate::accept();
    let tree: Tree = serde_json::from_slice(data).expect("what is judged is JSON");
    let first = |members: &[(String, Tree)], name: &str| members.iter().position(|(key, _)| key == name);
    let last = |members: &[(String, Tree)], name: &str| members.iter().rposition(|(key, _)| key == name);
    let loose = |members: &[(String, Tree)], name: &str| {
        members.iter().rposition(|(key, _)| key.to_lowercase() == name.to_lowercase() || folded(key) == folded(name))
    };
    for reader in [&first as Reader<'_>, &last, &loose] {
        agree(&found, &tree, reader);
    }
    // It reads no numbers that are out of range, and no depth without an end.
    if data.len() < 4096
        && let Ok(text) = str::from_utf8(data)
        && let Ok(value) = text.parse::<JsonValue>()
    {
        agree(&found, &value.into(), &last);
    }
    found.iter().for_each(needs_what_the_policy_says);
}

type Reader<'a> = &'a dyn Fn(&[(String, Tree)], &str) -> Option<usize>;

/// `ſ` and `K` are letters of ASCII to readers that fold as Unicode does.
fn folded(name: &str) -> String {
    name.replace('\u{17f}', "s").replace('\u{212a}', "k").to_ascii_lowercase()
}

fn agree(found: &[Operation], tree: &Tree, reader: Reader<'_>) {
    let messages = if let Tree::Array(messages) = tree { messages.as_slice() } else { std::slice::from_ref(tree) };
    let asked: Vec<Asked> = messages.iter().flat_map(|message| ask(message, reader)).collect();
    assert_eq!(found.len(), asked.len(), "{found:?} {asked:?}");
    for pair in found.iter().zip(&asked) {
        match pair {
            (Operation::Tool(name), Asked::Tool(asked))
            | (Operation::Prompt(name), Asked::Prompt(asked))
            | (Operation::Resource(name), Asked::Resource(asked)) => assert_eq!(name, asked),
            (Operation::Other | Operation::Unknown, Asked::Something) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[derive(Debug)]
enum Asked {
    Tool(String),
    Prompt(String),
    Resource(String),
    Something,
}

/// What a server does that reads members so.
fn ask(message: &Tree, reader: Reader<'_>) -> Vec<Asked> {
    let member = |tree: Option<&Tree>, name: &str| -> Option<Tree> {
        let Some(Tree::Object(members)) = tree else { return None };
        reader(members, name).map(|at| members[at].1.clone())
    };
    let text = |tree: Option<Tree>| match tree {
        Some(Tree::Text(text)) => text,
        other => panic!("a server finds {other:?} where a name must be"),
    };
    let Some(method) = member(Some(message), "method") else { return Vec::new() };
    let parameters = member(Some(message), "params");
    let named = |name: &str| text(member(parameters.as_ref(), name));
    match text(Some(method)).as_str() {
        "tools/call" => vec![Asked::Tool(named("name"))],
        "prompts/get" => vec![Asked::Prompt(named("name"))],
        "resources/read" | "resources/subscribe" | "resources/unsubscribe" => vec![Asked::Resource(named("uri"))],
        "completion/complete" => {
            let reference = member(parameters.as_ref(), "ref");
            let of_it = |name: &str| text(member(reference.as_ref(), name));
            match of_it("type").as_str() {
                "ref/prompt" => vec![Asked::Prompt(of_it("name"))],
                "ref/resource" => vec![Asked::Resource(of_it("uri"))],
                _ => vec![Asked::Something],
            }
        }
        "subscriptions/listen" => {
            let filter = member(parameters.as_ref(), "notifications");
            match member(filter.as_ref(), "resourceSubscriptions") {
                Some(Tree::Array(uris)) => uris.into_iter().map(|uri| Asked::Resource(text(Some(uri)))).collect(),
                _ => vec![Asked::Something],
            }
        }
        _ => vec![Asked::Something],
    }
}

fn needs_what_the_policy_says(operation: &Operation) {
    let rule = |pattern: &str, scope: &str| Rule { pattern: pattern.to_owned(), scope: Scope::parse(scope).unwrap() };
    let policy = Policy {
        tools: vec![rule("delete*", "write")],
        prompts: vec![rule("plan", "plan")],
        resources: vec![rule("file:///secret/*", "secret")],
    };
    let needs = policy.needs(operation);
    match operation {
        Operation::Tool(name) if name.trim().to_lowercase().starts_with("delete") => assert!(needs.contains("write")),
        Operation::Prompt(name) if name.trim().eq_ignore_ascii_case("plan") => assert!(needs.contains("plan")),
        Operation::Resource(uri) => {
            let Some(seen) = browser::read(uri) else { return };
            let mut decoded = seen.href;
            // Some servers decode more than once.
            for _ in 0..2 {
                decoded = percent_decode_str(&decoded).decode_utf8_lossy().replace('\\', "/").to_lowercase();
                assert!(!decoded.starts_with("file:///secret/") || needs.contains("secret"), "{uri}");
            }
        }
        Operation::Unknown => assert_eq!(needs.to_string(), "write plan secret"),
        Operation::Tool(_) | Operation::Prompt(_) | Operation::Other => {}
    }
}

/// JSON with all members.
#[derive(Debug, Clone)]
enum Tree {
    Object(Vec<(String, Self)>),
    Array(Vec<Self>),
    Text(String),
    Other,
}

impl From<JsonValue> for Tree {
    fn from(value: JsonValue) -> Self {
        match value {
            JsonValue::Object(members) => Self::Object(members.into_iter().map(|(name, v)| (name, v.into())).collect()),
            JsonValue::Array(items) => Self::Array(items.into_iter().map(Self::from).collect()),
            JsonValue::String(text) => Self::Text(text),
            JsonValue::Number(_) | JsonValue::Boolean(_) | JsonValue::Null => Self::Other,
        }
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any)
    }
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_str<E>(self, text: &str) -> Result<Tree, E> {
        Ok(Tree::Text(text.to_owned()))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Tree, E> {
        Ok(Tree::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Tree, E> {
        Ok(Tree::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Tree, E> {
        Ok(Tree::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Tree, E> {
        Ok(Tree::Other)
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Tree, A::Error> {
        let mut all = Vec::new();
        while let Some(item) = items.next_element()? {
            all.push(item);
        }
        Ok(Tree::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Tree, A::Error> {
        let mut all = Vec::new();
        while let Some(member) = members.next_entry()? {
            all.push(member);
        }
        Ok(Tree::Object(all))
    }
}
