//! Tools that ask back by their result, as of 2026-07-28: the client calls again with the answers.

use rmcp::{
    ErrorData,
    model::{CallToolResponse, ClientCapabilities, InputRequest, InputRequiredResult, Tool},
};

use super::{Call, plain, said};
use crate::{
    ask::{self, accepted, answered},
    everything::Shared,
};

pub(super) fn tools() -> Vec<Tool> {
    vec![
        plain("test_missing_capability", "Needs a client with a model."),
        plain("test_streaming_elicitation", "Asks the user by its result, never on its stream."),
        plain("test_input_required_result_elicitation", "Asks the user's name."),
        plain("test_input_required_result_sampling", "Asks the client's model."),
        plain("test_input_required_result_list_roots", "Asks for the client's roots."),
        plain("test_input_required_result_request_state", "Asks, and has the client carry a state."),
        plain("test_input_required_result_multiple_inputs", "Asks for three things at once."),
        plain("test_input_required_result_multi_round", "Asks twice."),
        plain("test_input_required_result_tampered_state", "Refuses a state that was changed."),
        plain("test_input_required_result_capabilities", "Asks for what the client can give."),
    ]
}

/// A response, or `None` if the tool is none of these.
pub(super) fn call(name: &str, call: &Call, shared: &Shared) -> Result<Option<CallToolResponse>, ErrorData> {
    let answers = &call.answers;
    let response = match name {
        "test_missing_capability" => {
            if capabilities(call).sampling.is_none() {
                let needed = ClientCapabilities::builder().enable_sampling().build();
                return Err(ErrorData::missing_required_client_capability(needed));
            }
            said("The client has a model.").into()
        }
        "test_streaming_elicitation" | "test_input_required_result_elicitation" => {
            match answered(answers, "user_name", "name") {
                Some(name) => said(format!("Good day, {name}.")).into(),
                None => asking([ask::text("What is your name?", "name").named("user_name")?], None),
            }
        }
        "test_input_required_result_sampling" => match answers.get("capital_question") {
            Some(answer) => said(format!("The model says: {}", answer["content"]["text"])).into(),
            None => asking([ask::model("What is the capital of France?").named("capital_question")?], None),
        },
        "test_input_required_result_list_roots" => match answers.get("client_roots") {
            Some(answer) => said(format!("The roots are {}", answer["roots"])).into(),
            None => asking([ask::roots().named("client_roots")?], None),
        },
        "test_input_required_result_request_state" | "test_input_required_result_tampered_state" => {
            let carried = carried(call, shared)?;
            match (carried.as_deref(), accepted(answers, "confirm")) {
                (Some("asked"), Some(_)) => said("state-ok: it came back as it went.").into(),
                _ => asking([ask::confirmation("Go on?", "ok").named("confirm")?], Some(shared.states.seal("asked"))),
            }
        }
        "test_input_required_result_multiple_inputs" => {
            let carried = carried(call, shared)?;
            let all = ["user_name", "greeting", "client_roots"].iter().all(|key| answers.contains_key(*key));
            if carried.is_some() && all {
                said("All three are answered.").into()
            } else {
                let questions = [
                    ask::text("What is your name?", "name").named("user_name")?,
                    ask::model("Greet the user.").named("greeting")?,
                    ask::roots().named("client_roots")?,
                ];
                asking(questions, Some(shared.states.seal("asked")))
            }
        }
        "test_input_required_result_multi_round" => {
            let carried = carried(call, shared)?;
            let (name, color) = (answered(answers, "step1", "name"), answered(answers, "step2", "color"));
            match (carried.as_deref(), name, color) {
                (Some("step 2"), _, Some(color)) => said(format!("It shall be {color}.")).into(),
                (Some("step 1"), Some(_), _) | (Some("step 2"), ..) => {
                    let question = ask::text("Step 2: which colour do you like?", "color").named("step2")?;
                    asking([question], Some(shared.states.seal("step 2")))
                }
                _ => {
                    let question = ask::text("Step 1: what is your name?", "name").named("step1")?;
                    asking([question], Some(shared.states.seal("step 1")))
                }
            }
        }
        "test_input_required_result_capabilities" => {
            let can = capabilities(call);
            let mut questions = Vec::new();
            if can.elicitation.is_some() {
                questions.push(ask::text("What is your name?", "name").named("user_name")?);
            }
            if can.sampling.is_some() {
                questions.push(ask::model("Greet the user.").named("greeting")?);
            }
            if questions.is_empty() || questions.iter().all(|(key, _)| answers.contains_key(key)) {
                said("Nothing is open.").into()
            } else {
                asking(questions, None)
            }
        }
        _ => return Ok(None),
    };
    Ok(Some(response))
}

pub(super) fn asking(
    questions: impl IntoIterator<Item = (String, InputRequest)>,
    state: Option<String>,
) -> CallToolResponse {
    InputRequiredResult::new(Some(questions.into_iter().collect()), state).into()
}

fn carried(call: &Call, shared: &Shared) -> Result<Option<String>, ErrorData> {
    call.state.as_deref().map(|state| shared.states.open(state)).transpose()
}

fn capabilities(call: &Call) -> ClientCapabilities {
    call.context.client_capabilities().unwrap_or_default()
}
