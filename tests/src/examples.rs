//! The MCP servers in `examples/`, and what an operator does to put an edge in front of one: a user pool that no stack made,
//! `edgeward init`, `edgeward up --local`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use edgeward_cognito::{AppClient, Cognito, Config, User};
use http::StatusCode;
use reqwest::Url;

use crate::{browser, origin, place, port::Port, process::Process};

/// An MCP server in `examples/`, by its folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Example {
    /// Python, with FastMCP.
    PythonFastmcp,
    /// TypeScript, with the MCP SDK and Express.
    TypescriptSdk,
    /// Rust, with rmcp and axum.
    RustRmcp,
}

/// All of them.
pub const EXAMPLES: [Example; 3] = [Example::PythonFastmcp, Example::TypescriptSdk, Example::RustRmcp];

impl Example {
    /// The name of its folder.
    pub fn name(self) -> &'static str {
        match self {
            Self::PythonFastmcp => "python-fastmcp",
            Self::TypescriptSdk => "typescript-sdk",
            Self::RustRmcp => "rust-rmcp",
        }
    }

    /// Its `run`, with no settings. Cargo has compiled the one in Rust already, and its `run` would do so once more with
    /// other features.
    ///
    /// # Errors
    /// When it is not built.
    pub fn command(self) -> Result<Command> {
        let program = match self {
            Self::RustRmcp => place::program("edgeward-example-rmcp")?,
            _ => place::checkout().join("examples").join(self.name()).join("run"),
        };
        let mut command = Command::new(program);
        command.env_clear().env("PATH", place::node_path());
        if let Some(home) = std::env::var_os("HOME") {
            command.env("HOME", home);
        }
        Ok(command)
    }
}

/// A member of the group `editors`.
pub const EDITOR: browser::User<'static> = browser::User { name: "ada", password: "Correct-horse-1" };
/// Another user.
pub const READER: browser::User<'static> = browser::User { name: "grace", password: "Correct-horse-2" };

/// Where the edge is to be deployed, one day.
const PUBLIC_URL: &str = "https://mcp.example.com";
const POOL: &str = "eu-west-1_Existing1";
const CLIENT: &str = "1existingclient0000000000";
const SECRET: &str = "theSecretOfAnAppClientThatSomebodyMadeBefore0001";

/// What an operator has, and a folder to work in. Everything stops when it is dropped.
#[derive(Debug)]
pub struct Operator {
    cognito: Cognito,
    folder: PathBuf,
    edge_port: u16,
    server_port: u16,
}

