//! The load balancer and the container can ask whether the server serves, without an identity.

mod support;

use support::{
    NOWHERE,
    process::{Process, run},
    variables,
};

#[tokio::test]
async fn health_needs_no_identity_and_no_edge() {
    let mut variables = variables(NOWHERE);
    variables.remove("EDGEWARD_JWKS");
    variables.insert("EDGEWARD_JWKS_URL".into(), format!("{NOWHERE}/jwks.json"));
    let process = Process::start(variables).await;
    let response = reqwest::get(format!("http://{}/healthz", process.address)).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.text().await.unwrap(), r#"{"status":"ok"}"#);
    // All else does.
    let response = reqwest::get(process.mcp()).await.unwrap();
    assert_eq!(response.status(), 401);
    assert_eq!(response.text().await.unwrap(), r#"{"error":"identity_missing"}"#);
}

#[tokio::test]
async fn the_probe_succeeds_while_the_server_serves_and_fails_when_it_does_not() {
    let process = Process::start(variables(NOWHERE)).await;
    // The probe is told what the server is told: where to listen.
    for listen in [process.address.to_string(), format!("0.0.0.0:{}", process.address.port())] {
        let probe = [("EDGEWARD_LISTEN".to_owned(), listen)].into();
        let (status, output) = run(&probe, &["--health"]).await;
        assert!(status.success());
        assert_eq!(output, "");
    }
    let nobody = [("EDGEWARD_LISTEN".to_owned(), "127.0.0.1:9".to_owned())].into();
    assert_eq!(run(&nobody, &["--health"]).await.0.code(), Some(1));
}

#[tokio::test]
async fn the_probe_fails_when_somebody_else_listens_there() {
    let weather = support::weather::Weather::start(support::any_port()).await.unwrap();
    let probe = [("EDGEWARD_LISTEN".to_owned(), weather.address().to_string())].into();
    assert_eq!(run(&probe, &["--health"]).await.0.code(), Some(1));
}
