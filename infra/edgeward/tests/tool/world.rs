//! One deployment, on this machine.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Output, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri},
    response::{IntoResponse as _, Response},
};
use edgeward_cognito::{AppClient, Cognito, LoginPages, Mode};
use edgeward_core::Config;
use edgeward_identity::{
    UnixTime, Verifier, VerifyingKeys,
    names::{IDENTITY_HEADER, edge::SETTINGS},
};
use futures_util::StreamExt as _;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::{net::TcpListener, process::Command};

use crate::{
    aws::{Aws, CLIENT, POOL, REGION, SECRET, START},
    edge::{Edge, PLAIN},
};

const EDGE: &str = "/edgeward/prod/edge";
const ORIGIN: &str = "/edgeward/prod/origin";
/// The public URL of an edge that is not on this machine.
const HTTPS: &str = "https://mcp.example.com";
/// A token for Cloudflare's API.
pub(crate) const TOKEN: &str = "cloudflare-token-of-the-tests";

/// For `edge/resources`.
pub(crate) const TWO_RESOURCES: &str =
    r#"[{"path": "/a", "scopes": {"read": "Read"}}, {"path": "/b", "scopes": {"read": "Read"}}]"#;

/// What is served: AWS by POST at the root, documents of Cognito's and of Cloudflare's API by GET, and the edge at every other
/// path.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) aws: Aws,
    pub(crate) edge: Edge,
    pub(crate) origin: Origin,
    pub(crate) stream: Stream,
    pub(crate) documents: BTreeMap<String, Value>,
}

/// Where the MCP server is that no stack has made.
pub(crate) const ORIGIN_PATH: &str = "/origin";

/// How that server answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Origin {
    /// As it should.
    #[default]
    Verifies,
    /// Whoever asks.
    BelievesEverybody,
    /// To nobody but its own edge, which is another one.
    BelievesNobody,
    /// Whoever has its credential.
    WantsCredential,
    /// From somewhere else.
    Redirects,
    Fails,
}

/// What the standing stream of that server says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Stream {
    #[default]
    None,
    Pings,
    Silence,
}

/// What [`Origin::WantsCredential`] wants as `X-Api-Key`.
pub(crate) const CREDENTIAL: &str = "credential-of-the-server";

impl Served {
    fn answer_as_origin(&self, method: &Method, headers: &HeaderMap) -> Response {
        let keys = self.edge.documents.get(crate::edge::JWKS).map(Value::to_string).unwrap_or_default();
        let keys = VerifyingKeys::from_jwks(keys.as_bytes()).ok();
        let issuer = headers["host"].to_str().map(|host| format!("http://{host}")).unwrap();
        let assertion = headers.get(IDENTITY_HEADER).and_then(|value| value.to_str().ok());
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let verifies = |assertion: &str| {
            let verifier = Verifier::new(&issuer, &issuer);
            keys.is_some_and(|keys| verifier.verify(assertion, &keys, UnixTime::from_secs(now)).is_ok())
        };
        let status = match self.origin {
            Origin::Verifies if assertion.is_some_and(verifies) => StatusCode::OK,
            Origin::BelievesEverybody => StatusCode::OK,
            Origin::Fails => StatusCode::INTERNAL_SERVER_ERROR,
            Origin::Redirects => StatusCode::TEMPORARY_REDIRECT,
            Origin::WantsCredential if headers.get("x-api-key").is_some_and(|key| key == CREDENTIAL) => StatusCode::OK,
            Origin::Verifies | Origin::BelievesNobody | Origin::WantsCredential => StatusCode::UNAUTHORIZED,
        };
        if *method != Method::GET || status != StatusCode::OK {
            return status.into_response();
        }
        let silence = futures_util::stream::pending::<Result<Bytes, std::io::Error>>();
        let ping = futures_util::stream::iter([Ok(Bytes::from_static(b": ping\n\n"))]);
        let body = match self.stream {
            Stream::None => return StatusCode::METHOD_NOT_ALLOWED.into_response(),
            Stream::Pings => Body::from_stream(ping.chain(silence)),
            Stream::Silence => Body::from_stream(silence),
        };
        ([("content-type", "text/event-stream")], body).into_response()
    }
}

pub(crate) struct World {
    served: Arc<Mutex<Served>>,
    /// The pool's domain, once the deployment is complete.
    cognito: Mutex<Option<Cognito>>,
    /// Where all of it is served.
    pub(crate) url: String,
    pub(crate) folder: PathBuf,
}

