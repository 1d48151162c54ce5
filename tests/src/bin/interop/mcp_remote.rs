//! mcp-remote: the bridge for hosts that only speak over pipes. The host is rmcp's client here.

use std::{
    fs::{self, File},
    path::PathBuf,
    process::Stdio,
};

use anyhow::{Context as _, Result};
use edgeward_tests::{client::Connection, place, port::Port};
use rmcp::{ClientLifecycleMode, ClientServiceExt as _};
use tokio::process::{Child, Command};

use crate::{
    browser::Browser,
    scene::Scene,
    subject::{Subject, tools_over, whoami_over},
};

pub(crate) struct McpRemote {
    url: String,
    folder: PathBuf,
    browser: Browser,
    port: u16,
    running: Option<Running>,
}

struct Running {
    connection: Connection,
    /// Ends with this.
    _bridge: Child,
}

impl McpRemote {
    pub(crate) fn new(scene: &Scene) -> Result<Self> {
        let folder = scene.stack.folder().join("mcp-remote");
        let browser = Browser::new(&folder)?;
        Ok(Self { url: scene.stack.mcp().into(), folder, browser, port: Port::Free.choose()?, running: None })
    }

    async fn start(&self) -> Result<Running> {
        fs::create_dir_all(&self.folder)?;
        let mut bridge = Command::new(place::node_tool("mcp-remote")?)
            .args([&self.url, &self.port.to_string(), "--auth-timeout", "60"])
            .envs(self.browser.variables())
            .env("HOME", &self.folder)
            .env("MCP_REMOTE_CONFIG_DIR", self.folder.join("config"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::options().create(true).append(true).open(self.folder.join("mcp-remote.log"))?)
            .kill_on_drop(true)
            .spawn()
            .context("cannot start mcp-remote")?;
        let pipes = (bridge.stdout.take().context("no output")?, bridge.stdin.take().context("no input")?);
        let connection = ().serve_with_lifecycle(pipes, ClientLifecycleMode::Initialize).await?;
        Ok(Running { connection, _bridge: bridge })
    }

    fn connection(&self) -> Result<&Connection> {
        Ok(&self.running.as_ref().context("it does not run")?.connection)
    }
}

impl Subject for McpRemote {
    async fn sign_in(&mut self) -> Result<()> {
        self.running = Some(self.start().await?);
        Ok(())
    }

    async fn tools(&mut self) -> Result<String> {
        tools_over(self.connection()?).await
    }

    async fn whoami(&mut self) -> Result<String> {
        whoami_over(self.connection()?).await
    }

    async fn reconnect(&mut self) -> Result<()> {
        self.running = None;
        self.running = Some(self.start().await?);
        Ok(())
    }

    fn browser(&self) -> &Browser {
        &self.browser
    }
}
