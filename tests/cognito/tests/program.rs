//! The pool as a program.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use rustix::process::{Pid, Signal, kill_process};

use crate::support::{get, ok_json};

/// A running program and the URLs from its one line.
struct Program {
    child: Child,
    domain: String,
    issuer: String,
}

impl Program {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_edgeward-cognito"))
            .args(["--domain-addr", "127.0.0.1:0", "--issuer-addr", "127.0.0.1:0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let words: Vec<&str> = line.split_whitespace().collect();
        let ["edgeward-cognito", "ready:", "domain", domain, "issuer", issuer] = words[..] else {
            panic!("an unexpected line: {line:?}")
        };
        Self { domain: domain.to_owned(), issuer: issuer.to_owned(), child }
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn it_says_where_it_listens_and_stops_cleanly_when_told() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut program = Program::start(&[]);
        let document =
            ok_json(get(format!("{}/.well-known/openid-configuration", program.issuer)).await.unwrap()).await;
        assert_eq!(document["token_endpoint"], format!("{}/oauth2/token", program.domain));
        let switches = get(format!("{}/__admin/mode", program.domain)).await.unwrap();
        assert_eq!(switches.status(), StatusCode::NOT_FOUND);

        program.signal(signal);
        let patience = Instant::now() + Duration::from_secs(10);
        let status = loop {
            if let Some(status) = program.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < patience, "it does not stop at {signal:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        assert!(status.success(), "{status}");
    }
}

#[tokio::test]
async fn a_seed_and_flags_change_the_pool() {
    let seed = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cognito-seed.json");
    std::fs::write(&seed, r#"{"pool_id": "eu-west-1_Seeded", "token_issuer": "https://issuer.example"}"#).unwrap();
    let callback = "http://localhost:3000/callback";
    let flags = ["--seed", seed.to_str().unwrap(), "--admin", "--public-domain-url", "http://localhost:9400"];
    let program = Program::start(&[&flags[..], &["--callback-url", callback]].concat());
    assert!(program.issuer.ends_with("/eu-west-1_Seeded"));
    assert_eq!(program.domain, "http://localhost:9400");
}

#[test]
fn a_seed_that_makes_no_sense_is_refused() {
    let seed = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cognito-bad-seed.json");
    std::fs::write(&seed, r#"{"pool_id": "nonsense"}"#).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_edgeward-cognito")).arg("--seed").arg(&seed).output().unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("us-east-1_Name"));
}