/// How a run of the tool ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    #[track_caller]
    pub(crate) fn succeeds(self) -> Self {
        assert_eq!(self.status, 0, "{self:#?}");
        self
    }

    /// It was refused, or found something wrong, and said so.
    #[track_caller]
    pub(crate) fn fails_with(self, words: &str) -> Self {
        assert_eq!(self.status, 1, "{self:#?}");
        assert!(self.all().contains(words), "{words:?} is not in {self:#?}");
        self
    }

    /// All that was said, with each remedy behind its problem.
    pub(crate) fn all(&self) -> String {
        format!("{}{}", self.stdout, self.stderr).replace("\n  do: ", "; ")
    }
}

impl World {
    /// A deployment `prod` whose stacks are deployed; the edge is not, and there are no keys.
    pub(crate) async fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let served = Arc::new(Mutex::new(Served {
            aws: Aws::new(),
            edge: Edge::default(),
            origin: Origin::default(),
            stream: Stream::default(),
            documents: BTreeMap::new(),
        }));
        let router = Router::new().fallback(answer).with_state(served.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });

        let name = format!("world-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::SeqCst));
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let world = Self { served, cognito: Mutex::new(None), url, folder };
        world.install_wrangler();
        for (name, value) in [
            ("edge/public-url", "https://mcp.example.com"),
            ("edge/origin-url", "https://origin.example.com"),
            ("edge/origin-audience", "https://origin.example.com"),
            ("edge/cognito-user-pool-id", POOL),
            ("edge/cognito-client-id", CLIENT),
            ("edge/cognito-domain", "login.example.com"),
            ("origin/issuer", "https://mcp.example.com"),
            ("origin/audience", "https://origin.example.com"),
            ("origin/allowed-hosts", "origin.example.com"),
        ] {
            world.put(name, value);
        }
        world
    }

    /// One whose keys were made at [`START`], and whose edge is deployed with them.
    pub(crate) async fn pushed() -> Self {
        let world = Self::new().await;
        world.run(&["keygen", "--now", &START.to_string()]).await.succeeds();
        world.run(&["push"]).await.succeeds();
        world
    }

    /// As [`World::new`], with keys, and with the edge and Cognito on this machine, all as it should be.
    pub(crate) async fn complete() -> Self {
        let world = Self::new().await;
        let url = &world.url;
        for (name, value) in [
            ("edge/public-url", url.as_str()),
            ("origin/issuer", url),
            ("edge/cognito-jwks-url", &format!("{url}/pool/.well-known/jwks.json")),
        ] {
            world.put(name, value);
        }
        world.start_cognito(|_| {}).await;
        world.serve("/pool/.well-known/jwks.json", json!({ "keys": [{ "kid": "cognito-1" }] }));
        world.aws().app_client["CallbackURLs"] = json!([format!("{url}/callback")]);
        world.aws().app_client["LogoutURLs"] = json!([format!("{url}/signed-out")]);
        world.run(&["keygen", "--now", &START.to_string()]).await.succeeds();
        let output = world.folder.join("local");
        world.run(&["push", "--target", "local", "--output", output.to_str().unwrap()]).await.succeeds();
        world
    }

    /// Serves the pool's domain, with one app client that can be changed before, and has discovery and settings name it.
    pub(crate) async fn start_cognito(&self, change: impl FnOnce(&mut edgeward_cognito::Config)) {
        let url = &self.url;
        let client = AppClient {
            callback_urls: [url.as_str(), HTTPS].map(|url| format!("{url}/callback")).to_vec(),
            logout_urls: [url.as_str(), HTTPS].map(|url| format!("{url}/signed-out")).to_vec(),
            allowed_scopes: ["openid", "email"].map(str::to_owned).to_vec(),
            ..AppClient::confidential(CLIENT, SECRET)
        };
        let mode = Mode { login: LoginPages::Managed, ..Mode::default() };
        let mut config = edgeward_cognito::Config {
            pool_id: POOL.to_owned(),
            mode,
            app_clients: vec![client],
            ..edgeward_cognito::Config::default()
        };
        change(&mut config);
        let cognito = Cognito::start(config).await.unwrap();
        self.put("edge/cognito-domain", cognito.domain_url());
        self.serve(
            "/pool/.well-known/openid-configuration",
            json!({
                "issuer": format!("https://cognito-idp.{REGION}.amazonaws.com/{POOL}"),
                "token_endpoint": format!("{}/oauth2/token", cognito.domain_url()),
                "jwks_uri": format!("{url}/pool/.well-known/jwks.json"),
            }),
        );
        *self.cognito.lock() = Some(cognito);
    }

    /// As [`World::complete`], with an edge that runs with the parameters.
    pub(crate) async fn deployed() -> Self {
        let world = Self::complete().await;
        world.deploy_edge();
        world
    }

    /// As [`World::deployed`], with the public URL `https://mcp.example.com`: [`World::drift_with_https`] asks it here.
    pub(crate) async fn deployed_with_https() -> Self {
        let world = Self::complete().await;
        for name in ["edge/public-url", "origin/issuer"] {
            world.put(name, HTTPS);
        }
        world.aws().app_client["CallbackURLs"] = json!([format!("{HTTPS}/callback")]);
        world.aws().app_client["LogoutURLs"] = json!([format!("{HTTPS}/signed-out")]);
        world.deploy_edge();
        world
    }

    pub(crate) async fn drift_with_https(&self, more: &[&str]) -> Ran {
        let plain = format!("{}{PLAIN}", self.url);
        self.run(&[&["drift", "--edge-url", &self.url, "--plain-url", &plain], more].concat()).await
    }

    /// The edge runs with the parameters as they are now.
    pub(crate) fn deploy_edge(&self) {
        let config = self.config();
        self.edge().run_with(&config);
    }

    pub(crate) fn served(&self) -> parking_lot::MutexGuard<'_, Served> {
        self.served.lock()
    }

    pub(crate) fn aws(&self) -> parking_lot::MappedMutexGuard<'_, Aws> {
        parking_lot::MutexGuard::map(self.served.lock(), |served| &mut served.aws)
    }

    pub(crate) fn edge(&self) -> parking_lot::MappedMutexGuard<'_, Edge> {
        parking_lot::MutexGuard::map(self.served.lock(), |served| &mut served.edge)
    }

    /// The pool's domain.
    pub(crate) fn cognito(&self) -> parking_lot::MappedMutexGuard<'_, Cognito> {
        parking_lot::MutexGuard::map(self.cognito.lock(), |cognito| cognito.as_mut().unwrap())
    }

    pub(crate) fn serve(&self, path: &str, document: Value) {
        self.served().documents.insert(path.to_owned(), document);
    }

    /// Puts a parameter, such as `edge/public-url`.
    pub(crate) fn put(&self, name: &str, value: &str) {
        self.aws().put(&format!("/edgeward/prod/{name}"), value, "String");
    }

    pub(crate) fn remove(&self, name: &str) {
        self.aws().parameters.remove(&format!("/edgeward/prod/{name}"));
    }

    /// The value of a parameter.
    #[track_caller]
    pub(crate) fn value(&self, name: &str) -> String {
        let name = format!("/edgeward/prod/{name}");
        self.aws().parameters.get(&name).unwrap_or_else(|| panic!("no parameter {name}")).value.clone()
    }

    /// The ids of the keys of one kind that are stored, by the beginning of their ids.
    pub(crate) fn key_ids(&self, kind: &str) -> Vec<String> {
        ids(&self.value("edge/keys")).into_iter().filter(|id| id.starts_with(kind)).collect()
    }

    /// The ids of the keys of one kind that wrangler was told last, in their order.
    pub(crate) fn delivered(&self, kind: &str) -> Vec<String> {
        let keys = ids(self.wrangler_secrets()["EDGEWARD_KEYS"].as_str().unwrap());
        keys.into_iter().filter(|id| id.starts_with(kind)).collect()
    }

    /// The ids of the keys of sessions that are stored.
    pub(crate) fn session_key_ids(&self) -> Vec<String> {
        ids(&self.value("origin/session-keys"))
    }

    /// The ids of the public keys that the origin has.
    pub(crate) fn published(&self) -> Vec<String> {
        ids(&self.value("origin/jwks"))
    }

    /// The settings as the edge would read them.
    pub(crate) fn config(&self) -> Config {
        let parameters = self.aws().parameters.clone();
        let found = |name: &str| {
            let setting = SETTINGS.into_iter().find(|setting| setting.variable == name)?;
            parameters.get(&format!("{EDGE}/{}", setting.parameter)).map(|found| found.value.clone())
        };
        Config::parse(found).unwrap()
    }

    /// What must never be shown: the edge's secrets, and the keys of sessions.
    pub(crate) fn secrets(&self) -> Vec<String> {
        [self.edge_secrets(), self.private_members(&origin("session-keys"))].concat()
    }

    /// Every private member of the edge's keys, and every client secret.
    pub(crate) fn edge_secrets(&self) -> Vec<String> {
        let secrets = self.aws().secrets.iter().map(|(_, value, _)| value.clone()).collect();
        [secrets, self.private_members(&edge("keys"))].concat()
    }

    fn private_members(&self, parameter: &str) -> Vec<String> {
        let keys = self.aws().parameters.get(parameter).map(|found| found.value.clone());
        // Some tests put nonsense there.
        let keys: Value = keys.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        let members = keys["keys"].as_array().into_iter().flatten().flat_map(|key| [&key["d"], &key["k"]]);
        members.filter_map(|member| member.as_str().map(str::to_owned)).collect()
    }

    /// What `check` says: the findings of one kind, as `where: what; do`.
    pub(crate) async fn found(&self, kind: &str) -> Vec<String> {
        let ran = self.run(&["check", "--json", "--now", &START.to_string()]).await;
        let report: Value = serde_json::from_str(&ran.stdout).unwrap();
        let has_problems = report["problems"].as_array().is_some_and(|problems| !problems.is_empty());
        assert_eq!(ran.status, i32::from(has_problems), "{ran:#?}");
        let found = report[kind].as_array().unwrap().iter();
        found.map(|one| ["where", "what", "do"].map(|part| one[part].as_str().unwrap()).join("; ")).collect()
    }

    /// `check` has exactly one finding, of this kind, which says all of `words`.
    #[track_caller]
    pub(crate) fn finds<'a>(&'a self, kind: &'a str, words: &'a [&'a str]) -> impl Future<Output = ()> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            for other in ["problems", "notes"] {
                let found = self.found(other).await;
                if other != kind {
                    assert!(found.is_empty(), "{caller}: {other} besides: {found:#?}");
                    continue;
                }
                assert_eq!(found.len(), 1, "{caller}: {found:#?}");
                for words in words {
                    assert!(found[0].contains(words), "{caller}: {words:?} is not in {found:#?}");
                }
            }
        }
    }

    /// Runs the tool for the deployment, and sees that it shows no secret.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = self.command();
        command.args(arguments).args(["--deployment", "prod"]);
        let ran = end(command).await;
        for secret in self.secrets() {
            assert!(!ran.all().contains(&secret), "a secret is shown: {ran:#?}");
        }
        ran
    }

    /// The tool without arguments.
    pub(crate) fn command(&self) -> Command {
        let mut command = self.command_of(Path::new(env!("CARGO_BIN_EXE_edgeward")));
        command.env("EDGEWARD_WRANGLER", self.folder.join("wrangler"));
        command
    }

    /// A copy of the tool, which is told of no wrangler.
    pub(crate) fn command_of(&self, tool: &Path) -> Command {
        let mut command = Command::new(tool);
        command
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", &self.folder)
            .env("AWS_ENDPOINT_URL", &self.url)
            .env("AWS_REGION", REGION)
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_MAX_ATTEMPTS", "1");
        command
    }

    /// Makes a program in the folder of this world.
    pub(crate) fn install(&self, name: &str, script: &str) {
        let path = self.folder.join(name);
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Runs a command to its end.
pub(crate) async fn end(mut command: Command) -> Ran {
    let Output { status, stdout, stderr } = command.stdin(Stdio::null()).output().await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { status: status.code().unwrap(), stdout: text(stdout), stderr: text(stderr) }
}

fn ids(jwks: &str) -> Vec<String> {
    let jwks: Value = serde_json::from_str(jwks).unwrap();
    jwks["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

async fn answer(
    State(served): State<Arc<Mutex<Served>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut served = served.lock();
    if method == Method::POST && uri.path() == "/" {
        return served.aws.answer(&headers, std::str::from_utf8(&body).unwrap());
    }
    let is_api = uri.path().starts_with("/client/v4");
    if is_api && headers.get("authorization").is_none_or(|value| value != &format!("Bearer {TOKEN}")) {
        return StatusCode::FORBIDDEN.into_response();
    }
    if uri.path() == ORIGIN_PATH {
        return served.answer_as_origin(&method, &headers);
    }
    match served.documents.get(uri.path()) {
        Some(document) => document.to_string().into_response(),
        None if is_api || uri.path().starts_with("/pool") => StatusCode::NOT_FOUND.into_response(),
        None => served.edge.answer(&method, uri.path(), &headers),
    }
}

/// The name of a parameter of the origin.
pub(crate) fn origin(name: &str) -> String {
    format!("{ORIGIN}/{name}")
}

/// The name of a parameter of the edge.
pub(crate) fn edge(name: &str) -> String {
    format!("{EDGE}/{name}")
}
