//! One of those that are compared.

use std::{
    fmt,
    net::SocketAddr,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use axum::body::Bytes;
use edgeward_tests::{
    port::{Port, loopback},
    process::Process,
    workerd::{Worker, Workerd},
};
use http::{HeaderValue, Request, header};
use http_body_util::Full;
use reqwest::Url;
use serde_json::json;

use crate::generator::{Connection, Ready};

/// A server with the origin behind it.
#[derive(Debug)]
pub(crate) struct Peer {
    /// Its name in the figures.
    pub(crate) name: &'static str,
    /// Its base URL, without a trailing slash: its issuer, if it has one.
    pub(crate) url: String,
    /// The host that it is asked for: an edge answers for no other than its issuer's.
    pub(crate) host: String,
    /// Whether it checks tokens.
    pub(crate) auth: Auth,
    program: Program,
    server: Option<Server>,
    /// What a client asks for there.
    pub(crate) scope: &'static str,
    /// A token for it. The floor gets one too, and passes it on.
    pub(crate) token: String,
}

/// Whether a peer checks tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Auth {
    /// It does not.
    None,
    /// It does, and signs users in.
    Checked,
}

/// How it is started.
pub(crate) enum Program {
    /// In bare workerd.
    Worker(Worker),
    /// As a program, given its port. What is measured are the processes called so.
    Command(Box<dyn Fn(u16) -> Result<Command> + Send + Sync>, &'static str),
    /// It runs already.
    Running,
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Worker(_) => "Worker",
            Self::Command(..) => "Command",
            Self::Running => "Running",
        })
    }
}

/// Its process.
#[derive(Debug)]
pub(crate) enum Server {
    Workerd(Workerd),
    Process(Process),
}

impl Peer {
    /// One that is yet to be started.
    pub(crate) fn new(name: &'static str, port: u16, auth: Auth, program: Program) -> Self {
        let host = format!("localhost:{port}");
        // As long as an access token of Edgeward's.
        Self {
            name,
            url: format!("http://{host}"),
            host,
            auth,
            program,
            server: None,
            scope: "mcp",
            token: "a".repeat(900),
        }
    }

    /// Starts it, and waits until it answers at all.
    ///
    /// # Errors
    /// When it does not.
    pub(crate) async fn start(&mut self, folder: &Path) -> Result<()> {
        self.server = self.program.spawn(self.name, self.address()?.port(), folder)?;
        self.answers(self.address()?).await.with_context(|| format!("{} does not start", self.name))
    }

    /// Starts another one and gives how long it took until its first answer, whatever that was.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) async fn start_cold(&self, folder: &Path) -> Result<Duration> {
        let port = Port::Free.choose()?;
        let name = format!("cold-{}", self.name);
        let begun = Instant::now();
        let _server = self.program.spawn(&name, port, folder)?;
        self.answers(loopback(port)).await.with_context(|| format!("{name} does not start"))?;
        Ok(begun.elapsed())
    }

    async fn answers(&self, address: SocketAddr) -> Result<()> {
        let answer = async {
            loop {
                if let Ok(mut connection) = Connection::open(address).await
                    && connection.ask(self.call(&self.token)).await.is_ok()
                {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), answer).await.context("no answer after 30 s")
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When its URL has no port.
    pub(crate) fn address(&self) -> Result<SocketAddr> {
        let url: Url = self.url.parse()?;
        Ok(loopback(url.port().context("no port")?))
    }

    /// What it has cost so far, with the kernel's time for it.
    pub(crate) fn cpu_time(&self) -> Duration {
        match (&self.server, &self.program) {
            (Some(Server::Workerd(workerd)), _) => workerd.cpu_time(),
            (Some(Server::Process(process)), Program::Command(_, called)) => process.cpu_time(called),
            _ => Duration::ZERO,
        }
    }

    /// Calls a tool.
    pub(crate) fn call(&self, token: &str) -> Ready {
        self.request("weather", &format!("Bearer {token}"), Bytes::from(call("weather")))
    }

    /// Calls a tool without a token.
    pub(crate) fn call_of_stranger(&self) -> Ready {
        let mut request = self.call("");
        request.headers_mut().remove(header::AUTHORIZATION);
        request
    }

    /// Asks for so many events, so many milliseconds apart.
    ///
    /// # Errors
    /// When its URL is none.
    pub(crate) fn stream(&self, events: usize, interval: u64) -> Result<Ready> {
        let mut request = self.request("stream", &format!("Bearer {}", self.token), Bytes::from(call("stream")));
        *request.uri_mut() = format!("/mcp?events={events}&interval={interval}").parse()?;
        Ok(request)
    }

    /// Sends this as a body.
    pub(crate) fn upload(&self, body: Bytes) -> Ready {
        self.request("upload", &format!("Bearer {}", self.token), body)
    }

    fn request(&self, tool: &'static str, authorization: &str, body: Bytes) -> Ready {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = http::Uri::from_static("/mcp");
        let headers = request.headers_mut();
        for (name, value) in [("host", self.host.as_str()), ("authorization", authorization)] {
            // Neither has a character that no header may have.
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        }
        for (name, value) in [
            ("content-type", "application/json"),
            ("accept", "application/json, text/event-stream"),
            ("user-agent", "edgeward-bench"),
            ("mcp-protocol-version", "2026-07-28"),
            ("mcp-method", "tools/call"),
            ("mcp-name", tool),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        request
    }
}

impl Program {
    fn spawn(&self, name: &str, port: u16, folder: &Path) -> Result<Option<Server>> {
        Ok(match self {
            Self::Worker(worker) => Some(Server::Workerd(Workerd::spawn(port, name, worker, folder)?)),
            Self::Command(command, _) => Some(Server::Process(Process::spawn(name, &mut command(port)?, folder)?)),
            Self::Running => None,
        })
    }
}

fn call(tool: &str) -> String {
    let message = json!({
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {
            "name": tool,
            "arguments": { "city": "Basel", "units": "metric" },
            "_meta": {
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientInfo": { "name": "bench", "version": "0" },
                "io.modelcontextprotocol/clientCapabilities": {},
            },
        },
    });
    message.to_string()
}