impl Operator {
    /// Starts the user pool, and chooses ports for the edge and for the MCP server.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start(name: &str) -> Result<Self> {
        Self::start_at(name, Port::Free, Port::Free).await
    }

    /// As [`Operator::start`], with these ports.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start_at(name: &str, edge: Port, server: Port) -> Result<Self> {
        let folder = place::run_folder(name)?;
        let (edge_port, server_port) = (edge.choose()?, server.choose()?);
        let cognito = Cognito::start(pool(edge_port)).await.context("cannot start the local Cognito")?;
        fs::write(folder.join("client-secret"), SECRET)?;
        Ok(Self { cognito, folder, edge_port, server_port })
    }

    /// The folder that it works in.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The edge's MCP URL.
    ///
    /// # Panics
    /// When it makes no URL.
    pub fn mcp(&self) -> Url {
        format!("{}/mcp", self.issuer()).parse().expect("a URL")
    }

    /// The MCP server's own URL, past the edge.
    pub fn server(&self) -> String {
        format!("{}/mcp", self.audience())
    }

    /// The edge's public URL.
    pub fn issuer(&self) -> String {
        format!("http://localhost:{}", self.edge_port)
    }

    /// What the edge calls the MCP server.
    pub fn audience(&self) -> String {
        format!("http://127.0.0.1:{}", self.server_port)
    }

    /// The arguments of `edgeward init` that answer every question.
    pub fn answers(&self) -> Vec<String> {
        [
            ("--user-pool", POOL),
            ("--client", CLIENT),
            ("--client-secret-file", "client-secret"),
            ("--domain", self.cognito.domain_url()),
            ("--public-url", PUBLIC_URL),
            ("--server-url", &self.server()),
            ("--secrets", "file"),
            ("--set", &format!("cognito-issuer={}", self.cognito.issuer_url())),
            ("--set", &format!("cognito-jwks-url={}", self.cognito.jwks_url())),
            ("--set", "origin-groups=editors"),
        ]
        .into_iter()
        .flat_map(|(option, value)| [option.to_owned(), value.to_owned()])
        .collect()
    }

    /// `edgeward init`.
    ///
    /// # Errors
    /// When it does not succeed.
    pub async fn init(&self) -> Result<Output> {
        let mut command = tokio::process::Command::from(self.tool()?);
        let output = command.args(["init", "--yes"]).args(self.answers()).output().await?;
        let said = [&*output.stdout, &*output.stderr].concat();
        ensure!(output.status.success(), "edgeward init: {}", String::from_utf8_lossy(&said));
        Ok(output)
    }

    /// `edgeward up --local`, once the edge serves.
    ///
    /// # Errors
    /// When it does not.
    pub async fn up(&self) -> Result<Process> {
        let mut command = self.tool()?;
        command.args(["up", "--local", "--port", &self.edge_port.to_string(), "--edge-folder"]);
        command.arg(place::checkout().join("edge/cloudflare"));
        let process = Process::spawn("up", &mut command, &self.folder)?;
        let health = format!("{}/healthz", self.issuer());
        origin::ready(&process, &health, StatusCode::OK, Duration::from_secs(60)).await?;
        Ok(process)
    }

    /// An example, once it listens.
    ///
    /// # Errors
    /// When it does not.
    pub async fn run(&self, example: Example) -> Result<Process> {
        let mut command = example.command()?;
        command.env("EDGEWARD_ISSUER", self.issuer()).env("EDGEWARD_AUDIENCE", self.audience());
        command.env("PORT", self.server_port.to_string());
        let process = Process::spawn(example.name(), &mut command, &self.folder)?;
        // Its keys are at the edge, which may not serve yet; without an identity it needs none.
        origin::ready(&process, &self.server(), StatusCode::UNAUTHORIZED, Duration::from_secs(60)).await?;
        Ok(process)
    }

    /// The tool, in its folder, without an account at AWS.
    fn tool(&self) -> Result<Command> {
        let mut command = Command::new(place::program("edgeward")?);
        command.current_dir(&self.folder).env_clear().env("PATH", place::node_path()).env("HOME", &self.folder);
        command.env("AWS_EC2_METADATA_DISABLED", "true").env("EDGEWARD_WRANGLER", place::wrangler()?);
        Ok(command)
    }
}

fn pool(edge_port: u16) -> Config {
    let issuers = [PUBLIC_URL, &format!("http://localhost:{edge_port}")];
    let user = |user: browser::User<'_>, sub: &str, groups: &[&str]| User {
        email: Some(format!("{}@example.com", user.name)),
        email_verified: true,
        groups: groups.iter().map(|&group| group.to_owned()).collect(),
        ..User::new(user.name, user.password, sub)
    };
    Config {
        pool_id: POOL.to_owned(),
        users: vec![
            user(EDITOR, "6f1c2a9e-7c1d-4d7e-9a55-0d0e5eed0011", &["editors", "staff"]),
            user(READER, "6f1c2a9e-7c1d-4d7e-9a55-0d0e5eed0012", &["staff"]),
        ],
        app_clients: vec![AppClient {
            callback_urls: issuers.map(|issuer| format!("{issuer}/callback")).into(),
            logout_urls: issuers.map(|issuer| format!("{issuer}/signed-out")).into(),
            ..AppClient::confidential(CLIENT, SECRET)
        }],
        ..Config::default()
    }
}
