//! `up`, with an edge that runs with what is in the file, as wrangler would have made it.

use std::fs;

use edgeward_core::Config;
use edgeward_identity::names::edge::SETTINGS;
use serde_json::{Value, json};

use super::Scene;
use crate::{
    aws::START,
    world::{CREDENTIAL, Origin, Ran, Stream, World},
};

/// The settings that the file and the file of secrets say.
fn config(scene: &Scene) -> Config {
    let file: toml::Table = fs::read_to_string(scene.path("edgeward.toml")).unwrap().parse().unwrap();
    let secrets: Value = serde_json::from_str(&fs::read_to_string(scene.path(".edgeward/prod.json")).unwrap()).unwrap();
    let text = |name: &str| {
        let setting = SETTINGS.into_iter().find(|setting| setting.variable == name)?;
        let secret = secrets[setting.parameter]["value"].as_str().map(str::to_owned);
        let plain = file["settings"].get(setting.parameter);
        let plain =
            plain.map(|value| value.as_str().map_or_else(|| serde_json::to_string(value).unwrap(), str::to_owned));
        secret.or(plain)
    };
    Config::parse(text).unwrap()
}

async fn begun() -> Scene {
    let scene = Scene::begun(&["--secrets", "file"]).await;
    scene.run(&["keygen", "--now", &START.to_string()]).await.succeeds();
    let config = config(&scene);
    scene.world.edge().run_with(&config);
    scene
}

async fn up(scene: &Scene, more: &[&str]) -> Ran {
    let now = START.to_string();
    scene.run(&[&["up", "--env", "prod", "--wait", "0", "--now", &now], more].concat()).await
}

