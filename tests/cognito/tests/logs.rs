//! What is logged, and what is not. Logging is a matter of the whole process, so this test has one to itself.

#[expect(dead_code, reason = "made for the contract tests, of which this one needs little")]
mod support;

use std::io::Write;
use std::sync::{Arc, Mutex};

use tracing_subscriber::fmt::MakeWriter;

use crate::support::{TestPool, VERIFIER, assert_granted, http, refresh, request};

#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Buffer {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn a_request_is_one_line_and_no_secret_is_in_it() {
    let log = Buffer::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::DEBUG).with_writer(log.clone()).finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let pool = TestPool::start().await;
    let tokens = pool.tokens(&request()).await;
    assert_granted(pool.token(&refresh(tokens.text("refresh_token")))).await;
    http().get(pool.url("/oauth2/userInfo")).bearer_auth(tokens.text("access_token")).send().await.unwrap();

    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("edgeward_cognito")).collect();
    assert_eq!(lines.len(), pool.cognito.requests().len());
    assert!(lines[0].contains("method=GET path=/oauth2/authorize status=302"), "{}", lines[0]);
    let secrets = pool.cognito.issued_secrets();
    for secret in &secrets {
        assert!(lines.iter().all(|line| !line.contains(&secret.value)), "{:?} is in the log", secret.kind);
    }
    assert!(lines.iter().all(|line| !line.contains(VERIFIER) && !line.contains("a-state_1")));
}
