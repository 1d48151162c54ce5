//! The prompt: a weather briefing.

use rmcp::{
    ErrorData,
    handler::server::wrapper::Parameters,
    model::{PromptMessage, Role},
    prompt, prompt_router,
};
use schemars::JsonSchema;
use serde::Deserialize;

use super::Tools;
use crate::server::weather::Area;

#[derive(Debug, Deserialize, JsonSchema)]
struct Briefing {
    /// Two-letter code of a US state or territory, such as CA.
    state: String,
}

#[prompt_router(router = "briefing_router", vis = "pub(super)")]
impl Tools {
    #[prompt(
        title = "Weather briefing",
        description = "Asks for a short briefing on the weather alerts of a US state."
    )]
    async fn weather_briefing(
        &self,
        Parameters(Briefing { state }): Parameters<Briefing>,
    ) -> Result<Vec<PromptMessage>, ErrorData> {
        let area = Area::parse(&state).ok_or_else(|| {
            ErrorData::invalid_params("`state` must be the two-letter code of a US state or territory", None)
        })?;
        let (code, name) = (area.code(), area.name());
        Ok(vec![PromptMessage::new_text(
            Role::User,
            format!(
                "Call get_alerts for {code} and brief me on the weather in {name}: what is in force, how severe it is, \
                 and what I should do. Keep it under 150 words."
            ),
        )])
    }
}
