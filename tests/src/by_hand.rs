//! An OAuth client made by hand: every parameter can be changed, nothing is checked for it.

use anyhow::{Context as _, Result, bail};
use base64ct::{Base64UrlUnpadded, Encoding as _};
use http::{HeaderMap, StatusCode};
use reqwest::{Client, ClientBuilder, RequestBuilder, Url, redirect::Policy};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{
    browser::{self, Browser, User},
    client::REDIRECT_URI,
    stack::Stack,
};

/// A registered client with one authorization to ask for.
#[derive(Debug, Clone)]
pub struct HandMade {
    http: Client,
    issuer: String,
    /// The resource it wants to use.
    pub resource: String,
    /// Its id.
    pub client_id: String,
    /// Its PKCE verifier.
    pub verifier: String,
    /// Its `state`.
    pub state: String,
}

/// Parameters of a query or form: a good set, to be changed.
#[derive(Debug, Clone)]
pub struct Parameters(Vec<(String, String)>);

/// An answer that is JSON.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The document; null if it is none.
    pub body: Value,
}

impl Parameters {
    /// These.
    pub fn new<const COUNT: usize>(pairs: [(&str, &str); COUNT]) -> Self {
        Self(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into())
    }

    /// Sets or replaces one.
    #[must_use]
    pub fn with(self, name: &str, value: &str) -> Self {
        self.without(name).and(name, value)
    }

    /// Adds one, even if there is one of that name.
    #[must_use]
    pub fn and(mut self, name: &str, value: &str) -> Self {
        self.0.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Names and values, in order.
    pub fn pairs(&self) -> &[(String, String)] {
        &self.0
    }

    /// Leaves one out.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.0.retain(|(known, _)| known != name);
        self
    }
}

impl Answer {
    /// Sends a request.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn to(request: RequestBuilder) -> Result<Self> {
        let answer = request.send().await?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        Ok(Self { status, headers, body: answer.json().await.unwrap_or_default() })
    }

    /// A member that is text, or an empty one.
    pub fn text(&self, name: &str) -> &str {
        self.body[name].as_str().unwrap_or_default()
    }
}

impl HandMade {
    /// Registers as a public client.
    ///
    /// # Errors
    /// When it is not registered.
    pub async fn register(stack: &Stack) -> Result<Self> {
        let this = Self::named(stack, "")?;
        let answer = this.registration(&json!({ "client_name": "Hand made", "redirect_uris": [REDIRECT_URI] })).await?;
        if answer.status != StatusCode::CREATED {
            bail!("registration was answered with {}: {}", answer.status, answer.body);
        }
        Ok(Self { client_id: answer.text("client_id").to_owned(), ..this })
    }

