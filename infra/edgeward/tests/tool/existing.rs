//! A user pool and an MCP server that exist: `init`, `up`, and every other command with the file that `init` writes.

mod file;
mod fix;
mod init;
mod up;

use std::{fs, path::PathBuf};

use serde_json::{Value, json};

use crate::{
    aws::{CLIENT, POOL, SECRET},
    world::{Ran, World, end},
};

/// A pool and a client as they should be, an MCP server, and a folder to work in.
struct Scene {
    world: World,
    folder: PathBuf,
}

impl Scene {
    async fn new() -> Self {
        let world = World::new().await;
        let url = world.url.clone();
        world.start_cognito(|_| {}).await;
        world.serve("/pool/.well-known/jwks.json", json!({ "keys": [{ "kid": "cognito-1" }] }));
        world.aws().app_client["CallbackURLs"] = json!([format!("{url}/callback")]);
        world.aws().app_client["LogoutURLs"] = json!([format!("{url}/signed-out")]);
        // Nothing of this deployment is a parameter.
        world.aws().parameters.clear();
        world.wrangler_bundles(0);
        let folder = world.folder.join("work");
        fs::create_dir(&folder).unwrap();
        Self { world, folder }
    }

    /// One whose `init` is done, with these options besides.
    async fn begun(options: &[&str]) -> Self {
        let scene = Self::new().await;
        scene.init(options).await.succeeds();
        scene
    }

    async fn run(&self, arguments: &[&str]) -> Ran {
        self.run_in(arguments, |_| {}).await
    }

    async fn run_in(&self, arguments: &[&str], change: impl FnOnce(&mut tokio::process::Command)) -> Ran {
        let mut command = self.world.command();
        let edge = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../edge/cloudflare");
        command.args(arguments).current_dir(&self.folder);
        if ["up", "push", "rotate", "leaked", "remove"].contains(&arguments[0]) {
            command.arg("--edge-folder").arg(edge);
        }
        change(&mut command);
        let ran = end(command).await;
        for secret in self.secrets() {
            assert!(!ran.all().contains(&secret), "a secret is shown: {ran:#?}");
        }
        ran
    }

    /// The options that answer every question.
    fn answers(&self) -> Vec<String> {
        let url = &self.world.url;
        let domain = self.world.cognito().domain_url().to_owned();
        [
            ("--user-pool", POOL.to_owned()),
            ("--client", CLIENT.to_owned()),
            ("--public-url", url.clone()),
            ("--server-url", format!("{url}/origin")),
            ("--domain", domain),
            ("--set", format!("cognito-jwks-url={url}/pool/.well-known/jwks.json")),
        ]
        .into_iter()
        .flat_map(|(option, value)| [option.to_owned(), value])
        .collect()
    }

    async fn init(&self, options: &[&str]) -> Ran {
        let answers = self.answers();
        let all: Vec<_> = ["init", "--yes"].into_iter().chain(answers.iter().map(String::as_str)).collect();
        self.run(&[&all, options].concat()).await
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn has_file(&self) -> bool {
        self.path("edgeward.toml").exists()
    }

    fn secrets(&self) -> Vec<String> {
        let stored = fs::read_to_string(self.path(".edgeward/prod.json")).unwrap_or_default();
        let stored: Value = serde_json::from_str(&stored).unwrap_or_default();
        let keys: Value = serde_json::from_str(stored["keys"]["value"].as_str().unwrap_or("{}")).unwrap();
        let keys = keys["keys"].as_array().into_iter().flatten().flat_map(|key| [&key["d"], &key["k"]]);
        let keys = keys.filter_map(|member| member.as_str().map(str::to_owned));
        keys.chain([SECRET.to_owned()]).collect()
    }
}
