//! What the tests share: an edge's key, assertions, an origin in this process, and the real process.
#![allow(dead_code, reason = "every test file uses another part")]

pub(crate) mod client;
pub(crate) mod collector;
pub(crate) mod process;

// The tests crate depends on much more than this one file does.
#[path = "../../../tests/src/weather.rs"]
#[allow(unreachable_pub, reason = "it is public there")]
pub(crate) mod weather;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use base64ct::{Base64UrlUnpadded, Encoding as _};
use edgeward_identity::{Kind, SigningKey, UnixTime, assertion};
use edgeward_origin::{
    Clock, Identity,
    server::{Metrics, Settings, router, settings::Values},
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::{net::TcpListener, task::JoinHandle};

pub(crate) const ISSUER: &str = "https://edge.example";
pub(crate) const AUDIENCE: &str = "https://origin.example";
pub(crate) const HEADER: &str = "x-edgeward-identity";

/// The key pair of RFC 8037 appendix A.
pub(crate) fn key() -> SigningKey {
    key_with_id("edge-1")
}

pub(crate) fn key_with_id(key_id: &str) -> SigningKey {
    signing_key(key_id, "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A", "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
}

/// Test 1024 of RFC 8032 §7.1: somebody else's key.
pub(crate) fn foreign_key(key_id: &str) -> SigningKey {
    signing_key(key_id, "9eV2fPFTMZUXYw8iaHa4bIFgzFg7wBN0TGvyVfXMDuU", "J4EX_BRMcjQPZ9DyMW6Dhs7_vyskKMnFH-98WX8dQm4")
}

fn signing_key(key_id: &str, d: &str, x: &str) -> SigningKey {
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "kid": key_id, "d": d, "x": x });
    SigningKey::from_value(&jwk).expect("a valid key")
}

pub(crate) fn jwks(keys: &[&SigningKey]) -> Value {
    json!({ "keys": keys.iter().map(|key| key.public_jwk()).collect::<Vec<_>>() })
}

pub(crate) fn identity() -> Identity {
    identity_of("7d8ca528-4931-4254-9273-ea5ee853f271")
}

pub(crate) fn identity_of(subject: &str) -> Identity {
    Identity {
        issuer: ISSUER.into(),
        audience: AUDIENCE.into(),
        subject: subject.into(),
        kind: Kind::User,
        client_id: "client-1".into(),
        scopes: vec!["mcp".into(), "weather".into()],
        username: Some("demo".into()),
        email: Some("demo@example.com".into()),
        unverified_email: None,
        groups: vec!["staff".into()],
        auth_time: Some(UnixTime::from_secs(1_790_000_000)),
        grant_id: "grant-1".into(),
    }
}

/// An assertion for `subject` that is valid now.
pub(crate) fn assertion_of(subject: &str) -> String {
    assertion::mint(&identity_of(subject), &key(), now(), 60).expect("an assertion")
}

pub(crate) fn now() -> UnixTime {
    UnixTime::from_secs(SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs())
}

/// A clock that stands still until it is told to go on.
#[derive(Clone)]
pub(crate) struct FakeClock(Arc<AtomicU64>);

impl FakeClock {
    pub(crate) fn at(secs: u64) -> Self {
        Self(Arc::new(AtomicU64::new(secs)))
    }

    pub(crate) fn advance(&self, secs: u64) {
        self.0.fetch_add(secs, Ordering::SeqCst);
    }

    pub(crate) fn set(&self, secs: u64) {
        self.0.store(secs, Ordering::SeqCst);
    }

    pub(crate) fn now(&self) -> UnixTime {
        UnixTime::from_secs(self.0.load(Ordering::SeqCst))
    }

    pub(crate) fn clock(&self) -> Clock {
        let this = self.clone();
        Clock::from_fn(move || this.now())
    }
}

/// Settings as the process would get them.
pub(crate) fn variables(weather_url: &str) -> Values {
    [
        ("EDGEWARD_ISSUER", ISSUER),
        ("EDGEWARD_AUDIENCE", AUDIENCE),
        ("EDGEWARD_JWKS", &jwks(&[&key()]).to_string()),
        ("EDGEWARD_WEATHER_URL", weather_url),
        ("EDGEWARD_LISTEN", "127.0.0.1:0"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

/// The same, with a key of sessions for several origins.
pub(crate) fn with_session_keys(mut variables: Values, keys: &[&str]) -> Values {
    variables.insert("EDGEWARD_SESSION_KEYS".into(), session_keys(keys));
    variables
}

/// Keys of sessions with these ids, the same for the same id.
pub(crate) fn session_keys(key_ids: &[&str]) -> String {
    let key = |key_id: &&str| {
        let k = Base64UrlUnpadded::encode_string(&Sha256::digest(key_id));
        json!({ "kty": "oct", "use": "enc", "alg": "XC20P", "kid": key_id, "k": k })
    };
    json!({ "keys": key_ids.iter().map(key).collect::<Vec<_>>() }).to_string()
}

/// An origin in this process.
pub(crate) struct Origin {
    pub(crate) address: SocketAddr,
    serving: JoinHandle<()>,
}

impl Origin {
    pub(crate) async fn start(variables: Values) -> Self {
        let settings = Settings::read(&variables, &Values::new()).expect("valid settings");
        let (router, _) = router(&settings, None, &Metrics::off()).expect("a router");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.expect("serves") });
        Self { address, serving }
    }

    pub(crate) fn mcp(&self) -> String {
        format!("http://{}/mcp", self.address)
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Nobody listens there.
pub(crate) const NOWHERE: &str = "http://127.0.0.1:9";

pub(crate) fn any_port() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}
