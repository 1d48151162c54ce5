//! The origin's process: reads its settings and serves.

use std::process::ExitCode;

use edgeward_origin::server::{
    Metrics, Process, Settings, health, logging,
    parameters::Store,
    router, serve,
    settings::{self, Values},
    termination,
};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> ExitCode {
    let variables: Values = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    match arguments.as_slice() {
        [] => {}
        [flag] if flag == "--health" => {
            let answers = match Process::read(&variables) {
                Ok(process) => health::probe(process.listen).await,
                Err(_) => false,
            };
            return if answers { ExitCode::SUCCESS } else { ExitCode::FAILURE };
        }
        _ => {
            eprintln!("usage: edgeward-origin [--health]");
            return ExitCode::from(2);
        }
    }

    logging::init();
    match run(&variables).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "refused to start");
            ExitCode::FAILURE
        }
    }
}

async fn run(variables: &Values) -> Result<(), Box<dyn std::error::Error>> {
    let store = match settings::parameter_path(variables)? {
        Some(path) => Some(Store::open(path).await),
        None => None,
    };
    let parameters = match &store {
        Some(store) => store.read_all().await?,
        None => Values::new(),
    };
    let (settings, process) = match (Settings::read(variables, &parameters), Process::read(variables)) {
        (Ok(settings), Ok(process)) => (settings, process),
        (Err(error), Err(other)) => return Err(error.and(other).into()),
        (Err(error), Ok(_)) | (Ok(_), Err(error)) => return Err(error.into()),
    };
    let metrics = process.telemetry.as_ref().map_or_else(|| Ok(Metrics::off()), Metrics::exported)?;
    let (router, lifetimes) = router(&settings, store.as_ref(), &metrics)?;
    // Watched from before the first request, so that no signal is missed.
    let stop = termination()?;
    let listener = TcpListener::bind(process.listen)
        .await
        .map_err(|error| format!("cannot listen on {}: {error}", process.listen))?;
    serve(listener, router, lifetimes, stop, process.shutdown).await?;
    metrics.flush().await;
    Ok(())
}
