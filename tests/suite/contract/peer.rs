//! The peer of `fetch_contract`: serves what `edge/contract/PEER.md` says.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::Result;
use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use base64ct::{Base64, Encoding as _};
use edgeward_tests::port::{Port, loopback};
use futures_util::{FutureExt as _, Stream, StreamExt as _, future, stream};
use serde_json::json;
use tokio::{net::TcpListener, task::JoinSet};

/// The peer, which serves until it is dropped.
pub(super) struct Peer {
    /// The query that tells the contract of it.
    pub(super) query: String,
    _serving: JoinSet<()>,
}

impl Peer {
    pub(super) async fn start() -> Result<Self> {
        let (listener, serving) = listen().await?;
        let (closing_listener, closing) = listen().await?;
        let refusing = loopback(Port::Free.choose()?);
        let mut tasks = JoinSet::new();
        let router = Router::new().fallback(serve).with_state(Arc::default());
        tasks.spawn(async move {
            // Ends only when the task is aborted.
            let _ = axum::serve(listener, router).await;
        });
        tasks.spawn(async move {
            while let Ok((connection, _)) = closing_listener.accept().await {
                drop(connection);
            }
        });
        let query = format!("serving={serving}&closing={closing}&refusing={refusing}");
        Ok(Self { query, _serving: tasks })
    }
}

async fn listen() -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(loopback(0)).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// How many requests for `/count` have come.
type Count = Arc<AtomicUsize>;

async fn serve(State(count): State<Count>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let parts: Vec<_> = path.split('/').skip(1).collect();
    match parts[..] {
        ["echo"] => echo(request).await,
        ["redirect", code] => {
            let mut response = (status(code), "redirect").into_response();
            response.headers_mut().insert(header::LOCATION, HeaderValue::from_static("/echo"));
            response
        }
        ["status", "204"] => StatusCode::NO_CONTENT.into_response(),
        ["status", code] => (status(code), "a body").into_response(),
        ["fields"] => {
            let names =
                [header::AGE, header::CACHE_CONTROL, header::CONTENT_TYPE, header::EXPIRES, header::RETRY_AFTER];
            with(names.map(|name| (name.clone(), format!("{name} of the peer"))), "fields")
        }
        ["repeated"] => {
            let ages = ["1", "2", "3"].map(|age| (header::AGE, age.to_owned()));
            let cache = ["public", "max-age=600"].map(|value| (header::CACHE_CONTROL, value.to_owned()));
            with(ages.into_iter().chain(cache), "repeated")
        }
        ["every-byte"] => (0..=255).collect::<Vec<u8>>().into_response(),
        ["bytes", length] => alphabet(length).into_response(),
        ["chunks", length] => {
            let chunks = alphabet(length).chunks(77).map(<[u8]>::to_vec).collect::<Vec<_>>();
            // One after the other, so that none is joined to the next.
            chunked(stream::iter(chunks).then(async |chunk| {
                tokio::task::yield_now().await;
                Ok(Bytes::from(chunk))
            }))
        }
        ["compressed", which] => compressed(&request, which == "long"),
        ["count"] => {
            let number = count.fetch_add(1, Ordering::SeqCst).to_string();
            with([(header::CACHE_CONTROL, "public, max-age=3600".to_owned())], number)
        }
        ["cookie"] => with([(header::SET_COOKIE, "contract=kept; Path=/".to_owned())], "cookie"),
        ["late"] => {
            tokio::time::sleep(Duration::from_millis(300)).await;
            "late".into_response()
        }
        ["silent"] => future::pending().await,
        ["stalls"] => announced(ten_bytes().chain(future::pending().into_stream())),
        ["endless"] => chunked(stream::repeat_with(|| Ok(Bytes::from_static(&[b' '; 1024])))),
        ["breaks-off", "announced"] => announced(ten_bytes().chain(breaking())),
        ["breaks-off", "chunked"] => chunked(ten_bytes().chain(breaking())),
        _ => StatusCode::NOT_IMPLEMENTED.into_response(),
    }
}

async fn echo(request: Request) -> Response {
    let target = request.uri().path_and_query().map(|target| target.to_string());
    let (parts, body) = request.into_parts();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let headers: Vec<_> = parts.headers.iter().map(|(name, value)| (name.as_str(), text(value.as_bytes()))).collect();
    let body = to_bytes(body, 65_536).await.map(|body| text(&body)).unwrap_or_default();
    json!({ "method": parts.method.as_str(), "target": target, "headers": headers, "body": body })
        .to_string()
        .into_response()
}

fn status(code: &str) -> StatusCode {
    code.parse().unwrap_or(StatusCode::NOT_IMPLEMENTED)
}

fn with(fields: impl IntoIterator<Item = (HeaderName, String)>, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    for (name, value) in fields {
        if let Ok(value) = value.parse() {
            response.headers_mut().append(name, value);
        }
    }
    response
}

fn alphabet(length: &str) -> Vec<u8> {
    (b'a'..=b'z').cycle().take(length.parse().unwrap_or(0)).collect()
}

fn compressed(request: &Request, is_long: bool) -> Response {
    let accepted = request.headers().get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    if accepted.unwrap_or_default().contains("gzip") {
        let body = Base64::decode_vec(if is_long { LONG } else { SHORT }).unwrap_or_default();
        return with([(header::CONTENT_ENCODING, "gzip".to_owned())], body);
    }
    with([], if is_long { " ".repeat(100_000) } else { r#"{"compressed":true}"#.to_owned() })
}

fn ten_bytes() -> impl Stream<Item = Result<Bytes, io::Error>> {
    stream::iter([Ok(Bytes::from_static(b"0123456789"))])
}

/// Waits until what came before has left, and breaks the connection.
fn breaking() -> impl Stream<Item = Result<Bytes, io::Error>> {
    let broken = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        Err(io::Error::other("broken off"))
    };
    broken.into_stream()
}

fn chunked(body: impl Stream<Item = Result<Bytes, io::Error>> + Send + 'static) -> Response {
    Response::new(Body::from_stream(body))
}

/// Of a hundred bytes.
fn announced(body: impl Stream<Item = Result<Bytes, io::Error>> + Send + 'static) -> Response {
    let mut response = chunked(body);
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from_static("100"));
    response
}

/// `{"compressed":true}`, by gzip.
const SHORT: &str = "H4sIAAAAAAACA6tWSs7PLShKLS5OTVGyKikqTa0FAPHqOZUTAAAA";
/// 100,000 spaces, by gzip.
const LONG: &str = "H4sIAAAAAAACA+3BMQEAAADCoCrrn9IaHkABAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAArwYt8HnKoIYBAA==";
