//! The real process, with its log.

use std::{
    net::SocketAddr,
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use edgeward_origin::server::settings::Values;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    sync::Notify,
    time::timeout,
};

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Process {
    child: Child,
    log: Arc<Log>,
    pub(crate) address: SocketAddr,
}

#[derive(Default)]
struct Log {
    lines: Mutex<Vec<String>>,
    written: Notify,
}

impl Process {
    /// Starts it and waits until it listens.
    pub(crate) async fn start(variables: Values) -> Self {
        let mut child = command(&variables).spawn().expect("the process starts");
        let log = Arc::new(Log::default());
        let stdout = child.stdout.take().expect("its output");
        tokio::spawn({
            let log = log.clone();
            async move {
                let mut lines = BufReader::new(stdout).lines();
                while let Ok(Some(line)) = lines.next_line().await {
                    log.lines.lock().expect("the log").push(line);
                    log.written.notify_waiters();
                }
            }
        });
        let mut this = Self { child, log, address: SocketAddr::from(([0, 0, 0, 0], 0)) };
        let listening = this.line("listening").await;
        this.address = listening["address"].as_str().and_then(|text| text.parse().ok()).expect("an address");
        this
    }

    pub(crate) fn mcp(&self) -> String {
        format!("http://{}/mcp", self.address)
    }

    /// The first line with this message; waits for it.
    pub(crate) async fn line(&self, message: &str) -> Value {
        self.line_where(|line| line["message"] == message).await
    }

    /// The first line that `wanted` accepts; waits for it.
    pub(crate) async fn line_where(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        let found = timeout(PATIENCE, async {
            loop {
                let mut written = std::pin::pin!(self.log.written.notified());
                written.as_mut().enable();
                if let Some(line) = self.lines().into_iter().find(&wanted) {
                    return line;
                }
                written.await;
            }
        });
        found.await.unwrap_or_else(|_| panic!("no such line in {:#?}", self.text()))
    }

    /// Every line so far; each is JSON.
    pub(crate) fn lines(&self) -> Vec<Value> {
        let lines = self.log.lines.lock().expect("the log");
        lines.iter().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
    }

    pub(crate) fn text(&self) -> String {
        self.log.lines.lock().expect("the log").join("\n")
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id().expect("still running")
    }

    /// Asks it to stop, as a container runtime does.
    pub(crate) fn terminate(&self) {
        let id = i32::try_from(self.id()).ok().and_then(Pid::from_raw).expect("its id");
        kill_process(id, Signal::TERM).expect("it runs");
    }

    pub(crate) async fn exit(&mut self) -> ExitStatus {
        timeout(PATIENCE, self.child.wait()).await.expect("it exits in time").expect("its status")
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("its status").is_none()
    }
}

/// Runs it to its end: for starts that are refused, and for `--health`.
pub(crate) async fn run(variables: &Values, arguments: &[&str]) -> (ExitStatus, String) {
    let output = timeout(PATIENCE, command(variables).args(arguments).output()).await;
    let output = output.expect("it exits in time").expect("the process runs");
    (output.status, String::from_utf8(output.stdout).expect("text"))
}

fn command(variables: &Values) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_edgeward-origin"));
    command.env_clear().envs(variables).stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    command
}
