//! Requests over HTTP, with a deadline, a size limit and no redirects.

use std::{future::poll_fn, pin::pin, sync::Arc, time::Duration};

use anyhow::{Context as _, Result, bail};
use edgeward_core::secret::Secret;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header, request};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use serde_json::Value;
use url::{Host, Url};

/// What this tool calls itself.
pub(crate) const USER_AGENT: &str = concat!("edgeward/", env!("CARGO_PKG_VERSION"));

/// An HTTP client on rustls with ring and the system's certificate authorities.
#[derive(Debug, Clone)]
pub(crate) struct Fetch(Client<HttpsConnector<HttpConnector>, String>);

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    body: Vec<u8>,
    /// Whether the body is only the beginning of what was sent.
    is_cut: bool,
}

impl Answer {
    /// A header field, if it is text.
    pub(crate) fn header(&self, name: impl header::AsHeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as JSON, whatever the status is.
    pub(crate) fn json(&self) -> Result<Value> {
        if self.is_cut {
            bail!("an answer of more than {MAX_BYTES} bytes");
        }
        serde_json::from_slice(&self.body).context("no JSON")
    }

    /// The body as text; what is no UTF-8 is replaced.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

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
        let answer = self.get(url, bearer).await?;
        if answer.status != StatusCode::OK {
            bail!("status {}", answer.status.as_u16());
        }
        answer.json()
    }

    async fn get(&self, url: &str, bearer: Option<&Secret<String>>) -> Result<Answer> {
        let mut request =
            Request::get(url).header(header::USER_AGENT, USER_AGENT).header(header::ACCEPT, "application/json");
        if let Some(token) = bearer {
            let mut value = HeaderValue::try_from(format!("Bearer {}", token.expose())).context("an unusable token")?;
            value.set_sensitive(true);
            request = request.header(header::AUTHORIZATION, value);
        }
        self.send(request, String::new()).await
    }

    /// The status of an answer, and whether bytes of its body come within `limit` after that.
    pub(crate) async fn first_bytes(&self, request: request::Builder, limit: Duration) -> Result<(StatusCode, bool)> {
        let request = request.body(String::new()).context("an unusable URL")?;
        let head = tokio::time::timeout(DEADLINE, self.0.request(request)).await;
        let (head, body) = head.context("no answer in time")?.context("no answer")?.into_parts();
        let mut body = pin!(body);
        let first = poll_fn(|context| http_body::Body::poll_frame(body.as_mut(), context));
        let first = tokio::time::timeout(limit, first).await;
        Ok((head.status, matches!(first, Ok(Some(Ok(_))))))
    }

    /// Sends a request as it is: `User-Agent` and `Accept` are the caller's to set.
    pub(crate) async fn send(&self, request: request::Builder, body: String) -> Result<Answer> {
        let request = request.body(body).context("an unusable URL")?;
        let whole = async { read(self.0.request(request).await.context("no answer")?).await };
        tokio::time::timeout(DEADLINE, whole).await.context("no answer in time")?
    }
}

/// Whether a URL is one of this machine.
pub(crate) fn is_loopback(url: &str) -> bool {
    match Url::parse(url).ok().as_ref().and_then(Url::host) {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

async fn read<B>(response: Response<B>) -> Result<Answer>
where
    B: http_body::Body<Data: AsRef<[u8]>, Error: std::error::Error + Send + Sync + 'static>,
{
    let (head, incoming) = response.into_parts();
    let mut incoming = pin!(incoming);
    let mut answer = Answer { status: head.status, headers: head.headers, body: Vec::new(), is_cut: false };
    while let Some(frame) = poll_fn(|context| incoming.as_mut().poll_frame(context)).await {
        let Ok(chunk) = frame.context("the connection broke")?.into_data() else { continue };
        if answer.body.len() + chunk.as_ref().len() > MAX_BYTES {
            answer.is_cut = true;
            break;
        }
        answer.body.extend_from_slice(chunk.as_ref());
    }
    Ok(answer)
}

const DEADLINE: Duration = Duration::from_secs(15);
const MAX_BYTES: usize = 256 * 1024;
