//! An edge that was deployed just now: `drift` waits for its name, its certificate and its settings.

use tokio::{io::AsyncWriteExt as _, net::TcpListener};

use crate::{
    edge::{Instead, JWKS},
    world::World,
};

/// A wait that ends when the edge is ready, long before the limit.
const LONG: [&str; 4] = ["--wait", "600", "--interval", "1"];
/// A wait that ends at the limit. How often it has looked until then depends on the machine, so only its end is certain.
const SHORT: [&str; 4] = ["--wait", "1", "--interval", "250"];

#[tokio::test(flavor = "multi_thread")]
async fn everything_on_the_way_to_a_ready_edge_is_waited_for_and_told() {
    let world = World::deployed_with_https().await;
    let now = world.edge().documents[JWKS].to_string();
    let older = r#"{"keys":[{"kid":"sign-older"}]}"#;
    world.edge().before.extend([
        Instead::cloudflare(530, "error code: 1016"),
        Instead::cloudflare(522, "error code: 522"),
        Instead::new(500, r#"{"error":"server_error"}"#),
        Instead::new(500, r#"{"error":"server_error"}"#),
        Instead::cloudflare(404, "<!DOCTYPE html><title>There is nothing here yet</title>"),
        Instead::new(200, older),
        // An older version with the same settings.
        Instead::new(200, &now),
    ]);
    let ran = world.drift_with_https(&LONG).await.succeeds();
    let told: Vec<_> =
        ran.stderr.lines().map(|line| line.rsplit_once("10 minutes: ").map_or(line, |(_, why)| why)).collect();
    assert_eq!(
        told,
        [
            "edgeward: waiting for the edge, 10 minutes at the most",
            "Cloudflare has no Worker at this name: status 530 (server: cloudflare, Cloudflare's error 1016)",
            "Cloudflare has no Worker at this name: status 522 (server: cloudflare, Cloudflare's error 522)",
            "the edge fails, as it does when settings are missing or wrong: status 500",
            "status 404 (server: cloudflare)",
            "the edge still answers as its older settings say (/.well-known/jwks.json)",
            "the edge still answers without Strict-Transport-Security",
        ]
    );
    assert!(ran.stdout.contains("is what the parameters of the deployment prod say"), "{ran:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_still_wrong_at_the_limit_is_told_with_what_to_do() {
    let world = World::deployed().await;
    world.served().edge.documents.remove(JWKS);
    world
        .run(&[&["drift"], &SHORT[..]].concat())
        .await
        .fails_with(&format!("{JWKS}: cannot be read: status 404, after waiting for 1 second; is the edge deployed?"));

    world.deploy_edge();
    world.put("edge/registration", "off");
    world.run(&[&["drift"], &SHORT[..]].concat()).await.fails_with("says registration_endpoint is");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_nobody_knows_yet_is_told_apart() {
    let world = World::complete().await;
    world.put("edge/public-url", "https://edge.invalid");
    let ran = world.run(&[&["drift"], &SHORT[..]].concat()).await;
    let ran = ran
        .fails_with("the name edge.invalid cannot be resolved, after waiting for 1 second; if the edge was deployed");
    assert!(ran.stdout.contains("for 30 minutes"), "{ran:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_not_there_yet_is_told_apart() {
    // As Cloudflare does for a host without a certificate: the alert handshake_failure (RFC 8446 §6).
    const ALERT: [u8; 7] = [21, 3, 3, 0, 2, 2, 40];
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://127.0.0.1:{}", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let _ = connection.write_all(&ALERT).await;
            // Until the other end has read it and closes.
            let _ = tokio::io::copy(&mut connection, &mut tokio::io::sink()).await;
        }
    });
    let world = World::complete().await;
    world.put("edge/public-url", &url);
    let ran = world.run(&[&["drift"], &SHORT[..]].concat()).await;
    let ran = ran
        .fails_with("the TLS handshake fails, which is usual until the host has a certificate: received fatal alert: ");
    assert!(ran.stdout.contains("HandshakeFailure, after waiting for 1 second\n  do: "), "{ran:#?}");
    assert!(ran.stdout.contains("SSL/TLS > Edge Certificates"), "{ran:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_gets_the_progress_beside_the_document() {
    let world = World::deployed().await;
    world.edge().before.push_back(Instead::cloudflare(530, "error code: 1016"));
    let ran = world.run(&[&["drift", "--json"], &LONG[..]].concat()).await.succeeds();
    serde_json::from_str::<serde_json::Value>(&ran.stdout).unwrap();
    assert!(ran.stderr.contains("not yet, "), "{ran:#?}");
}
