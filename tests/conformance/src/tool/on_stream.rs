//! Tools that send something before they answer, on the stream of the request: progress, logs, and questions to the
//! client as they were asked before 2026-07-28.

use std::time::Duration;

use rmcp::{
    ErrorData,
    model::{
        CallToolResult, ClientResult, ContentBlock, LoggingLevel, LoggingMessageNotification,
        LoggingMessageNotificationParam, ProgressNotificationParam, ServerNotification, Tool,
    },
};
use serde_json::json;

use super::{Call, plain, said, with};
use crate::ask::{self, Question};

const STEP: Duration = Duration::from_millis(50);

pub(super) fn tools() -> Vec<Tool> {
    vec![
        plain("test_tool_with_logging", "Logs while it works."),
        plain("test_logging_tool", "Logs while it works, for those who ask for it."),
        plain("test_tool_with_progress", "Tells how far it has come."),
        plain("test_reconnection", "Takes a moment."),
        with("test_sampling", "Asks the client's model.", json!({ "prompt": { "type": "string" } }), &["prompt"]),
        with("test_elicitation", "Asks the user.", json!({ "message": { "type": "string" } }), &["message"]),
        plain("test_elicitation_sep1034_defaults", "Asks the user, with an answer prepared for every field."),
        plain("test_elicitation_sep1330_enums", "Asks the user to choose, in every way there is."),
    ]
}

pub(super) async fn call(name: &str, call: &Call) -> Result<CallToolResult, ErrorData> {
    match name {
        "test_tool_with_logging" | "test_logging_tool" => {
            for stage in ["begun", "half way", "done"] {
                log(call, stage).await;
                tokio::time::sleep(STEP).await;
            }
            Ok(said("Logged."))
        }
        "test_tool_with_progress" => {
            for percent in [0.0, 50.0, 100.0] {
                tell_progress(call, percent).await;
                tokio::time::sleep(STEP).await;
            }
            Ok(said("Done."))
        }
        "test_reconnection" => {
            tokio::time::sleep(2 * STEP).await;
            Ok(said("Still here."))
        }
        "test_sampling" => ask(call, ask::model(call.argument("prompt")?)).await,
        "test_elicitation" => {
            let fields = json!({ "username": { "type": "string" }, "email": { "type": "string", "format": "email" } });
            ask(call, ask::form(call.argument("message")?, &fields, &["username", "email"])).await
        }
        "test_elicitation_sep1034_defaults" => ask(call, ask::form("Is this right?", &prepared(), &[])).await,
        "test_elicitation_sep1330_enums" => ask(call, ask::form("Which?", &choices(), &[])).await,
        name => Err(ErrorData::invalid_params("no such tool", Some(json!({ "name": name })))),
    }
}

/// Asks the client and answers with its answer.
async fn ask(call: &Call, question: Question) -> Result<CallToolResult, ErrorData> {
    match call.context.peer.send_request(question.request()?).await {
        Ok(answer) => Ok(said(format!("The client answered: {}", told(&answer)))),
        Err(error) => Ok(CallToolResult::error(vec![ContentBlock::text(error.to_string())])),
    }
}

fn told(answer: &ClientResult) -> String {
    serde_json::to_string(answer).unwrap_or_default()
}

async fn log(call: &Call, stage: &str) {
    let level = LoggingLevel::Info;
    if call.level.is_none_or(|wanted| severity(wanted) > severity(level)) {
        return;
    }
    let message = LoggingMessageNotification::new(LoggingMessageNotificationParam::new(level, stage.into()));
    // Whoever cannot be told any more is gone.
    let _ = call.context.peer.send_notification(ServerNotification::LoggingMessageNotification(message)).await;
}

/// The levels are declared from the least severe on.
fn severity(level: LoggingLevel) -> u8 {
    level as u8
}

async fn tell_progress(call: &Call, percent: f64) {
    if let Some(token) = call.context.meta.get_progress_token() {
        let progress = ProgressNotificationParam::new(token, percent).with_total(100.0);
        let _ = call.context.peer.notify_progress(progress).await;
    }
}

fn prepared() -> serde_json::Value {
    json!({
        "name": { "type": "string", "default": "John Doe" },
        "age": { "type": "integer", "default": 30 },
        "score": { "type": "number", "default": 95.5 },
        "status": { "type": "string", "enum": ["active", "inactive", "pending"], "default": "active" },
        "verified": { "type": "boolean", "default": true },
    })
}

fn choices() -> serde_json::Value {
    let names = ["option1", "option2", "option3"];
    let titled = json!([
        { "const": "value1", "title": "First" },
        { "const": "value2", "title": "Second" },
        { "const": "value3", "title": "Third" },
    ]);
    json!({
        "untitledSingle": { "type": "string", "enum": names },
        "titledSingle": { "type": "string", "oneOf": titled },
        "legacyEnum": { "type": "string", "enum": ["opt1", "opt2", "opt3"], "enumNames": ["One", "Two", "Three"] },
        "untitledMulti": { "type": "array", "items": { "type": "string", "enum": names } },
        "titledMulti": { "type": "array", "items": { "anyOf": titled } },
    })
}
