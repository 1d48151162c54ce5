//! The pool as a program: two ports, nothing on disk, gone when stopped.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use edgeward_cognito::{Cognito, Config};
use tracing_subscriber::EnvFilter;
use url::Url;

/// A local Amazon Cognito user pool, for tests and development only.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// Where the domain (authorize, login, token, …) listens; port 0 picks a free one
    #[arg(long, default_value = "127.0.0.1:9400")]
    domain_addr: SocketAddr,
    /// Where the issuer (discovery, key set) listens; port 0 picks a free one
    #[arg(long, default_value = "127.0.0.1:9401")]
    issuer_addr: SocketAddr,
    /// Where the updated form of the issuer listens, with the same documents; port 0 picks a free one
    #[arg(long, default_value = "127.0.0.1:0")]
    updated_issuer_addr: SocketAddr,
    /// JSON file with the pool's settings; --print-seed shows its shape
    #[arg(long, value_name = "FILE")]
    seed: Option<PathBuf>,
    /// Origin under which browsers and clients reach the domain
    #[arg(long, value_name = "URL")]
    public_domain_url: Option<Url>,
    /// Origin under which clients reach the issuer; the pool id is appended
    #[arg(long, value_name = "URL")]
    public_issuer_url: Option<Url>,
    /// A further callback URL for the first app client; may be repeated
    #[arg(long = "callback-url", value_name = "URL")]
    callback_urls: Vec<String>,
    /// A further sign-out URL for the first app client; may be repeated
    #[arg(long = "logout-url", value_name = "URL")]
    logout_urls: Vec<String>,
    /// Serve the switches under /__admin/ on the domain, to anyone who can reach it
    #[arg(long)]
    admin: bool,
    /// Print the built-in settings as JSON and exit
    #[arg(long)]
    print_seed: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    match run(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("edgeward-cognito: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> Result<(), Box<dyn std::error::Error>> {
    let mut config = match &args.seed {
        Some(path) => Config::read(path)?,
        None => Config::default(),
    };
    if args.print_seed {
        println!("{}", serde_json::to_string_pretty(&config).unwrap_or_default());
        return Ok(());
    }
    config.domain_addr = args.domain_addr;
    config.issuer_addr = args.issuer_addr;
    config.updated_issuer_addr = args.updated_issuer_addr;
    config.admin = args.admin;
    config.public_domain_url = args.public_domain_url.or(config.public_domain_url);
    config.public_issuer_url = args.public_issuer_url.or(config.public_issuer_url);
    if let Some(client) = config.app_clients.first_mut() {
        client.callback_urls.extend(args.callback_urls);
        client.logout_urls.extend(args.logout_urls);
    }
    // Before the line that says it is ready: whoever reads it may stop the program at once.
    let stopped = stop_signal()?;
    let cognito = Cognito::start(config).await?;
    println!("edgeward-cognito ready: domain {} issuer {}", cognito.domain_url(), cognito.issuer_url());
    stopped.await;
    cognito.stop().await;
    Ok(())
}

/// Listens for SIGINT and SIGTERM from now on; the future ends at the first.
#[cfg(unix)]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Ends at Ctrl-C.
#[cfg(not(unix))]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
