//! The tool as a released archive has it: the Worker is beside it, and npx gets wrangler. There is no checkout.

use std::{fs, path::PathBuf};

use tokio::process::Command;

use super::{ENTRY, Path, REAL, Scene, Value, json};
use crate::world::Ran;

/// npx, where the package is there already.
const NPX: &str = r#"#!/bin/sh
case "$1 $2" in "--yes wrangler@"[0-9]*) ;; *) echo "npx was told $*" >&2; exit 9 ;; esac
shift 2
exec "${0%/*}/wrangler-4" "$@"
"#;

const WASM: &[u8] = b"\0asm\x01\0\0\0";

struct Released {
    scene: Scene,
    /// The unpacked archive.
    folder: PathBuf,
}

impl Released {
    async fn new() -> Self {
        let scene = Scene::new().await;
        let folder = scene.world.folder.join("edgeward-cli");
        let bundle = scene.world.folder.join("bundle");
        for folder in [&folder, &bundle, &scene.world.folder.join("bin"), &scene.world.folder.join("elsewhere")] {
            fs::create_dir(folder).unwrap();
        }
        fs::write(bundle.join("entry.js"), ENTRY).unwrap();
        fs::write(bundle.join("index_bg.wasm"), WASM).unwrap();
        let release = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../release/worker");
        let made = Command::new(release).arg(&bundle).arg(folder.join("worker")).status().await.unwrap();
        assert!(made.success());
        fs::hard_link(env!("CARGO_BIN_EXE_edgeward"), folder.join("edgeward")).unwrap();
        Self { scene, folder }
    }

    fn install_npx(&self) {
        self.scene.world.install("bin/npx", NPX);
        self.scene.world.install("bin/wrangler-4", REAL);
    }

    async fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = self.scene.world.command_of(&self.folder.join("edgeward"));
        command.current_dir(self.scene.world.folder.join("elsewhere"));
        self.scene.run_command(command, &[arguments, &["--deployment", "prod"]].concat()).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_deploys_the_worker_beside_it_as_it_is() {
    let released = Released::new().await;
    released.install_npx();
    let ran = released.run(&["push"]).await.succeeds();
    assert!(!ran.stderr.contains("WARNING"), "wrangler does not take its configuration as it is: {ran:#?}");
    let [config] = &released.scene.cloudflare.configs()[..] else { panic!("not one version") };
    assert_eq!(config.issuer, "https://mcp.example.com");
    let account = released.scene.cloudflare.account();
    assert_eq!(account.metadata()["main_module"], "entry.js");
    let modules = json!({ "entry.js": ENTRY, "index_bg.wasm": String::from_utf8_lossy(WASM) });
    assert_eq!(account.metadata()["modules"], modules);
    let mut files: Vec<_> =
        fs::read_dir(released.folder.join("worker")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    files.retain(|name| name != ".wrangler");
    files.sort();
    assert_eq!(files, ["entry.js", "index_bg.wasm", "weigh", "wrangler.toml"], "nothing is left behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_local_edge_serves_the_worker_beside_it() {
    let released = Released::new().await;
    released.run(&["push", "--target", "local", "--output", "out"]).await.succeeds();
    let text = fs::read_to_string(released.scene.world.folder.join("elsewhere/out/wrangler.json")).unwrap();
    let file: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(file["main"], released.folder.join("worker/entry.js").to_str().unwrap());
    assert_eq!((&file["no_bundle"], &file["find_additional_modules"]), (&true.into(), &true.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_node_it_says_what_to_install() {
    let released = Released::new().await;
    let mut command = released.scene.world.command_of(&released.folder.join("edgeward"));
    command.args(["push", "--deployment", "prod"]).env("PATH", released.scene.world.folder.join("bin"));
    crate::world::end(command).await.fails_with("npx is not there: install Node 22 or newer");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_without_a_worker_says_where_to_get_one() {
    let released = Released::new().await;
    fs::remove_dir_all(released.folder.join("worker")).unwrap();
    let mut command = released.scene.world.command_of(&released.folder.join("edgeward"));
    // Every folder of the tests is within the checkout.
    command.args(["push", "--deployment", "prod"]).current_dir("/");
    let ran = crate::world::end(command).await;
    ran.fails_with(
        "use a released archive, which has it beside the tool, run this in a checkout of Edgeward, or add --edge-folder",
    );
}
