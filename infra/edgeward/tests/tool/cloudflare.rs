//! As much of Cloudflare's API as wrangler asks for to deploy a Worker. It remembers every version that has served, for
//! however short a time.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{FromRequest as _, Multipart, Request, State},
    http::{Method, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse as _, Response},
};
use edgeward_core::Config;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub(crate) const ACCOUNT: &str = "0123456789abcdef0123456789abcdef";

/// A double of the API with one Worker at most.
pub(crate) struct Cloudflare {
    state: Arc<Mutex<Account>>,
    /// For `CLOUDFLARE_API_BASE_URL`.
    pub(crate) url: String,
}

#[derive(Default)]
pub(crate) struct Account {
    /// The bindings of each version, by name, with what wrangler has uploaded.
    versions: Vec<Version>,
    /// The versions that have served, in this order, by their place.
    served: Vec<usize>,
    /// The settings that are no part of a version.
    pub(crate) script_settings: Value,
    /// What was last said about workers.dev and preview URLs.
    pub(crate) subdomain: Value,
    /// The domains of the Worker.
    pub(crate) domains: Value,
    /// The tag of the last migration that was applied, and the classes of Durable Objects that are there with SQLite storage.
    pub(crate) migration_tag: Option<String>,
    pub(crate) sqlite_classes: Vec<String>,
    /// The methods and ends of paths of what has changed the Worker, in this order.
    pub(crate) changes: Vec<String>,
    /// Whether the account has a workers.dev subdomain.
    pub(crate) without_subdomain: bool,
    /// Calls with this method and end of path fail with this code.
    pub(crate) fault: Option<(Method, &'static str, u32)>,
    /// Calls that are not known here.
    strange: Vec<String>,
}

#[derive(Clone)]
struct Version {
    bindings: BTreeMap<String, Value>,
    metadata: Value,
}

impl Version {
    /// Its bindings, as anybody may see them.
    fn shown(&self) -> Vec<Value> {
        let mut bindings: Vec<_> = self.bindings.values().cloned().collect();
        for secret in bindings.iter_mut().filter(|binding| binding["type"] == "secret_text") {
            secret.as_object_mut().unwrap().remove("text");
        }
        bindings
    }
}

impl Cloudflare {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/client/v4", listener.local_addr().unwrap());
        let state = Arc::<Mutex<Account>>::default();
        let router = Router::new().fallback(answer).with_state(state.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { state, url }
    }

    pub(crate) fn account(&self) -> parking_lot::MutexGuard<'_, Account> {
        self.state.lock()
    }

    /// What the edge makes of every version that has ever served: each must be able to answer requests.
    #[track_caller]
    pub(crate) fn configs(&self) -> Vec<Config> {
        let account = self.account();
        assert_eq!(account.strange, [""; 0], "wrangler asks for more than this double knows");
        let config = |(turn, version): (usize, &usize)| {
            let bindings = &account.versions[*version].bindings;
            let text = |name: &str| bindings.get(name)?["text"].as_str().map(str::to_owned);
            Config::parse(text).unwrap_or_else(|problems| panic!("version {turn} answers 500: {problems}"))
        };
        account.served.iter().enumerate().map(config).collect()
    }
}

impl Account {
    /// The names of the secrets of the version that serves.
    pub(crate) fn secrets(&self) -> Vec<&str> {
        let live = self.live().into_iter().flat_map(|version| &version.bindings);
        live.filter(|(_, binding)| binding["type"] == "secret_text").map(|(name, _)| name.as_str()).collect()
    }

    /// What wrangler has uploaded with the version that serves.
    pub(crate) fn metadata(&self) -> &Value {
        &self.live().unwrap().metadata
    }

    fn live(&self) -> Option<&Version> {
        self.served.last().map(|place| &self.versions[*place])
    }

    /// Takes an upload; the place of the new version.
    fn upload(&mut self, metadata: Value) -> usize {
        let kept: Vec<_> = metadata["keep_bindings"].as_array().into_iter().flatten().cloned().collect();
        let mut bindings: BTreeMap<_, _> = self.versions.last().map(|last| last.bindings.clone()).unwrap_or_default();
        bindings.retain(|_, binding| kept.contains(&binding["type"]));
        for binding in metadata["bindings"].as_array().unwrap() {
            bindings.insert(binding["name"].as_str().unwrap().to_owned(), binding.clone());
        }
        self.add(Version { bindings, metadata })
    }

