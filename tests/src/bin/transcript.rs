//! Does what a platform engineer does who has a user pool and a server in Python, in a fresh clone, and writes down what is typed,
//! what is said and how long it takes: `make transcript` writes `docs/transcript.md`.

use std::{
    env,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use edgeward_tests::{
    browser::Browser,
    client::{self, Era, SignedIn},
    examples::{EDITOR, Operator},
    origin, place,
    port::Port,
    process::Process,
    signal::to_its_end,
};
use http::StatusCode;
use serde_json::json;

const INTRODUCTION: &str = "# From nothing to a signed-in client

`make transcript` writes this page: it types these commands in a fresh clone, keeps what they say, and measures the time of each. Before the
first command the machine has rustup with the toolchain, Node, Python and make. It has no crates, no packages and nothing compiled.

The user pool exists already, with a user `ada` in the group `editors`. It is the tests' double of Cognito, so three options of `init` say
where that is. With a real pool leave out `--domain` and the two settings `cognito-issuer` and `cognito-jwks-url`. Nobody has tried this with a
real pool yet.

";

#[tokio::main]
async fn main() -> ExitCode {
    to_its_end("transcript", run()).await
}

async fn run() -> Result<ExitCode> {
    let operator = Operator::start_at("transcript", Port::Fixed(8787), Port::Fixed(8080)).await?;
    let mut session = Session::new(operator.folder())?;

    session.types("git clone https://github.com/OWNER/edgeward && cd edgeward", &session.clone_command(), 0)?;
    session.types("make edge", "make edge", 2)?;
    let install = "cargo install --locked --profile dev --path infra/edgeward";
    session.types(&format!(". .ci/env && {install}"), install, 1)?;

    let (issuer, audience) = (operator.issuer(), operator.audience());
    let run = format!("EDGEWARD_ISSUER={issuer} EDGEWARD_AUDIENCE={audience} examples/python-fastmcp/run");
    let began = Instant::now();
    let server = session.begins("server", &run)?;
    origin::ready(&server, &operator.server(), StatusCode::UNAUTHORIZED, PATIENCE).await?;
    session.typed(&format!("{run} &"), "", began.elapsed());

    fs::copy(operator.folder().join("client-secret"), session.clone.join("client-secret"))?;
    let answers = operator.answers();
    let answers: Vec<_> = answers.chunks(2).map(|pair| pair.join(" ")).collect();
    let init = format!("edgeward init --yes \\\n  {}", answers.join(" \\\n  "));
    session.types(&init, &init, 6)?;

    let began = Instant::now();
    let up = session.begins("up", "edgeward up --local")?;
    while !up.log().contains("until Ctrl-C") {
        if let Some(status) = up.exited()? {
            bail!("edgeward up ended with {status}:\n{}", up.log());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    session.typed("edgeward up --local", &last_lines(&up.log(), 12), began.elapsed());

    let began = Instant::now();
    let connection = SignedIn::with(&mut Browser::new()?, &operator.mcp(), EDITOR).await?.connect(Era::Legacy).await?;
    let who = client::text(&client::call(&connection, "whoami", json!({})).await?);
    let published = client::text(&client::call(&connection, "publish", json!({ "title": "News" })).await?);
    connection.cancel().await?;
    session.client(operator.mcp().as_str(), &[("whoami", &who), ("publish", &published)], began.elapsed());

    let page = session.end()?;
    fs::write(place::checkout().join("docs/transcript.md"), &page)?;
    println!("{page}\ntranscript: ok");
    Ok(ExitCode::SUCCESS)
}

/// A shell in a clone, whose words are written down.
struct Session {
    clone: PathBuf,
    /// Cargo's, empty.
    home: PathBuf,
    began: Instant,
    page: String,
}

impl Session {
    fn new(folder: &Path) -> Result<Self> {
        let home = folder.join("cargo-home");
        fs::create_dir_all(&home)?;
        // It says where crates come from, on machines with a mirror.
        let configuration = cargo_home().map(|home| home.join("config.toml")).filter(|file| file.is_file());
        if let Some(file) = configuration {
            fs::copy(file, home.join("config.toml"))?;
        }
        Ok(Self { clone: folder.join("edgeward"), home, began: Instant::now(), page: INTRODUCTION.to_owned() })
    }

    fn clone_command(&self) -> String {
        format!("git clone --quiet '{}' '{}'", place::checkout().display(), self.clone.display())
    }

    fn command(&self, line: &str) -> Result<Command> {
        let mut command = Command::new("bash");
        let folder = if self.clone.is_dir() { &self.clone } else { &self.home };
        command.args(["-c", &format!("[ ! -e .ci/env ] || . .ci/env\n{line}")]).current_dir(folder);
        // Those of the checkout that this was started in.
        for name in
            ["BASH_ENV", "CARGO_TARGET_DIR", "NODE_COMPILE_CACHE", "WRANGLER_LOG_PATH", "MAKEFLAGS", "MAKELEVEL"]
        {
            command.env_remove(name);
        }
        let path = env::var_os("PATH").unwrap_or_default();
        let tools = place::checkout().join("tests/tools");
        let others = env::split_paths(&path).filter(|folder| !folder.starts_with(&tools));
        command.env("PATH", env::join_paths(std::iter::once(self.home.join("bin")).chain(others))?);
        command.env("CARGO_HOME", &self.home).env("AWS_EC2_METADATA_DISABLED", "true");
        Ok(command)
    }

    /// Runs a command to its end, and keeps the last lines of what it says.
    fn types(&mut self, shown: &str, line: &str, lines: usize) -> Result<()> {
        println!("$ {shown}");
        let began = Instant::now();
        let output = self.command(line)?.output().with_context(|| format!("cannot run {line}"))?;
        let said = String::from_utf8_lossy(&[&*output.stdout, &*output.stderr].concat()).into_owned();
        if !output.status.success() {
            bail!("{shown}: {}\n{said}", output.status);
        }
        self.typed(shown, &last_lines(&said, lines), began.elapsed());
        Ok(())
    }

    /// Starts a command that goes on.
    fn begins(&self, name: &str, line: &str) -> Result<Process> {
        println!("$ {line}");
        Process::spawn(name, &mut self.command(&format!("exec env {line}"))?, &self.home)
    }

    fn typed(&mut self, shown: &str, said: &str, took: Duration) {
        let said = said.replace(&self.clone.display().to_string(), "~/edgeward");
        let said = said.replace(&self.home.display().to_string(), "~/.cargo");
        let _ = write!(self.page, "```console\n$ {shown}\n{said}```\n\nTook {}.\n\n", words(took));
    }

    fn client(&mut self, mcp: &str, calls: &[(&str, &str)], took: Duration) {
        let _ = writeln!(
            self.page,
            "Then a client connects to {mcp}. The user `ada` signs in, allows it, and calls two tools:\n"
        );
        for (tool, answer) in calls {
            let _ = writeln!(self.page, "- `{tool}`: `{answer}`");
        }
        let _ = write!(self.page, "\nTook {}.\n\n", words(took));
    }

    fn end(mut self) -> Result<String> {
        let cores = std::thread::available_parallelism()?;
        let _ =
            writeln!(self.page, "All of it took **{}** on a machine with {cores} cores.", words(self.began.elapsed()));
        Ok(self.page)
    }
}

fn cargo_home() -> Option<PathBuf> {
    env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| env::home_dir().map(|home| home.join(".cargo")))
}

fn words(took: Duration) -> String {
    let seconds = took.as_secs_f64().round() as u64;
    match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("{seconds} s"),
        (minutes, seconds) => format!("{minutes} min {seconds} s"),
    }
}

fn last_lines(text: &str, lines: usize) -> String {
    let all: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    all[all.len().saturating_sub(lines)..].iter().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// Packages are installed before the first start.
const PATIENCE: Duration = Duration::from_secs(300);
