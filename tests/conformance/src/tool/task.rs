//! Tools that become tasks: their call is answered at once with a handle, and the client asks how it goes.

use std::time::Duration;

use rmcp::{
    ErrorData,
    model::{CallToolResponse, CallToolResult, ClientCapabilities, ContentBlock, CreateTaskResult, Tool},
    task_manager::{TaskContext, TaskExit, TaskFuture, TaskOptions},
};
use serde_json::{Value, json};

use super::{Call, input_required::asking, plain, said, with};
use crate::{
    ask::{self, answered},
    everything::Shared,
};

pub(super) fn tools() -> Vec<Tool> {
    let duration = json!({ "seconds": { "type": "number" }, "label": { "type": "string" } });
    vec![
        with("slow_compute", "Takes the seconds that it is told.", duration, &[]),
        plain("failing_job", "Fails, as a task only."),
        plain("protocol_error_job", "Ends in an error of the protocol."),
        with("confirm_delete", "Asks before it acts.", json!({ "filename": { "type": "string" } }), &["filename"]),
        plain("multi_input", "Asks for two things at once."),
        plain("test_tool_with_task", "Asks first, then becomes a task."),
    ]
}

/// A response, or `None` if the tool is none of these.
pub(super) async fn call(name: &str, call: &Call, shared: &Shared) -> Result<Option<CallToolResponse>, ErrorData> {
    let can = call.context.client_capabilities().is_some_and(|can| can.supports_tasks());
    let response = match name {
        "slow_compute" => {
            let seconds = call.arguments.get("seconds").and_then(Value::as_f64).unwrap_or_default();
            let duration = Duration::try_from_secs_f64(seconds).unwrap_or_default();
            if can {
                started(shared, move |task| Box::pin(compute(task, duration)))
            } else {
                tokio::time::sleep(duration).await;
                said(COMPUTED).into()
            }
        }
        "test_tool_with_task" => {
            needs_tasks(can)?;
            match answered(&call.answers, "user_name", "name").map(str::to_owned) {
                Some(name) => started(shared, |_| Box::pin(async move { Ok(said(format!("Made for {name}."))) })),
                None => asking([ask::text("What is your name?", "name").named("user_name")?], None),
            }
        }
        "failing_job" => {
            needs_tasks(can)?;
            let failed = CallToolResult::error(vec![ContentBlock::text("It could not be done.")]);
            started(shared, |_| Box::pin(async { Ok(failed) }))
        }
        "protocol_error_job" => {
            needs_tasks(can)?;
            let error = ErrorData::internal_error("it broke", None);
            started(shared, |_| Box::pin(async { Err(TaskExit::Error(error)) }))
        }
        "confirm_delete" => {
            needs_tasks(can)?;
            let question = format!("Delete {}?", call.argument("filename")?);
            started(shared, move |task| Box::pin(confirm(task, question)))
        }
        "multi_input" => {
            needs_tasks(can)?;
            started(shared, |task| Box::pin(ask_twice(task)))
        }
        _ => return Ok(None),
    };
    Ok(Some(response))
}

fn needs_tasks(can: bool) -> Result<(), ErrorData> {
    if can {
        return Ok(());
    }
    let needed = ClientCapabilities::builder().enable_tasks().build();
    Err(ErrorData::missing_required_client_capability(needed))
}

fn started(shared: &Shared, work: impl FnOnce(TaskContext) -> TaskFuture) -> CallToolResponse {
    let options = TaskOptions::new().with_poll_interval_ms(100);
    CreateTaskResult::new(shared.tasks.spawn(options, work)).into()
}

async fn compute(task: TaskContext, duration: Duration) -> Result<CallToolResult, TaskExit> {
    tokio::select! {
        () = task.cancelled() => Err(TaskExit::Cancelled),
        () = tokio::time::sleep(duration) => Ok(said(COMPUTED)),
    }
}

async fn confirm(task: TaskContext, question: String) -> Result<CallToolResult, TaskExit> {
    let answer = task.request_input("confirm", ask::confirmation(&question, "confirm").input()?).await?;
    let confirmed = answer["content"]["confirm"] == true;
    Ok(said(if confirmed { "Deleted." } else { "Kept." }))
}

async fn ask_twice(task: TaskContext) -> Result<CallToolResult, TaskExit> {
    let (first, second) = (ask::text("Who is it for?", "name").input()?, ask::text("Who is it from?", "name").input()?);
    let (first, second) = tokio::join!(task.request_input("to", first), task.request_input("from", second));
    Ok(said(format!("To {}, from {}.", first?["content"]["name"], second?["content"]["name"])))
}

const COMPUTED: &str = "The answer is 42.";
