//! The public URL without TLS, which `check` and `drift` look at.

use crate::{
    aws::START,
    edge::{Instead, PLAIN},
    world::{Ran, TWO_RESOURCES, World},
};

/// Runs both.
async fn look(world: &World) -> [Ran; 2] {
    let plain = format!("{}{PLAIN}", world.url);
    let now = START.to_string();
    let check = world.run(&["check", "--now", &now, "--plain-url", &plain]).await;
    [check, world.drift_with_https(&[]).await]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edge_that_refuses_plain_http_is_good() {
    let world = World::deployed_with_https().await;
    for ran in look(&world).await {
        let ran = ran.succeeds();
        assert!(ran.stdout.contains("/plain/mcp is not served: status 421"), "{ran:#?}");
    }
    let asked = world.edge().asked.iter().filter(|asked| asked.path == "/plain/mcp").count();
    assert_eq!(asked, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_to_https_is_good_and_any_other_is_not() {
    let world = World::deployed_with_https().await;
    let redirect = |status, to| world.edge().plain = Some(Instead::cloudflare(status, "").with("location", to));
    for status in [301, 308] {
        redirect(status, "https://mcp.example.com/mcp");
        for ran in look(&world).await {
            ran.succeeds();
        }
    }
    for to in ["http://mcp.example.com/mcp", "/other", "https://other.example/mcp", "https://"] {
        redirect(301, to);
        for ran in look(&world).await {
            ran.fails_with(&format!("redirects to {to}, and not to https at mcp.example.com; run `edgeward push`"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edge_that_serves_plain_http_is_named() {
    let world = World::deployed_with_https().await;
    let challenge = "Bearer resource_metadata=\"https://mcp.example.com/.well-known/oauth-protected-resource/mcp\"";
    for served in [
        Instead::new(401, "").with("www-authenticate", challenge),
        Instead::new(401, ""),
        Instead::new(200, "{}"),
        Instead::new(403, "").with("www-authenticate", challenge),
    ] {
        world.edge().plain = Some(served);
        for ran in look(&world).await {
            let ran = ran.fails_with("/plain/mcp: is served without TLS (status ");
            for expected in ["anybody on the way reads the tokens", "run `edgeward push`", "Always Use HTTPS"] {
                assert!(ran.stdout.contains(expected), "{expected:?} is not in {ran:#?}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_served_where_nobody_answers_or_cloudflare_refuses() {
    let world = World::deployed_with_https().await;
    for refused in [Instead::cloudflare(403, "error code: 1010"), Instead::cloudflare(530, "error code: 1016")] {
        world.edge().plain = Some(refused);
        for ran in look(&world).await {
            ran.succeeds();
        }
    }
    let now = START.to_string();
    // As before the first deployment, when the name is not known yet.
    for nobody in ["http://127.0.0.1:9", "http://edge.invalid"] {
        world.run(&["check", "--now", &now, "--plain-url", nobody]).await.succeeds();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_resource_is_asked_and_a_local_edge_is_not() {
    let world = World::deployed_with_https().await;
    world.put("edge/resources", TWO_RESOURCES);
    world.deploy_edge();
    world.drift_with_https(&[]).await.succeeds();
    let paths = |world: &World| {
        let edge = world.edge();
        let plain = edge.asked.iter().filter(|asked| asked.path.starts_with(PLAIN));
        plain.map(|asked| asked.path.clone()).collect::<Vec<_>>()
    };
    assert_eq!(paths(&world), ["/plain/a", "/plain/b"]);

    let local = World::deployed().await;
    let plain = format!("{}{PLAIN}", local.url);
    local.run(&["drift", "--plain-url", &plain]).await.succeeds();
    local.run(&["check", "--now", &START.to_string(), "--plain-url", &plain]).await.succeeds();
    assert_eq!(paths(&local), Vec::<String>::new());
}