    /// A client with this id, whether it is known or not.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn named(stack: &Stack, client_id: &str) -> Result<Self> {
        Ok(Self {
            http: http()?,
            issuer: stack.issuer().to_owned(),
            resource: stack.mcp().into(),
            client_id: client_id.to_owned(),
            verifier: random_text()?,
            state: random_text()?,
        })
    }

    /// The same client, which reaches the edge, or another one, at this base URL.
    #[must_use]
    pub fn at(self, base: &str) -> Self {
        Self { issuer: base.to_owned(), ..self }
    }

    /// The same client with another verifier and state, for another authorization.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn again(&self) -> Result<Self> {
        Ok(Self { verifier: random_text()?, state: random_text()?, ..self.clone() })
    }

    /// Registers with any metadata, as a public client unless they say otherwise.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn registration(&self, metadata: &Value) -> Result<Answer> {
        let mut metadata = metadata.clone();
        if metadata["token_endpoint_auth_method"].is_null() {
            metadata["token_endpoint_auth_method"] = "none".into();
        }
        Answer::to(self.http.post(format!("{}/register", self.issuer)).json(&metadata)).await
    }

    /// Parameters of an authorization request.
    pub fn authorization(&self) -> Parameters {
        Parameters::new([
            ("response_type", "code"),
            ("client_id", &self.client_id),
            ("redirect_uri", REDIRECT_URI),
            ("scope", "mcp"),
            ("state", &self.state),
            ("resource", &self.resource),
            ("code_challenge", &Base64UrlUnpadded::encode_string(&Sha256::digest(&self.verifier))),
            ("code_challenge_method", "S256"),
        ])
    }

    /// The URL of an authorization request.
    ///
    /// # Errors
    /// When it is none.
    pub fn authorization_url(&self, parameters: &Parameters) -> Result<Url> {
        Ok(Url::parse_with_params(&format!("{}/authorize", self.issuer), &parameters.0)?)
    }

    /// Parameters of a token request for a code.
    pub fn redemption(&self, code: &str) -> Parameters {
        Parameters::new([
            ("grant_type", "authorization_code"),
            ("client_id", &self.client_id),
            ("code", code),
            ("redirect_uri", REDIRECT_URI),
            ("code_verifier", &self.verifier),
            ("resource", &self.resource),
        ])
    }

    /// Parameters of a token request for a refresh token.
    pub fn refreshing(&self, refresh_token: &str) -> Parameters {
        Parameters::new([
            ("grant_type", "refresh_token"),
            ("client_id", &self.client_id),
            ("refresh_token", refresh_token),
            ("resource", &self.resource),
        ])
    }

    /// A token request.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn token(&self, parameters: &Parameters) -> Result<Answer> {
        Answer::to(self.token_request(parameters)).await
    }

    /// A token request with a client's id and secret in its header.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn token_with(&self, parameters: &Parameters, client_id: &str, secret: &str) -> Result<Answer> {
        Answer::to(self.token_request(parameters).basic_auth(client_id, Some(secret))).await
    }

    /// Sends a revocation request.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn revoke(&self, parameters: &Parameters) -> Result<Answer> {
        Answer::to(self.http.post(format!("{}/revoke", self.issuer)).form(&parameters.0)).await
    }

    fn token_request(&self, parameters: &Parameters) -> RequestBuilder {
        self.http.post(format!("{}/token", self.issuer)).form(&parameters.0)
    }

    /// Signs the demo user in and gives the code.
    ///
    /// # Errors
    /// When anything on the way is not as it should be.
    pub async fn code(&self, browser: &mut Browser) -> Result<String> {
        self.code_for(&self.authorization(), browser).await
    }

    /// As [`HandMade::code`], with other parameters.
    ///
    /// # Errors
    /// When anything on the way is not as it should be.
    pub async fn code_for(&self, authorization: &Parameters, browser: &mut Browser) -> Result<String> {
        let url = self.authorization_url(authorization)?;
        let callback = browser.sign_in(&url, &redirect_uri(), User::DEMO).await?;
        browser::query(&callback, "code").context("no code")
    }

    /// Signs the demo user in and redeems the code.
    ///
    /// # Errors
    /// When anything on the way is not as it should be.
    pub async fn tokens(&self) -> Result<Answer> {
        let code = self.code(&mut Browser::new()?).await?;
        let answer = self.token(&self.redemption(&code)).await?;
        if answer.status != StatusCode::OK {
            bail!("the code was answered with {}: {}", answer.status, answer.body);
        }
        Ok(answer)
    }
}

/// The client's address for answers.
///
/// # Panics
/// Never: it is a URL.
pub fn redirect_uri() -> Url {
    REDIRECT_URI.parse().expect("a URL")
}

/// A request of the MCP client's to a resource or an origin, before its headers: `tools/call` of `whoami`.
///
/// # Errors
/// When the HTTP client cannot be made.
pub fn whoami(mcp: &str) -> Result<RequestBuilder> {
    call(mcp, "whoami", &json!({}))
}

/// As [`whoami`], of any tool, asking for progress.
///
/// # Errors
/// When the HTTP client cannot be made.
pub fn call(mcp: &str, tool: &str, arguments: &Value) -> Result<RequestBuilder> {
    Ok(call_over(&http()?, mcp, tool, arguments, "by hand"))
}

/// As [`call`], over connections that are there, with a token for progress.
pub fn call_over(http: &Client, mcp: &str, tool: &str, arguments: &Value, progress_token: &str) -> RequestBuilder {
    let message = json!({
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {
            "name": tool,
            "arguments": arguments,
            "_meta": {
                "progressToken": progress_token,
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientInfo": { "name": "by hand", "version": "0" },
                "io.modelcontextprotocol/clientCapabilities": {},
            },
        },
    });
    http.post(mcp)
        .header("Accept", "application/json, text/event-stream")
        .header("MCP-Protocol-Version", "2026-07-28")
        .header("Mcp-Method", "tools/call")
        .header("Mcp-Name", tool)
        .json(&message)
}

/// An HTTP client that names itself, as all do that a firewall lets through, and follows no redirect.
///
/// # Errors
/// When it cannot be made.
pub fn http() -> Result<Client> {
    Ok(http_builder().build()?)
}

/// What [`http()`] makes its clients with.
pub(crate) fn http_builder() -> ClientBuilder {
    Client::builder().user_agent(USER_AGENT).no_proxy().redirect(Policy::none())
}

/// The `User-Agent` of [`http()`].
pub const USER_AGENT: &str = concat!("edgeward-tests/", env!("CARGO_PKG_VERSION"));

/// 43 characters that nobody can guess.
fn random_text() -> Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).context("the system has no randomness")?;
    Ok(Base64UrlUnpadded::encode_string(&bytes))
}
