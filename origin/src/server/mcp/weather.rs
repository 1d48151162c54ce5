//! `get_alerts` and `get_forecast`.

use rmcp::{
    handler::server::wrapper::Parameters,
    model::{CallToolResult, ContentBlock},
    tool, tool_router,
};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Tools, context::LogContext};
use crate::server::weather::{Area, Point, WeatherError};

#[derive(Debug, Deserialize, JsonSchema)]
struct Alerts {
    /// Two-letter code of a US state or territory, such as CA.
    state: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Forecast {
    /// Degrees north, from -90 to 90.
    #[schemars(range(min = -90.0, max = 90.0))]
    latitude: f64,
    /// Degrees east, from -180 to 180.
    #[schemars(range(min = -180.0, max = 180.0))]
    longitude: f64,
}

#[tool_router(router = weather_router, vis = "pub(super)")]
impl Tools {
    #[tool(
        title = "Weather alerts",
        description = "Lists the weather alerts in force in a US state or territory.",
        annotations(read_only_hint = true, open_world_hint = true)
    )]
    async fn get_alerts(&self, Parameters(Alerts { state }): Parameters<Alerts>, log: LogContext) -> CallToolResult {
        match Area::parse(&state) {
            Some(area) => result(self.weather.alerts(area).await, "get_alerts", &log),
            None => error("`state` must be the two-letter code of a US state or territory, such as CA."),
        }
    }

    #[tool(
        title = "Weather forecast",
        description = "Gives the weather forecast for a point in the United States.",
        annotations(read_only_hint = true, open_world_hint = true)
    )]
    async fn get_forecast(
        &self,
        Parameters(Forecast { latitude, longitude }): Parameters<Forecast>,
        log: LogContext,
    ) -> CallToolResult {
        match Point::new(latitude, longitude) {
            Some(point) => result(self.weather.forecast(point).await, "get_forecast", &log),
            None => error("`latitude` must be between -90 and 90, `longitude` between -180 and 180."),
        }
    }
}

fn result(outcome: Result<String, WeatherError>, tool: &'static str, log: &LogContext) -> CallToolResult {
    match outcome {
        Ok(text) => CallToolResult::success(vec![ContentBlock::text(text)]),
        Err(reason) => {
            tracing::warn!(tool, trace_id = log.trace_id, subject = log.subject, ?reason, "tool failed");
            error(&reason.to_string())
        }
    }
}

fn error(text: &str) -> CallToolResult {
    CallToolResult::error(vec![ContentBlock::text(text)])
}
