//! The form of a page, read as a browser without scripts does.

use std::collections::HashMap;

use html5gum::{Token, Tokenizer};
use reqwest::Url;

/// The first form of a page.
#[derive(Debug, Clone)]
pub struct Form {
    /// Where it is sent.
    pub action: Url,
    /// Names and values of its fields, in order; what the user types is added or replaced with [`Form::fill`].
    pub fields: Vec<(String, String)>,
    /// Names and values of its buttons.
    pub buttons: Vec<(String, String)>,
}

impl Form {
    /// Reads it from the page at `url`.
    pub fn read(url: &Url, html: &str) -> Option<Self> {
        let mut form = None;
        for token in Tokenizer::new(html).flatten() {
            match token {
                Token::StartTag(tag) => {
                    let attributes: HashMap<String, String> =
                        tag.attributes.iter().map(|(name, value)| (text(name), text(value))).collect();
                    match (tag.name.as_slice(), &mut form) {
                        (b"form", None) => form = Some(Self::start(url, &attributes)?),
                        (b"input" | b"button", Some(form)) => form.add(&tag.name, &attributes),
                        _ => {}
                    }
                }
                Token::EndTag(tag) if tag.name.as_slice() == b"form" => break,
                _ => {}
            }
        }
        form
    }

    /// Types `value` into the field `name`.
    #[must_use]
    pub fn fill(mut self, name: &str, value: &str) -> Self {
        match self.fields.iter_mut().find(|(field, _)| field == name) {
            Some((_, field)) => value.clone_into(field),
            None => self.fields.push((name.to_owned(), value.to_owned())),
        }
        self
    }

    /// The value of the field `name`.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// Whether there is such a button.
    pub fn has_button(&self, name: &str, value: &str) -> bool {
        self.buttons.iter().any(|(button, text)| (&**button, &**text) == (name, value))
    }

    fn start(url: &Url, attributes: &HashMap<String, String>) -> Option<Self> {
        let action = match attributes.get("action") {
            Some(action) => url.join(action).ok()?,
            None => url.clone(),
        };
        Some(Self { action, fields: Vec::new(), buttons: Vec::new() })
    }

    fn add(&mut self, tag: &[u8], attributes: &HashMap<String, String>) {
        let value = attributes.get("value").cloned().unwrap_or_default();
        let Some(name) = attributes.get("name").cloned() else { return };
        match attributes.get("type").map(String::as_str) {
            _ if tag == b"button" => self.buttons.push((name, value)),
            Some("submit") => self.buttons.push((name, value)),
            // It is sent only when it is ticked, for which there is `fill`.
            Some("checkbox") if !attributes.contains_key("checked") => {}
            _ => self.fields.push((name, value)),
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
