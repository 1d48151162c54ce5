//! What an MCP request asks for, as far as a policy may ask: from its body, or from the headers that mirror it.
//!
//! Whatever a server does, it does by the body. From 2026-07-28 on, `Mcp-Method` and `Mcp-Name` say the same, and a server must
//! refuse a body that contradicts them. The gate relies on these headers only where the settings say that the server does so.

use std::borrow::Cow;

use base64ct::{Base64, Encoding};

use super::json::Json;

/// The longest body that is looked at.
pub const MAX_BYTES: usize = 1024 * 1024;

/// The revisions of the protocol whose servers compare these headers with the body.
const MIRRORING: [&str; 1] = ["2026-07-28"];

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// A tool, by name.
    Tool(String),
    /// A prompt, by name.
    Prompt(String),
    /// A resource, by URI.
    Resource(String),
    /// Something that concerns none of these.
    Other,
    /// Something that we do not know: it may concern any.
    Unknown,
}

/// The header fields by which a policy judges: those that mirror a body, and those that say how it is written.
pub const HEADERS: [&str; 5] = ["mcp-protocol-version", "mcp-method", "mcp-name", "content-type", "content-encoding"];

/// Their values, as the platform gives them: several of one name joined by commas.
#[derive(Debug, Clone, Copy, Default)]
pub struct MessageHeaders<'a> {
    /// `MCP-Protocol-Version`.
    pub protocol_version: Option<&'a str>,
    /// `Mcp-Method`.
    pub method: Option<&'a str>,
    /// `Mcp-Name`.
    pub name: Option<&'a str>,
    /// `Content-Type`.
    pub content_type: Option<&'a str>,
    /// `Content-Encoding`.
    pub content_encoding: Option<&'a str>,
}

impl<'a> MessageHeaders<'a> {
    /// Those of [`HEADERS`], in that order.
    pub const fn of([protocol_version, method, name, content_type, content_encoding]: [Option<&'a str>; 5]) -> Self {
        Self { protocol_version, method, name, content_type, content_encoding }
    }

    /// Whether a server reads the body's bytes as they are: as JSON in UTF-8, without a content coding. Some servers decode other
    /// charsets and codings, and would find another message in it.
    pub fn is_plain_json(&self) -> bool {
        let mut parts = self.content_type.unwrap_or("application/json").split(';').map(str::trim);
        let is = |part: &str, wanted: &str| part.eq_ignore_ascii_case(wanted);
        parts.next().is_some_and(|media_type| is(media_type, "application/json"))
            && parts.all(|parameter| parameter.is_empty() || is(&parameter.replace('"', ""), "charset=utf-8"))
            && self.content_encoding.is_none_or(|coding| is(coding.trim(), "identity"))
    }

    /// The operation; `None` if they leave a doubt.
    pub fn operation(&self) -> Option<Operation> {
        if !MIRRORING.contains(&self.protocol_version?) {
            return None;
        }
        // A comma: two headers, of which the server may take the other one. No method and hardly a name has one.
        let single = |value: &&str| value.bytes().all(|c| c == b' ' || c.is_ascii_graphic()) && !value.contains(',');
        match Kind::of(self.method.filter(single)?) {
            Kind::Other => Some(Operation::Other),
            Kind::Unknown => Some(Operation::Unknown),
            Kind::Named(_, make) => Some(make(decode(self.name.filter(single)?)?.into_owned())),
            Kind::Completion | Kind::Subscription => None,
        }
    }
}

/// A header's value, which may be wrapped in base64.
fn decode(value: &str) -> Option<Cow<'_, str>> {
    const PREFIX: &str = "=?base64?";
    match value.strip_prefix(PREFIX) {
        // A reader that is less exact would decode it.
        None if value.get(..PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PREFIX)) => None,
        None => Some(Cow::Borrowed(value)),
        Some(rest) => {
            let bytes = Base64::decode_vec(rest.strip_suffix("?=")?).ok()?;
            String::from_utf8(bytes).ok().map(Cow::Owned)
        }
    }
}