/// The address of the tests is none that Cloudflare serves, so this deployment goes to this machine.
async fn up_here(scene: &Scene, more: &[&str]) -> Ran {
    up(scene, &[&["--target", "local", "--output", "out"], more].concat()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn tries_the_edge_from_outside_and_says_how_to_connect() {
    let scene = begun().await;
    let ran = up_here(&scene, &[]).await.succeeds();
    for expected in [
        "registers a client",
        "shows the consent page for /mcp",
        "accepts an identity assertion of the edge's, and refuses requests without one or with a stranger's",
        &format!("MCP server: {}/mcp", scene.world.url),
        "claude mcp add --transport http",
    ] {
        assert!(ran.stdout.contains(expected), "{expected:?} is not in {ran:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn makes_keys_once() {
    let scene = Scene::begun(&["--secrets", "file"]).await;
    let ran = up_here(&scene, &[]).await;
    assert!(ran.all().contains("made keys and stored them as .edgeward/prod.json#keys"), "{ran:#?}");
    let ran = up_here(&scene, &[]).await;
    assert!(!ran.all().contains("made keys"), "{ran:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_anybody_can_call_is_a_problem() {
    for (origin, words) in [
        (Origin::BelievesEverybody, "everybody who knows this address can go around the edge"),
        (Origin::BelievesNobody, "refuses the edge's own identity assertion"),
        (Origin::WantsCredential, "edgeward secret set origin-credentials"),
        (Origin::Redirects, "redirects to nowhere: the edge does not follow"),
        (Origin::Fails, "answers with status 500"),
    ] {
        let scene = begun().await;
        scene.world.served().origin = origin;
        up_here(&scene, &[]).await.fails_with(words);
        scene.run(&["check", "--now", &START.to_string()]).await.fails_with(words);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_has_a_credential_and_verifies_no_identity_is_noted() {
    let scene = begun().await;
    scene.world.served().origin = Origin::WantsCredential;
    let credentials = json!({ "/mcp": { "X-Api-Key": CREDENTIAL } }).to_string();
    fs::write(scene.path("credentials.json"), credentials).unwrap();
    scene.run(&["secret", "set", "origin-credentials", "--file", "credentials.json"]).await.succeeds();
    let ran = scene.run(&["check", "--now", &START.to_string()]).await.succeeds();
    assert!(ran.all().contains("verifies no identity: it demands the credential"), "{ran:#?}");
    assert!(!ran.all().contains(CREDENTIAL));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standing_stream_that_is_silent_is_noted() {
    for (stream, words) in [
        (Stream::None, "has no standing stream (status 405)"),
        (Stream::Pings, "keeps its standing stream alive"),
        (Stream::Silence, "says nothing on its standing stream"),
    ] {
        let scene = begun().await;
        scene.world.served().stream = stream;
        let ran = scene.run(&["check", "--streams", "--silence", "300", "--now", &START.to_string()]).await.succeeds();
        assert!(ran.all().contains(words), "{words:?} is not in {ran:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edge_where_nobody_can_register_is_a_problem() {
    let scene = begun().await;
    scene.world.edge().registers = false;
    up_here(&scene, &[]).await.fails_with("does not register a client");
}

#[tokio::test(flavor = "multi_thread")]
async fn problems_stop_the_deployment_unless_it_is_forced() {
    let scene = begun().await;
    scene.world.aws().app_client["CallbackURLs"] = json!([]);
    up_here(&scene, &[]).await.fails_with("nothing was deployed: mend the problems above");
    assert!(!scene.path("out").exists());
    let ran = up_here(&scene, &["--force"]).await;
    assert!(scene.path("out/wrangler.json").exists(), "{ran:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_changes_nothing() {
    let scene = Scene::begun(&["--secrets", "file"]).await;
    let before = fs::read(scene.path(".edgeward/prod.json")).unwrap();
    let ran = up_here(&scene, &["--dry-run"]).await.succeeds();
    assert!(ran.all().contains("would make keys"), "{ran:#?}");
    assert_eq!(fs::read(scene.path(".edgeward/prod.json")).unwrap(), before);
    assert!(!scene.path("out").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn deployments_with_parameters_are_pushed() {
    let world = World::complete().await;
    world.run(&["up"]).await.fails_with("parameters describe prod: run `edgeward push`");
}

/// As [`begun`], with a public URL that Cloudflare could serve, asked here.
async fn at_cloudflare() -> (Scene, String) {
    let scene = begun().await;
    let file = scene.path("edgeward.toml");
    let text = fs::read_to_string(&file).unwrap();
    let here = format!("public-url = \"{}\"", scene.world.url);
    fs::write(&file, text.replace(&here, "public-url = \"https://mcp.example.com\"")).unwrap();
    for (member, path) in [("CallbackURLs", "callback"), ("LogoutURLs", "signed-out")] {
        scene.world.aws().app_client[member] = json!([format!("https://mcp.example.com/{path}")]);
    }
    let config = config(&scene);
    scene.world.edge().run_with(&config);
    let plain = format!("{}{}", scene.world.url, crate::edge::PLAIN);
    (scene, plain)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_run_deploys_nothing_until_something_differs() {
    let (scene, plain) = at_cloudflare().await;
    let url = scene.world.url.clone();
    let here = ["--edge-url", &url, "--plain-url", &plain];
    up(&scene, &here).await;
    assert_eq!(scene.world.wrangler_calls().len(), 1);
    let ran = up(&scene, &here).await;
    assert!(ran.all().contains("has this code, these variables and these secrets already"), "{ran:#?}");
    assert_eq!(scene.world.wrangler_calls().len(), 1);
    let file = scene.path("edgeward.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("[settings]", "[settings]\naccess-token-seconds = 600")).unwrap();
    up(&scene, &here).await;
    assert_eq!(scene.world.wrangler_calls().len(), 2);
    scene.run(&["rotate", "signing", "--now", &START.to_string()]).await.succeeds();
    up(&scene, &here).await;
    let deployed = scene.world.wrangler_calls().into_iter().filter(|call| call.starts_with("deploy")).count();
    assert_eq!(deployed, 3, "a rotation makes a version of its own");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edge_with_keys_gets_no_new_ones() {
    let (scene, plain) = at_cloudflare().await;
    let url = scene.world.url.clone();
    let here = ["--edge-url", &url, "--plain-url", &plain];
    up(&scene, &here).await;
    scene.world.has_worker(&["EDGEWARD_KEYS"], &[]);
    fs::remove_file(scene.path(".edgeward/prod.json")).unwrap();
    up(&scene, &here).await.fails_with("the edge has keys already");
    assert!(!scene.path(".edgeward/prod.json").exists());
}