    /// Applies the migrations of an upload, as Cloudflare's API does: what was applied before must be what wrangler believes, and
    /// a class must be there before a binding or its own code names it.
    ///
    /// # Errors
    /// The code of the error.
    fn migrate(&mut self, metadata: &Value) -> Result<(), Option<u32>> {
        let migrations = &metadata["migrations"];
        if !migrations.is_null() {
            if migrations["old_tag"].as_str() != self.migration_tag.as_deref() {
                return Err(Some(10079));
            }
            for step in migrations["steps"].as_array().into_iter().flatten() {
                let classes = step["new_sqlite_classes"].as_array().into_iter().flatten();
                self.sqlite_classes.extend(classes.map(|class| class.as_str().unwrap().to_owned()));
            }
            self.migration_tag = migrations["new_tag"].as_str().map(str::to_owned);
        }
        let bindings = metadata["bindings"].as_array().into_iter().flatten();
        let mut named = bindings.filter(|binding| binding["type"] == "durable_object_namespace");
        let is_there = |class: &Value| self.sqlite_classes.iter().any(|known| class == known);
        if named.all(|binding| is_there(&binding["class_name"])) { Ok(()) } else { Err(Some(10061)) }
    }

    /// Changes secrets; the place of the new version.
    fn patch(&mut self, secrets: &Value) -> usize {
        let mut version = self.live().unwrap().clone();
        for (name, secret) in secrets.as_object().unwrap() {
            version.bindings.remove(name);
            if !secret.is_null() {
                version.bindings.insert(name.clone(), secret.clone());
            }
        }
        self.add(version)
    }

    fn add(&mut self, version: Version) -> usize {
        self.versions.push(version);
        self.versions.len() - 1
    }
}

async fn answer(State(state): State<Arc<Mutex<Account>>>, request: Request) -> Response {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let is_forced = request.uri().query().is_some_and(|query| query.split('&').any(|part| part == "force=true"));
    let is_form = request.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"multipart/"));
    let body = if is_form {
        metadata(Multipart::from_request(request, &()).await.unwrap()).await
    } else {
        serde_json::from_slice(&Bytes::from_request(request, &()).await.unwrap()).unwrap_or_default()
    };
    let account = &mut *state.lock();
    if let Some((failing, end, code)) = &account.fault
        && *failing == method
        && path.ends_with(end)
    {
        return failure(StatusCode::BAD_REQUEST, *code);
    }
    // What a Worker may have left elsewhere, when it is deleted.
    if method == Method::GET && (path.ends_with("/storage/kv/namespaces") || path.contains("/containers/")) {
        return success(&json!([]));
    }
    if method == Method::DELETE && path.contains("/workers/services/") && !account.served.is_empty() {
        // With `force`, Durable Objects and their storage go with it: "delete will not be stopped by associated service binding,
        // durable object, or other binding" (Cloudflare's API reference, Delete Worker).
        account.changes.push(if is_forced { "DELETE service, forced" } else { "DELETE service" }.to_owned());
        (account.versions, account.served) = (Vec::new(), Vec::new());
        (account.migration_tag, account.sqlite_classes) = (None, Vec::new());
        return success(&Value::Null);
    }
    match handle(account, &method, path.strip_prefix(&format!("/client/v4/accounts/{ACCOUNT}/workers")), &body) {
        Ok(result) => success(&result),
        Err(Some(code)) => failure(StatusCode::NOT_FOUND, code),
        Err(None) => {
            account.strange.push(format!("{method} {path}"));
            failure(StatusCode::NOT_FOUND, 7003)
        }
    }
}

/// The part of an upload that is no code; its code, as far as it is text, is in the member `modules`.
async fn metadata(mut form: Multipart) -> Value {
    let (mut metadata, mut modules) = (Value::Null, Value::Null);
    while let Some(field) = form.next_field().await.unwrap() {
        let name = field.name().unwrap().to_owned();
        let content = field.bytes().await.unwrap();
        if name == "metadata" {
            metadata = serde_json::from_slice(&content).unwrap();
        } else {
            modules[name] = String::from_utf8_lossy(&content).into();
        }
    }
    metadata["modules"] = modules;
    metadata
}

