//! A deployment that the operator's tool can reach: its parameters, a running edge with the settings that the tool has written,
//! and an origin that reads its keys from its parameters, as a task at AWS does.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use axum::{Router, body::Bytes, extract::State, http::HeaderMap, response::Response};
use edgeward_cognito::{AppClient, Cognito, Config, Rotation};
use edgeward_identity::names::origin as names;
use edgeward_tests::{
    by_hand::{Answer, HandMade, whoami},
    client::REDIRECT_URI,
    origin::ready,
    place,
    port::{Port, loopback},
    process::Process,
    rollout::Front,
};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

use super::aws::{Aws, CLIENT, POOL, REGION, SECRET};
use crate::world::World;

/// Everything of one deployment.
pub(crate) struct Scene {
    aws: Arc<Mutex<Aws>>,
    aws_url: String,
    serving: JoinHandle<()>,
    pub(super) cognito: Cognito,
    pub(super) front: Front,
    pub(super) origin_url: String,
    origin: Mutex<Process>,
    origin_port: u16,
    folder: PathBuf,
}

impl Scene {
    /// Deploys: keys are made, the origin starts with the parameters, the edge with what the tool has written.
    pub(crate) async fn start(world: &World) -> Result<Self> {
        let folder = world.stack.folder().join("incidents");
        fs::create_dir_all(&folder)?;
        let aws = Arc::new(Mutex::new(Aws::new()));
        let listener = TcpListener::bind(loopback(0)).await?;
        let aws_url = format!("http://{}", listener.local_addr()?);
        let router = Router::new().fallback(answer).with_state(Arc::clone(&aws));
        let serving = tokio::spawn(async move {
            // It ends with the scene.
            let _ = axum::serve(listener, router).await;
        });

        let front = Front::start(world.stack.runtime(), &folder).await?;
        let client = AppClient {
            callback_urls: vec![format!("{}/callback", front.url())],
            rotation: Some(Rotation { retry_grace_period_seconds: 60 }),
            ..AppClient::confidential(CLIENT, SECRET)
        };
        let config = Config { pool_id: POOL.to_owned(), app_clients: vec![client], ..Config::default() };
        let cognito = Cognito::start(config).await.context("cannot start the local Cognito")?;
        let port = Port::Free.choose()?;
        let origin_url = format!("http://{}", loopback(port));
        for (name, value) in [
            ("edge/public-url", front.url().as_str()),
            ("edge/origin-url", &origin_url),
            ("edge/cognito-user-pool-id", POOL),
            ("edge/cognito-client-id", CLIENT),
            ("edge/cognito-domain", cognito.domain_url()),
            ("edge/cognito-issuer", cognito.issuer_url()),
            ("edge/cognito-jwks-url", &cognito.jwks_url()),
            ("origin/issuer", &front.url()),
            ("origin/audience", &origin_url),
            ("origin/allowed-hosts", "127.0.0.1"),
        ] {
            lock(&aws).put(&format!("/edgeward/prod/{name}"), value, "String");
        }
        tool(&aws_url, &folder, &["keygen"]).await?.good()?;
        tool(&aws_url, &folder, &["push", "--target", "local", "--output", "edge"]).await?.good()?;
        let origin = Mutex::new(start_origin(&aws_url, port, &folder).await?);
        front.add(&folder.join("edge")).await?;
        Ok(Self { aws, aws_url, serving, cognito, front, origin_url, origin, origin_port: port, folder })
    }

    /// Stops what has not stopped.
    pub(crate) fn stop(&self) {
        self.serving.abort();
        lock(&self.origin).stop();
        self.front.stop();
    }

    /// The value of a parameter.
    pub(super) fn parameter(&self, name: &str) -> Result<String> {
        let aws = lock(&self.aws);
        let found = aws.parameters.get(&format!("/edgeward/prod/{name}"));
        found.map(|found| found.value.clone()).with_context(|| format!("no parameter {name}"))
    }

    /// The keys of one kind, as they are stored, by the beginning of their ids.
    pub(super) fn keys(&self, kind: &str) -> Result<Vec<Value>> {
        let jwks: Value = serde_json::from_str(&self.parameter("edge/keys")?)?;
        let keys = jwks["keys"].as_array().context("no keys")?.iter();
        Ok(keys.filter(|key| key["kid"].as_str().is_some_and(|id| id.starts_with(kind))).cloned().collect())
    }

