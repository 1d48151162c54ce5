//! Serving, and stopping in good order.

use std::{future::Future, io, time::Duration};

use axum::{Router, serve::ListenerExt as _};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::Lifetimes;

/// Serves `router` until `stop` resolves, and then until open requests have ended, but no longer than `deadline`.
///
/// # Errors
/// When the listener's address cannot be read.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    lifetimes: Lifetimes,
    stop: impl Future<Output = ()>,
    deadline: Duration,
) -> io::Result<()> {
    tracing::info!(address = %listener.local_addr()?, "listening");
    let no_more = CancellationToken::new();
    let serving = axum::serve(
        // Small events of a stream must not wait for each other.
        listener.tap_io(|connection| drop(connection.set_nodelay(true))),
        router,
    )
    .with_graceful_shutdown(no_more.clone().cancelled_owned());
    let stopping = async {
        stop.await;
        tracing::info!(deadline_seconds = deadline.as_secs(), "stopping");
        lifetimes.standing.cancel();
        no_more.cancel();
        tokio::time::sleep(deadline).await;
        tracing::warn!("open requests are cut off");
        lifetimes.requests.cancel();
        // Time for the last bytes; whoever does not read them is left behind.
        tokio::time::sleep(LAST_BYTES).await;
    };
    tokio::select! {
        result = serving => result?,
        () = stopping => {}
    }
    tracing::info!("stopped");
    Ok(())
}

const LAST_BYTES: Duration = Duration::from_millis(500);

/// Resolves when the process is told to stop: SIGTERM, or SIGINT (Ctrl-C).
///
/// # Errors
/// When the signals cannot be watched.
#[cfg(unix)]
pub fn termination() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
