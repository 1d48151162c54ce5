//! What tests are given, and what they are.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::Result;
use base64ct::{Base64UrlUnpadded, Encoding as _};
use ed25519_dalek::{Signer as _, SigningKey};
use edgeward_cognito::Mode;
use edgeward_tests::{
    by_hand::{self, Answer},
    document_host::DocumentHost,
    edge::{Capability, DivertedHosts, Edge, KnownEdge, skip},
    stack::Stack,
};
use libtest_mimic::{Completion, Failed, Trial};
use reqwest::{Response, StatusCode};
use serde_json::Value;
use tokio::{runtime::Handle, sync::OnceCell, time::timeout};

use crate::{faulty::Faulty, incidents::scene::Scene, skips::SKIPS};

/// The running stack, and what only its owner knows.
pub(crate) struct World {
    pub(crate) stack: Stack,
    /// The edge's private keys.
    pub(crate) keys: String,
    /// The secret of the confidential client among its settings.
    pub(crate) client_secret: String,
    /// The web servers of other people.
    pub(crate) document_host: DocumentHost,
    /// Another edge, for the tests of faults.
    pub(crate) faulty: OnceCell<Faulty>,
    /// Another one, whose clients go away.
    pub(crate) abandoned: OnceCell<Edge>,
    /// A deployment that the operator's tool can reach.
    pub(crate) incidents: OnceCell<Scene>,
    /// The edge that all of this is run against.
    pub(crate) edge: KnownEdge,
    /// The reason of each test that was skipped.
    pub(crate) skipped: Mutex<Vec<&'static str>>,
}

impl World {
    /// A deployment that the operator's tool can reach, started when it is first asked for.
    pub(crate) async fn incidents(&self) -> Result<&Scene> {
        self.incidents.get_or_try_init(|| Scene::start(self)).await
    }

    /// The web servers of other people, which the stack's edge reaches below `example`.
    ///
    /// # Errors
    /// [`Lacks`](edgeward_tests::edge::Lacks) when it does not.
    pub(crate) fn hosts(&self) -> Result<&DocumentHost> {
        self.stack.edge().needs(Capability::Documents)?;
        Ok(&self.document_host)
    }

    /// The same for another edge, if its runtime can reach them.
    pub(crate) fn diverted_hosts(&self) -> DivertedHosts {
        self.hosts().ok().map(DocumentHost::address)
    }

    /// The reasons of what has been skipped so far.
    pub(crate) fn skipped(&self) -> Vec<&'static str> {
        self.skipped.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn skip(&self, reason: &'static str) -> Completion {
        self.skipped.lock().unwrap_or_else(PoisonError::into_inner).push(reason);
        Completion::ignored_with(reason)
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
        self.stack.edge().log().len()
    }

    /// Waits for a record of this event in what the edge logs after `mark`.
    pub(crate) async fn record(&self, mark: usize, event: &str) -> Result<Value> {
        self.stack.edge().record_after(mark, event).await
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
        let topic = module.split_once("::").map_or(module, |(_, topic)| topic);
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
        let edge = world.edge.name;
        Trial::ignorable_test(full_name(edge, &self.name), move || {
            if let Some(reason) = skip::of_test(SKIPS, edge, &self.name) {
                return Ok(world.skip(reason));
            }
            let ended = runtime.block_on(async { timeout(PATIENCE, (self.run)(Arc::clone(&world))).await });
            match ended {
                Ok(Ok(())) => Ok(Completion::Completed),
                Ok(Err(error)) => {
                    let Some(reason) = skip::of_error(SKIPS, edge, &error) else {
                        return Err(Failed::from(format!("{error:#}")));
                    };
                    // It may have asked late.
                    world.stack.cognito().clear_faults();
                    world.stack.cognito().set_mode(Mode::default());
                    Ok(world.skip(reason))
                }
                Err(_) => Err(Failed::from(format!("not done after {} s", PATIENCE.as_secs()))),
            }
        })
    }

    /// For the list of tests only.
    pub(crate) fn unstarted(self, edge: &str) -> Trial {
        Trial::test(full_name(edge, &self.name), || Err(Failed::without_message()))
    }
}

/// With the edge first, as tests that only that edge has are named anyway.
fn full_name(edge: &str, name: &str) -> String {
    let is_own = name.strip_prefix(edge).is_some_and(|rest| rest.starts_with("::"));
    if is_own { name.to_owned() } else { format!("{edge}::{name}") }
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
