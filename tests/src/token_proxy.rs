//! A proxy on this machine for clients that cannot sign in: it adds a token to whatever passes.
//!
//! It stands for the edge: where a request names the proxy's own address in `Host` or `Origin`, the edge gets its own.
//! Every other name goes on as it came, so that the edge still sees who pretends to be somebody else.

use std::sync::Arc;

use anyhow::Result;
use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use tokio::{net::TcpListener, task::JoinHandle};

use crate::{
    forward::{self, Received},
    port::{Port, loopback},
};

/// A running proxy; it stops when it is dropped.
#[derive(Debug)]
pub struct TokenProxy {
    url: String,
    serving: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    http: reqwest::Client,
    /// The edge's public origin.
    edge: String,
    authorization: HeaderValue,
    own: [Name; 2],
}

/// A header's value for the proxy itself, and for the edge.
#[derive(Debug)]
struct Name {
    header: HeaderName,
    own: String,
    edge: HeaderValue,
}

impl TokenProxy {
    /// Starts it on a free port, in front of the edge with this public origin.
    ///
    /// # Errors
    /// When there is no free port.
    pub async fn start(edge: &str, token: &str) -> Result<Self> {
        let listener = TcpListener::bind(loopback(Port::Free.choose()?)).await?;
        let authority = format!("localhost:{}", listener.local_addr()?.port());
        let url = format!("http://{authority}");
        let edge_authority = edge.trim_start_matches("http://");
        let shared = Arc::new(Shared {
            http: forward::client()?,
            edge: edge.to_owned(),
            authorization: HeaderValue::try_from(format!("Bearer {token}"))?,
            own: [
                Name { header: header::HOST, own: authority, edge: HeaderValue::from_str(edge_authority)? },
                Name { header: header::ORIGIN, own: url.clone(), edge: HeaderValue::from_str(edge)? },
            ],
        });
        let router = Router::new().fallback(pass).with_state(shared);
        let serving = tokio::spawn(async move {
            // Ends only when the task is aborted.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { url, serving })
    }

    /// Its own origin, without a trailing slash.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for TokenProxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Shared {
    fn rename(&self, headers: &mut HeaderMap) {
        for name in &self.own {
            if headers.get(&name.header).is_some_and(|value| value == &name.own) {
                headers.insert(&name.header, name.edge.clone());
            }
        }
        headers.insert(header::AUTHORIZATION, self.authorization.clone());
    }
}

async fn pass(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let mut received = match Received::read(request).await {
        Ok(received) => received,
        Err(status) => return status.into_response(),
    };
    shared.rename(&mut received.headers);
    match forward::send(&shared.http, &shared.edge, received).await {
        Ok((headers, answer)) => forward::answer(answer.status(), headers, answer.bytes_stream()),
        Err(error) => (StatusCode::BAD_GATEWAY, format!("the edge does not answer: {error}")).into_response(),
    }
}
