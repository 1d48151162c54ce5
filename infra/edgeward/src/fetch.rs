//! GET over HTTP: JSON, with a deadline, a size limit and no redirects.

use std::{future::poll_fn, pin::pin, sync::Arc, time::Duration};

use anyhow::{Context as _, Result, bail};
use edgeward_core::secret::Secret;
use http::{HeaderValue, Request, Response, StatusCode, header};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use serde_json::Value;

/// An HTTP client on rustls with ring and the system's certificate authorities.
#[derive(Debug, Clone)]
pub(crate) struct Fetch(Client<HttpsConnector<HttpConnector>, String>);

impl Fetch {
    pub(crate) fn new() -> Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .context("TLS cannot be set up")?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().build();
        Ok(Self(Client::builder(TokioExecutor::new()).build(connector)))
    }

    /// The JSON at `url`, and nothing but a 200.
    pub(crate) async fn json(&self, url: &str, bearer: Option<&Secret<String>>) -> Result<Value> {
        let (status, body) = self.get(url, bearer).await?;
        if status != StatusCode::OK {
            bail!("status {}", status.as_u16());
        }
        serde_json::from_slice(&body).context("no JSON")
    }

    /// Whether somebody answers there, with whatever that is no failure of the server.
    pub(crate) async fn answers(&self, url: &str) -> Result<()> {
        match self.get(url, None).await?.0 {
            status if status.is_server_error() => bail!("status {}", status.as_u16()),
            _ => Ok(()),
        }
    }

    async fn get(&self, url: &str, bearer: Option<&Secret<String>>) -> Result<(StatusCode, Vec<u8>)> {
        let mut request = Request::get(url)
            .header(header::USER_AGENT, concat!("edgeward/", env!("CARGO_PKG_VERSION")))
            .header(header::ACCEPT, "application/json");
        if let Some(token) = bearer {
            let mut value = HeaderValue::try_from(format!("Bearer {}", token.expose())).context("an unusable token")?;
            value.set_sensitive(true);
            request = request.header(header::AUTHORIZATION, value);
        }
        let request = request.body(String::new()).context("an unusable URL")?;
        let whole = async { read(self.0.request(request).await.context("no answer")?).await };
        tokio::time::timeout(DEADLINE, whole).await.context("no answer in time")?
    }
}

async fn read<B>(response: Response<B>) -> Result<(StatusCode, Vec<u8>)>
where
    B: http_body::Body<Data: AsRef<[u8]>, Error: std::error::Error + Send + Sync + 'static>,
{
    let status = response.status();
    let mut incoming = pin!(response.into_body());
    let mut body = Vec::new();
    while let Some(frame) = poll_fn(|context| incoming.as_mut().poll_frame(context)).await {
        let Ok(chunk) = frame.context("the connection broke")?.into_data() else { continue };
        if body.len() + chunk.as_ref().len() > MAX_BYTES {
            bail!("an answer of more than {MAX_BYTES} bytes");
        }
        body.extend_from_slice(chunk.as_ref());
    }
    Ok((status, body))
}

const DEADLINE: Duration = Duration::from_secs(15);
const MAX_BYTES: usize = 256 * 1024;
