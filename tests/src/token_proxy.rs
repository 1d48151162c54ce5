//! A proxy on this machine for clients that cannot sign in: it adds a token to whatever passes.
//!
//! It stands for the edge: where a request names the proxy's own address in `Host` or `Origin`, the edge gets its own.
//! Every other name goes on as it came, so that the edge still sees who pretends to be somebody else.

use std::{io, sync::Arc};

use anyhow::Result;
use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use futures_util::StreamExt as _;
use tokio::{net::TcpListener, task::JoinHandle};

use crate::{
    forward::{self, MAX_BODY, Received},
    port::loopback,
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
        let listener = TcpListener::bind(loopback(0)).await?;
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
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY).await else { return StatusCode::PAYLOAD_TOO_LARGE.into_response() };
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let mut headers = head.headers;
    shared.rename(&mut headers);
    let received = Received { method: head.method, path, headers, body };
    let (headers, answer) = match forward::send(&shared.http, &shared.edge, received).await {
        Ok(answered) => answered,
        Err(error) => return (StatusCode::BAD_GATEWAY, format!("the edge does not answer: {error}")).into_response(),
    };
    let status = answer.status();
    let body = answer.bytes_stream().map(|chunk| chunk.map_err(io::Error::other));
    let mut response = Response::new(Body::from_stream(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}