/// Where a method says what it concerns.
enum Kind {
    /// In this member of its parameters.
    Named(&'static str, fn(String) -> Operation),
    /// In `ref`: of a prompt or resource, whose arguments it completes.
    Completion,
    /// In a list of resources to hear of.
    Subscription,
    Other,
    Unknown,
}

impl Kind {
    fn of(method: &str) -> Self {
        match method {
            "tools/call" => Self::Named("name", Operation::Tool),
            "prompts/get" => Self::Named("name", Operation::Prompt),
            "resources/read" | "resources/subscribe" | "resources/unsubscribe" => {
                Self::Named("uri", Operation::Resource)
            }
            "completion/complete" => Self::Completion,
            "subscriptions/listen" => Self::Subscription,
            "initialize"
            | "ping"
            | "server/discover"
            | "logging/setLevel"
            | "tools/list"
            | "prompts/list"
            | "resources/list"
            | "resources/templates/list"
            // What a call has begun that has passed.
            | "tasks/get"
            | "tasks/result"
            | "tasks/update"
            | "tasks/cancel"
            | "tasks/list" => Self::Other,
            _ if method.starts_with("notifications/") => Self::Other,
            _ => Self::Unknown,
        }
    }
}

/// A body is no message that can be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the body is no JSON-RPC message that can only be read in one way")]
pub struct Malformed;

/// What a body asks for: one message, or a batch of them (2025-03-26).
///
/// # Errors
/// When it is no such thing, or two readers could read two things in it.
pub fn operations(body: &[u8]) -> Result<Vec<Operation>, Malformed> {
    let mut found = Vec::new();
    match serde_json::from_slice(body).map_err(|_| Malformed)? {
        Json::Array(messages) if !messages.is_empty() => {
            messages.iter().try_for_each(|message| read(message, &mut found))?;
        }
        message => read(&message, &mut found)?,
    }
    Ok(found)
}

fn read(message: &Json<'_>, found: &mut Vec<Operation>) -> Result<(), Malformed> {
    let Some(method) = member(message, "method")? else {
        // An answer to a request of the server's.
        return match member(message, "result")?.or(member(message, "error")?) {
            Some(_) => Ok(()),
            None => Err(Malformed),
        };
    };
    let parameters = member(message, "params")?;
    let text = |object: Option<&Json<'_>>, name| match object.map_or(Ok(None), |object| member(object, name))? {
        Some(Json::Text(text)) => Ok(text.clone().into_owned()),
        _ => Err(Malformed),
    };
    match Kind::of(method.text().ok_or(Malformed)?) {
        Kind::Named(member, make) => found.push(make(text(parameters, member)?)),
        Kind::Completion => {
            let reference = parameters.map_or(Ok(None), |parameters| member(parameters, "ref"))?;
            found.push(match text(reference, "type")?.as_str() {
                "ref/prompt" => Operation::Prompt(text(reference, "name")?),
                "ref/resource" => Operation::Resource(text(reference, "uri")?),
                _ => Operation::Unknown,
            });
        }
        Kind::Subscription => {
            let filter = parameters.map_or(Ok(None), |parameters| member(parameters, "notifications"))?;
            match filter.map_or(Ok(None), |filter| member(filter, "resourceSubscriptions"))? {
                None | Some(Json::Null | Json::Bool(_) | Json::Number(_)) => found.push(Operation::Other),
                Some(Json::Array(uris)) => {
                    for uri in uris {
                        found.push(Operation::Resource(uri.text().ok_or(Malformed)?.to_owned()));
                    }
                }
                Some(_) => return Err(Malformed),
            }
        }
        Kind::Other => found.push(Operation::Other),
        Kind::Unknown => found.push(Operation::Unknown),
    }
    Ok(())
}

/// The member `name` of an object. Two are refused, and so is one that only a careless reader takes for it: some
/// libraries ignore the case of names.
fn member<'a>(json: &'a Json<'_>, name: &str) -> Result<Option<&'a Json<'a>>, Malformed> {
    let Json::Object(members) = json else { return Err(Malformed) };
    let mut alike = members.iter().filter(|(key, _)| folds_to(key, name));
    match (alike.next(), alike.next()) {
        (None, _) => Ok(None),
        (Some((key, value)), None) if key == name => Ok(Some(value)),
        _ => Err(Malformed),
    }
}

/// Whether `key` is `name` to a reader that ignores case, by Unicode's simple folding: two letters fold to ASCII.
fn folds_to(key: &str, name: &str) -> bool {
    let fold = |c: char| match c {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        c => c.to_ascii_lowercase(),
    };
    key.chars().map(fold).eq(name.chars().map(fold))
}

#[cfg(test)]
mod tests;
