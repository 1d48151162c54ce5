//! What tests are given, and what they are.

use std::{pin::Pin, sync::Arc, time::Duration};

use anyhow::Result;
use base64ct::{Base64UrlUnpadded, Encoding as _};
use ed25519_dalek::{Signer as _, SigningKey};
use edgeward_tests::{by_hand, stack::Stack};
use libtest_mimic::{Failed, Trial};
use reqwest::Response;
use serde_json::Value;
use tokio::{runtime::Handle, time::timeout};

/// The running stack, and what only its owner knows.
pub(crate) struct World {
    pub(crate) stack: Stack,
    /// The edge's private keys.
    pub(crate) keys: String,
}

impl World {
    /// `tools/call` of `whoami` at the edge, with a token.
    pub(crate) async fn whoami(&self, token: &str) -> Result<Response> {
        Ok(by_hand::whoami(self.stack.mcp().as_str())?.bearer_auth(token).send().await?)
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

/// One test.
pub(crate) struct Test {
    name: String,
    run: Run,
}

type Run = Box<dyn FnOnce(Arc<World>) -> Pin<Box<dyn Future<Output = Result<()>> + Send>> + Send>;

impl Test {
    pub(crate) fn new<F>(module: &str, name: &str, run: fn(Arc<World>) -> F) -> Self
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        let topic = module.rsplit("::").next().unwrap_or(module);
        Self { name: format!("{topic}::{name}"), run: Box::new(move |world| Box::pin(run(world))) }
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
