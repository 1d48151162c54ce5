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
use edgeward_identity::assertion;
use edgeward_origin::server::settings::Values;
use serde_json::{Value, json};
use support::{
    AUDIENCE, HEADER, ISSUER, NOWHERE, any_port, assertion_of,
    client::{self, Era, call, connect, initialize},
    identity_of, jwks, key, key_with_id, now,
    process::{Process, run},
    session_keys,
};
use tokio::net::TcpListener;

const PATH: &str = "/edgeward/test/origin";

/// Keys of sessions: a server that has its settings from parameters does not start without.
const SESSIONS: (&str, &str) = (
    "session-keys",
    r#"{"keys":[{"kty":"oct","use":"enc","alg":"XC20P","kid":"a","k":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}]}"#,
);

/// As much of AWS Systems Manager as is needed, in its JSON protocol: GetParametersByPath, one parameter per page, and
/// GetParameter.
struct Ssm {
    parameters: Mutex<Vec<(String, String)>>,
    seen: Mutex<Vec<Value>>,
}

impl Ssm {
    async fn start(parameters: &[(&str, &str)]) -> (Arc<Self>, String) {
        let parameters = parameters.iter().map(|(name, value)| (format!("{PATH}/{name}"), (*value).to_owned()));
        let this = Arc::new(Self { parameters: Mutex::new(parameters.collect()), seen: Mutex::default() });
        let listener = TcpListener::bind(any_port()).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().route("/", post(answer)).with_state(this.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (this, url)
    }

    fn put(&self, name: &str, value: &str) {
        let name = format!("{PATH}/{name}");
        let mut parameters = self.parameters.lock().unwrap();
        parameters.retain(|(other, _)| *other != name);
        parameters.push((name, value.to_owned()));
    }
}

async fn answer(State(ssm): State<Arc<Ssm>>, headers: HeaderMap, body: String) -> Response {
    let request: Value = serde_json::from_str(&body).unwrap();
    ssm.seen.lock().unwrap().push(request.clone());
    let is_signed = headers.get("authorization").is_some_and(|value| {
        let value = value.to_str().unwrap();
        value.starts_with("AWS4-HMAC-SHA256") && value.contains("/eu-west-1/ssm/aws4_request")
    });
    let parameters = ssm.parameters.lock().unwrap();
    let written = |(name, value): &(String, String)| json!({ "Name": name, "Type": "SecureString", "Value": value, "Version": 1 });
    let answer = match headers["x-amz-target"].to_str().unwrap() {
        "AmazonSSM.GetParametersByPath" if is_signed && request["Path"] == PATH => {
            let page: usize = request["NextToken"].as_str().map_or(0, |token| token.parse().unwrap());
            let found: Vec<_> = parameters.iter().skip(page).take(1).map(written).collect();
            let mut answer = json!({ "Parameters": found });
            if page + 1 < parameters.len() {
                answer["NextToken"] = (page + 1).to_string().into();
            }
            Some(answer)
        }
        "AmazonSSM.GetParameter" if is_signed => parameters
            .iter()
            .find(|(name, _)| request["Name"] == name.as_str())
            .map(|parameter| json!({ "Parameter": written(parameter) })),
        _ => None,
    };
    match answer {
        Some(answer) => ([("content-type", "application/x-amz-json-1.1")], answer.to_string()).into_response(),
        None => {
            let error = json!({ "__type": "AccessDeniedException", "message": "not authorized" });
            (StatusCode::BAD_REQUEST, Json(error)).into_response()
        }
    }
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
        ("session-keys", &session_keys(&["one"])),
        ("allowed-hosts", "127.0.0.1"),
        ("weather-url", NOWHERE),
        ("of-no-meaning", "ignored"),
    ])
    .await;
    let process = Process::start(aws(&endpoint)).await;
    let client = connect(&process.mcp(), &assertion_of("user-1"), Era::Modern).await;
    assert_eq!(call(&client, "whoami", json!({})).await.is_error, Some(false));

    let seen = ssm.seen.lock().unwrap().clone();
    assert_eq!(seen.len(), 7, "every page is read once");
    assert!(seen.iter().all(|request| request["WithDecryption"] == true));
}

#[tokio::test]
async fn a_variable_wins_over_a_parameter() {
    let jwks = jwks(&[&key()]).to_string();
    let (_ssm, endpoint) =
        Ssm::start(&[("issuer", ISSUER), ("audience", "https://another.example"), ("jwks", &jwks), SESSIONS]).await;
    let mut variables = aws(&endpoint);
    variables.insert("EDGEWARD_AUDIENCE".into(), AUDIENCE.into());
    let process = Process::start(variables).await;
    let client = connect(&process.mcp(), &assertion_of("user-1"), Era::Modern).await;
    assert_eq!(call(&client, "whoami", json!({})).await.is_error, Some(false));
}

