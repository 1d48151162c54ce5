//! The other commands, with the file.

use std::fs;

use super::Scene;
use crate::aws::START;

#[tokio::test(flavor = "multi_thread")]
async fn every_command_works_with_the_file() {
    for store in ["file", "ssm"] {
        let scene = Scene::begun(&["--secrets", store]).await;
        let now = START.to_string();
        scene.run(&["keygen", "--now", &now]).await.succeeds();
        scene.run(&["keygen", "--now", &now]).await.fails_with("is there already");
        scene.run(&["push", "--target", "local", "--output", "local"]).await.succeeds();
        let rotate = ["rotate", "signing", "--target", "local", "--output", "local"];
        let ran = scene.run(&[&rotate[..], &["--now", &now]].concat()).await.succeeds();
        assert!(ran.all().contains("put the signing key"), "{store}: {ran:#?}");
        let later = (START + 3_600).to_string();
        let ran = scene.run(&[&rotate[..], &["--now", &later]].concat()).await.succeeds();
        assert!(ran.all().contains("is in use"), "{store}: {ran:#?}");
        let leaked = ["leaked", "registration", "--yes", "--target", "local", "--output", "local"];
        scene.run(&leaked).await.succeeds();
        scene.run(&["rotate", "session"]).await.fails_with("is not made by Edgeward's stacks");
        scene.run(&["publish-jwks"]).await.fails_with("is not made by Edgeward's stacks");
        let ran = scene.run(&["remove", "--yes", "--target", "local", "--output", "local"]).await.succeeds();
        assert!(ran.all().contains("keys"), "{store}: {ran:#?}");
        assert!(!scene.path(".edgeward/prod.json").exists());
        assert!(scene.world.aws().parameters.is_empty(), "{store}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_stored_checked_and_removed() {
    let scene = Scene::begun(&["--secrets", "file"]).await;
    let clients = r#"[{"client_id": "ci", "redirect_uris": ["https://ci.example/cb"]}]"#;
    fs::write(scene.path("clients.json"), clients).unwrap();
    fs::write(scene.path("bad.json"), "[{}]").unwrap();
    let set = |file: &'static str| ["secret", "set", "clients", "--file", file];
    scene.run(&set("bad.json")).await.fails_with("clients");
    assert!(!fs::read_to_string(scene.path(".edgeward/prod.json")).unwrap().contains("clients"));
    scene.run(&set("clients.json")).await.succeeds();
    assert!(fs::read_to_string(scene.path(".edgeward/prod.json")).unwrap().contains("ci.example"));
    scene.run(&["secret", "remove", "clients"]).await.succeeds();
    scene.run(&["secret", "remove", "clients"]).await.fails_with("there is no");
    scene.run(&["secret", "set", "public-url", "--file", "clients.json"]).await.fails_with("is no secret of the edge");
    scene.run(&["secret", "remove", "keys"]).await.fails_with("nobody stays signed in");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_missing_or_wrong_is_named() {
    let scene = Scene::new().await;
    scene.run(&["check"]).await.fails_with("`edgeward init` writes it");
    scene.run(&["check", "--config", "other.toml"]).await.fails_with("cannot read other.toml");
    fs::write(
        scene.path("edgeward.toml"),
        "name = \"prod\"\nplatform = \"cloudflare\"\n[settings]\npublic-uri = \"x\"\n",
    )
    .unwrap();
    scene.run(&["check"]).await.fails_with("edgeward.toml: settings.public-uri: no setting of the edge is called so");
}
