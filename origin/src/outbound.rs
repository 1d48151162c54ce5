//! The origin's one HTTP client: with a deadline, a size limit and no redirects.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    http::{HeaderValue, Request, StatusCode, header},
};
use futures_util::future::poll_fn;
use http_body::Body as _;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use url::Url;

/// A client on rustls with ring and the system's certificate authorities. Cheap to clone; clones share connections.
#[derive(Debug, Clone)]
pub(crate) struct Outbound(Client<HttpsConnector<HttpConnector>, Body>);

/// What a request may cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// From the first byte sent until the last byte read.
    pub(crate) deadline: Duration,
    /// Longest body.
    pub(crate) max_bytes: usize,
}

/// An answer of any status.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) body: Vec<u8>,
}

impl Outbound {
    /// A client that trusts the system's certificate authorities. If there are none, `https` URLs cannot be fetched.
    pub(crate) fn new() -> Result<Self, OutboundError> {
        Self::trusting(SYSTEM_ROOTS.clone())
    }

    /// A client for this machine alone: it need not read the certificate authorities.
    #[cfg(feature = "server")]
    pub(crate) fn local() -> Result<Self, OutboundError> {
        Self::trusting(Arc::new(RootCertStore::empty()))
    }

    fn trusting(roots: Arc<RootCertStore>) -> Result<Self, OutboundError> {
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|_| OutboundError::Tls)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().build();
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(30))
            .build(connector);
        Ok(Self(client))
    }

    /// Fetches `url`.
    pub(crate) async fn get(&self, url: &Url, accept: &'static str, limits: Limits) -> Result<Reply, OutboundError> {
        let request = Request::get(url.as_str())
            .header(header::ACCEPT, HeaderValue::from_static(accept))
            .body(Body::empty())
            .map_err(|_| OutboundError::Unreachable)?;
        self.exchange(request, limits).await
    }

    /// Sends `request`. One without `User-Agent` gets ours.
    pub(crate) async fn exchange(&self, mut request: Request<Body>, limits: Limits) -> Result<Reply, OutboundError> {
        request.headers_mut().entry(header::USER_AGENT).or_insert(HeaderValue::from_static(USER_AGENT));
        tokio::time::timeout(limits.deadline, self.exchange_without_deadline(request, limits.max_bytes))
            .await
            .map_err(|_| OutboundError::TimedOut)?
    }

    async fn exchange_without_deadline(
        &self,
        request: Request<Body>,
        max_bytes: usize,
    ) -> Result<Reply, OutboundError> {
        let response = self.0.request(request).await.map_err(|_| OutboundError::Unreachable)?;
        let status = response.status();
        let mut incoming = std::pin::pin!(response.into_body());
        let mut body = Vec::new();
        while let Some(frame) = poll_fn(|context| incoming.as_mut().poll_frame(context)).await {
            let chunk: Bytes = frame.map_err(|_| OutboundError::Broken)?.into_data().unwrap_or_default();
            if body.len() + chunk.len() > max_bytes {
                return Err(OutboundError::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Reply { status, body })
    }
}

static SYSTEM_ROOTS: LazyLock<Arc<RootCertStore>> = LazyLock::new(|| {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        tracing::warn!("no certificate authorities found; https URLs cannot be fetched");
    }
    Arc::new(roots)
});

/// The National Weather Service asks every client to name itself, and firewalls refuse those that do not.
const USER_AGENT: &str = concat!("edgeward-origin/", env!("CARGO_PKG_VERSION"));

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OutboundError {
    #[error("no connection")]
    Unreachable,
    #[error("no answer in time")]
    TimedOut,
    #[error("the connection broke")]
    Broken,
    #[error("the answer is too long")]
    TooLong,
    #[error("TLS is not available")]
    Tls,
}
