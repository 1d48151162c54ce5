#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod aws;
mod date;
mod deployment;
mod fetch;
mod jwks;
mod private_file;
mod target;
mod waiting;

mod cloudflare;
mod generate;
mod obstacle;
mod parameter;
mod replacement;
mod report;

mod secret_file;

mod project;
mod store;

mod cli;
mod edge;
mod firewall;
mod rotation;

mod destination;
mod managed_secret;
mod pool;

mod secret_rotation;

mod command;

use std::process::ExitCode;

use clap::Parser as _;

use crate::{
    cli::{Cli, Command},
    report::Report,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    // Ends with status 2 when the arguments are wrong.
    let cli = Cli::parse();
    if let Err(error) = cli.check() {
        error.exit();
    }
    let mut report = Report::new(cli.format());
    let outcome = match &cli.command {
        Command::Keygen(arguments) => command::keygen::run(arguments, &mut report).await,
        Command::Rotate(arguments) => command::rotate::run(arguments, &mut report).await,
        Command::Leaked(arguments) => command::leaked::run(arguments, &mut report).await,
        Command::Push(arguments) => command::push::run(arguments, &mut report).await,
        Command::PublishJwks(arguments) => command::publish_jwks::run(arguments, &mut report).await,
        Command::Check(arguments) => command::check::run(arguments, &mut report).await,
        Command::Drift(arguments) => command::drift::run(arguments, &mut report).await,
        Command::Remove(arguments) => command::remove::run(arguments, &mut report).await,
        Command::Init(arguments) => command::init::run(arguments, &mut report).await,
        Command::Up(arguments) => command::up::run(arguments, &mut report).await,
        Command::Secret(arguments) => command::secret::run(arguments, &mut report).await,
        Command::Licenses => return command::licenses::run(),
    };
    report.end(outcome)
}