/// The code of an error, if it is not simply unknown here.
fn handle(account: &mut Account, method: &Method, path: Option<&str>, body: &Value) -> Result<Value, Option<u32>> {
    let parts: Vec<_> = path.ok_or(None)?.split('/').skip(1).collect();
    let is_there = if account.served.is_empty() { Err(Some(10007)) } else { Ok(()) };
    match (method.as_str(), &parts[..]) {
        ("GET", ["services", _]) => {
            is_there.map_err(|_| Some(10090))?;
            let mut script = json!({ "tag": "tag", "tags": [], "last_deployed_from": "wrangler" });
            if let Some(tag) = &account.migration_tag {
                script["migration_tag"] = tag.as_str().into();
            }
            Ok(json!({ "default_environment": { "environment": "production", "script": script } }))
        }
        ("GET", ["scripts", _, "secrets"]) => {
            is_there?;
            Ok(account.secrets().iter().map(|name| json!({ "name": name, "type": "secret_text" })).collect())
        }
        ("PATCH", ["scripts", _, "secrets-bulk"]) => {
            is_there?;
            let version = account.patch(&body["secrets"]);
            account.served.push(version);
            Ok(json!({}))
        }
        ("PUT", ["scripts", _]) => {
            account.migrate(body)?;
            account.changes.push("PUT script".to_owned());
            let version = account.upload(body.clone());
            account.served.push(version);
            Ok(json!({ "etag": "etag", "deployment_id": id(version).replace('-', ""), "startup_time_ms": 1 }))
        }
        ("POST", ["scripts", _, "versions"]) => {
            is_there?;
            // "migrations must be fully applied via a non-versioned deployment" (cloudflare/cloudflare-docs#32982).
            if !body["migrations"].is_null() {
                return Err(Some(10211));
            }
            account.migrate(body)?;
            account.changes.push("POST version".to_owned());
            let version = account.upload(body.clone());
            Ok(json!({ "id": id(version), "startup_time_ms": 1, "resources": { "script": { "etag": "etag" } } }))
        }
        ("GET", ["scripts", _, "versions", version]) => {
            let version = account.versions.get(place(version)).ok_or(Some(10007))?;
            Ok(json!({ "id": parts[3], "resources": { "bindings": version.shown() } }))
        }
        ("GET", ["scripts", _, "settings"]) => {
            let live = account.live().ok_or(Some(10007))?;
            Ok(json!({ "bindings": live.shown() }))
        }
        ("POST", ["scripts", _, "deployments"]) => {
            is_there?;
            let [version] = &body["versions"].as_array().unwrap()[..] else { return Err(None) };
            account.served.push(place(version["version_id"].as_str().unwrap()));
            Ok(json!({}))
        }
        ("GET", ["scripts", _, "deployments"]) => {
            is_there?;
            let version = json!({ "version_id": id(*account.served.last().unwrap()), "percentage": 100 });
            Ok(json!({ "deployments": [{ "id": id(0), "versions": [version] }] }))
        }
        ("PATCH", ["scripts", _, "script-settings"]) => {
            is_there?;
            account.script_settings = body.clone();
            Ok(json!({}))
        }
        ("GET", ["workers", _]) => {
            is_there?;
            Ok(json!({ "subdomain": { "enabled": false, "previews_enabled": false } }))
        }
        // What else would go with a Worker: wrangler asks before it deletes one.
        ("GET", ["durable_objects", "namespaces"]) => {
            let namespaces = account.sqlite_classes.iter().enumerate();
            let namespace = |(place, class): (usize, &String)| json!({ "id": id(place), "class": class, "script": "edgeward", "use_sqlite": true });
            Ok(namespaces.map(namespace).collect())
        }
        ("GET", ["subdomain"]) if account.without_subdomain => Err(Some(10007)),
        ("GET", ["subdomain"]) => Ok(json!({ "subdomain": "example" })),
        ("POST", ["scripts", _, "subdomain"]) => {
            is_there?;
            account.subdomain = body.clone();
            Ok(body.clone())
        }
        ("POST", ["scripts", _, "domains", "changeset"]) => {
            Ok(json!({ "added": [], "removed": [], "updated": [], "conflicting": [] }))
        }
        ("PUT", ["scripts", _, "domains", "records"]) => {
            is_there?;
            account.domains = body["origins"].clone();
            Ok(json!([]))
        }
        _ => Err(None),
    }
}

/// The id of the version in this place.
fn id(place: usize) -> String {
    format!("00000000-0000-4000-8000-{place:012}")
}

fn place(id: &str) -> usize {
    id.rsplit('-').next().and_then(|digits| digits.parse().ok()).unwrap_or(usize::MAX)
}

fn success(result: &Value) -> Response {
    Json(json!({ "success": true, "errors": [], "messages": [], "result": result })).into_response()
}

fn failure(status: StatusCode, code: u32) -> Response {
    let error = json!({ "code": code, "message": format!("an error of the double, {code}") });
    (status, Json(json!({ "success": false, "errors": [error], "messages": [], "result": null }))).into_response()
}
