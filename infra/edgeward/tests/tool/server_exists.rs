//! A deployment of the stacks for an MCP server that exists: it has no parameters of an origin, but one that says so.

use serde_json::json;

use crate::world::{ORIGIN_PATH, Origin, World};

async fn deployed() -> World {
    let world = World::complete().await;
    for parameter in ["issuer", "audience", "allowed-hosts", "weather-url", "jwks", "session-keys"] {
        world.remove(&format!("origin/{parameter}"));
    }
    world.put("origin/existing", &world.url);
    world.put("edge/origin-url", &world.url);
    let resources = json!([{ "path": "/mcp", "origin_path": ORIGIN_PATH, "scopes": { "mcp": "Use it" } }]);
    world.put("edge/resources", &resources.to_string());
    // What the double calls itself.
    world.put("edge/origin-audience", &world.url);
    world.deploy_edge();
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn check_misses_no_parameter_and_asks_the_server() {
    let world = deployed().await;
    assert_eq!(world.found("problems").await, [] as [String; 0]);
    world.served().origin = Origin::BelievesEverybody;
    world.finds("problems", &["everybody who knows this address can go around the edge"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_keys_are_written_for_it() {
    let world = deployed().await;
    let output = world.folder.join("local");
    world.aws().changes.clear();
    world.run(&["push", "--target", "local", "--output", output.to_str().unwrap()]).await.succeeds();
    assert!(world.aws().changes.is_empty(), "{:?}", world.aws().changes);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_has_no_sessions_to_rotate() {
    let world = deployed().await;
    for command in [&["rotate", "session"][..], &["leaked", "session", "--yes"], &["publish-jwks"]] {
        world.run(command).await.fails_with("is not made by Edgeward's stacks");
    }
}
