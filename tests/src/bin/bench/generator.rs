//! What makes the requests, as cheaply as it can: what it costs is taken from the machine that is measured.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use axum::body::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    body::Incoming,
    client::conn::http1::{SendRequest, handshake},
};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, sync::mpsc, task::JoinSet};

/// A request that can be sent again and again.
pub(crate) type Ready = Request<Full<Bytes>>;

/// Makes the request of each number.
pub(crate) type Make = Arc<dyn Fn(usize) -> Ready + Send + Sync>;

/// The same request each time.
pub(crate) fn same(request: Ready) -> Make {
    Arc::new(move |_| request.clone())
}

/// A connection that is kept.
#[derive(Debug)]
pub(crate) struct Connection(SendRequest<Full<Bytes>>);

impl Connection {
    /// Opens it.
    ///
    /// # Errors
    /// When nobody listens.
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        // It ends with the sender; what is wrong with it, the sender is told.
        tokio::spawn(async move { drop(connection.await) });
        Ok(Self(sender))
    }

    /// Sends a request and gives the answer, whose body has yet to come.
    ///
    /// # Errors
    /// When the connection breaks.
    pub(crate) async fn send(&mut self, request: Ready) -> Result<Response<Incoming>> {
        self.0.ready().await?;
        Ok(self.0.send_request(request).await?)
    }

    /// Sends a request and gives status and body of the answer.
    ///
    /// # Errors
    /// When the connection breaks.
    pub(crate) async fn ask(&mut self, request: Ready) -> Result<(StatusCode, Bytes)> {
        let answer = self.send(request).await?;
        let status = answer.status();
        Ok((status, answer.into_body().collect().await?.to_bytes()))
    }
}

/// How much to ask.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Span {
    /// As much as fits.
    For(Duration),
    /// So often.
    Times(usize),
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Run {
    /// How long each answer took.
    pub(crate) latencies: Vec<Duration>,
    /// How long all of it took.
    pub(crate) elapsed: Duration,
}

impl Run {
    /// Answers.
    pub(crate) fn done(&self) -> f64 {
        self.latencies.len() as f64
    }

    /// With what came of another one after it.
    pub(crate) fn extend(&mut self, next: Self) {
        self.latencies.extend(next.latencies);
        self.elapsed += next.elapsed;
    }

    /// Answers a second.
    pub(crate) fn rate(&self) -> f64 {
        self.done() / self.elapsed.as_secs_f64()
    }

    /// The latency that this share of the answers did not exceed, in milliseconds.
    pub(crate) fn percentile(&self, share: f64) -> f64 {
        let mut sorted = self.latencies.clone();
        sorted.sort_unstable();
        let index = (sorted.len().saturating_sub(1) as f64 * share).round() as usize;
        sorted.get(index).map_or(0.0, |latency| latency.as_secs_f64() * 1000.0)
    }
}

/// Asks over so many connections, over each as soon as it has its answer.
///
/// # Errors
/// When an answer is another than expected.
pub(crate) async fn closed(
    address: SocketAddr,
    connections: usize,
    span: Span,
    make: Make,
    expected: StatusCode,
) -> Result<Run> {
    let next = Arc::new(AtomicUsize::new(0));
    let mut workers = JoinSet::new();
    let mut ready = Vec::new();
    for _ in 0..connections {
        ready.push(Connection::open(address).await?);
    }
    let begun = Instant::now();
    for mut connection in ready {
        let (make, next) = (Arc::clone(&make), Arc::clone(&next));
        workers.spawn(async move {
            let mut latencies = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let is_over = match span {
                    Span::For(time) => begun.elapsed() >= time,
                    Span::Times(times) => number >= times,
                };
                if is_over {
                    return anyhow::Ok(latencies);
                }
                let asked = Instant::now();
                let (status, _) = connection.ask(make(number)).await?;
                ensure!(status == expected, "{status} instead of {expected}");
                latencies.push(asked.elapsed());
            }
        });
    }
    gather(workers, begun).await
}

/// Asks so often a second, whether or not answers come: a request that has to wait for its connection has waited.
///
/// # Errors
/// When an answer is another than expected.
pub(crate) async fn paced(
    address: SocketAddr,
    connections: usize,
    per_second: f64,
    time: Duration,
    make: Make,
) -> Result<Run> {
    let mut workers = JoinSet::new();
    let mut queues = Vec::new();
    for _ in 0..connections {
        let mut connection = Connection::open(address).await?;
        let (queue, mut due) = mpsc::unbounded_channel::<(usize, Instant)>();
        queues.push(queue);
        let make = Arc::clone(&make);
        workers.spawn(async move {
            let mut latencies = Vec::new();
            while let Some((number, asked)) = due.recv().await {
                let (status, _) = connection.ask(make(number)).await?;
                ensure!(status == StatusCode::OK, "{status} at a fixed rate");
                latencies.push(asked.elapsed());
            }
            anyhow::Ok(latencies)
        });
    }
    let begun = Instant::now();
    // A thread of its own: the timers of tokio go by milliseconds, in which several requests would be sent at once.
    let pacer = thread::spawn(move || {
        let gap = Duration::from_secs_f64(1.0 / per_second);
        let total = (time.as_secs_f64() * per_second) as u32;
        for number in 0..total {
            let due = begun + gap * number;
            thread::sleep(due.saturating_duration_since(Instant::now()));
            let number = number as usize;
            // A worker that has failed says so itself.
            let _ = queues[number % queues.len()].send((number, due));
        }
    });
    let run = gather(workers, begun).await;
    pacer.join().ok().context("the pacer was lost")?;
    run
}

async fn gather(mut workers: JoinSet<Result<Vec<Duration>>>, begun: Instant) -> Result<Run> {
    let mut run = Run::default();
    while let Some(ended) = workers.join_next().await {
        run.latencies.extend(ended.context("a client was lost")??);
    }
    run.elapsed = begun.elapsed();
    ensure!(!run.latencies.is_empty(), "nothing was answered");
    Ok(run)
}