    /// The operator says what has leaked. The edge has not got the new settings yet.
    pub(super) async fn leaked(&self, what: &str) -> Result<String> {
        let target = ["--target", "local", "--output", "edge"];
        let asked = tool(&self.aws_url, &self.folder, &[&["leaked", what], &target[..]].concat()).await?;
        ensure!(!asked.good && asked.text.contains("nothing was changed"), "it did not ask: {}", asked.text);
        tool(&self.aws_url, &self.folder, &[&["leaked", what, "--yes"], &target[..]].concat()).await?.good()
    }

    /// The CDN gives the edge what the tool has written.
    pub(super) async fn roll_out(&self) -> Result<()> {
        self.front.change(0, &self.folder.join("edge")).await
    }

    /// The operator restarts the origin's task.
    pub(super) async fn restart_origin(&self) -> Result<()> {
        lock(&self.origin).stop();
        let process = start_origin(&self.aws_url, self.origin_port, &self.folder).await?;
        *lock(&self.origin) = process;
        Ok(())
    }

    /// What AWS has of the app client's secrets is what Cognito takes.
    pub(super) fn settle_client_secrets(&self) {
        let secrets = lock(&self.aws).secrets.iter().map(|(_, value, _)| value.clone()).collect();
        self.cognito.set_client_secrets(CLIENT, secrets);
    }

    /// A new client, registered here.
    pub(super) async fn client(&self, world: &World) -> Result<HandMade> {
        let mut client = HandMade::named(&world.stack, "")?.at(&self.front.url());
        client.resource = format!("{}/mcp", self.front.url());
        let metadata = json!({ "client_name": "Of an incident", "redirect_uris": [REDIRECT_URI] });
        let answer = client.registration(&metadata).await?;
        ensure!(answer.status == StatusCode::CREATED, "not registered: {}", answer.body);
        answer.text("client_id").clone_into(&mut client.client_id);
        Ok(client)
    }

    /// `whoami` at the edge, with a token.
    pub(super) async fn call(&self, token: &str) -> Result<StatusCode> {
        let answer = whoami(&format!("{}/mcp", self.front.url()))?.bearer_auth(token).send().await?;
        let status = answer.status();
        answer.bytes().await?;
        Ok(status)
    }

    /// A refresh.
    pub(super) async fn refresh(&self, client: &HandMade, tokens: &Answer) -> Result<Answer> {
        client.token(&client.refreshing(tokens.text("refresh_token"))).await
    }
}

async fn answer(State(aws): State<Arc<Mutex<Aws>>>, headers: HeaderMap, body: Bytes) -> Response {
    lock(&aws).answer(&headers, &String::from_utf8_lossy(&body))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn start_origin(aws_url: &str, port: u16, folder: &Path) -> Result<Process> {
    let mut command = Command::new(place::program("edgeward-origin")?);
    command
        .env_clear()
        .envs(credentials(aws_url))
        .env(names::PARAMETER_PATH, "/edgeward/prod/origin")
        .env(names::LISTEN, loopback(port).to_string());
    let process = Process::spawn("origin-of-incidents", &mut command, folder)?;
    let health = format!("http://{}/healthz", loopback(port));
    ready(&process, &health, StatusCode::OK, Duration::from_secs(20)).await?;
    Ok(process)
}

/// What a run of the tool has printed.
struct Ran {
    good: bool,
    text: String,
}

impl Ran {
    fn good(self) -> Result<String> {
        if !self.good {
            bail!("the tool failed: {}", self.text);
        }
        Ok(self.text)
    }
}

/// Runs the operator's tool in `folder`.
async fn tool(aws_url: &str, folder: &Path, arguments: &[&str]) -> Result<Ran> {
    let mut command = tokio::process::Command::new(place::program("edgeward")?);
    command.current_dir(folder).args(arguments).args(["--deployment", "prod"]);
    if arguments.contains(&"--target") {
        command.arg("--edge-folder").arg(place::checkout().join("edge/cloudflare"));
    }
    command.env_clear().env("HOME", folder).envs(credentials(aws_url)).stdin(Stdio::null());
    let output = command.output().await?;
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    Ok(Ran { good: output.status.success(), text })
}

fn credentials(aws_url: &str) -> [(&'static str, String); 5] {
    [
        ("AWS_ENDPOINT_URL", aws_url.to_owned()),
        ("AWS_REGION", REGION.to_owned()),
        ("AWS_ACCESS_KEY_ID", "test".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
    ]
}