#[tokio::test]
async fn a_refused_start_names_the_parameters() {
    let (ssm, endpoint) = Ssm::start(&[("issuer", "not a URL"), ("jwks", "{}")]).await;
    let (status, output) = run(&aws(&endpoint), &[]).await;
    assert_eq!(status.code(), Some(1));
    let line: Value = serde_json::from_str(output.lines().last().unwrap()).unwrap();
    let error = line["error"].as_str().unwrap();
    for expected in [
        "parameter issuer: not a URL",
        "(parameter audience): missing",
        "parameter jwks: not a JWKS",
        "EDGEWARD_SESSION_KEYS (parameter session-keys): missing; `edgeward keygen` makes them",
    ] {
        assert!(error.contains(expected), "{error}");
    }

    ssm.put("session-keys", r#"{"keys":[{"kty":"oct","use":"enc","alg":"XC20P","kid":"one","k":"hunter2"}]}"#);
    let (_, output) = run(&aws(&endpoint), &[]).await;
    assert!(output.contains("parameter session-keys: key \\\"one\\\" is not a usable XC20P key"), "{output}");
    assert!(!output.contains("hunter2"), "{output}");
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

#[tokio::test]
async fn a_key_that_is_added_to_the_parameter_is_believed_without_a_restart() {
    let (ssm, endpoint) =
        Ssm::start(&[("issuer", ISSUER), ("audience", AUDIENCE), ("jwks", &jwks(&[&key()]).to_string()), SESSIONS])
            .await;
    let process = Process::start(aws(&endpoint)).await;
    let asked = ssm.seen.lock().unwrap().len();
    let known = connect(&process.mcp(), &assertion_of("user-1"), Era::Modern).await;
    assert_eq!(call(&known, "whoami", json!({})).await.is_error, Some(false));
    assert_eq!(ssm.seen.lock().unwrap().len(), asked, "nothing is read while every key is known");

    let added = key_with_id("edge-2");
    ssm.put("jwks", &jwks(&[&key(), &added]).to_string());
    let assertion = assertion::mint(&identity_of("user-2"), &added, now(), 60).unwrap();
    let client = connect(&process.mcp(), &assertion, Era::Modern).await;
    assert_eq!(call(&client, "whoami", json!({})).await.is_error, Some(false));
    let seen = ssm.seen.lock().unwrap()[asked..].to_vec();
    assert_eq!(seen, [json!({ "Name": format!("{PATH}/jwks"), "WithDecryption": true })]);
}

#[tokio::test]
async fn keys_that_came_from_the_variable_are_not_read_from_the_parameter() {
    let added = key_with_id("edge-2");
    let (ssm, endpoint) = Ssm::start(&[
        ("issuer", ISSUER),
        ("audience", AUDIENCE),
        ("jwks", &jwks(&[&key(), &added]).to_string()),
        SESSIONS,
    ])
    .await;
    let mut variables = aws(&endpoint);
    variables.insert("EDGEWARD_JWKS".into(), jwks(&[&key()]).to_string());
    let process = Process::start(variables).await;
    let asked = ssm.seen.lock().unwrap().len();
    let assertion = assertion::mint(&identity_of("user-2"), &added, now(), 60).unwrap();
    let answer = reqwest::Client::new().post(process.mcp()).header(HEADER, assertion).send().await.unwrap();
    assert_eq!(answer.status(), 401);
    assert_eq!(ssm.seen.lock().unwrap().len(), asked);
}

#[tokio::test]
async fn keys_of_sessions_rotate_under_traffic_without_a_restart() {
    let (ssm, endpoint) =
        Ssm::start(&[("issuer", ISSUER), ("audience", AUDIENCE), ("jwks", &jwks(&[&key()]).to_string())]).await;
    ssm.put("session-keys", &session_keys(&["old"]));
    let before = Process::start(aws(&endpoint)).await;
    let open = async |process: &Process| {
        let opened = initialize(&process.mcp(), &assertion_of("user-1")).send().await.unwrap();
        opened.headers()["mcp-session-id"].to_str().unwrap().to_owned()
    };
    let status = async |process: &Process, session: &str| {
        let ping = json!({ "jsonrpc": "2.0", "id": 2, "method": "ping" });
        let request = client::post(&process.mcp(), &assertion_of("user-1"), &ping).header("Mcp-Session-Id", session);
        request.send().await.unwrap().status().as_u16()
    };
    let first = open(&before).await;
    assert!(first.starts_with("old."));
    let asked = ssm.seen.lock().unwrap().len();
    assert_eq!(status(&before, &first).await, 200);
    assert_eq!(ssm.seen.lock().unwrap().len(), asked, "nothing is read while every key is known");

    // A task that starts now seals with the new key; the one from before finds it as soon as it meets it.
    ssm.put("session-keys", &session_keys(&["new", "old"]));
    let after = Process::start(aws(&endpoint)).await;
    let second = open(&after).await;
    assert!(second.starts_with("new."));
    for process in [&before, &after] {
        for session in [&first, &second] {
            assert_eq!(status(process, session).await, 200);
        }
    }
    assert!(open(&before).await.starts_with("new."), "it has read the keys again");

    // Sessions of a key that is taken away are over; who made an id up causes no reading for each.
    let read = ssm.seen.lock().unwrap().len();
    for _ in 0..5 {
        assert_eq!(status(&before, "unknown.AAAA").await, 404);
    }
    assert_eq!(ssm.seen.lock().unwrap().len(), read);
}
