//! An MCP server behind an Edgeward edge: it knows who is calling, and lets only editors publish.

use std::{env, error::Error, process};

use axum::{Router, http::request::Parts};
use edgeward_origin::{Caller, Keys, RequireIdentity, Verifier};
use rmcp::{
    ServerHandler,
    handler::server::{common::Extension, wrapper::Parameters},
    tool, tool_handler, tool_router,
    transport::streamable_http_server::{
        StreamableHttpServerConfig, StreamableHttpService, session::local::LocalSessionManager,
    },
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpListener;

#[derive(Clone)]
struct Notes;

#[derive(Deserialize, JsonSchema)]
struct Note {
    title: String,
}

#[tool_router]
impl Notes {
    #[tool(description = "Says who is calling.")]
    async fn whoami(&self, Extension(request): Extension<Parts>) -> Result<String, String> {
        let caller = caller(&request)?;
        let said = json!({
            "username": caller.username,
            "email": caller.email,
            "groups": caller.groups,
            "scopes": caller.scopes,
            "client_id": caller.client_id,
        });
        Ok(said.to_string())
    }

    #[tool(description = "Publishes a note. Only editors may do this.")]
    async fn publish(
        &self,
        Parameters(Note { title }): Parameters<Note>,
        Extension(request): Extension<Parts>,
    ) -> Result<String, String> {
        let caller = caller(&request)?;
        if !caller.groups.iter().any(|group| group == "editors") {
            return Err("only members of the group editors may publish".into());
        }
        Ok(format!("{} published '{title}'", caller.username.as_deref().unwrap_or_default()))
    }
}

#[tool_handler]
impl ServerHandler for Notes {}

fn caller(request: &Parts) -> Result<&Caller, String> {
    request.extensions.get().ok_or_else(|| "no verified caller: the layer RequireIdentity is missing".into())
}

fn setting(name: &str, meaning: &str) -> String {
    env::var(name).ok().filter(|value| !value.is_empty()).unwrap_or_else(|| {
        eprintln!("set {name} to {meaning}");
        process::exit(2)
    })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let issuer = setting("EDGEWARD_ISSUER", "the edge's public URL, such as https://mcp.example.com");
    let audience = setting("EDGEWARD_AUDIENCE", "the origin-url of edgeward.toml: this server as the edge reaches it");
    let keys = Keys::fetched(format!("{issuer}/.well-known/jwks.json").parse()?)?;

    // Every request comes from the edge, so the values of Host need no list.
    let config = StreamableHttpServerConfig::default().disable_allowed_hosts();
    let mcp = StreamableHttpService::new(|| Ok(Notes), LocalSessionManager::default().into(), config);
    let app = Router::new()
        .route_service("/mcp", mcp)
        .route_layer(RequireIdentity::new(Verifier::new(&issuer, &audience), keys));
    let port = env::var("PORT").map_or(Ok(8080), |port| port.parse())?;
    axum::serve(TcpListener::bind(("127.0.0.1", port)).await?, app).await?;
    Ok(())
}
