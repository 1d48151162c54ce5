//! GET over HTTP: JSON, with a deadline, a size limit and no redirects.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use reqwest::{Client, StatusCode, redirect::Policy};
use serde_json::Value;

use edgeward_core::secret::Secret;

/// An HTTP client.
#[derive(Debug, Clone)]
pub(crate) struct Fetch(Client);

impl Fetch {
    pub(crate) fn new() -> Result<Self> {
        let client = Client::builder()
            .timeout(Duration::from_secs(15))
            .redirect(Policy::none())
            .user_agent(concat!("edgeward/", env!("CARGO_PKG_VERSION")))
            .build();
        client.map(Self).context("TLS cannot be set up")
    }

    /// The JSON at `url`, and nothing but a 200.
    pub(crate) async fn json(&self, url: &str, bearer: Option<&Secret<String>>) -> Result<Value> {
        let mut request = self.0.get(url);
        if let Some(token) = bearer {
            request = request.bearer_auth(token.expose());
        }
        // The error of the library repeats the URL.
        let mut response = request.send().await.map_err(|error| error.without_url()).context("no answer")?;
        if response.status() != StatusCode::OK {
            bail!("status {}", response.status().as_u16());
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| error.without_url())? {
            if body.len() + chunk.len() > MAX_BYTES {
                bail!("an answer of more than {MAX_BYTES} bytes");
            }
            body.extend_from_slice(&chunk);
        }
        serde_json::from_slice(&body).context("no JSON")
    }

    /// Whether somebody answers there, with whatever that is no failure of the server.
    pub(crate) async fn answers(&self, url: &str) -> Result<()> {
        let response = self.0.get(url).send().await.map_err(|error| error.without_url()).context("no answer")?;
        match response.status() {
            status if status.is_server_error() => bail!("status {}", status.as_u16()),
            _ => Ok(()),
        }
    }
}

const MAX_BYTES: usize = 256 * 1024;
