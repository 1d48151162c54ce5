//! What the real wrangler does at Cloudflare when the tool tells it to: no version of the Worker that serves, however
//! briefly, may answer 500, and nothing serves at another address than the public one.

mod released;

use std::{
    fs,
    path::{Path, PathBuf},
};

use axum::http::Method;
use edgeward_core::config::Registration;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::{
    cloudflare::{ACCOUNT, Cloudflare},
    world::{Ran, TOKEN, World, edge, end},
};

/// The tool asks for wrangler's version before each run. One answer is enough, as wrangler takes a second to start.
const REAL: &str = r#"#!/bin/sh
if [ "$1" != --version ]; then exec wrangler "$@"; fi
if [ ! -e "$0.runs" ]; then wrangler --version && : >"$0.runs"; fi
"#;

const OWN: &str = include_str!("../../../../edge/cloudflare/wrangler.toml");

/// As much of the edge as wrangler looks at: what it imports and exports.
const ENTRY: &str = r#"import { DurableObject } from "cloudflare:workers";
import wasm from "./index_bg.wasm";
export class Refreshes extends DurableObject {}
export default { fetch: () => new Response(String(wasm)) };
"#;

struct Scene {
    world: World,
    cloudflare: Cloudflare,
    edge_folder: PathBuf,
}

impl Scene {
    async fn new() -> Self {
        let world = World::new().await;
        world.run(&["keygen"]).await.succeeds();
        let edge_folder = world.folder.join("edge");
        fs::create_dir(&edge_folder).unwrap();
        fs::write(edge_folder.join("entry.mjs"), ENTRY).unwrap();
        fs::write(edge_folder.join("index_bg.wasm"), b"\0asm\x01\0\0\0").unwrap();
        let own = OWN;
        // Would take the secrets, if wrangler gave it its standard input.
        let greedy = own.replace("\"make -C ../.. edge\"", "\"bash -c 'if read -t 0; then cat; fi'\"");
        assert_ne!(own, greedy);
        fs::write(edge_folder.join("wrangler.toml"), greedy).unwrap();
        let weigh = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../edge/cloudflare/weigh");
        fs::copy(weigh, edge_folder.join("weigh")).unwrap();
        world.install("real-wrangler", REAL);
        Self { world, cloudflare: Cloudflare::start().await, edge_folder }
    }

    async fn run(&self, arguments: &[&str]) -> Ran {
        self.run_for("prod", arguments).await
    }

    async fn run_for(&self, deployment: &str, arguments: &[&str]) -> Ran {
        let mut command = self.world.command();
        command.env("EDGEWARD_WRANGLER", self.world.folder.join("real-wrangler"));
        let which = ["--deployment", deployment, "--edge-folder", self.edge_folder.to_str().unwrap()];
        self.run_command(command, &[arguments, &which].concat()).await
    }

    async fn run_command(&self, mut command: Command, arguments: &[&str]) -> Ran {
        let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/tools/node_modules/.bin");
        let temporary = self.world.folder.join("temporary");
        fs::create_dir_all(&temporary).unwrap();
        command
            .args(arguments)
            .env("PATH", format!("{}:{}:/usr/bin:/bin", self.world.folder.join("bin").display(), tools.display()))
            .env("TMPDIR", &temporary)
            .env("NODE_COMPILE_CACHE", Path::new(env!("CARGO_TARGET_TMPDIR")).join("node-compile-cache"))
            // As an operator may have it: wrangler says nothing, and has secrets in its logs.
            .env("WRANGLER_LOG", "none")
            .env("WRANGLER_LOG_SANITIZE", "false")
            .env("CLOUDFLARE_API_BASE_URL", &self.cloudflare.url)
            .env("CLOUDFLARE_API_TOKEN", TOKEN)
            .env("CLOUDFLARE_ACCOUNT_ID", ACCOUNT);
        let ran = end(command).await;
        let left: Vec<_> = fs::read_dir(&temporary).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(left.is_empty(), "in the temporary folder: {left:?}");
        let logs = self.logs();
        for secret in self.world.secrets().iter().map(String::as_str).chain([TOKEN]) {
            assert!(!ran.all().contains(secret), "a secret is shown: {ran:#?}");
            assert!(!logs.contains(secret), "a secret is in wrangler's log");
        }
        ran
    }

