//! The Inspector on the command line: a process per request, with what it has kept in files.

use std::{path::PathBuf, process::Command, time::Duration};

use anyhow::{Result, bail};
use edgeward_tests::{client::Era, place, port::Port, process::Process};

use crate::{browser::Browser, scene::Scene, subject::Subject};

pub(crate) struct Inspector {
    url: String,
    folder: PathBuf,
    browser: Browser,
    era: &'static str,
    callback: String,
}

impl Inspector {
    pub(crate) fn new(scene: &Scene, era: Era) -> Result<Self> {
        let era = match era {
            Era::Legacy => "legacy",
            Era::Modern => "modern",
        };
        let folder = scene.stack.folder().join(format!("inspector-{era}"));
        let browser = Browser::new(&folder)?;
        let callback = format!("http://127.0.0.1:{}/oauth/callback", Port::Free.choose()?);
        Ok(Self { url: scene.stack.mcp().into(), folder, browser, era, callback })
    }

    /// What it prints about a request; `auth` says whether it may open the browser.
    async fn ask(&self, method: &[&str], auth: Auth) -> Result<String> {
        let mut command = Command::new(place::node_tool("mcp-inspector")?);
        command
            .args(["--cli", &self.url, "--transport", "http", "--protocol-era", self.era, "--format", "json"])
            .args(["--callback-url", &self.callback, "--connect-timeout", "60000", "--method"])
            .args(method)
            .envs(self.browser.variables())
            .env("HOME", &self.folder)
            .env("MCP_STORAGE_DIR", self.folder.join("storage"))
            // Not the desktop's keychain, which a server has none of.
            .env("MCP_INSPECTOR_SECRET_STORE", "file");
        match auth {
            Auth::Interactive => command.env("MCP_AUTO_OPEN_ENABLED", "true"),
            Auth::Stored => command.arg("--stored-auth-only"),
        };
        let process =
            Process::spawn(&format!("inspector-{}", method[0].replace('/', "-")), &mut command, &self.folder)?;
        let status = process.ends(PATIENCE).await?;
        if !status.success() {
            bail!("it ended with {status}; its log is {}:\n{}", process.log_path().display(), process.log());
        }
        Ok(process.log())
    }
}

#[derive(Debug, Clone, Copy)]
enum Auth {
    Interactive,
    Stored,
}

impl Subject for Inspector {
    async fn sign_in(&mut self) -> Result<()> {
        self.ask(&["tools/list"], Auth::Interactive).await.map(drop)
    }

    async fn tools(&mut self) -> Result<String> {
        self.ask(&["tools/list"], Auth::Stored).await
    }

    async fn whoami(&mut self) -> Result<String> {
        self.ask(&["tools/call", "--tool-name", "whoami"], Auth::Stored).await
    }

    async fn reconnect(&mut self) -> Result<()> {
        // Every request of it is a new connection.
        self.ask(&["tools/list"], Auth::Stored).await.map(drop)
    }

    fn browser(&self) -> &Browser {
        &self.browser
    }
}

const PATIENCE: Duration = Duration::from_secs(90);
