//! The tools: what each is called and takes, and the modules that do the work.

mod content;
mod input_required;
mod on_stream;
mod task;

use rmcp::{
    ErrorData, RoleServer,
    model::{CallToolResponse, CallToolResult, ContentBlock, InputResponses, JsonObject, LoggingLevel, Tool},
    service::RequestContext,
};
use serde_json::{Value, json};

use crate::{changes::Change, everything::Shared};

/// One call.
pub(crate) struct Call {
    pub(crate) arguments: JsonObject,
    /// What the client has answered to an earlier result that required input.
    pub(crate) answers: InputResponses,
    /// What that result gave it to carry.
    pub(crate) state: Option<String>,
    /// From which level on the client wants to be told of logs, if it does.
    pub(crate) level: Option<LoggingLevel>,
    pub(crate) context: RequestContext<RoleServer>,
}

/// All of them. The first takes no arguments: a scenario calls it to see whether it is let through.
pub(crate) fn all() -> Vec<Tool> {
    [content::tools(), on_stream::tools(), input_required::tools(), task::tools(), changing()].concat()
}

pub(crate) async fn call(name: &str, call: Call, shared: &Shared) -> Result<CallToolResponse, ErrorData> {
    match name {
        "test_trigger_tool_change" => shared.changes.tell(Change::Tools),
        "test_trigger_prompt_change" => shared.changes.tell(Change::Prompts),
        _ => {
            if let Some(result) = content::call(name, &call) {
                return Ok(result.into());
            }
            if let Some(response) = input_required::call(name, &call, shared)? {
                return Ok(response);
            }
            if let Some(response) = task::call(name, &call, shared).await? {
                return Ok(response);
            }
            return on_stream::call(name, &call).await.map(CallToolResponse::from);
        }
    }
    Ok(said("Told.").into())
}

fn changing() -> Vec<Tool> {
    vec![
        plain("test_trigger_tool_change", "Tells listeners that the list of tools has changed."),
        plain("test_trigger_prompt_change", "Tells listeners that the list of prompts has changed."),
    ]
}

fn said(text: impl Into<String>) -> CallToolResult {
    CallToolResult::success(vec![ContentBlock::text(text)])
}

/// A tool without arguments.
fn plain(name: &'static str, description: &'static str) -> Tool {
    with(name, description, json!({}), &[])
}

fn with(name: &'static str, description: &'static str, properties: Value, required: &[&str]) -> Tool {
    let mut schema = JsonObject::new();
    schema.insert("type".to_owned(), "object".into());
    schema.insert("properties".to_owned(), properties);
    if !required.is_empty() {
        schema.insert("required".to_owned(), required.into());
    }
    Tool::new(name, description, schema)
}

impl Call {
    fn argument(&self, name: &str) -> Result<&str, ErrorData> {
        let value = self.arguments.get(name).and_then(Value::as_str);
        value.ok_or_else(|| ErrorData::invalid_params(format!("{name} is missing"), None))
    }
}
