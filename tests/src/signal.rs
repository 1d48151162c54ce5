//! How a program ends: by itself, or when somebody wants it to stop.

use std::process::ExitCode;

use anyhow::{Result, bail};
use tokio::signal::unix::{SignalKind, signal};

/// Waits for Ctrl-C or SIGTERM.
///
/// # Errors
/// When the system does not let us listen for signals.
pub async fn interrupted() -> Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

/// Runs a program to its end, or until somebody wants it to stop. What went wrong is told in the program's name.
pub async fn to_its_end(program: &str, run: impl Future<Output = Result<ExitCode>>) -> ExitCode {
    let ended = tokio::select! {
        ended = run => ended,
        signal = interrupted() => signal.and_then(|()| bail!("interrupted")),
    };
    ended.unwrap_or_else(|error| {
        eprintln!("\n{program}: {error:#}");
        ExitCode::FAILURE
    })
}

/// The last line of a program that counts what held, and its status.
pub fn counted(program: &str, passed: usize, failed: usize) -> ExitCode {
    println!("{program}: {passed} passed, {failed} failed");
    if failed == 0 && passed > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
