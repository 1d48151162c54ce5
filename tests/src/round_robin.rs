//! One address in front of several servers, which are asked strictly in turn: a load balancer without stickiness, at its
//! worst.

use std::{
    net::SocketAddr,
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
use tokio::{net::TcpListener, task::JoinHandle};

use crate::forward::{self, Received, lock};

/// A running one; it stops when it is dropped. It checks nobody's health: it is told who serves.
#[derive(Debug)]
pub struct RoundRobin {
    shared: Arc<Shared>,
    address: SocketAddr,
    serving: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    http: reqwest::Client,
    servers: Mutex<Vec<Server>>,
    turn: AtomicUsize,
}

#[derive(Debug, Clone)]
struct Server {
    base: String,
    /// Held by each request until its answer begins.
    asked: Arc<()>,
}

impl RoundRobin {
    /// Starts it, with nobody behind it yet.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn start(address: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let shared =
            Arc::new(Shared { http: forward::client()?, servers: Mutex::default(), turn: AtomicUsize::new(0) });
        let router = Router::new().fallback(pass).with_state(Arc::clone(&shared));
        let serving = tokio::spawn(async move {
            // Ends only when the task is aborted.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { shared, address, serving })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Has a server asked in its turn from now on.
    pub fn add(&self, base: &str) {
        let server = Server { base: base.to_owned(), asked: Arc::default() };
        lock(&self.shared.servers).push(server);
    }

    /// Takes a server out, and waits until it has begun to answer all that it was asked.
    ///
    /// # Errors
    /// When it is not there, or does not answer in time.
    pub async fn remove(&self, base: &str) -> Result<()> {
        let server = {
            let mut servers = lock(&self.shared.servers);
            let position = servers.iter().position(|server| server.base == base);
            servers.remove(position.with_context(|| format!("nobody serves at {base}"))?)
        };
        for _ in 0..MAX_WAITS {
            if Arc::strong_count(&server.asked) == 1 {
                return Ok(());
            }
            tokio::time::sleep(WAIT).await;
        }
        bail!("{base} still answers after {} s", WAIT.as_secs_f64() * f64::from(MAX_WAITS))
    }
}

impl Drop for RoundRobin {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn pass(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let received = match Received::read(request).await {
        Ok(received) => received,
        Err(status) => return status.into_response(),
    };
    let Some(Server { base, asked }) = shared.next() else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let sent = forward::send(&shared.http, &base, received).await;
    drop(asked);
    match sent {
        Ok((headers, answer)) => {
            let status = answer.status();
            forward::answer(status, headers, answer.bytes_stream())
        }
        Err(error) => (StatusCode::BAD_GATEWAY, format!("{base} does not answer: {error}")).into_response(),
    }
}

impl Shared {
    /// Each in turn.
    fn next(&self) -> Option<Server> {
        let servers = lock(&self.servers);
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        servers.get(turn % servers.len().max(1)).cloned()
    }
}

const WAIT: Duration = Duration::from_millis(20);
const MAX_WAITS: u32 = 1500;
