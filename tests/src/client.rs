//! The MCP client: rmcp's own, with its own OAuth, in both protocol eras.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result, bail};
use reqwest::{Url, redirect::Policy};
use rmcp::{
    ClientHandler, ClientLifecycleMode, ClientServiceExt as _, RoleClient,
    model::{CallToolRequestParams, CallToolResult, ProtocolVersion},
    service::RunningService,
    transport::{
        StreamableHttpClientTransport,
        auth::{
            AuthClient, AuthorizationRequest, OAuthHttpClient, OAuthHttpClientError, OAuthHttpClientFuture,
            OAuthHttpRequest, OAuthState,
        },
        streamable_http_client::StreamableHttpClientTransportConfig,
    },
};
use serde_json::{Value, json};

use crate::browser::{Browser, User};

/// The client's address for answers. Nobody listens there: the browser stops in front of it.
pub const REDIRECT_URI: &str = "http://127.0.0.1:33418/callback";

/// The eras of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Era {
    /// 2025-11-25: `initialize`, sessions.
    Legacy,
    /// 2026-07-28: every request stands alone.
    Modern,
}

/// Both.
pub const ERAS: [Era; 2] = [Era::Legacy, Era::Modern];

/// A connection to an MCP server.
pub type Connection<H = ()> = RunningService<RoleClient, H>;

/// An OAuth request that the client made.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The method.
    pub method: String,
    /// The path.
    pub path: String,
    /// The status of the answer.
    pub status: u16,
    /// Its body.
    pub body: String,
}

/// What passes between the client's OAuth and the edge.
#[derive(Debug, Clone)]
pub struct Wire {
    http: reqwest::Client,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Wire {
    /// A new one.
    ///
    /// # Errors
    /// When the HTTP client cannot be made.
    pub fn new() -> Result<Self> {
        let http = reqwest::Client::builder().no_proxy().redirect(Policy::none()).build()?;
        Ok(Self { http, asked: Arc::default() })
    }

    /// The requests since it was last asked.
    pub fn take(&self) -> Vec<Asked> {
        std::mem::take(&mut self.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn run(&self, request: OAuthHttpRequest) -> Result<http::Response<Vec<u8>>, OAuthHttpClientError> {
        // No redirect is followed, whatever the policy: an endpoint for machines that sends one is a fault to be seen.
        let (method, path) = (request.request.method().to_string(), request.request.uri().path().to_owned());
        let answer = self.http.execute(request.request.try_into()?).await?;
        let mut response = http::Response::builder().status(answer.status());
        for (name, value) in answer.headers() {
            response = response.header(name, value);
        }
        let status = answer.status().as_u16();
        let body = answer.bytes().await?.to_vec();
        let asked = Asked { method, path, status, body: String::from_utf8_lossy(&body).into_owned() };
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(asked);
        Ok(response.body(body)?)
    }
}

impl OAuthHttpClient for Wire {
    fn execute(&self, request: OAuthHttpRequest) -> OAuthHttpClientFuture<'_> {
        Box::pin(self.run(request))
    }
}

/// A client on its way to a token.
pub struct SigningIn {
    state: OAuthState,
    mcp: Url,
    /// Its OAuth requests.
    pub wire: Wire,
}

/// A client that has tokens.
#[derive(Clone)]
pub struct SignedIn {
    auth: AuthClient<reqwest::Client>,
    mcp: Url,
    /// Its OAuth requests.
    pub wire: Wire,
}

/// Asks the resource without a token; gives the challenge of the refusal.
///
/// # Errors
/// When the resource does not refuse, or gives no challenge.
pub async fn challenge(mcp: &Url) -> Result<String> {
    let http = reqwest::Client::builder().no_proxy().build()?;
    let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {} });
    let request = http.post(mcp.clone()).header("accept", "application/json, text/event-stream").json(&message);
    let answer = request.send().await?;
    if answer.status() != 401 {
        bail!("{mcp} answered {} instead of 401 to a request without a token", answer.status());
    }
    let challenge = answer.headers().get("www-authenticate").and_then(|value| value.to_str().ok());
    Ok(challenge.context("a 401 without WWW-Authenticate")?.to_owned())
}

impl SigningIn {
    /// Discovers the authorization server from a challenge and registers.
    ///
    /// # Errors
    /// When rmcp's client finds something wrong.
    pub async fn start(mcp: &Url, challenge: &str, name: &str) -> Result<Self> {
        Self::at(REDIRECT_URI, mcp, challenge, name).await
    }

    /// As [`SigningIn::start`], with another address for answers.
    ///
    /// # Errors
    /// When rmcp's client finds something wrong.
    pub async fn at(redirect_uri: &str, mcp: &Url, challenge: &str, name: &str) -> Result<Self> {
        let request = AuthorizationRequest::new(redirect_uri).with_client_name(name);
        Self::start_with(mcp, request.with_challenge(challenge)).await
    }

