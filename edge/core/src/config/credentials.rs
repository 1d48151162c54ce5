//! Credentials that MCP servers demand, among the settings.

use edgeward_identity::names::RESERVED_HEADER_PREFIX;

use super::{
    entry::{self, members},
    origin::Credentials,
    resource::ProtectedResource,
};
use crate::secret::Secret;

/// The most header fields for one server, and the most bytes in one.
const MOST: usize = 4;
const MAX_BYTES: usize = 4096;

/// Fields that the client's request needs as they are, or that say how it travels. `Authorization` is not among them: the client's
/// is for the edge, and is removed.
const NOT_CREDENTIALS: [&str; 32] = [
    "accept",
    "accept-encoding",
    "accept-language",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "last-event-id",
    "origin",
    "proxy-authorization",
    "proxy-connection",
    "range",
    "referer",
    "te",
    "traceparent",
    "tracestate",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-url",
    "x-rewrite-url",
];

/// Gives each resource the credentials that `text` has for its path: a JSON object, path → header name → value. No error quotes a
/// value.
pub(super) fn give(text: &str, resources: &mut [ProtectedResource]) -> Result<(), String> {
    let json = entry::json(text)?;
    for (path, fields) in members(&json)? {
        let resource = resources.iter_mut().find(|resource| resource.path == *path);
        let resource = resource.ok_or_else(|| format!("names {path:?}, which is the path of no resource"))?;
        let mut credentials: Vec<(String, Secret<String>)> = Vec::new();
        for (name, value) in members(fields)? {
            let shown = name;
            let wrong = |what: &str| format!("has for {path:?} the header {shown:?}, {what}");
            // Less than HTTP allows, and all that anybody uses.
            if name.is_empty() || !name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-') {
                return Err(wrong("which is not a name of letters, digits and `-`"));
            }
            let lower = name.to_ascii_lowercase();
            let name = lower.as_str();
            if NOT_CREDENTIALS.contains(&name) || name.starts_with(RESERVED_HEADER_PREFIX) || name.starts_with("mcp-") {
                return Err(wrong("which the edge or the client sets"));
            }
            if credentials.iter().any(|(other, _)| other == name) {
                return Err(wrong("twice"));
            }
            let value = value.text().filter(|value| is_credential(value));
            let value = value.ok_or_else(|| {
                wrong("whose value is not 1 to 4096 visible ASCII characters, with spaces between them at most")
            })?;
            credentials.push((lower, Secret::new(value.to_owned())));
        }
        if credentials.len() > MOST {
            return Err(format!("has more than {MOST} headers for {path:?}"));
        }
        resource.origin.credentials = Credentials::new(credentials);
    }
    Ok(())
}

fn is_credential(value: &str) -> bool {
    let is_plain = value.bytes().all(|c| c == b' ' || c.is_ascii_graphic());
    is_plain && !value.is_empty() && value.trim() == value && value.len() <= MAX_BYTES
}
