//! Only requests for an allowed host are answered.

mod support;

use serde_json::json;
use support::{NOWHERE, Origin, assertion_of, client::modern, variables};

async fn status(origin: &Origin, host: &str) -> u16 {
    let request = modern(&origin.mcp(), &assertion_of("user-1"), "tools/list", None, json!({}));
    request.header("Host", host).send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn this_machines_names_are_allowed_by_default() {
    let origin = Origin::start(variables(NOWHERE)).await;
    for host in ["localhost", "127.0.0.1:8080", "[::1]"] {
        assert_eq!(status(&origin, host).await, 200, "{host}");
    }
    assert_eq!(status(&origin, "evil.example").await, 403);
}

#[tokio::test]
async fn the_setting_replaces_them() {
    let mut variables = variables(NOWHERE);
    variables.insert("EDGEWARD_ALLOWED_HOSTS".into(), "mcp.example origin.example:8080".into());
    let origin = Origin::start(variables).await;
    for host in ["mcp.example", "MCP.example:443", "origin.example:8080"] {
        assert_eq!(status(&origin, host).await, 200, "{host}");
    }
    for host in ["localhost", "origin.example", "origin.example:8081", "mcp.example.evil.example"] {
        assert_eq!(status(&origin, host).await, 403, "{host}");
    }
}
