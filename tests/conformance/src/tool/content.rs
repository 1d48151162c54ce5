//! Tools that answer at once, each with another kind of content.

use rmcp::model::{CallToolResult, ContentBlock, JsonObject, ResourceContents, Tool};
use serde_json::{Value, json};

use super::{Call, plain, said, with};
use crate::sample;

pub(super) fn tools() -> Vec<Tool> {
    vec![
        plain("test_simple_text", "Answers with a text."),
        plain("test_image_content", "Answers with a picture."),
        plain("test_audio_content", "Answers with a sound."),
        plain("test_embedded_resource", "Answers with a resource."),
        plain("test_multiple_content_types", "Answers with a text, a picture and a resource."),
        plain("test_error_handling", "Always fails."),
        Tool::new("json_schema_2020_12_tool", "Takes what only JSON Schema 2020-12 can describe.", rich_schema()),
        with(
            "test_custom_header",
            "Takes an argument that is also sent as a header.",
            json!({ "region": { "type": "string", "x-mcp-header": "Region" } }),
            &["region"],
        ),
        with("greet", "Greets.", json!({ "name": { "type": "string" } }), &["name"]),
    ]
}

pub(super) fn call(name: &str, call: &Call) -> Option<CallToolResult> {
    let picture = || ContentBlock::image(sample::PNG, "image/png");
    let resource = |uri: &str, mime_type: &str, text: &str| {
        ContentBlock::resource(ResourceContents::text(text, uri).with_mime_type(mime_type))
    };
    let argument = |name| call.arguments.get(name).and_then(Value::as_str).unwrap_or_default();
    let content = match name {
        "test_simple_text" => return Some(said("Nothing but text.")),
        "test_image_content" => vec![picture()],
        "test_audio_content" => vec![ContentBlock::audio(sample::WAV, "audio/wav")],
        "test_embedded_resource" => vec![resource("test://embedded-resource", "text/plain", "Inside of an answer.")],
        "test_multiple_content_types" => vec![
            ContentBlock::text("Of every kind one:"),
            picture(),
            resource("test://mixed-content-resource", "application/json", r#"{"kinds":3}"#),
        ],
        "test_error_handling" => return Some(CallToolResult::error(vec![ContentBlock::text("As it was asked to.")])),
        "json_schema_2020_12_tool" => return Some(said(Value::from(call.arguments.clone()).to_string())),
        "test_custom_header" => return Some(said(format!("In {}.", argument("region")))),
        "greet" => return Some(said(format!("Hello, {}!", argument("name")))),
        _ => return None,
    };
    Some(CallToolResult::success(content))
}

/// Somebody's address, and how to reach them.
fn rich_schema() -> JsonObject {
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": {
            "address": {
                "$anchor": "addressDef",
                "type": "object",
                "properties": { "street": { "type": "string" }, "city": { "type": "string" } },
            },
        },
        "properties": {
            "name": { "type": "string" },
            "address": { "$ref": "#/$defs/address" },
            "contactMethod": { "type": "string", "enum": ["phone", "email"] },
            "phone": { "type": "string" },
            "email": { "type": "string" },
        },
        "allOf": [{ "anyOf": [{ "required": ["phone"] }, { "required": ["email"] }] }],
        "if": { "properties": { "contactMethod": { "const": "phone" } }, "required": ["contactMethod"] },
        "then": { "required": ["phone"] },
        "else": { "required": ["email"] },
        "additionalProperties": false,
    });
    schema.as_object().cloned().unwrap_or_default()
}
