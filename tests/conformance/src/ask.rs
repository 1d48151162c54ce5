//! What a server may ask its client for: a question to the user, a completion by its model, its roots.

use rmcp::{
    ErrorData,
    model::{InputRequest, InputResponses, ServerRequest},
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// A request to the client, not yet in either era's form.
#[derive(Debug, Clone)]
pub(crate) struct Question(Value);

impl Question {
    /// For a result that requires input.
    pub(crate) fn named(self, key: &str) -> Result<(String, InputRequest), ErrorData> {
        Ok((key.to_owned(), self.input()?))
    }

    pub(crate) fn input(self) -> Result<InputRequest, ErrorData> {
        typed(self.0)
    }

    /// For the stream of a request, as it was before 2026-07-28.
    pub(crate) fn request(self) -> Result<ServerRequest, ErrorData> {
        match typed(self.0)? {
            InputRequest::CreateMessage(request) => Ok(ServerRequest::CreateMessageRequest(request)),
            InputRequest::Elicitation(request) => Ok(ServerRequest::ElicitRequest(request)),
            InputRequest::ListRoots(request) => Ok(ServerRequest::ListRootsRequest(request)),
            other => Err(ErrorData::internal_error(format!("no such request: {other:?}"), None)),
        }
    }
}

fn typed<T: DeserializeOwned>(value: Value) -> Result<T, ErrorData> {
    serde_json::from_value(value).map_err(|error| ErrorData::internal_error(error.to_string(), None))
}

/// Asks the user for what a schema's properties say.
pub(crate) fn form(message: &str, properties: &Value, required: &[&str]) -> Question {
    let mut schema = json!({ "type": "object", "properties": properties });
    if !required.is_empty() {
        schema["required"] = required.into();
    }
    Question(json!({
        "method": "elicitation/create",
        "params": { "mode": "form", "message": message, "requestedSchema": schema },
    }))
}

/// Asks the user for one text.
pub(crate) fn text(message: &str, field: &str) -> Question {
    form(message, &json!({ field: { "type": "string" } }), &[field])
}

/// Asks the user for a yes.
pub(crate) fn confirmation(message: &str, field: &str) -> Question {
    form(message, &json!({ field: { "type": "boolean" } }), &[field])
}

/// Asks the client's model.
pub(crate) fn model(prompt: &str) -> Question {
    Question(json!({
        "method": "sampling/createMessage",
        "params": {
            "messages": [{ "role": "user", "content": { "type": "text", "text": prompt } }],
            "maxTokens": 100,
        },
    }))
}

/// Asks for the client's roots.
pub(crate) fn roots() -> Question {
    Question(json!({ "method": "roots/list" }))
}

/// The text that the user has filled in under `field` of the form called `key`.
pub(crate) fn answered<'a>(answers: &'a InputResponses, key: &str, field: &str) -> Option<&'a str> {
    accepted(answers, key)?[field].as_str()
}

/// What the user has filled in of the form called `key`.
pub(crate) fn accepted<'a>(answers: &'a InputResponses, key: &str) -> Option<&'a Value> {
    let answer = answers.get(key)?;
    (answer["action"] == "accept").then(|| &answer["content"]).filter(|content| content.is_object())
}
