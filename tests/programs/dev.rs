//! The development stack, as people run it: it says how to connect, serves, and stops at Ctrl-C.

#[path = "../support/mod.rs"]
mod support;

use std::{
    io::{BufRead as _, BufReader, ErrorKind},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener},
    process::{Child, Command, Stdio},
};

use anyhow::{Context as _, Result, ensure};
use edgeward_tests::port::{self, Port};
use reqwest::StatusCode;
use rustix::process::{Pid, Signal, kill_process};
use support::TemporaryFolder;

/// The ports' variables.
const VARIABLES: [&str; 4] = [
    "EDGEWARD_DEV_EDGE_PORT",
    "EDGEWARD_DEV_ORIGIN_PORT",
    "EDGEWARD_DEV_COGNITO_PORT",
    "EDGEWARD_DEV_COGNITO_ISSUER_PORT",
];

fn dev(ports: &[u16]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_edgeward-dev"));
    command.envs(VARIABLES.iter().zip(ports.iter().map(u16::to_string)));
    command
}

/// Reads what it says, up to the line that it is ready.
fn welcome(child: &mut Child) -> Result<String> {
    let mut said = String::new();
    for line in BufReader::new(child.stdout.take().context("its output")?).lines() {
        let line = line?;
        said += &line;
        said.push('\n');
        if line.starts_with("Ready.") {
            return Ok(said);
        }
    }
    anyhow::bail!("it ended: {said}")
}

#[tokio::test]
async fn it_serves_where_it_says_until_it_is_interrupted() -> Result<()> {
    let ports = [(); 4].map(|()| Port::Free.choose().expect("a free port"));
    let mut command = dev(&ports);
    let temporary = TemporaryFolder::new("dev");
    command.envs([("EDGEWARD_DEV_ROTATION", "on"), ("EDGEWARD_DEV_RATE_LIMITS", "on")]);
    command.env("TMPDIR", temporary.path());
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let said = welcome(&mut child);
    let (answer, said) = match &said {
        Ok(said) => (asked_directly(ports[0]).await, said),
        Err(error) => anyhow::bail!("{error}"),
    };
    kill_process(Pid::from_child(&child), Signal::INT)?;
    let ended = child.wait()?;

    assert_eq!(answer?.status(), StatusCode::UNAUTHORIZED);
    for expected in [
        format!("http://localhost:{}/mcp\n", ports[0]),
        format!("claude mcp add --transport http edgeward http://localhost:{}/mcp\n", ports[0]),
        format!("{{ \"mcpServers\": {{ \"edgeward\": {{ \"url\": \"http://localhost:{}/mcp\" }} }} }}\n", ports[0]),
        "Refresh tokens  rotated at each use".to_owned(),
        "Rate limits     as deployed".to_owned(),
        format!("127.0.0.1:{}\n", ports[1]),
        "Sign in as      demo\n  Password        demo-password\n".to_owned(),
    ] {
        ensure!(said.contains(&expected), "{expected} is not in:\n{said}");
    }
    ensure!(ended.success(), "{ended}");
    ensure!(temporary.left().is_empty(), "left in the temporary folder: {:?}", temporary.left());
    for port in ports {
        ensure!(port::is_free(port), "port {port} is still in use");
    }
    Ok(())
}

/// As Inspector does in its direct mode, from a page in a browser.
async fn asked_directly(port: u16) -> Result<reqwest::Response> {
    let call = reqwest::Client::new().post(format!("http://localhost:{port}/mcp"));
    let answer = call.header("origin", "http://localhost:6274").send().await?;
    ensure!(answer.headers()["access-control-allow-origin"] == "http://localhost:6274");
    Ok(answer)
}

#[test]
fn a_switch_is_on_or_off() -> Result<()> {
    let output = dev(&[]).env("EDGEWARD_DEV_RATE_LIMITS", "yes").output()?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(!output.status.success() && complaint.contains("EDGEWARD_DEV_RATE_LIMITS"), "{complaint}");
    Ok(())
}

#[test]
fn a_port_in_use_is_named_with_the_variable_that_moves_it() -> Result<()> {
    // Browsers take `localhost` for [::1] first, so the edge would not get what they send.
    for host in [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)] {
        let taken = match TcpListener::bind((host, 0)) {
            Err(error) if host.is_ipv6() && error.kind() != ErrorKind::AddrInUse => {
                println!("skipped: this machine has no {host}: {error}");
                continue;
            }
            taken => taken?,
        };
        let address = taken.local_addr()?;
        let output = dev(&[address.port()]).output()?;
        let complaint = String::from_utf8_lossy(&output.stderr);
        ensure!(!output.status.success(), "{address}");
        ensure!(complaint.contains(&address.to_string()) && complaint.contains(VARIABLES[0]), "{complaint}");
    }
    Ok(())
}