    /// As [`SigningIn::start`], for a client with its metadata at a URL: it registers only where it must.
    ///
    /// # Errors
    /// When rmcp's client finds something wrong.
    pub async fn start_described(mcp: &Url, challenge: &str, document: &str) -> Result<Self> {
        let request = AuthorizationRequest::new(REDIRECT_URI).with_client_metadata_url(document);
        Self::start_with(mcp, request.with_challenge(challenge)).await
    }

    async fn start_with(mcp: &Url, request: AuthorizationRequest) -> Result<Self> {
        let wire = Wire::new()?;
        let mut state = OAuthState::new_with_oauth_http_client(mcp.clone(), Arc::new(wire.clone())).await?;
        state.start_authorization(request).await?;
        Ok(Self { state, mcp: mcp.clone(), wire })
    }

    /// What the browser is to open.
    ///
    /// # Errors
    /// When it is no URL.
    pub async fn authorization_url(&self) -> Result<Url> {
        Ok(self.state.get_authorization_url().await?.parse()?)
    }

    /// Takes the browser's return and gets tokens.
    ///
    /// # Errors
    /// When rmcp's client finds something wrong.
    pub async fn finish(mut self, callback: &Url) -> Result<SignedIn> {
        self.state.handle_callback_url(callback.as_str()).await?;
        let manager = self.state.into_authorization_manager().context("rmcp's client is not authorized")?;
        let http = reqwest::Client::builder().no_proxy().build()?;
        Ok(SignedIn { auth: AuthClient::new(http, manager), mcp: self.mcp, wire: self.wire })
    }
}

impl SignedIn {
    /// Does all of it with a browser.
    ///
    /// # Errors
    /// When anything on the way is not as it should be.
    pub async fn with(browser: &mut Browser, mcp: &Url, user: User<'_>) -> Result<Self> {
        let signing_in = SigningIn::start(mcp, &challenge(mcp).await?, "Edgeward tests").await?;
        let authorization = signing_in.authorization_url().await?;
        let callback = browser.sign_in(&authorization, &REDIRECT_URI.parse()?, user).await?;
        signing_in.finish(&callback).await
    }

    /// Connects to the MCP server.
    ///
    /// # Errors
    /// When it cannot, or the server speaks another era.
    pub async fn connect(&self, era: Era) -> Result<Connection> {
        self.connect_with((), era).await
    }

    /// Connects to the MCP server, with a handler of notifications.
    ///
    /// # Errors
    /// When it cannot, or the server speaks another era.
    pub async fn connect_with<H: ClientHandler>(&self, handler: H, era: Era) -> Result<Connection<H>> {
        let config = StreamableHttpClientTransportConfig::with_uri(self.mcp.as_str());
        let transport = StreamableHttpClientTransport::with_client(self.auth.clone(), config);
        let lifecycle = match era {
            Era::Legacy => ClientLifecycleMode::Initialize,
            Era::Modern => ClientLifecycleMode::Discover { preferred_versions: vec![ProtocolVersion::V_2026_07_28] },
        };
        let connection = handler.serve_with_lifecycle(transport, lifecycle).await?;
        let version = connection.peer_info().context("the server says nothing about itself")?.protocol_version.clone();
        if (version == ProtocolVersion::V_2026_07_28) != (era == Era::Modern) {
            bail!("the server speaks {version:?}");
        }
        Ok(connection)
    }

    /// The access token.
    ///
    /// # Errors
    /// When there is none.
    pub async fn access_token(&self) -> Result<String> {
        Ok(self.auth.get_access_token().await?)
    }

    /// Gets new tokens with the refresh token; gives the answer of the token endpoint.
    ///
    /// # Errors
    /// When the edge refuses.
    pub async fn refresh(&self) -> Result<Value> {
        let answer = self.auth.auth_manager.lock().await.refresh_token().await?;
        Ok(serde_json::to_value(answer)?)
    }
}

/// Calls a tool.
///
/// # Errors
/// When the call fails, or the tool says that it failed.
pub async fn call<H: ClientHandler>(
    connection: &Connection<H>,
    tool: &str,
    arguments: Value,
) -> Result<CallToolResult> {
    let arguments = arguments.as_object().cloned().unwrap_or_default();
    let result = connection.call_tool(CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments)).await?;
    if result.is_error == Some(true) {
        bail!("{tool} failed: {}", text(&result));
    }
    Ok(result)
}

/// The text of a tool's answer.
pub fn text(result: &CallToolResult) -> String {
    result.content.iter().filter_map(|block| block.as_text().map(|text| text.text.as_str())).collect()
}
