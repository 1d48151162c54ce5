//! The stack that the tests run against, and what it has that others have not.

use std::sync::Mutex;

use anyhow::{Context as _, Result};
use base64ct::{Base64UrlUnpadded, Encoding as _};
use edgeward_cognito::{AppClient, Config, ResourceServer, Rotation};
use edgeward_identity::names::edge as names;
use edgeward_tests::{
    browser::User,
    client::REDIRECT_URI,
    document_host::DocumentHost,
    edge::{Capability, KnownEdge},
    keys,
    stack::{Options, Recording, Stack},
};
use serde_json::json;
use tokio::sync::OnceCell;

use crate::world::World;

/// A client that the settings name, with a secret.
pub(crate) const CONFIDENTIAL_CLIENT: &str = "tests-confidential";
/// A client that the settings name, without a secret.
pub(crate) const PUBLIC_CLIENT: &str = "tests-public";
/// A client that the settings name, which may ask for the scope `mcp` only.
pub(crate) const LIMITED_CLIENT: &str = "tests-limited";
/// A host whose documents the settings do not let in.
pub(crate) const DENIED_HOST: &str = "denied.example";
/// A scope of `/mcp` that a client gets only if it asks for it.
pub(crate) const OTHER_SCOPE: &str = "admin";
/// Another resource, with a scope of its own.
pub(crate) const OTHER_RESOURCE: &str = "/second";
/// Another, whose operations are judged one by one, by the body.
pub(crate) const JUDGED_RESOURCE: &str = "/judged";
/// The same, judged by the headers that the origin compares with the body.
pub(crate) const COMPARED_RESOURCE: &str = "/compared";
/// The scope of Cognito's that `alerts` of that resource stands for.
pub(crate) const UPSTREAM_SCOPE: &str = "https://edgeward.example/tests/alerts";
/// An app client of Cognito's that acts for itself, and may use that resource.
pub(crate) const MACHINE: &str = "edgewardtestsmachine000001";
/// Another, which may not.
pub(crate) const OTHER_MACHINE: &str = "edgewardtestsmachine000002";
/// The secret of both.
pub(crate) const MACHINE_SECRET: &str = "not+a+secret_edgeward_tests_only_000000000000000001";
/// Another user of the pool.
pub(crate) const OTHER_USER: User<'_> = User { name: "other", password: "other-password" };
/// A private-use scheme that redirect URIs may have.
pub(crate) const PRIVATE_USE_SCHEME: &str = "edgeward-tests";

impl World {
    pub(crate) async fn start(edge: KnownEdge) -> Result<Self> {
        let keys = keys::generate()?;
        let client_secret = random_secret()?;
        let clients = json!([
            {
                "client_id": CONFIDENTIAL_CLIENT, "client_name": "Confidential and known",
                "redirect_uris": [REDIRECT_URI], "client_secret": client_secret,
            },
            { "client_id": PUBLIC_CLIENT, "client_name": "Public and known", "redirect_uris": [REDIRECT_URI] },
            { "client_id": LIMITED_CLIENT, "redirect_uris": [REDIRECT_URI], "scopes": ["mcp"] },
        ]);
        let judged = |path: &str, compares: bool| {
            json!({
                "path": path, "origin_path": "/mcp", "default_scopes": ["use"], "compares_headers": compares,
                "scopes": {
                    "use": "Use what is harmless",
                    "count": { "words": "Count", "groups": ["demo-group"] },
                    "alerts": { "words": "See alerts", "cognito_scope": UPSTREAM_SCOPE },
                    "brief": { "words": "Be briefed", "implies": ["use", "alerts"] },
                    "closed": { "words": "For nobody here", "groups": ["no-such-group"] },
                },
                "policy": {
                    "tools": { "count_*": ["count"], "get_forecast": ["closed"] },
                    "prompts": { "weather_briefing": ["brief"] },
                    "resources": { "weather://alerts/*": ["alerts"] },
                },
                "machines": { MACHINE: { UPSTREAM_SCOPE: ["use", "alerts"] } },
            })
        };
        let resources = json!([
            {
                "path": "/mcp", "scopes": { "mcp": "Use the tools of this server", OTHER_SCOPE: "Change its settings" },
                "default_scopes": ["mcp"],
            },
            { "path": OTHER_RESOURCE, "origin_path": "/mcp", "scopes": { "second": "Use it by another name" } },
            judged(JUDGED_RESOURCE, false),
            judged(COMPARED_RESOURCE, true),
        ]);
        let hosts = DocumentHost::start().await?;
        let diverts_hosts = edge.runtime.capabilities().contains(&Capability::Documents);
        let options = Options {
            name: "test".to_owned(),
            recording: Recording::On,
            cognito: pool(),
            keys: Some(keys.clone()),
            variables: [
                (names::CLIENTS, clients.to_string()),
                (names::RESOURCES, resources.to_string()),
                (names::PRIVATE_USE_SCHEMES, PRIVATE_USE_SCHEME.to_owned()),
                // Those who say nothing about where they come from are asked all the same.
                (names::CONSENT, "remember".to_owned()),
                (names::CLIENT_METADATA_DENIED_HOSTS, DENIED_HOST.to_owned()),
            ]
            .map(|(name, value)| (name.to_owned(), value))
            .into(),
            diverted_hosts: diverts_hosts.then(|| hosts.address()),
            runtime: edge.runtime,
            ..Options::default()
        };
        Ok(Self {
            stack: Stack::start(options).await?,
            keys,
            client_secret,
            document_host: hosts,
            faulty: OnceCell::new(),
            abandoned: OnceCell::new(),
            incidents: OnceCell::new(),
            edge,
            skipped: Mutex::default(),
        })
    }
}

/// The usual pool, with rotation: public clients must get a new refresh token at each use.
fn pool() -> Config {
    let mut pool = Config::default();
    for client in &mut pool.app_clients {
        client.rotation = Some(Rotation { retry_grace_period_seconds: GRACE_SECONDS });
        client.allowed_scopes.push(UPSTREAM_SCOPE.to_owned());
    }
    let machine = |id| AppClient::machine(id, MACHINE_SECRET, &[UPSTREAM_SCOPE]);
    pool.app_clients.extend([MACHINE, OTHER_MACHINE].map(machine));
    let other = "6f1c2a9e-7c1d-4d7e-9a55-0d0e5eed0002";
    pool.users.push(edgeward_cognito::User::new(OTHER_USER.name, OTHER_USER.password, other));
    let (identifier, scope) = UPSTREAM_SCOPE.rsplit_once('/').unwrap_or_default();
    pool.resource_servers = vec![ResourceServer { identifier: identifier.to_owned(), scopes: vec![scope.to_owned()] }];
    pool
}

/// How long a refresh token still works after it was replaced.
pub(crate) const GRACE_SECONDS: u64 = 60;

fn random_secret() -> Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).context("the system has no randomness")?;
    Ok(Base64UrlUnpadded::encode_string(&bytes))
}
