//! Settings come from SSM Parameter Store, page by page, and variables win over them.

mod support;

use std::sync::{Arc, Mutex};

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
    routing::post,
};
use edgeward_origin::server::settings::Values;
use serde_json::{Value, json};
use support::{
    AUDIENCE, ISSUER, NOWHERE, any_port, assertion_of,
    client::{Era, call, connect},
    jwks, key,
    process::{Process, run},
};
use tokio::net::TcpListener;

const PATH: &str = "/edgeward/test/origin";

/// As much of AWS Systems Manager as is needed: GetParametersByPath in its JSON protocol, one parameter per page.
struct Ssm {
    parameters: Vec<(String, String)>,
    seen: Mutex<Vec<Value>>,
}

impl Ssm {
    async fn start(parameters: &[(&str, &str)]) -> (Arc<Self>, String) {
        let parameters = parameters.iter().map(|(name, value)| (format!("{PATH}/{name}"), (*value).to_owned()));
        let this = Arc::new(Self { parameters: parameters.collect(), seen: Mutex::default() });
        let listener = TcpListener::bind(any_port()).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().route("/", post(get_parameters_by_path)).with_state(this.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (this, url)
    }
}

async fn get_parameters_by_path(State(ssm): State<Arc<Ssm>>, headers: HeaderMap, body: String) -> Response {
    let request: Value = serde_json::from_str(&body).unwrap();
    ssm.seen.lock().unwrap().push(request.clone());
    let is_signed = headers.get("authorization").is_some_and(|value| {
        let value = value.to_str().unwrap();
        value.starts_with("AWS4-HMAC-SHA256") && value.contains("/eu-west-1/ssm/aws4_request")
    });
    if headers["x-amz-target"] != "AmazonSSM.GetParametersByPath" || !is_signed || request["Path"] != PATH {
        let error = json!({ "__type": "AccessDeniedException", "message": "not authorized" });
        return (StatusCode::BAD_REQUEST, Json(error)).into_response();
    }
    let page: usize = request["NextToken"].as_str().map_or(0, |token| token.parse().unwrap());
    let parameters: Vec<_> = ssm.parameters.iter().skip(page).take(1).collect();
    let parameters: Vec<_> = parameters
        .iter()
        .map(|(name, value)| json!({ "Name": name, "Type": "SecureString", "Value": value, "Version": 1 }))
        .collect();
    let mut answer = json!({ "Parameters": parameters });
    if page + 1 < ssm.parameters.len() {
        answer["NextToken"] = (page + 1).to_string().into();
    }
    ([("content-type", "application/x-amz-json-1.1")], answer.to_string()).into_response()
}

fn aws(endpoint: &str) -> Values {
    [
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("EDGEWARD_PARAMETER_PATH", PATH),
        ("EDGEWARD_LISTEN", "127.0.0.1:0"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

#[tokio::test]
async fn a_server_without_any_variable_of_its_own_starts_from_parameters() {
    let jwks = jwks(&[&key()]).to_string();
    let (ssm, endpoint) = Ssm::start(&[
        ("issuer", ISSUER),
        ("audience", AUDIENCE),
        ("jwks", &jwks),
        ("allowed-hosts", "127.0.0.1"),
        ("weather-url", NOWHERE),
        ("of-no-meaning", "ignored"),
    ])
    .await;
    let process = Process::start(aws(&endpoint)).await;
    let client = connect(&process.mcp(), &assertion_of("user-1"), Era::Modern).await;
    assert_eq!(call(&client, "whoami", json!({})).await.is_error, Some(false));

    let seen = ssm.seen.lock().unwrap().clone();
    assert_eq!(seen.len(), 6, "every page is read once");
    assert!(seen.iter().all(|request| request["WithDecryption"] == true));
}

#[tokio::test]
async fn a_variable_wins_over_a_parameter() {
    let jwks = jwks(&[&key()]).to_string();
    let (_ssm, endpoint) =
        Ssm::start(&[("issuer", ISSUER), ("audience", "https://another.example"), ("jwks", &jwks)]).await;
    let mut variables = aws(&endpoint);
    variables.insert("EDGEWARD_AUDIENCE".into(), AUDIENCE.into());
    let process = Process::start(variables).await;
    let client = connect(&process.mcp(), &assertion_of("user-1"), Era::Modern).await;
    assert_eq!(call(&client, "whoami", json!({})).await.is_error, Some(false));
}

#[tokio::test]
async fn a_refused_start_names_the_parameters() {
    let (_ssm, endpoint) = Ssm::start(&[("issuer", "not a URL"), ("jwks", "{}")]).await;
    let (status, output) = run(&aws(&endpoint), &[]).await;
    assert_eq!(status.code(), Some(1));
    let line: Value = serde_json::from_str(output.lines().last().unwrap()).unwrap();
    let error = line["error"].as_str().unwrap();
    for expected in ["parameter issuer: not a URL", "(parameter audience): missing", "parameter jwks: not a JWKS"] {
        assert!(error.contains(expected), "{error}");
    }
}

#[tokio::test]
async fn a_refused_start_says_when_the_parameters_could_not_be_read() {
    let (_ssm, endpoint) = Ssm::start(&[]).await;
    let mut variables = aws(&endpoint);
    variables.insert("EDGEWARD_PARAMETER_PATH".into(), "/somebody/elses".into());
    let (status, output) = run(&variables, &[]).await;
    assert_eq!(status.code(), Some(1));
    assert!(output.contains("/somebody/elses") && output.contains("AccessDenied"), "{output}");

    variables.insert("EDGEWARD_PARAMETER_PATH".into(), "relative".into());
    let (status, output) = run(&variables, &[]).await;
    assert_eq!(status.code(), Some(1));
    assert!(output.contains("EDGEWARD_PARAMETER_PATH: not a path"), "{output}");
}
