//! Prompts: plain, with arguments, with a resource, with a picture, and one that asks back.

use rmcp::{
    ErrorData,
    model::{
        CompleteRequestParams, CompleteResult, CompletionInfo, ContentBlock, GetPromptRequestParams, GetPromptResponse,
        GetPromptResult, InputRequiredResult, ListPromptsResult, Prompt, PromptArgument, PromptMessage,
        ResourceContents, Role,
    },
};
use serde_json::json;

use crate::{ask, sample};

pub(crate) fn list() -> ListPromptsResult {
    let argument = |name: &str| PromptArgument::new(name).with_description("Any text.").with_required(true);
    let prompt = |name: &str, description: &str, arguments: Vec<PromptArgument>| {
        Prompt::new(name, Some(description), (!arguments.is_empty()).then_some(arguments))
    };
    ListPromptsResult::with_all_items(vec![
        prompt("test_simple_prompt", "Without arguments.", vec![]),
        prompt("test_prompt_with_arguments", "Repeats its arguments.", vec![argument("arg1"), argument("arg2")]),
        prompt("test_prompt_with_embedded_resource", "Holds a resource.", vec![argument("resourceUri")]),
        prompt("test_prompt_with_image", "Holds a picture.", vec![]),
        prompt("test_input_required_result_prompt", "Asks for its context first.", vec![]),
    ])
}

pub(crate) fn get(request: &GetPromptRequestParams) -> Result<GetPromptResponse, ErrorData> {
    let argument = |name: &str| {
        let value = request.arguments.as_ref().and_then(|arguments| arguments.get(name)?.as_str());
        value.ok_or_else(|| ErrorData::invalid_params(format!("{name} is missing"), None))
    };
    let text = |text: String| PromptMessage::new_text(Role::User, text);
    let messages = match request.name.as_str() {
        "test_simple_prompt" => vec![text("Say something simple.".to_owned())],
        "test_prompt_with_arguments" => {
            vec![text(format!("The first is {}, the second {}.", argument("arg1")?, argument("arg2")?))]
        }
        "test_prompt_with_embedded_resource" => {
            let resource = ResourceContents::text("What the prompt is about.", argument("resourceUri")?);
            let resource = ContentBlock::resource(resource.with_mime_type("text/plain"));
            vec![PromptMessage::new(Role::User, resource), text("Sum this resource up.".to_owned())]
        }
        "test_prompt_with_image" => {
            let picture = ContentBlock::image(sample::PNG, "image/png");
            vec![PromptMessage::new(Role::User, picture), text("Say what this shows.".to_owned())]
        }
        "test_input_required_result_prompt" => {
            let answers = request.input_responses.as_ref();
            let Some(context) = answers.and_then(|answers| ask::answered(answers, "user_context", "context")) else {
                let question = ask::text("What is it about?", "context");
                return Ok(InputRequiredResult::from_input_requests([question.named("user_context")?].into()).into());
            };
            vec![text(format!("In the context of {context}: go on."))]
        }
        name => {
            return Err(ErrorData::invalid_params("no such prompt", Some(json!({ "name": name }))));
        }
    };
    Ok(GetPromptResult::new(messages).into())
}

/// Words that an argument could be.
pub(crate) fn complete(request: &CompleteRequestParams) -> Result<CompleteResult, ErrorData> {
    let begun = request.argument.value.as_str();
    let words = ["test", "testing", "text", "tool"].into_iter().filter(|word| word.starts_with(begun));
    let info = CompletionInfo::with_all_values(words.map(str::to_owned).collect());
    Ok(CompleteResult::new(info.map_err(|error| ErrorData::internal_error(error, None))?))
}