    /// What wrangler has written to its own logs.
    fn logs(&self) -> String {
        // Until wrangler runs there are none.
        let Ok(files) = fs::read_dir(self.world.folder.join(".config/.wrangler/logs")) else { return String::new() };
        files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap()).collect()
    }

    /// Another deployment gets the parameters of this one.
    fn copy_to(&self, deployment: &str) {
        let parameters = self.world.aws().parameters.clone();
        for (name, parameter) in parameters {
            let name = name.replace("/prod/", &format!("/{deployment}/"));
            self.world.aws().put(&name, &parameter.value, &parameter.kind);
        }
    }

    /// Has the Worker register clients only with a token.
    fn set_token(&self) {
        self.world.put("edge/registration", "token");
        self.world.aws().put(&edge("registration-token"), &"t".repeat(32), "SecureString");
    }

    /// Registers clients without one again.
    fn unset_token(&self) {
        self.world.put("edge/registration", "off");
        self.world.remove("edge/registration-token");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_push_makes_one_version_and_that_has_everything() {
    let scene = Scene::new().await;
    scene.run(&["push", "--secrets-only"]).await.fails_with("there is no Worker edgeward-prod");
    assert_eq!(scene.cloudflare.configs().len(), 0);
    let ran = scene.run(&["push"]).await.succeeds();
    assert!(!ran.stderr.contains("WARNING"), "wrangler does not take its configuration as it is: {ran:#?}");
    let [config] = &scene.cloudflare.configs()[..] else { panic!("not one version") };
    assert_eq!(config.issuer, "https://mcp.example.com");
    let account = scene.cloudflare.account();
    assert_eq!(account.secrets(), ["COGNITO_CLIENT_SECRET", "EDGEWARD_KEYS"]);
    assert_eq!(account.metadata()["observability"], observability());
    assert_eq!((&account.subdomain, &account.domains), (&nowhere(), &domain()));
    let files: Vec<_> = fs::read_dir(&scene.edge_folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    let leftover = files.iter().find(|name| name.to_string_lossy().starts_with(".wrangler-"));
    assert_eq!(leftover, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_change_from_one_version_to_the_next_and_every_one_can_answer() {
    let scene = Scene::new().await;
    let resources = |scope: &str| json!([{ "path": "/mcp", "scopes": { scope: "Use it" } }]).to_string();
    scene.world.put("edge/resources", &resources("older"));
    let client = json!({ "client_id": "one", "redirect_uris": ["https://client.example/"], "scopes": ["older"] });
    scene.world.aws().put(&edge("clients"), &json!([client]).to_string(), "SecureString");
    scene.run(&["push"]).await.succeeds();
    // A variable and the secret that it needs come together, and clients that name scopes of older settings go with those.
    scene.set_token();
    scene.world.put("edge/resources", &resources("newer"));
    scene.world.remove("edge/clients");
    scene.run(&["push", "--secrets-only"]).await.fails_with("run `edgeward push` without --secrets-only");
    assert_eq!(scene.cloudflare.configs().len(), 1);
    scene.run(&["push"]).await.succeeds();
    scene.run(&["rotate", "signing"]).await.succeeds();
    scene.run(&["push", "--secrets-only"]).await.succeeds();
    assert_eq!(scene.cloudflare.configs().len(), 5);
    // They go together as well: the edge refuses a token that is not asked for.
    scene.unset_token();
    scene.cloudflare.account().fault = Some((Method::PATCH, "/secrets-bulk", 10013));
    scene.run(&["push"]).await.fails_with("The secrets EDGEWARD_REGISTRATION_TOKEN are still there");
    assert_eq!(scene.cloudflare.configs().len(), 6);
    scene.cloudflare.account().fault = None;
    scene.run(&["push"]).await.succeeds();
    let configs = scene.cloudflare.configs();
    let modes: Vec<_> = configs.iter().map(|config| mode(&config.registration)).collect();
    assert_eq!(modes, ["open", "token", "token", "token", "token", "off", "off", "off"]);
    let clients: Vec<_> = configs.iter().map(|config| config.clients.len()).collect();
    assert_eq!(clients, [1, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(scene.cloudflare.account().secrets(), ["COGNITO_CLIENT_SECRET", "EDGEWARD_KEYS"]);
    assert_eq!(scene.cloudflare.account().script_settings["observability"], observability());
}

/// All of the edge's secrets are replaced by versions of the Worker that have nothing else in common with a push.
#[tokio::test(flavor = "multi_thread")]
async fn what_has_leaked_is_not_in_the_versions_that_follow() {
    let scene = Scene::new().await;
    scene.run(&["push"]).await.succeeds();
    scene.run(&["rotate", "signing"]).await.succeeds();
    let leaked = scene.world.secrets();
    scene.run(&["leaked", "keys", "--yes"]).await.succeeds();
    scene.run(&["leaked", "client-secret", "--yes"]).await.succeeds();
    let configs = scene.cloudflare.configs();
    let keys: Vec<_> = configs.iter().map(|config| config.keys.public_jwks()).collect();
    // A push, a rotation, the keys; and both secrets of the app client, then the new one alone.
    let counts: Vec<_> = keys.iter().map(|jwks| jwks["keys"].as_array().unwrap().len()).collect();
    assert_eq!(counts, [1, 2, 1, 1, 1]);
    let old: Vec<_> = keys[1]["keys"].as_array().unwrap().clone();
    assert!(!old.contains(&keys[2]["keys"][0]), "a new key signs");
    assert_eq!(keys[2], keys[4], "and no other command changes it");
    for secret in &leaked {
        // The key of sessions is the origin's.
        let is_gone = !scene.world.edge_secrets().contains(secret);
        assert!(is_gone, "it is still stored");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_of_its_own_is_the_only_address_in_every_environment() {
    let scene = Scene::new().await;
    scene.copy_to("team-2");
    // The environment prod is that of the other tests here.
    for push in [&["push", "--env", "staging"][..], &["push", "--env", "dev"], &["push", "--env", "dev", "--no-domain"]]
    {
        scene.cloudflare.account().subdomain = Value::Null;
        scene.run_for("team-2", push).await.succeeds();
        assert_eq!(scene.cloudflare.account().subdomain, nowhere(), "{push:?}");
        assert_eq!(scene.cloudflare.account().domains, domain(), "{push:?}");
    }
    scene.world.aws().put("/edgeward/team-2/edge/public-url", "https://edgeward-team-2.example.workers.dev", "String");
    scene.run_for("team-2", &["push", "--env", "dev"]).await.succeeds();
    let there = json!({ "enabled": true, "previews_enabled": false });
    assert_eq!(scene.cloudflare.account().subdomain, there);
    assert_eq!(scene.cloudflare.configs().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cloudflare_refuses_is_explained_and_leaves_no_half_of_a_version() {
    let scene = Scene::new().await;
    scene.cloudflare.account().fault = Some((Method::PUT, "/scripts/edgeward-prod", 10089));
    let ran = scene.run(&["push"]).await.fails_with("Analytics Engine, which this account has not enabled");
    assert!(ran.stderr.contains("an error of the double, 10089"), "wrangler's own message is lost: {ran:#?}");
    assert_eq!(scene.cloudflare.configs().len(), 0);
    // wrangler goes on without these; a first version has those of its logs in itself.
    let settings = Some((Method::PATCH, "/script-settings", 10013));
    scene.cloudflare.account().fault = settings.clone();
    scene.run(&["push"]).await.succeeds();
    assert_eq!(scene.cloudflare.account().metadata()["observability"], observability());

    scene.set_token();
    for (end, code, meaning) in
        [("/versions", 10054, "is too large for Cloudflare"), ("/deployments", 10013, "failed at Cloudflare")]
    {
        scene.cloudflare.account().fault = Some((Method::POST, end, code));
        let ran = scene.run(&["push"]).await.fails_with("or the new one, never a mix");
        assert!(ran.stderr.contains(meaning), "{ran:#?}");
        assert_eq!(scene.cloudflare.configs().len(), 1, "{end}");
    }
    scene.cloudflare.account().fault = settings;
    scene.run(&["push"]).await.fails_with("the settings of its logs");
    assert_eq!(scene.cloudflare.configs().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_push_to_workers_dev_needs_a_subdomain_of_the_account() {
    let scene = Scene::new().await;
    scene.copy_to("dev");
    scene.world.aws().put("/edgeward/dev/edge/public-url", "https://edgeward-dev.example.workers.dev", "String");
    scene.cloudflare.account().without_subdomain = true;
    scene.run_for("dev", &["push"]).await.fails_with("this account has no workers.dev subdomain yet");
    assert_eq!(scene.cloudflare.configs().len(), 0);
}

/// The class of objects comes with a version that wrangler uploads in another way, once.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_without_the_objects_gets_them_with_its_next_push_and_loses_them_when_it_is_removed() {
    let scene = Scene::new().await;
    let is_about_objects = |part: &&str| part.contains("[[migrations]]") || part.contains("durable_objects");
    let (with, without): (Vec<_>, Vec<_>) = OWN.split("\n\n").partition(is_about_objects);
    assert_eq!(with.len(), 4, "a migration, and a binding for each environment");
    let config = scene.edge_folder.join("wrangler.toml");
    let now = fs::read_to_string(&config).unwrap();
    fs::write(&config, without.join("\n\n").replace("make -C ../.. edge", "true")).unwrap();
    let plain = ENTRY.lines().filter(|line| !line.contains("DurableObject")).collect::<Vec<_>>().join("\n");
    fs::write(scene.edge_folder.join("entry.mjs"), plain).unwrap();
    scene.run(&["push"]).await.succeeds();
    assert_eq!(scene.cloudflare.account().sqlite_classes, [""; 0]);

    fs::write(&config, now).unwrap();
    fs::write(scene.edge_folder.join("entry.mjs"), ENTRY).unwrap();
    scene.run(&["push"]).await.succeeds();
    scene.run(&["push"]).await.succeeds();
    assert_eq!(scene.cloudflare.configs().len(), 3, "every version can answer");
    {
        let account = scene.cloudflare.account();
        assert_eq!(account.changes, ["PUT script", "PUT script", "POST version"]);
        assert_eq!(account.sqlite_classes, ["Refreshes"]);
        assert_eq!(account.secrets(), ["COGNITO_CLIENT_SECRET", "EDGEWARD_KEYS"]);
        let bindings = account.metadata()["bindings"].as_array().unwrap().clone();
        let objects = bindings.iter().find(|binding| binding["name"] == "REFRESHES").unwrap();
        assert_eq!(
            (&objects["type"], &objects["class_name"]),
            (&"durable_object_namespace".into(), &"Refreshes".into())
        );
    }

    scene.run(&["remove", "--yes"]).await.succeeds();
    assert_eq!(scene.cloudflare.account().changes.last().unwrap(), "DELETE service, forced");
    assert_eq!(scene.cloudflare.configs().len(), 0);
}

/// What Cloudflare is told of a Worker that is neither at workers.dev nor at preview URLs.
fn nowhere() -> Value {
    json!({ "enabled": false, "previews_enabled": false })
}

fn domain() -> Value {
    json!([{ "hostname": "mcp.example.com", "previews_enabled": false }])
}

/// What Cloudflare is told to record.
fn observability() -> Value {
    json!({
        "enabled": true, "head_sampling_rate": 1, "redact_query_string": true,
        "logs": { "enabled": true, "head_sampling_rate": 1, "invocation_logs": false },
        "traces": { "enabled": false },
    })
}

fn mode(registration: &Registration) -> &'static str {
    match registration {
        Registration::Open => "open",
        Registration::Token(_) => "token",
        Registration::Off => "off",
    }
}
