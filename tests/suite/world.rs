//! What tests are given, and what they are.

use std::{pin::Pin, sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use base64ct::{Base64UrlUnpadded, Encoding as _};
use ed25519_dalek::{Signer as _, SigningKey};
use edgeward_tests::{
    by_hand::{self, Answer},
    document_host::DocumentHost,
    stack::Stack,
    workerd::Workerd,
};
use libtest_mimic::{Failed, Trial};
use reqwest::{Response, StatusCode};
use serde_json::Value;
use tokio::{runtime::Handle, sync::OnceCell, time::timeout};

use crate::{faulty::Faulty, incidents::scene::Scene};

/// The running stack, and what only its owner knows.
pub(crate) struct World {
    pub(crate) stack: Stack,
    /// The edge's private keys.
    pub(crate) keys: String,
    /// The secret of the confidential client among its settings.
    pub(crate) client_secret: String,
    /// The web servers of other people.
    pub(crate) hosts: DocumentHost,
    /// Another edge, for the tests of faults.
    pub(crate) faulty: OnceCell<Faulty>,
    /// Another one, whose clients go away.
    pub(crate) abandoned: OnceCell<Workerd>,
    /// A deployment that the operator's tool can reach.
    pub(crate) incidents: OnceCell<Scene>,
}

impl World {
    /// A deployment that the operator's tool can reach, started when it is first asked for.
    pub(crate) async fn incidents(&self) -> Result<&Scene> {
        self.incidents.get_or_try_init(|| Scene::start(self)).await
    }

    /// `tools/call` of `whoami` at the edge, with a token.
    pub(crate) async fn whoami(&self, token: &str) -> Result<Response> {
        Ok(by_hand::whoami(self.stack.mcp().as_str())?.bearer_auth(token).send().await?)
    }

    /// Host and port of the public URL: what `Host` must say.
    pub(crate) fn host(&self) -> &str {
        self.stack.issuer().trim_start_matches("http://")
    }

    /// How much the edge has logged so far.
    pub(crate) fn log_mark(&self) -> usize {
        self.stack.edge().process().log().len()
    }

    /// Waits for a record of this event in what the edge logs after `mark`.
    pub(crate) async fn record(&self, mark: usize, event: &str) -> Result<Value> {
        let found = async {
            loop {
                let records = records(&self.stack.edge().process().log()[mark..]);
                if let Some(record) = records.into_iter().find(|record| record["event"] == event) {
                    return record;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(Duration::from_secs(5), found).await.with_context(|| format!("nothing is logged about: {event}"))
    }

    /// A token with these claims, signed with the edge's own key.
    pub(crate) fn sign(&self, header: &Value, claims: &Value) -> String {
        let keys: Value = serde_json::from_str(&self.keys).expect("a JWKS");
        let secret = keys["keys"][0]["d"].as_str().expect("a private key");
        let secret = Base64UrlUnpadded::decode_vec(secret).expect("base64url");
        let key = SigningKey::from_bytes(secret.as_slice().try_into().expect("32 bytes"));
        sign(&key, header, claims)
    }
}

/// A compact token of any content.
pub(crate) fn sign(key: &SigningKey, header: &Value, claims: &Value) -> String {
    let text = format!("{}.{}", encode(header), encode(claims));
    let signature = key.sign(text.as_bytes());
    format!("{text}.{}", Base64UrlUnpadded::encode_string(&signature.to_bytes()))
}

fn encode(value: &Value) -> String {
    Base64UrlUnpadded::encode_string(value.to_string().as_bytes())
}

/// A part of a compact token, decoded: 0 is the header, 1 the claims.
pub(crate) fn part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).expect("a compact token");
    serde_json::from_slice(&Base64UrlUnpadded::decode_vec(part).expect("base64url")).expect("JSON")
}

/// The records in an edge's log. wrangler puts marks around those that are not for information only.
pub(crate) fn records(log: &str) -> Vec<Value> {
    let json = |line: &str| serde_json::from_str(line.get(line.find('{')?..=line.rfind('}')?)?).ok();
    log.lines().filter_map(json).collect()
}

/// An error response (RFC 6749 §5.2, RFC 7591 §3.2.2): nothing is granted, nothing may be kept.
pub(crate) fn refused(answer: &Answer, status: StatusCode, error: &str) {
    // Not the whole body: should it grant something, the message would have tokens in it.
    assert_eq!((answer.status, answer.text("error")), (status, error), "{}", answer.text("error_description"));
    assert_eq!(answer.headers["cache-control"], "no-store, no-transform");
    for secret in ["access_token", "refresh_token", "client_secret"] {
        assert!(answer.body[secret].is_null(), "{secret} in a refusal");
    }
}

/// The same text with one character changed.
pub(crate) fn changed_at(text: &str, at: usize) -> String {
    let other = if text.as_bytes()[at] == b'A' { "B" } else { "A" };
    let mut changed = text.to_owned();
    changed.replace_range(at..=at, other);
    changed
}

/// One test.
pub(crate) struct Test {
    pub(crate) name: String,
    run: Run,
}

type Run = Box<dyn FnOnce(Arc<World>) -> Pin<Box<dyn Future<Output = Result<()>> + Send>> + Send>;

impl Test {
    pub(crate) fn new<F>(module: &str, name: &str, run: fn(Arc<World>) -> F) -> Self
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        let topic = module.rsplit("::").next().unwrap_or(module);
        Self::named(format!("{topic}::{name}"), move |world| Box::pin(run(world)))
    }

    /// A test that is more than a function.
    pub(crate) fn named(
        name: String,
        run: impl FnOnce(Arc<World>) -> Pin<Box<dyn Future<Output = Result<()>> + Send>> + Send + 'static,
    ) -> Self {
        Self { name, run: Box::new(run) }
    }

    pub(crate) fn trial(self, world: Arc<World>, runtime: Handle) -> Trial {
        Trial::test(self.name, move || {
            let ended = runtime.block_on(async { timeout(PATIENCE, (self.run)(world)).await });
            match ended {
                Ok(Ok(())) => Ok(()),
                Ok(Err(error)) => Err(Failed::from(format!("{error:#}"))),
                Err(_) => Err(Failed::from(format!("not done after {} s", PATIENCE.as_secs()))),
            }
        })
    }

    /// For the list of tests only.
    pub(crate) fn unstarted(self) -> Trial {
        Trial::test(self.name, || Err(Failed::without_message()))
    }
}

/// The tests of a module, in this order: `async fn name(world: Arc<World>) -> Result<()>` each.
macro_rules! tests {
    ($($name:ident),+ $(,)?) => {
        pub(crate) fn tests() -> Vec<$crate::world::Test> {
            vec![$($crate::world::Test::new(module_path!(), stringify!($name), $name)),+]
        }
    };
}
pub(crate) use tests;

const PATIENCE: Duration = Duration::from_secs(60);
