//! The edge as a CDN runs it: one public address, several instances behind it. New settings reach one instance before the
//! other, and meanwhile a client's requests meet both.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use axum::{
    Router,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use futures_util::StreamExt as _;
use tokio::{net::TcpListener, task::JoinHandle};

use crate::{
    edge::Edge,
    forward::{self, Received, lock},
    port::Port,
};

/// The public address. It stops, with all instances, when it is dropped.
#[derive(Debug)]
pub struct Front {
    shared: Arc<Shared>,
    address: SocketAddr,
    serving: JoinHandle<()>,
    folder: PathBuf,
    started: AtomicUsize,
}

#[derive(Debug)]
struct Shared {
    http: reqwest::Client,
    /// Each is held by the requests that it answers, too.
    instances: Mutex<Vec<Arc<Edge>>>,
    turn: AtomicUsize,
}

impl Front {
    /// Listens on a free port, with nothing behind it yet; logs of instances go to `folder`.
    ///
    /// # Errors
    /// When there is no free port.
    pub async fn start(folder: &Path) -> Result<Self> {
        let listener = TcpListener::bind(Port::Free.address()).await?;
        let address = listener.local_addr()?;
        let shared =
            Arc::new(Shared { http: forward::client()?, instances: Mutex::default(), turn: AtomicUsize::new(0) });
        let router = Router::new().fallback(pass).with_state(Arc::clone(&shared));
        let serving = tokio::spawn(async move {
            // Ends only when the task is aborted.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { shared, address, serving, folder: folder.to_owned(), started: AtomicUsize::new(0) })
    }

    /// The public URL, without a trailing slash.
    pub fn url(&self) -> String {
        format!("http://localhost:{}", self.address.port())
    }

    /// Starts an instance with the settings in a folder, beside those that serve already.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn add(&self, settings: &Path) -> Result<()> {
        let name = format!("edge-{}", self.started.fetch_add(1, Ordering::Relaxed) + 1);
        let edge = Edge::start_from(settings, &name, Port::Free.choose()?, &self.folder).await?;
        lock(&self.shared.instances).push(Arc::new(edge));
        Ok(())
    }

    /// Takes the oldest instance out, and stops it when it has answered what it was asked.
    ///
    /// # Errors
    /// When there is none, or it does not come to an end.
    pub async fn retire(&self) -> Result<()> {
        let oldest = {
            let mut instances = lock(&self.shared.instances);
            if instances.is_empty() {
                bail!("there is no instance");
            }
            instances.remove(0)
        };
        for _ in 0..MAX_WAITS {
            if Arc::strong_count(&oldest) == 1 {
                return tokio::task::spawn_blocking(move || drop(oldest)).await.context("it was not stopped");
            }
            tokio::time::sleep(WAIT).await;
        }
        bail!("an instance still answers after {} s", WAIT.as_secs_f64() * f64::from(MAX_WAITS))
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn pass(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let received = match Received::read(request).await {
        Ok(received) => received,
        Err(status) => return status.into_response(),
    };
    let Some(instance) = shared.next() else { return StatusCode::SERVICE_UNAVAILABLE.into_response() };
    match forward::send(&shared.http, instance.url(), received).await {
        Ok((headers, answer)) => {
            let status = answer.status();
            // Held until the last of it is through.
            let body = answer.bytes_stream().map(move |chunk| {
                let _held = &instance;
                chunk
            });
            forward::answer(status, headers, body)
        }
        Err(error) => (StatusCode::BAD_GATEWAY, format!("the instance does not answer: {error}")).into_response(),
    }
}

impl Shared {
    /// Each in turn.
    fn next(&self) -> Option<Arc<Edge>> {
        let instances = lock(&self.instances);
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        instances.get(turn % instances.len().max(1)).cloned()
    }
}

const WAIT: Duration = Duration::from_millis(20);
const MAX_WAITS: u32 = 1500;
