//! The MCP server: which tools, resources and prompts there are. A file per kind does the work.

mod context;
mod count;
mod prompt;
mod resource;
mod weather;
mod whoami;

use std::sync::Arc;

use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    handler::server::{
        router::{prompt::PromptRouter, tool::ToolRouter},
        tool::ToolCallContext,
    },
    model::{
        CallToolRequestParams, CallToolResponse, Implementation, JsonObject, ListResourceTemplatesResult,
        ListResourcesResult, PaginatedRequestParams, ReadResourceRequestParams, ReadResourceResponse,
        ServerCapabilities, ServerConfig,
    },
    prompt_handler,
    service::RequestContext,
    tool_handler,
};
use schemars::{
    Schema,
    transform::{RestrictFormats, Transform as _},
};

use super::{metrics::Metrics, weather::Weather};

/// What MCP clients talk to. Cloned for each session, and for each request of clients without sessions; holds nothing
/// of either.
#[derive(Clone)]
pub(crate) struct Tools {
    weather: Weather,
    metrics: Metrics,
    tool_router: ToolRouter<Self>,
    prompt_router: PromptRouter<Self>,
}

impl Tools {
    pub(crate) fn new(weather: Weather, metrics: Metrics) -> Self {
        let mut tool_router = Self::whoami_router() + Self::weather_router() + Self::count_router();
        for route in tool_router.map.values_mut() {
            let tool = &mut route.attr;
            tool.input_schema = with_known_formats(&tool.input_schema);
            tool.output_schema = tool.output_schema.as_ref().map(with_known_formats);
        }
        Self { weather, metrics, tool_router, prompt_router: Self::briefing_router() }
    }
}

/// Without the formats that schemars makes of Rust's number types, such as `uint64`: JSON Schema does not know them, and
/// clients warn about them.
fn with_known_formats(schema: &Arc<JsonObject>) -> Arc<JsonObject> {
    let mut schema = Schema::from(JsonObject::clone(schema));
    RestrictFormats::default().transform(&mut schema);
    schema.as_object().cloned().map_or_else(Arc::default, Arc::new)
}

#[tool_handler(router = self.tool_router)]
#[prompt_handler(router = self.prompt_router)]
impl ServerHandler for Tools {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder().enable_tools().enable_resources().enable_prompts().build();
        let mut info = ServerConfig::new(capabilities);
        info.server_info = Implementation::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
        info.instructions = Some(
            "Weather alerts and forecasts of the US National Weather Service, and who the server thinks you are."
                .to_owned(),
        );
        info
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let measured = self.metrics.tool_call(self.tool_router.get(&request.name).map(|tool| &tool.name));
        let cancelled = context.ct.clone();
        let result = self.tool_router.call(ToolCallContext::new(self, request, context)).await;
        // A call that was cancelled stays one, whatever the tool made of it.
        if !cancelled.is_cancelled() {
            measured.ended(&result);
        }
        result
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        Ok(resource::list())
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        Ok(resource::templates())
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        Ok(resource::read(&self.weather, &request.uri).await?.into())
    }
}
